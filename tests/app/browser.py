"""A real browser that reaches nothing but this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


def chromium() -> str:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        assert "CI" not in os.environ, "CI must have a Chromium"
        pytest.skip("no Chromium here (install one, or set CHROMIUM to it)")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = chromium()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()


class Visit:
    """A page, what it complained of, and whom it tried to call."""

    def __init__(self, browser: Browser, url: str, password: str | None = None) -> None:
        self.page: Page = browser.new_page(
            viewport={"width": 1280, "height": 1400},
            http_credentials=None if password is None else {"username": "me", "password": password},
        )
        self.complaints: list[str] = []
        self.others: list[str] = []
        self.page.on(
            "console", lambda m: self.complaints.append(m.text) if m.type == "error" else None
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.route("**/*", self._only_loopback)
        self.page.goto(url)

    def _only_loopback(self, route: Route) -> None:
        url = route.request.url
        if url.startswith(("http://127.0.0.1:", "data:")):
            route.continue_()
        else:
            self.others.append(url)
            route.abort()

    def assert_clean(self) -> None:
        assert self.others == []
        assert self.complaints == []
