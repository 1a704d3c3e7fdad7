"""The documentation pages, from our own assets: a machine without internet shows them."""

from __future__ import annotations

from html import escape
from pathlib import Path

from fastapi import APIRouter, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

ASSETS = Path(__file__).parent.parent / "static" / "docs"

_COMMON_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
)
SWAGGER_POLICY = _COMMON_POLICY + "style-src 'self'"
# Redoc makes its style sheet in the page; nothing but styles can come in that way.
REDOC_POLICY = _COMMON_POLICY + "style-src 'self' 'unsafe-inline'"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="docs/assets/{style}">
</head>
<body>
<div id="{element}"></div>
<script src="docs/assets/{bundle}"></script>
<script src="docs/assets/{script}"></script>
</body>
</html>
"""


class _Assets(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=3600"
        response.headers["x-content-type-options"] = "nosniff"
        return response


def build_docs_router(title: str) -> APIRouter:
    """Build the router of `/docs`, `/redoc` and their assets."""
    router = APIRouter(include_in_schema=False)
    swagger = _page(
        title, "swagger-ui", "swagger-ui.css", "swagger-ui-bundle.js", "swagger-init.js"
    )
    redoc = _page(title, "redoc", "redoc.css", "redoc.standalone.js", "redoc-init.js")

    @router.api_route("/docs", methods=["GET", "HEAD"])
    async def docs() -> Response:
        return _html(swagger, SWAGGER_POLICY)

    @router.api_route("/redoc", methods=["GET", "HEAD"])
    async def redoc_page() -> Response:
        return _html(redoc, REDOC_POLICY)

    return router


def docs_assets() -> StaticFiles:
    """Return the application that serves the pages' assets; to be mounted at `/docs/assets`."""
    return _Assets(directory=ASSETS)


def _page(title: str, element: str, style: str, bundle: str, script: str) -> str:
    return _PAGE.format(
        title=escape(title), element=element, style=style, bundle=bundle, script=script
    )


def _html(page: str, policy: str) -> Response:
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    return Response(page, media_type="text/html", headers=headers)
