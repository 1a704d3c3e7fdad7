"""The documentation pages, from our own assets: a machine without internet shows them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from html import escape
from mimetypes import guess_type
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from ..http.declaration import RECOMMEND, by_switch, declare
from ..http.document import Document
from ..http.openapi import TITLE

_FOR_PEOPLE = replace(RECOMMEND, for_people=True)
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


def build_docs_router(switch: str) -> APIRouter:
    """Build the router of `/docs`, `/redoc`, their assets and `/openapi.json`.

    Parameters
    ----------
    switch : {"open", "auth"}
        Whether they need a key.
    """
    router = APIRouter(include_in_schema=False)
    declared = declare(by_switch(switch, _FOR_PEOPLE))
    assets = {path.name: _asset(path) for path in ASSETS.iterdir()}
    swagger = _page("swagger-ui", "swagger-ui.css", "swagger-ui-bundle.js", "swagger-init.js")
    redoc = _page("redoc", "redoc.css", "redoc.standalone.js", "redoc-init.js")

    @cache
    def described(app: FastAPI) -> Document:
        return Document(lambda: to_json(app.openapi()), "application/json", {})

    @router.get("/docs")
    @declared
    async def docs() -> Response:
        return _html(swagger, SWAGGER_POLICY)

    @router.get("/redoc")
    @declared
    async def redoc_page() -> Response:
        return _html(redoc, REDOC_POLICY)

    @router.get("/docs/assets/{file}")
    @declared
    async def asset(file: str, request: Request) -> Response:
        if file not in assets:
            raise HTTPException(404)
        return await assets[file].answer(request.scope)

    @router.get("/openapi.json")
    @declared
    async def document(request: Request) -> Response:
        return await described(request.app).answer(request.scope)

    return router


def _asset(path: Path) -> Document:
    media_type = guess_type(path.name)[0] or "text/plain"  # licences
    headers = {"cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"}
    return Document(path.read_bytes, media_type, headers)


def _page(element: str, style: str, bundle: str, script: str) -> str:
    return _PAGE.format(
        title=escape(TITLE), element=element, style=style, bundle=bundle, script=script
    )


def _html(page: str, policy: str) -> Response:
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    return Response(page, media_type="text/html", headers=headers)
