"""Offers to switch protocols are ignored, and bodies stay bodies."""

from __future__ import annotations

import json
from itertools import pairwise

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.http.upgrade import UpgradeFilter
from tests.support.raw_http import RawConnection, get

BODY = json.dumps({"users": [{"visitorid": 6000}], "k": 1}).encode()
OFFERS = ["h2c", "websocket", "TLS/1.0, IRC/6.9", "h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"]
LENGTH = b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n5\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (
    BODY[:5],
    len(BODY) - 5,
    BODY[5:],
)


def request(offer: str, framed: bytes, name: str = "Upgrade") -> bytes:
    head = (
        "POST /recommend/users HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        f"Host: localhost\r\n{name}: {offer}\r\nContent-Type: application/json\r\n"
    )
    return head.encode() + framed


@pytest.mark.parametrize("framed", [LENGTH, CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("name", ["Upgrade", "upgrade", "UPGRADE", "uPgRaDe"])
def test_the_body_stays_a_body(client: httpx.Client, offer: str, framed: bytes, name: str) -> None:
    with RawConnection(client.base_url.port or 0) as connection:
        for _ in range(2):  # and the connection stays what it was
            connection.send(request(offer, framed, name))
            answer = connection.answer()
            assert answer.status == 200
            assert answer.json()["recommendations"]


@pytest.mark.parametrize("framed", [LENGTH, CHUNKED], ids=["length", "chunked"])
def test_wherever_the_packets_are_cut(client: httpx.Client, framed: bytes) -> None:
    whole = request("h2c", framed)
    with RawConnection(client.base_url.port or 0) as connection:
        for cut in range(1, len(whole), 3):
            connection.send(whole[:cut])
            connection.send(whole[cut:])
            assert connection.answer().status == 200, cut


@pytest.mark.parametrize("framed", [LENGTH, CHUNKED], ids=["length", "chunked"])
def test_a_body_is_no_other_request(client: httpx.Client, framed: bytes) -> None:
    """What looks like a request within a body is not answered."""
    smuggled = get("/models")
    body = b"%b%b" % (b" " * 10, smuggled)
    head = b"POST /recommend/users HTTP/1.1\r\nHost: localhost\r\n"
    head += b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    length = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(head + length)
        connection.send(body)
        assert connection.answer().status == 422
        connection.send(request("h2c", framed))
        assert connection.answer().status == 200


BLANKS = [b"\r\n", b"\r\n\r\n", b"\n\n", b"\n\r\n\n", 5 * b"\r\n"]


@pytest.mark.parametrize("framed", [LENGTH, CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize("blanks", BLANKS)
def test_empty_lines_before_the_request_do_not_count(
    client: httpx.Client, blanks: bytes, framed: bytes
) -> None:
    whole = blanks + request("h2c", framed)
    with RawConnection(client.base_url.port or 0) as connection:
        for cut in range(0, len(blanks) + 60, 3):
            connection.send(whole[:cut])
            connection.send(whole[cut:])
            answer = connection.answer()
            assert answer.status == 200, cut
            assert answer.json()["recommendations"]


@pytest.mark.parametrize("first", [get("/models"), request("h2c", LENGTH), request("h2c", CHUNKED)])
def test_a_body_behind_a_request_that_came_with_its_headers(
    client: httpx.Client, first: bytes
) -> None:
    """Where headers have begun in the packet of another request, lines of the body stay, too."""
    body = b'{"users": [{"visitorid": 6000}], "k": 1\nUpgrade: h2c\n}'
    head = b"POST /recommend/users HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n"
    head = head % len(body) + b"Content-Type: application/json\r\n\r\n"
    with RawConnection(client.base_url.port or 0) as connection:
        for cut in range(1, len(head) + 1):
            connection.send(first + head[:cut])
            assert connection.answer().status == 200
            connection.send(head[cut:] + body)
            answer = connection.answer()
            assert answer.status == 422  # the whole body has come, and it is not JSON
            assert "Invalid JSON" in answer.json()["detail"]
            connection.send(request("h2c", LENGTH))
            assert connection.answer().status == 200


def test_behind_another_request_in_the_same_packet(client: httpx.Client) -> None:
    pair = get("/models") + request("h2c", LENGTH) + get("/metrics")
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(pair)
        answers = connection.answers(9)
        assert answers[0].status == 200
        # The body of the second is lost; nothing of it is taken for a request.
        assert [answer.status for answer in answers[1:]] in ([422], [200, 200])
        if len(answers) == 2:
            assert connection.read_all() == b""


@pytest.mark.parametrize("path", ["/healthz/live", "/models", "/"])
def test_requests_without_a_body(client: httpx.Client, path: str) -> None:
    with RawConnection(client.base_url.port or 0) as connection:
        offer = b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        for _ in range(2):
            connection.send(get(path).removesuffix(b"\r\n\r\n") + offer)
            assert connection.answer().status == 200


NAMES = st.sampled_from(["Host", "Upgrade", "upgrade", "Upgrades", "X-Upgrade", "Up", "Accept"])
LINES = st.lists(st.tuples(NAMES, st.sampled_from(["h2c", "upgrade", "", "a: b"])), max_size=6)


@example("\r\n\r\n", [("Upgrade", "h2c")], [19], b"")
@given(st.sampled_from(["", "\r\n", "\r\n\r\n", "\n\n\r\n"]), LINES,
       st.lists(st.integers(0, 400)), st.binary(max_size=20))  # fmt: skip
def test_only_upgrade_lines_go(
    blanks: str, lines: list[tuple[str, str]], cuts: list[int], body: bytes
) -> None:
    start = blanks + "GET / HTTP/1.1\r\n"
    whole = start + "".join(f"{name}: {value}\r\n" for name, value in lines) + "\r\n"
    left = (
        start
        + "".join(f"{name}: {value}\r\n" for name, value in lines if name.lower() != "upgrade")
        + "\r\n"
    )
    data = whole.encode()
    sent = UpgradeFilter()
    kept = b""
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    for low, high in pairwise(places):
        part = data[low:high]
        kept += sent.take(part + (body if high == len(data) else b""))
    assert kept == left.encode() + body
