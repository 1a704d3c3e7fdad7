"""Without keys: no page of a stranger changes what serves, or reads it by a name of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.http.browsers import Hosts
from app.security.keys import new_key
from app.settings import Settings
from tests.app.browser import Visit, browser
from tests.support.problems import assert_problem
from tests.support.serving import serving

__all__ = ["browser"]

RELOAD = "/admin/models/similarity_model/reload"
KEY, DIGEST = new_key()
FORMS: list[dict[str, str]] = [
    {}, {"content-type": "text/plain"}, {"content-type": "application/x-www-form-urlencoded"},
    {"content-type": "multipart/form-data; boundary=x"},
    {"content-type": "text/plain; application/json"}, {"origin": "https://evil.example"},
    {"x-request-id": ""},
]  # fmt: skip


@pytest.mark.parametrize("headers", FORMS)
@pytest.mark.parametrize("path", [RELOAD, RELOAD.replace("reload", "activate")])
def test_what_a_form_can_send(client: httpx.Client, path: str, headers: dict[str, str]) -> None:
    answer = client.post(path, content=b'{"version":"6"}', headers=headers)
    assert_problem(answer, 415)


@pytest.mark.parametrize(
    "headers",
    [{"content-type": "application/json"}, {"x-requested-with": "curl"}, {"x-api-key": "any"}],
)
def test_what_it_cannot(client: httpx.Client, headers: dict[str, str]) -> None:
    assert client.post(RELOAD, headers=headers).status_code == 200


def test_keys_prove_as_much() -> None:
    with serving(Settings(admin_keys=DIGEST)) as client:
        assert client.post(RELOAD, headers={"x-api-key": KEY}).status_code == 200
        assert_problem(client.post(RELOAD), 401)


PATHS = ["/models", "/docs", "/openapi.json", "/metrics", "/score?visitorid=6000", "/nope"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.nip.io",
    "10.0.0.1", "[::2]:80", "[::1", "x", "localhost@evil.example",
])  # fmt: skip
def test_foreign_names(client: httpx.Client, path: str, host: str) -> None:
    answer = client.get(path, headers={"host": host})
    if path.startswith("/score"):
        assert answer.status_code == 421
        assert list(answer.json()) == ["message"]
    else:
        assert_problem(answer, 421)
    assert "recommend" not in answer.text.replace("RECOMMENDER_ALLOWED_HOSTS", "")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:1",
        "localhost.",
        "127.0.0.1:8000",
        "127.1.2.3",
        "[::1]:8000",
        "[::1]",
    ],
)
def test_names_of_loopback(client: httpx.Client, host: str) -> None:
    assert client.get("/models", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/healthz/live", "/healthz/ready"])
def test_probes_come_by_any_name(client: httpx.Client, path: str) -> None:
    assert client.get(path, headers={"host": "10.0.0.1"}).status_code == 200


def allows(name: str, **settings: Any) -> bool:
    is_keyed = settings.pop("is_keyed", False)
    hosts = Hosts(Settings(**settings), is_keyed=is_keyed)
    try:
        hosts.check({"headers": [(b"host", name.encode())]})
    except Exception:
        return False
    return True


def test_where_hosts_are_checked() -> None:
    assert not allows("shop.example")
    assert allows("shop.example", is_keyed=True)
    assert allows("shop.example", host="0.0.0.0", auth="none")
    assert allows("shop.example", allowed_hosts="*")
    assert not allows("shop.example", host="::1")
    assert not allows("shop.example", host="localhost")
    named = {"allowed_hosts": "Shop.example, ::1,[fe80::1]", "is_keyed": True}
    for host, is_allowed in (
        ("shop.EXAMPLE:443", True), ("[::1]:80", True), ("[fe80::1]", True),
        ("localhost", False), ("a.shop.example", False), ("127.0.0.1", False), ("", True),
    ):  # fmt: skip
        assert allows(host, **named) == is_allowed, host


@pytest.fixture(scope="module")
def rebound() -> Iterator[httpx.Client]:
    with serving(Settings(allowed_hosts="shop.example")) as client:
        yield client


def test_hosts_that_are_set(rebound: httpx.Client) -> None:
    assert_problem(rebound.get("/models"), 421)
    assert rebound.get("/models", headers={"host": "shop.example"}).status_code == 200


@pytest.mark.slow
def test_a_page_of_a_stranger_in_a_browser(client: httpx.Client, browser: Any) -> None:
    """The form is sent; what it asked for is not done."""
    visit = Visit(browser, "data:text/html,<!DOCTYPE html><title>stranger</title>")
    with visit.page.expect_response(f"**{RELOAD}") as told:
        visit.page.evaluate(
            """(url) => {
              document.body.innerHTML = `<form method=post action="${url}"></form>`;
              document.forms[0].submit();
            }""",
            f"{client.base_url}{RELOAD}",
        )
    assert told.value.status == 415
