"""Where a request ends, and to whom it goes: what is said in two ways, or in none, is refused."""

from __future__ import annotations

import json
from itertools import chain

import httpx
import pytest

from app.http.framing import LARGE_HEADERS, flaw
from app.security.keys import new_key
from app.settings import Settings
from tests.support.raw_http import Answer, RawConnection, get
from tests.support.serving import serving

BODY = json.dumps({"users": [{"visitorid": 6000}], "k": 1}).encode()
START = b"POST /recommend/users HTTP/1.1\r\nContent-Type: application/json\r\n"
HOST = b"Host: localhost\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)


def coding(named: str, host: bytes = HOST) -> bytes:
    return START + host + f"Transfer-Encoding: {named}\r\n\r\n".encode() + CHUNKS


def ask(client: httpx.Client, request: bytes) -> tuple[Answer, bool]:
    """Return the answer to a request, and whether another one behind it is answered, too."""
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(request)
        answer = connection.answer()
        if "connection" in answer.headers:
            assert answer.headers["connection"] == "close"
            assert connection.read_all() == b""
            return answer, False
        connection.send(get("/models"))
        return answer, connection.answer().status == 200


REFUSED = {
    "gzip, chunked": (coding("gzip, chunked"), 501),
    "gzip and chunked in two lines": (coding("gzip\r\nTransfer-Encoding: chunked"), 501),
    "GZIP , Chunked": (coding("GZIP , Chunked"), 501),
    "chunked twice": (coding("chunked, chunked"), 400),
    "chunked twice, in two lines": (coding("chunked\r\nTransfer-Encoding: chunked"), 400),
    "chunked, gzip": (coding("chunked, gzip"), 400),
    "identity": (coding("identity"), 400),
    "identity with a length": (coding("identity\r\nContent-Length: 5"), 400),
    "no coding": (coding(""), 400),
    "a parameter": (coding("chunked;q=1"), 400),
    "a longer name": (coding("xchunked"), 400),
    "a coding in HTTP/1.0": (coding("chunked").replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    "a coding and a length": (coding("chunked\r\nContent-Length: 5"), 400),
    "a length and a coding": (
        START + HOST + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS,
        400,
    ),
    "two lengths": (START + HOST + LENGTH + LENGTH + b"\r\n" + BODY, 400),
    "a list of lengths": (START + HOST + b"Content-Length: 5, 5\r\n\r\n12345", 400),
    "a length with a sign": (START + HOST + b"Content-Length: +5\r\n\r\n12345", 400),
    "LF after the request line": (START.replace(b"\r\n", b"\n", 1) + HOST + b"\r\n", 400),
    "LF after a header": (START + HOST.replace(b"\r", b"") + LENGTH + b"\r\n" + BODY, 400),
    "CR after a header": (START + HOST.replace(b"\n", b"") + LENGTH + b"\r\n" + BODY, 400),
    "LF in the framing of chunks": (
        coding("chunked").replace(b"\r\n0\r\n\r\n", b"\n0\n\n"),
        400,
    ),
    "a folded line": (START + HOST + b"X: a\r\n b\r\n" + LENGTH + b"\r\n" + BODY, 400),
    "a blank before the colon": (START + HOST.replace(b":", b" :") + LENGTH + b"\r\n" + BODY, 400),
    "no host": (START + LENGTH + b"\r\n" + BODY, 400),
    "two hosts": (START + HOST + HOST + LENGTH + b"\r\n" + BODY, 400),
    "no host name": (START + b"Host: a b\r\n" + LENGTH + b"\r\n" + BODY, 400),
    "HTTP/2.0": (get("/models").replace(b"HTTP/1.1", b"HTTP/2.0"), 400),
    "HTTP/0.9": (b"GET /models\r\n\r\n", 400),
}


@pytest.mark.parametrize(("request_bytes", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused(client: httpx.Client, request_bytes: bytes, status: int) -> None:
    answer, is_open = ask(client, request_bytes)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert not is_open


@pytest.mark.parametrize(("request_bytes", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_after_what_came_before_it(
    client: httpx.Client, request_bytes: bytes, status: int
) -> None:
    """The earlier request gets its own answer, never that of the refused one."""
    _ = status
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(get("/models") + request_bytes)
        answers = connection.answers(3)
    assert answers[0].status == 200
    assert len(answers) == 1


TAKEN = {
    "chunked": coding("chunked"),
    "Chunked": coding("Chunked"),
    "an empty element": coding(", chunked"),
    "a length with blanks around it": (
        START + HOST + b"Content-Length: \t%d \t\r\n\r\n%b" % (len(BODY), BODY)
    ),
    "a port": coding("chunked", b"Host: localhost:8000\r\n"),
    "an address": coding("chunked", b"Host: [::1]:8000 \r\n"),
    "a host in HTTP/1.0": (START + HOST + LENGTH + b"\r\n" + BODY).replace(b"/1.1", b"/1.0"),
    "no host in HTTP/1.0": (START + LENGTH + b"\r\n" + BODY).replace(b"/1.1", b"/1.0"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken(client: httpx.Client, name: str) -> None:
    answer, is_open = ask(client, TAKEN[name])
    assert answer.status == 200, answer
    assert answer.json()["recommendations"]
    assert is_open == ("1.0" not in name)


def test_the_body_is_waited_for_where_the_client_does(client: httpx.Client) -> None:
    with RawConnection(client.base_url.port or 0) as connection:
        for _ in range(2):
            connection.send(START + HOST + LENGTH + b"Expect: 100-continue\r\n\r\n")
            interim = b"HTTP/1.1 100 Continue\r\n\r\n"
            assert connection.socket.recv(len(interim)) == interim
            connection.send(BODY)
            assert connection.answer().status == 200


def test_http_1_0_has_no_interim_answers(client: httpx.Client) -> None:
    request = START + HOST + LENGTH + b"Expect: 100-continue\r\n\r\n" + BODY
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(request.replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert connection.answer().status == 200


def test_a_refused_body_is_not_asked_for(client: httpx.Client) -> None:
    request = START.replace(b"json", b"json\r\nContent-Encoding: br") + HOST + LENGTH
    answer, is_open = ask(client, request + b"Expect: 100-continue\r\n\r\n")
    assert answer.status == 415
    assert not is_open


@pytest.mark.parametrize("blanks", ["", " ", "\t ", "  \t"])
def test_blanks_around_a_value_do_not_count(client: httpx.Client, blanks: str) -> None:
    given = f"x-request-id:{blanks}mine{blanks}\r\nAccept-Encoding:{blanks}gzip{blanks}\r\n"
    answer, _ = ask(client, get("/docs").replace(HOST, HOST + given.encode()))
    assert answer.headers["x-request-id"] == "mine"


@pytest.mark.parametrize("name", ["X-API-Key:", "Authorization: Bearer"])
@pytest.mark.parametrize("blanks", [" ", "  \t"])
def test_blanks_around_a_key_do_not_count(name: str, blanks: str) -> None:
    key, digest = new_key()
    with serving(Settings(api_keys=digest)) as client:
        given = f"{name}{blanks}{key}{blanks}\r\n".encode()
        answer, _ = ask(client, get("/models").replace(HOST, HOST + given))
    assert answer.status == 200


def test_only_watched_headers_are_read() -> None:
    assert flaw("1.1", chain([(b"host", b"h")], [(b"x", b"\xff")] * 3)) is None


def test_an_answer_is_whole() -> None:
    head, _, body = LARGE_HEADERS.answer().partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head
