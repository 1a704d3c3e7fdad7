"""The documentation pages in a real browser that reaches nothing but this machine."""

from __future__ import annotations

import os

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.app.browser import Visit, browser

__all__ = ["browser"]

pytestmark = pytest.mark.slow


def try_out(page: Page, operation: str) -> None:
    block = page.locator(f"#operations-recommendations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    live = block.locator(".live-responses-table")
    live.wait_for()
    assert live.locator("tbody .response-col_status").first.inner_text().startswith("200")
    assert '"rank": 1' in live.inner_text()


@pytest.mark.parametrize("operation", ["recommend_users", "similar_items"])
def test_try_it_out(client: httpx.Client, browser: Browser, operation: str) -> None:
    visit = Visit(browser, f"{client.base_url}/docs")
    try_out(visit.page, operation)
    if target := os.environ.get("SCREENSHOTS"):
        visit.page.screenshot(path=f"{target}/{operation}.png")
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
