"""HEAD is answered like GET, without the body."""

from __future__ import annotations

import httpx
import pytest

from app.http.openapi import Application
from app.main import create_app
from app.settings import Settings
from tests.support.raw_http import RawConnection, get

PATHS = ["/", "/healthz/live", "/healthz/ready", "/models", "/metrics", "/docs", "/redoc",
         "/openapi.json", "/swagger.json", "/docs/assets/swagger-ui.css",
         "/score?visitorid=6000", "/api/v1/service/shop/score?visitorid=6000"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_head_is_answered(client: httpx.Client, path: str) -> None:
    asked, told = client.get(path), client.head(path)
    assert told.status_code == asked.status_code == 200
    assert told.headers["content-type"] == asked.headers["content-type"]


def test_the_connection_stays_usable(client: httpx.Client) -> None:
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(get("/models").replace(b"GET", b"HEAD", 1))
        (told,) = connection.answers(to_head=True)
        assert told.status == 200
        assert told.body == b""
        assert int(told.headers["content-length"]) > 0
        connection.send(get("/models"))
        assert len(connection.answer().body) == int(told.headers["content-length"])


@pytest.fixture(scope="module")
def app() -> Application:
    return create_app(Settings())


def test_no_route_was_forgotten(app: Application) -> None:
    methods: dict[str, set[str]] = {}
    for route in app.declared:
        methods.setdefault(route.path, set()).update(route.methods or ())
    assert all("HEAD" in found for found in methods.values() if "GET" in found)


def test_the_document_shows_no_head(app: Application) -> None:
    assert all("head" not in operations for operations in app.openapi()["paths"].values())
