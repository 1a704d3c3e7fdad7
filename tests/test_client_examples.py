"""The requests that README.md and docs/clients.md show get the answers that they show."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from app.security.keys import new_key
from app.settings import Settings
from tests.support.serving import another_server, serving

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/clients.md")
ADDRESS = "http://127.0.0.1:8000"
PAIR = re.compile(r"^```(\w+)\n((?:(?!^```).)*)^```\n\n```(json|text)\n(.*?)^```$", re.M | re.S)
KEY, DIGEST = new_key()
ADMIN_KEY, ADMIN_DIGEST = new_key()
SECONDS = 120


class Example(NamedTuple):
    """A block that asks, and the block after it."""

    page: str
    language: str
    asks: str
    shown: str


def examples() -> Iterator[Example]:
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for language, asks, _, shown in PAIR.findall(text):
            yield Example(page, language, asks, shown)


ALL = list(examples())
REQUESTS = [each for each in ALL if each.language == "sh"]
PROGRAMS = {each.language: each for each in ALL if each.language != "sh"}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving(Settings(api_keys=DIGEST, admin_keys=ADMIN_DIGEST)) as running:
        yield running


def ask(client: httpx.Client, command: str) -> httpx.Response:
    """Send what a command of curl sends."""
    given = command.replace("$KEY", KEY).replace("$ADMIN_KEY", ADMIN_KEY)
    program, *arguments = shlex.split(given.replace("\\\n", ""))
    assert program == "curl"
    headers, body, path, method = {"X-API-Key": KEY}, None, "", None
    words = iter(arguments)
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words)
        elif word == "-X":
            method = next(words)
        else:
            assert word.startswith(ADDRESS), word
            path = word.removeprefix(ADDRESS)
    if any(name == "Authorization" for name in headers):
        del headers["X-API-Key"]  # where the page leaves keys out, the service needs one here
    default = "POST" if body is not None else "GET"
    return client.request(method or default, path, headers=headers, content=body)


def test_there_are_examples() -> None:
    asked = " ".join(each.asks for each in REQUESTS)
    for path in ("/recommend/users", "/similar/items", "/score", "/activate", "/reload"):
        assert path in asked
    assert {each.page for each in REQUESTS} == set(PAGES)
    assert set(PROGRAMS) == {"js", "java"}


@pytest.mark.parametrize("example", REQUESTS, ids=lambda each: f"{each.page}: {each.shown[:40]}")
def test_a_request_gets_what_is_shown(client: httpx.Client, example: Example) -> None:
    answer = ask(client, example.asks)
    begin, is_cut, end = example.shown.strip().partition("...")
    if not is_cut:
        assert answer.json() == json.loads(example.shown)
        return
    assert answer.text.startswith(begin)
    assert answer.text.endswith(end)


def run(client: httpx.Client, folder: Path, language: str, file: str, *command: str) -> None:
    done = start(str(client.base_url), folder, language, file, *command)
    assert done.returncode == 0, done.stderr
    assert done.stdout == PROGRAMS[language].shown


def start(
    address: str, folder: Path, language: str, file: str, *command: str
) -> subprocess.CompletedProcess[str]:
    """Run a program of the page against a server."""
    program = shutil.which(command[0])
    if program is None:
        pytest.skip(f"no {command[0]} here")
    example = PROGRAMS[language]
    assert ADDRESS in example.asks
    (folder / file).write_text(example.asks.replace(ADDRESS, address.rstrip("/")))
    return subprocess.run(
        [program, *command[1:], file],
        cwd=folder,
        env={**os.environ, "KEY": KEY},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def proxy(client: httpx.Client, *statuses: int) -> type[BaseHTTPRequestHandler]:
    """Make a proxy that answers a few requests with pages of its own, and passes the others on."""
    left = list(statuses)

    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if left:
                self.answer(left.pop(0), "text/html", b"<h1>Something went wrong</h1>")
                return
            sent = {name: self.headers[name] for name in ("content-type", "authorization")}
            answer = client.post(self.path, content=body, headers=sent)
            self.answer(answer.status_code, answer.headers["content-type"], answer.content)

        def answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 503:
                self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Proxy


@pytest.mark.slow
def test_the_program_in_javascript(client: httpx.Client, tmp_path: Path) -> None:
    run(client, tmp_path, "js", "recommend.mjs", "node")


@pytest.mark.slow
def test_the_program_in_javascript_tries_again(client: httpx.Client, tmp_path: Path) -> None:
    with another_server(proxy(client, 503)) as address:
        done = start(address, tmp_path, "js", "recommend.mjs", "node")
    assert (done.returncode, done.stdout) == (0, PROGRAMS["js"].shown)


@pytest.mark.slow
@pytest.mark.parametrize("statuses", [(502,), (503, 503), (200,)])
def test_the_program_in_javascript_reads_no_page_as_json(
    client: httpx.Client, tmp_path: Path, statuses: tuple[int, ...]
) -> None:
    with another_server(proxy(client, *statuses)) as address:
        done = start(address, tmp_path, "js", "recommend.mjs", "node")
    assert done.returncode != 0
    assert f"Error: {statuses[-1]} text/html" in done.stderr


def test_the_headers_that_pages_may_send_are_told() -> None:
    text = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
    told = text.partition("A page may send\nthese headers: ")[2].partition(". ")[0]
    with serving(Settings(cors_origins="*")) as open_to_pages:
        asked = {"origin": "https://shop.example", "access-control-request-method": "POST"}
        answer = open_to_pages.options("/recommend/users", headers=asked)
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {name.lower() for name in re.findall("`(.*?)`", told)} == set(allowed)


@pytest.mark.slow
def test_the_program_in_java(client: httpx.Client, tmp_path: Path) -> None:
    if shutil.which("javac") is None:
        pytest.skip("no JDK here (Debian: default-jdk-headless)")
    run(client, tmp_path, "java", "Recommend.java", "java")
