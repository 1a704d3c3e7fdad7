"""HEAD for everything that answers GET (RFC 9110, section 9.3.2).

Front doors and monitors ask so. The framework answers HEAD only where a route names it, and would
then list it in the OpenAPI document, too.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.routing import APIRoute


def answer_head(router: APIRouter) -> None:
    """Let a router's GET routes answer HEAD: each gets a twin, which comes first and is not shown.

    The server leaves the body out.
    """
    routes = router.routes
    for place in reversed(range(len(routes))):
        route = routes[place]
        if isinstance(route, APIRoute):
            methods = set(route.methods or ())
            if "GET" in methods and "HEAD" not in methods:
                twin = APIRoute(
                    route.path,
                    route.endpoint,
                    methods=sorted({*methods, "HEAD"}),
                    include_in_schema=False,
                )
                routes.insert(place, twin)
