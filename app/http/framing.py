"""Whether the headers of a request say, in one way only, where it ends and to whom it goes.

What two servers on the same way may read differently lets one client write a part of another's
request (RFC 9112, section 11.2). The parser refuses most of that: lines without CR, folded lines,
two lengths, a length beside a transfer coding. The rest is refused here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

from ..limits import MAX_PATH_BYTES

_WATCHED = frozenset({b"host", b"transfer-encoding"})
_CHUNKED = b"chunked"
# What can be in a host and port (RFC 9110, section 7.2), and @: `browsers.py` says what is wrong
# with the name of a user before a host.
_HOST = re.compile(rb"[A-Za-z0-9._~!@$&'()*+,;=%:\[\]-]*")
_HTTP_1_0 = "1.0"
_VERSIONS = ("1.1", _HTTP_1_0)


class Refusal(NamedTuple):
    """Why a request is refused before the application sees it.

    Attributes
    ----------
    status : HTTPStatus
        Status of the answer.
    title : str
        The status in words (RFC 9110).
    detail : str
        What is wrong, for people.
    """

    status: HTTPStatus
    title: str
    detail: str

    def answer(self) -> bytes:
        """Return the whole answer, which is the last on its connection."""
        problem = {
            "type": "about:blank",
            "title": self.title,
            "status": int(self.status),
            "detail": self.detail,
        }
        body = json.dumps(problem, separators=(",", ":")).encode()
        head = (
            f"HTTP/1.1 {int(self.status)} {self.title}\r\n"
            "content-type: application/problem+json\r\nconnection: close\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def _bad_request(detail: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, "Bad Request", detail)


NOT_HTTP = _bad_request("The request is not valid HTTP/1.1.")
_NO_HOST = _bad_request("A request needs exactly one Host header (RFC 9112, section 3.2).")
_NOT_A_HOST = _bad_request("The Host header is not a host name or address with an optional port.")
_CODED_IN_1_0 = _bad_request("HTTP/1.0 has no Transfer-Encoding (RFC 9112, section 6.1).")
_NOT_LAST = _bad_request("The last transfer coding must be chunked, and chunked only once.")
_OTHER_VERSION = _bad_request("Requests are HTTP/1.1 or HTTP/1.0.")
_UNKNOWN_CODING = Refusal(
    HTTPStatus.NOT_IMPLEMENTED,
    "Not Implemented",
    "The only transfer coding that is understood is chunked; use Content-Encoding: gzip instead.",
)
LONG_PATH = Refusal(
    HTTPStatus.REQUEST_URI_TOO_LONG,
    "URI Too Long",
    f"The path is longer than {MAX_PATH_BYTES} bytes.",
)
LARGE_HEADERS = Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "Request Header Fields Too Large",
    "The request line and headers are too large.",
)
LARGE_TRAILERS = Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "Request Header Fields Too Large",
    "The chunk extensions and trailers of the body are too large.",
)
SMALL_CHUNKS = Refusal(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "Content Too Large",
    "The chunks of the body are too small: what frames them is too large.",
)


def flaw(version: str, headers: Iterable[tuple[bytes, bytes]]) -> Refusal | None:
    """Return why a request must be refused, if it must be.

    Parameters
    ----------
    version : str
        The version of HTTP, such as "1.1".
    headers : iterable of (bytes, bytes)
        Names in lower case and values without blanks around them.
    """
    if version not in _VERSIONS:
        return _OTHER_VERSION
    hosts = 0
    codings = None
    for name, value in headers:
        if name not in _WATCHED:
            continue
        if name == b"host":
            hosts += 1
            if _HOST.fullmatch(value) is None:
                return _NOT_A_HOST
        else:
            codings = value if codings is None else codings + b"," + value
    if hosts > 1 or (hosts == 0 and version != _HTTP_1_0):
        return _NO_HOST
    return None if codings is None else _flaw_of_codings(version, codings)


def _flaw_of_codings(version: str, codings: bytes) -> Refusal | None:
    if version == _HTTP_1_0:
        return _CODED_IN_1_0
    named = [coding.strip(b" \t").lower() for coding in codings.split(b",")]
    *others, last = [coding for coding in named if coding != b""] or [b""]
    if last != _CHUNKED or _CHUNKED in others:
        return _NOT_LAST
    return _UNKNOWN_CODING if others else None
