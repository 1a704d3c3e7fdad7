"""gzip: bodies of requests are unpacked within the limit, large answers are compressed."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.encoding import takes_packed
from app.settings import Settings
from tests.support.problems import assert_problem
from tests.support.raw_http import Answer, RawConnection
from tests.support.serving import serving

BODY = {"users": [{"visitorid": 6000}]}
MANY = {"users": [{"visitorid": user} for user in range(1000)], "k": 20}
LIMIT = 1024 * 1024
PACKED = {"content-type": "application/json", "content-encoding": "gzip"}


def raw(client: httpx.Client, path: str, body: Any, *headers: str) -> Answer:
    content = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    head = "\r\n".join([*lines, *headers, f"Content-Length: {len(content)}\r\n\r\n"])
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(head.encode() + content)
        return connection.answer()


# Bodies of requests


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
@pytest.mark.parametrize(
    ("path", "body"),
    [("/recommend/users", BODY), ("/similar/items", {"items": [{"itemid": 152913}]}),
     ("/score", [{"visitorid": 6000}]), ("/recommend/users", MANY)],
)  # fmt: skip
def test_packed_bodies(client: httpx.Client, coding: str, path: str, body: Any) -> None:
    plain = json.dumps(body).encode()
    headers = {**PACKED, "content-encoding": coding}
    answer = client.post(path, content=gzip.compress(plain), headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.content == client.post(path, content=plain, headers=PACKED | {"content-encoding": "identity"}).content  # fmt: skip  # noqa: E501


def test_a_packed_body_in_chunks(client: httpx.Client) -> None:
    packed = gzip.compress(json.dumps(MANY).encode())

    def chunks() -> Any:
        for low in range(0, len(packed), 7):
            yield packed[low : low + 7]

    answer = client.post("/recommend/users", content=chunks(), headers=PACKED)
    assert answer.status_code == 200


def test_the_limit_is_that_of_the_unpacked_body(client: httpx.Client) -> None:
    just = gzip.compress(b" " * (LIMIT - 2) + b"{}")
    assert_problem(client.post("/recommend/users", content=just, headers=PACKED), 422)
    over = gzip.compress(b" " * (LIMIT - 1) + b"{}")
    assert_problem(client.post("/recommend/users", content=over, headers=PACKED), 413)
    assert client.post("/score", content=over, headers=PACKED).status_code == 413


@pytest.mark.parametrize("limit", [600, 1000, 65_535, 65_536, LIMIT])
def test_a_bomb_is_never_unpacked(limit: int) -> None:
    work = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b" " * LIMIT
    bomb = b"".join([work.compress(block) for _ in range(256)]) + work.flush()
    if limit < len(bomb):
        bomb = gzip.compress(block)[: limit // 2]
    with serving(Settings(max_body_bytes=limit)) as client:
        client.post("/recommend/users", json=BODY)
        tracemalloc.start()
        assert_problem(client.post("/recommend/users", content=bomb, headers=PACKED), 413)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 16 * LIMIT


@pytest.mark.parametrize("size", [999, 1000, 1001, 65_535, 65_536, 65_537])
@pytest.mark.parametrize("limit", [1000, 65_536])
def test_limits_are_exact(size: int, limit: int) -> None:
    with serving(Settings(max_body_bytes=limit)) as client:
        packed = gzip.compress(b" " * (size - 2) + b"{}")
        answer = client.post("/recommend/users", content=packed, headers=PACKED)
        assert answer.status_code == (422 if size <= limit else 413)


@pytest.mark.parametrize("body", [
    b"{}", b"\x1f\x8b", gzip.compress(b"{}")[:-1], gzip.compress(b"{}") + b"{}",
    gzip.compress(b"{}") * 2, gzip.compress(b"{}")[:-8] + b"\0" * 8, zlib.compress(b"{}"),
    gzip.compress(b" " * 200_000)[:-1],
])  # fmt: skip
@pytest.mark.parametrize("path", ["/recommend/users", "/score"])
def test_what_is_not_gzip(client: httpx.Client, path: str, body: bytes) -> None:
    answer = client.post(path, content=body, headers=PACKED)
    assert answer.status_code == 400
    assert "gzip" in answer.text
    if path != "/score":
        assert_problem(answer, 400)


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "gzip, br", "*"])
def test_other_codings(client: httpx.Client, coding: str) -> None:
    headers = {**PACKED, "content-encoding": coding}
    for path in ("/recommend/users", "/score"):
        answer = client.post(path, content=b"{}", headers=headers)
        assert answer.status_code == 415
        assert answer.headers["accept-encoding"] == "gzip"


# Answers


@pytest.mark.parametrize(("path", "body"), [("/recommend/users", MANY), ("/score", MANY["users"])])
@pytest.mark.parametrize("accepted", ["gzip", "br, GZIP;q=0.5", "*", "identity;q=0, *;q=0.1"])
def test_large_answers_are_compressed(
    client: httpx.Client, path: str, body: Any, accepted: str
) -> None:
    plain = raw(client, path, body)
    packed = raw(client, path, body, f"Accept-Encoding: {accepted}")
    assert (plain.status, packed.status) == (200, 200)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(packed.body) < len(plain.body) // 3
    assert gzip.decompress(packed.body) == plain.body
    for answer in (plain, packed):
        assert answer.headers["vary"] == "accept-encoding"
        assert "x-request-id" in answer.headers


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "*;q=0", "gzip;q=none", "identity"])
def test_who_does_not_take_it_does_not_get_it(client: httpx.Client, accepted: str) -> None:
    answer = raw(client, "/recommend/users", MANY, f"Accept-Encoding: {accepted}")
    assert "content-encoding" not in answer.headers
    assert len(answer.json()["recommendations"]) == 20_000


def test_small_answers_never_are(client: httpx.Client) -> None:
    answer = raw(client, "/recommend/users", BODY, "Accept-Encoding: gzip")
    assert "content-encoding" not in answer.headers
    assert answer.json()["recommendations"]


def test_the_document_is_compressed_and_heads_are_alike(client: httpx.Client) -> None:
    asked, told = client.get("/openapi.json"), client.head("/openapi.json")
    for name in ("content-encoding", "content-length", "vary"):
        assert asked.headers[name] == told.headers[name]


@given(
    st.binary(max_size=40) | st.sampled_from([b"gzip;q=" + b"9" * 30, b";;;,,q=", b"gzip;q=nan"])
)
def test_no_header_breaks_the_choice(value: bytes) -> None:
    assert takes_packed({"headers": [(b"accept-encoding", value)]}) in (True, False)
