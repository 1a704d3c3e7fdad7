"""The documentation pages in a real browser that reaches nothing but this machine."""

from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler

import httpx
import pytest
from playwright.sync_api import Browser, Page

from app.security.keys import new_key
from app.settings import Settings
from tests.app.browser import Visit, browser
from tests.support.problems import assert_problem
from tests.support.serving import another_server, serving

__all__ = ["browser"]

pytestmark = pytest.mark.slow


def try_out(page: Page, operation: str, body: str | None = None) -> str:
    """Execute an operation, with its example unless there is another body; return the answer."""
    block = page.locator(f"#operations-recommendations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    if body is not None:
        block.locator("textarea").fill(body)
    block.get_by_role("button", name="Execute").click()
    live = block.locator(".live-responses-table")
    live.wait_for()
    assert live.locator("tbody .response-col_status").first.inner_text().startswith("200")
    assert ('"score": ' if operation == "predict" else '"rank": 1') in live.inner_text()
    return live.inner_text()


@pytest.mark.parametrize(
    "operation",
    ["recommend_users", "recommend_baskets", "similar_items", "similar_users", "predict"],
)
def test_try_it_out(client: httpx.Client, browser: Browser, operation: str) -> None:
    visit = Visit(browser, f"{client.base_url}/docs")
    try_out(visit.page, operation)
    if target := os.environ.get("SCREENSHOTS"):
        visit.page.screenshot(path=f"{target}/{operation}.png")
    visit.assert_clean()


def test_try_out_why(client: httpx.Client, browser: Browser) -> None:
    visit = Visit(browser, f"{client.base_url}/docs")
    body = '{"baskets": [[{"itemid": 2250}]], "k": 1, "why": true}'
    told = try_out(visit.page, "recommend_baskets", body)
    assert '"term": "2250 in the' in told
    visit.assert_clean()


def test_redoc(client: httpx.Client, browser: Browser) -> None:
    visit = Visit(browser, f"{client.base_url}/redoc")
    visit.page.get_by_text("/recommend/users").first.wait_for()
    assert visit.page.get_by_text("/similar/items").count() > 0
    if target := os.environ.get("SCREENSHOTS"):
        visit.page.screenshot(path=f"{target}/redoc.png")
    visit.assert_clean()


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_pages_forbid_what_is_not_ours(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "<script>" not in response.text
    assert "http" not in response.text.replace("<meta http-equiv", "")
    assert client.head(path).status_code == 200


def test_assets_can_be_cached(client: httpx.Client) -> None:
    response = client.get("/docs/assets/swagger-ui.css")
    assert response.headers["content-type"].startswith("text/css")
    again = client.get(
        "/docs/assets/swagger-ui.css", headers={"if-none-match": response.headers["etag"]}
    )
    assert again.status_code == 304
    assert client.get("/docs/assets/../docs.py").status_code == 404
    assert client.get("/docs/assets/%2e%2e/%2e%2e/settings.py").status_code == 404


# Behind a proxy that adds a path prefix


def test_the_document_is_relative(client: httpx.Client) -> None:
    assert client.get("/openapi.json").json()["servers"] == [{"url": "."}]


def prefixed(target: str) -> type[BaseHTTPRequestHandler]:
    """Return a proxy that shows a service below /shop/api, and nothing else."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            prefix, path = "/shop/api", self.path
            if not path.startswith(prefix + "/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {"content-type": self.headers.get("content-type", "")}
            url = target + path.removeprefix(prefix)
            answer = httpx.request(self.command, url, content=body, headers=headers)
            self.send_response(answer.status_code)
            self.send_header("content-type", answer.headers["content-type"])
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_GET  # noqa: N815 - named by the library

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Proxy


def test_behind_a_path_prefix(client: httpx.Client, browser: Browser) -> None:
    with another_server(prefixed(str(client.base_url))) as proxy:
        visit = Visit(browser, f"{proxy}/shop/api/docs")
        try_out(visit.page, "recommend_users")
        visit.assert_clean()


# For people, where a key is needed


def test_a_person_gives_the_key_as_a_password(browser: Browser) -> None:
    key, digest = new_key()
    with serving(Settings(api_keys=digest, docs="auth")) as client:
        url = f"{client.base_url}/docs"
        for page in ("/docs", "/redoc"):
            visit = Visit(browser, f"{client.base_url}{page}", password=key)
            visit.page.get_by_text("/recommend/users").first.wait_for()
            visit.assert_clean()
        answer = Visit(browser, url, password="no").page.goto(url)
        assert answer is not None
        assert answer.status == 401


def test_passwords_count_on_pages_only() -> None:
    key, digest = new_key()
    given = Settings(api_keys=digest, admin_keys=new_key()[1], docs="auth", metrics="auth")
    with serving(given) as client:
        for path in ("/docs", "/redoc", "/openapi.json", "/docs/assets/redoc.css"):
            refused = client.get(path)
            assert_problem(refused, 401)
            assert refused.headers["www-authenticate"].startswith('Basic realm="recommender"')
            assert 'Bearer realm="recommender"' in refused.headers["www-authenticate"]
            assert client.get(path, auth=("", key)).status_code == 200
            assert client.get(path, headers={"x-api-key": key}).status_code == 200
            assert client.get(path, auth=("a", "b")).status_code == 401
            for odd in ("Basic", "Basic !", "Basic YQ==", "Basic /w==", "Basic Og=="):
                assert client.get(path, headers={"authorization": odd}).status_code == 401
        for path in ("/models", "/metrics", "/nope", "/score?visitorid=1"):
            refused = client.get(path, auth=("", key))
            assert refused.status_code == 401
            assert "Basic" not in refused.headers["www-authenticate"]
        body = {"users": [{"visitorid": 1}]}
        assert client.post("/recommend/users", json=body, auth=("", key)).status_code == 401
        reload = "/admin/models/similarity_model/reload"
        assert client.post(reload, json={}, auth=("", key)).status_code == 401
