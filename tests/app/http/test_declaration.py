"""Access is declared on routes; what no route declares needs a key."""

from __future__ import annotations

import pytest

from app.http.declaration import (
    ADMIN,
    PROBE,
    RECOMMEND,
    Declarations,
    by_switch,
    declaration_of,
)
from app.http.openapi import Application
from app.main import create_app
from app.settings import Settings

DIGEST = "sha256:" + 64 * "0"
# Path: scope, whether it is a probe, whether it takes a place. A new route needs a line here.
DECLARED = {
    "/": (None, True, False),
    "/admin/models/{name}/activate": ("admin", False, True),
    "/admin/models/{name}/reload": ("admin", False, True),
    "/api/v1/service/{service}/score": ("recommend", False, True),
    "/api/v1/service/{service}/swagger.json": (None, False, True),
    "/docs": (None, False, True),
    "/docs/assets/{file}": (None, False, True),
    "/healthz/live": (None, True, False),
    "/healthz/ready": (None, True, False),
    "/metrics": (None, False, False),
    "/models": ("recommend", False, True),
    "/openapi.json": (None, False, True),
    "/predict": ("recommend", False, True),
    "/recommend/baskets": ("recommend", False, True),
    "/recommend/users": ("recommend", False, True),
    "/redoc": (None, False, True),
    "/score": ("recommend", False, True),
    "/similar/items": ("recommend", False, True),
    "/similar/users": ("recommend", False, True),
    "/swagger.json": (None, False, True),
}
SWITCHED = {
    "/api/v1/service/{service}/swagger.json",
    "/docs",
    "/docs/assets/{file}",
    "/openapi.json",
    "/redoc",
    "/swagger.json",
}


@pytest.fixture(scope="module")
def app() -> Application:
    return create_app(Settings())


def declared(app: Application) -> dict[str, tuple[str | None, bool, bool]]:
    found: dict[str, tuple[str | None, bool, bool]] = {}
    for route in app.declared:
        one = declaration_of(route)
        found[route.path] = (one.scope, one.is_probe, one.takes_place)
    return found


def test_every_route_and_what_it_declares(app: Application) -> None:
    assert declared(app) == DECLARED


def test_pages_behind_keys_declare_so() -> None:
    behind = declared(create_app(Settings(api_keys=DIGEST, docs="auth", metrics="auth")))
    for path in SWITCHED:
        assert behind[path] == ("recommend", False, True)
    assert behind["/metrics"] == ("recommend", False, False)


def test_routes_of_one_path_declare_the_same(app: Application) -> None:
    for path in {route.path for route in app.declared}:
        found = {declaration_of(route) for route in app.declared if route.path == path}
        assert len(found) == 1, path


@pytest.mark.parametrize(
    "path",
    ["/nope", "/docsx", "/docs/", "/docs/x", "/openapi.json.bak", "/healthz/live/", "//", ""],
)
def test_what_no_route_has_needs_a_key(app: Application, path: str) -> None:
    assert Declarations(app.declared).find(path) == ("none", RECOMMEND)


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/admin/models/x/reload", "/admin/models/{name}/reload"),
        ("/api/v1/service/x/score", "/api/v1/service/{service}/score"),
        ("/docs/assets/a.css", "/docs/assets/{file}"),
    ],
)
def test_paths_with_parameters(app: Application, path: str, template: str) -> None:
    matched, found = Declarations(app.declared).find(path)
    assert matched == template
    assert (found.scope, found.is_probe, found.takes_place) == DECLARED[template]


@pytest.mark.parametrize("path", ["/admin/models/a/b/reload", "/admin/models//reload"])
def test_paths_that_almost_match(app: Application, path: str) -> None:
    assert Declarations(app.declared).find(path) == ("none", RECOMMEND)


def test_switches_keep_what_else_is_declared() -> None:
    assert by_switch("open", PROBE) == PROBE
    assert by_switch("auth", ADMIN).scope == "recommend"
    assert by_switch("open").scope is None


def test_the_entrance_is_the_same_with_tracing() -> None:
    def parts(app: Application) -> list[str]:
        return [each.cls.__name__ for each in app.entrance]  # type: ignore[attr-defined]

    plain = parts(create_app(Settings()))
    traced = parts(create_app(Settings(otlp_endpoint="http://127.0.0.1:9")))
    assert plain == [*traced, "Direct"]
    assert traced == [
        "Record",
        "Cors",
        "Answers",
        "Deadline",
        "Access",
        "Arrival",
        "Places",
        "Turn",
        "Delivery",
    ]


def test_the_document_marks_public_operations(app: Application) -> None:
    """Only the listed routes that are in the document at all; most pages are not."""
    document = app.openapi()
    public = {
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if operation.get("security") == []
    }
    declared_public = {path for path, (scope, *_) in DECLARED.items() if scope is None}
    assert public == declared_public & set(document["paths"])
    assert {"/healthz/live", "/score"} & public == {"/healthz/live"}
    assert document["security"] == [{"bearer": []}, {"key": []}]
