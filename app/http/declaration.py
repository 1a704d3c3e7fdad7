"""What a route declares about itself: who may ask, and how the entrance treats its requests.

A route's endpoint carries its declaration (`declare`); a route without one needs a key with the
scope ``recommend``, and so does a path that no route has. Nothing else decides about access: no
prefix of a path, and no order of routes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from re import Pattern
from typing import Any, NamedTuple, TypeVar

from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Scope

from ..limits import ADMIN_BODY_BYTES
from ..security.scopes import ADMIN as ADMIN_SCOPE
from ..security.scopes import RECOMMEND as RECOMMEND_SCOPE
from ..security.scopes import Scope as SecurityScope
from .identity import Identity, identify
from .problems import problem_of

Render = Callable[[Exception, Scope], Response]

_ATTRIBUTE = "__declaration__"
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def _render_problem(error: Exception, scope: Scope) -> Response:
    return problem_of(error, scope["path"])


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a route declares.

    Attributes
    ----------
    scope : {"recommend", "admin"} or None
        What a key must allow; None makes the route public.
    is_probe : bool
        Whether requests pass the entrance unseen: they are not counted, not logged, never refused.
    takes_place : bool
        Whether requests are refused while too many others are being answered.
    for_people : bool
        Whether a browser may ask a person for the key, and send it as a password (Basic).
    most_bytes : int or None
        Largest body, where that is less than the setting `MAX_BODY_BYTES`.
    identify : callable
        Takes a request's ASGI scope, and returns its id with the headers that carry it.
    render : callable
        Takes an error and the request's scope, and returns the answer.
    """

    scope: SecurityScope | None = RECOMMEND_SCOPE
    is_probe: bool = False
    takes_place: bool = True
    for_people: bool = False
    most_bytes: int | None = None
    identify: Callable[[Scope], Identity] = identify
    render: Render = _render_problem


RECOMMEND = Declaration()
ADMIN = Declaration(scope=ADMIN_SCOPE, most_bytes=ADMIN_BODY_BYTES)
PUBLIC = Declaration(scope=None)
PROBE = Declaration(scope=None, is_probe=True, takes_place=False)


def by_switch(switch: str, declaration: Declaration = RECOMMEND) -> Declaration:
    """Return a declaration that is public where a setting says ``open``.

    Parameters
    ----------
    switch : {"open", "auth", "off"}
        Value of the setting, such as `DOCS`.
    declaration : Declaration
        What the route declares otherwise.
    """
    return replace(declaration, scope=None if switch == "open" else RECOMMEND_SCOPE)


def declare(declaration: Declaration) -> Callable[[Endpoint], Endpoint]:
    """Return a decorator that attaches a declaration to an endpoint."""

    def attach(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _ATTRIBUTE, declaration)
        return endpoint

    return attach


def declaration_of(route: BaseRoute) -> Declaration:
    """Return what a route declares, or the default."""
    found: Declaration = getattr(getattr(route, "endpoint", None), _ATTRIBUTE, RECOMMEND)
    return found


class Match(NamedTuple):
    """A route that answers a path.

    Attributes
    ----------
    template : str
        The route's path as it was declared; "none" where there is no such route.
    declaration : Declaration
        What the route declares.
    """

    template: str
    declaration: Declaration


_NO_MATCH = Match("none", RECOMMEND)


class Declarations:
    """The declarations of all routes, by path.

    Parameters
    ----------
    routes : iterable of routes
        In the order in which the framework tries them.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._exact: dict[str, Match] = {}
        self._patterns: list[tuple[Pattern[str], Match]] = []
        for route in routes:
            if not isinstance(route, APIRoute):
                continue
            match = Match(route.path, declaration_of(route))
            if "{" in route.path:
                self._patterns.append((route.path_regex, match))
            else:
                self._exact.setdefault(route.path, match)

    def find(self, path: str) -> Match:
        """Return the declaration of the route that answers a path; the default where none does."""
        found = self._exact.get(path)
        if found is not None:
            return found
        for pattern, match in self._patterns:
            if pattern.match(path):
                return match
        return _NO_MATCH
