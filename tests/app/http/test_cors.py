"""Pages of other origins: only those that are named, errors included; preflights need no key."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest

from app.security.keys import new_key
from app.settings import Settings
from tests.app.browser import Visit, browser
from tests.support.problems import assert_problem
from tests.support.serving import another_server, serving

__all__ = ["browser"]

SHOP = "https://shop.example"
BODY = {"users": [{"visitorid": 6000}]}
KEY, DIGEST = new_key()
ADMIN, ADMIN_DIGEST = new_key()
PREFLIGHT = {
    "origin": SHOP,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,x-api-key",
}


@pytest.fixture(scope="module")
def keyed() -> Iterator[httpx.Client]:
    origins = f"https://other.example:8443, {SHOP}"
    given = Settings(
        api_keys=DIGEST, admin_keys=ADMIN_DIGEST, cors_origins=origins, max_body_bytes=1000
    )
    with serving(given) as client:
        yield client


@pytest.mark.parametrize("path", ["/recommend/users", "/score", "/models", "/nope"])
def test_preflights_need_no_key(keyed: httpx.Client, path: str) -> None:
    answer = keyed.options(path, headers=PREFLIGHT)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert "POST" in answer.headers["access-control-allow-methods"]
    for name in ("content-type", "x-api-key", "authorization", "x-request-id", "x-requested-with"):
        assert name in answer.headers["access-control-allow-headers"].split(", ")
    assert answer.headers.get_list("x-request-id")
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("path", "key", "content", "status"),
    [("/recommend/users", KEY, b'{"users":[{"visitorid":1}]}', 200),
     ("/recommend/users", "x", b"{}", 401), ("/recommend/users", KEY, b"{}", 422),
     ("/recommend/users", KEY, b" " * 2000, 413), ("/score", "x", b"[]", 401),
     ("/score", KEY, b"[]", 400), ("/score", KEY, b" " * 2000, 413), ("/nope", KEY, b"", 404)],
)  # fmt: skip
def test_every_answer_can_be_read(
    keyed: httpx.Client, path: str, key: str, content: bytes, status: int
) -> None:
    headers = {"origin": SHOP, "x-api-key": key, "content-type": "application/json"}
    answer = keyed.post(path, content=content, headers=headers)
    assert answer.status_code == status
    assert answer.headers.get_list("access-control-allow-origin") == [SHOP]
    assert "x-request-id" in answer.headers["access-control-expose-headers"]
    assert "origin" in answer.headers.get_list("vary")


def test_overload_can_be_read() -> None:
    from tests.app.http.test_entrance import in_flight, unread
    from tests.support.waiting import wait_until

    with serving(Settings(max_in_flight=1, cors_origins="*")) as client, unread(client):
        wait_until(lambda: in_flight(client) == 1)
        answer = client.post("/recommend/users", json=BODY, headers={"origin": SHOP})
        assert answer.status_code == 503
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "retry-after" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", [
    "https://evil.example", "null", "http://shop.example", "https://shop.example.evil.example",
    "https://shop.example:444", "https://SHOP.example", "*", "",
])  # fmt: skip
def test_others_get_no_permission(keyed: httpx.Client, origin: str) -> None:
    headers = {"origin": origin, "x-api-key": KEY}
    answer = keyed.post("/recommend/users", json=BODY, headers=headers)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["vary"] == "origin"
    preflight = keyed.options("/recommend/users", headers={**PREFLIGHT, "origin": origin})
    if origin == "":  # which makes it no preflight
        assert_problem(preflight, 401)
    else:
        told = assert_problem(preflight, 403)["detail"]
        assert told == f"The origin {origin} is not in RECOMMENDER_CORS_ORIGINS"
    assert "access-control-allow-origin" not in preflight.headers


def test_administration_is_for_no_page(keyed: httpx.Client) -> None:
    path = "/admin/models/similarity_model/reload"
    preflight = keyed.options(path, headers=PREFLIGHT)
    assert assert_problem(preflight, 403)["detail"].startswith("Pages of other origins may not")
    for answer in (
        preflight,
        keyed.post(path, json={}, headers={"origin": SHOP, "x-api-key": ADMIN}),
    ):
        assert "access-control-allow-origin" not in answer.headers


def test_off_by_default(client: httpx.Client) -> None:
    answer = client.post("/recommend/users", json=BODY, headers={"origin": SHOP})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert "vary" not in answer.headers
    preflight = client.options("/recommend/users", headers=PREFLIGHT)
    told = assert_problem(preflight, 403)["detail"]
    assert told == f"The origin {SHOP} is not in RECOMMENDER_CORS_ORIGINS"
    assert not [name for name in preflight.headers if name.startswith("access-control")]
    assert client.options("/recommend/users").status_code == 405
    assert client.options("/nope", headers=PREFLIGHT).status_code == 404
    assert client.options("/score", headers=PREFLIGHT).status_code == 200


@pytest.mark.parametrize("origins", ["", "https://other.example"])
def test_with_keys_a_refused_preflight_does_not_ask_for_one(origins: str) -> None:
    with serving(Settings(api_keys=DIGEST, cors_origins=origins)) as client:
        for path in ("/recommend/users", "/models", "/nope"):
            told = assert_problem(client.options(path, headers=PREFLIGHT), 403)["detail"]
            assert told == f"The origin {SHOP} is not in RECOMMENDER_CORS_ORIGINS"
        answer = client.options("/score", headers=PREFLIGHT)
        assert (answer.status_code, list(answer.json())) == (403, ["message"])
        long = {**PREFLIGHT, "origin": "https://" + "x" * 5000}
        assert len(client.options("/models", headers=long).content) < 500


# In a real browser

_CALL = """async ([url, key, body, type]) => {
  try {
    const answer = await fetch(url, {
      method: "POST", headers: {"Content-Type": type, "X-API-Key": key}, body: body,
    });
    return {status: answer.status, id: answer.headers.get("x-request-id"),
            text: await answer.text()};
  } catch (error) {
    return {status: 0, text: String(error)};
  }
}"""


class Shop(BaseHTTPRequestHandler):
    """A page of a shop, on an origin of its own."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><link rel=icon href='data:,'><title>shop</title>")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.mark.slow
def test_a_shop_in_a_browser(browser: Any) -> None:
    with another_server(Shop) as shop, another_server(Shop) as stranger:
        given = Settings(api_keys=DIGEST, cors_origins=shop, max_body_bytes=1000)
        with serving(given) as client:
            url = f"{client.base_url}/recommend/users"
            good, json = '{"users":[{"visitorid":6000}],"k":1}', "application/json"
            page = Visit(browser, shop).page
            for key, body, media, status in (
                (KEY, good, json, 200), ("x", good, json, 401), (KEY, "{}", json, 422),
                (KEY, " " * 2000, json, 413), (KEY, good, "text/plain", 415),
            ):  # fmt: skip
                told = page.evaluate(_CALL, [url, key, body, media])
                assert told["status"] == status, told
                assert len(told["id"]) == 32
            page = Visit(browser, stranger).page
            told = page.evaluate(_CALL, [url, KEY, good, json])
            assert told["status"] == 0
            assert "Failed to fetch" in told["text"]
