"""Documents: compressed once, tagged, sent whole, and every error is a problem."""

from __future__ import annotations

import asyncio
import gzip

import httpx
import pytest

from app.http import document
from app.http.document import Document
from tests.support.problems import assert_problem

ASSET = "/docs/assets/swagger-ui.css"


@pytest.mark.parametrize("path", [ASSET, "/openapi.json"])
def test_both_codings_say_the_same(client: httpx.Client, path: str) -> None:
    plain = client.get(path, headers={"accept-encoding": "identity"})
    packed = client.get(path, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert packed.content == plain.content
    for name in ("etag", "content-type"):
        assert packed.headers[name] == plain.headers[name]
    assert plain.headers.get_list("vary") == packed.headers.get_list("vary") == ["accept-encoding"]


@pytest.mark.parametrize("path", [ASSET, "/openapi.json"])
def test_who_has_it_is_told_so(client: httpx.Client, path: str) -> None:
    tag = client.get(path).headers["etag"]
    for given in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        answer = client.get(path, headers={"if-none-match": given})
        assert answer.status_code == 304
        assert answer.content == b""
        assert answer.headers["etag"] == tag
    assert client.get(path, headers={"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "given", ["bytes=0-9", "bytes=999999999-", "bytes=9-1", "bytes", "bytes=a-b", "items=0-1"]
)
def test_ranges_are_ignored(client: httpx.Client, given: str) -> None:
    answer = client.get(ASSET, headers={"range": given})
    assert answer.status_code == 200
    assert answer.content == client.get(ASSET).content


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/docs/assets/none.js", 404),
        ("GET", "/docs/assets/", 404),
        ("GET", "/docs/assets/%00", 404),
        ("GET", "/docs/assets/%2e%2e", 404),
        ("GET", "/docs/assets/" + "a" * 1000, 404),
        ("HEAD", "/docs/assets/none.js", 404),
        ("POST", ASSET, 405),
        ("DELETE", "/openapi.json", 405),
    ],
)
def test_errors_are_problems(client: httpx.Client, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    if method == "HEAD":
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        return
    assert_problem(answer, status)
    if status == 405:
        assert answer.headers["allow"] == "GET, HEAD"


def test_it_is_made_and_compressed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compressed: list[bytes] = []

    def pack(body: bytes) -> bytes:
        compressed.append(body)
        return gzip.compress(body)

    monkeypatch.setattr(document, "packed", pack)
    made: list[bytes] = []

    def read() -> bytes:
        made.append(b"text " * 10_000)
        return made[-1]

    async def ask() -> None:
        one = Document(read, "text/plain", {})
        scope = {"type": "http", "headers": [(b"accept-encoding", b"gzip")]}
        answers = await asyncio.gather(*[one.answer({**scope}) for _ in range(9)])
        answers += [await one.answer({**scope}) for _ in range(9)]
        assert {gzip.decompress(bytes(each.body)) for each in answers} == {made[0]}

    asyncio.run(ask())
    assert len(made) == len(compressed) == 1


def test_one_that_could_not_be_read_is_tried_again() -> None:
    outcomes: list[OSError | bytes] = [OSError("gone"), b"here"]

    def read() -> bytes:
        outcome = outcomes.pop(0)
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    async def ask() -> None:
        one = Document(read, "text/plain", {})
        with pytest.raises(OSError, match="gone"):
            await one.answer({"type": "http", "headers": []})
        assert (await one.answer({"type": "http", "headers": []})).body == b"here"

    asyncio.run(ask())
