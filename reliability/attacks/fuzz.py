"""Every path and method, whole and with random damage."""

from __future__ import annotations

import json
import random

from reliability.attacks.common import JSON_HEADER, USER
from reliability.report import Report
from reliability.service import Service
from tests.support.raw_http import Answer, RawConnection
from tests.support.waiting import PATIENCE_SECONDS

PATHS = (
    "/",
    "/recommend/users",
    "/similar/items",
    "/score",
    "/api/v1/service/x/score",
    "/models",
    "/metrics",
    "/healthz/live",
    "/healthz/ready",
    "/docs",
    "/redoc",
    "/docs/assets/swagger-ui.css",
    "/docs/assets/..%2f..%2fmain.py",
    "/openapi.json",
    "/swagger.json?version=3",
    "/admin/models/similarity_model/reload",
    "/admin/models/x%00/activate",
    "/nope",
    "//",
    "/%ff%fe/../../etc/passwd",
)

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")

_TOKENS = (
    b"\r\n",
    b"\0",
    b"\xff" * 8,
    b"Content-Length: 5\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Content-Length: -1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: identity, chunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: upgrade\r\nUpgrade: websocket\r\n",
    b"HTTP/2.0",
    b"X-Request-Id: \xe4\r\n",
    b"X-Ms-Client-Request-Id: \xe4\t\r\n",
    b"%00%ff%2e%2e%2f",
    b"[" * 200,
    b"1e999",
    b"9" * 400,
)


def every_path_and_method(service: Service, report: Report, mutations: int) -> None:
    """Ask for everything in every way, then with random damage.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    mutations : int
        Damaged requests per whole one.
    """
    draw = random.Random(0)
    statuses: dict[int, int] = {}
    wrong: list[str] = []
    cut = 0
    for path in PATHS:
        for method in METHODS:
            body = draw.choice([b"", b"{}", b"[]", json.dumps(USER).encode()])
            head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n".encode() + JSON_HEADER
            whole = head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            for number in range(mutations + 1):
                request = damaged(draw, whole) if number else whole
                # Of a damaged one perhaps half is missing: it is not waited for.
                with RawConnection(service.port, 0.1 if number else PATIENCE_SECONDS) as plain:
                    plain.send(request)
                    replies = plain.answers(to_head=request.startswith(b"HEAD"))
                if not replies:
                    cut += 1  # half a request: closed without an answer
                for reply in replies:
                    statuses[reply.status] = statuses.get(reply.status, 0) + 1
                    problem = _is_wrong(method if not number else "", reply)
                    if problem:
                        wrong.append(f"{problem}: {request[:200]!r} -> {reply.status}")
                if not number and not replies:
                    wrong.append(f"no answer: {request!r}")
    asked = len(PATHS) * len(METHODS) * (mutations + 1)
    report.figures["fuzzed requests"] = asked
    report.figures["fuzzed: statuses"] = {str(key): statuses[key] for key in sorted(statuses)}
    report.figures["fuzzed: closed without an answer"] = cut
    report.figures["fuzzed: wrong"] = wrong[:5]
    report.promise(
        "every path and method, whole or damaged: no 500, and well-formed answers", not wrong
    )


def _is_wrong(method: str, reply: Answer) -> str:
    if reply.status >= 500 and reply.status != 503:
        return "failed"
    if reply.headers.get("content-type", "").endswith("json") and reply.body:
        try:
            json.loads(reply.body)
        except ValueError:
            return "not JSON"
    if method and reply.status == 405 and not reply.headers.get("allow"):
        return "405 without Allow"
    if method == "HEAD" and reply.body:
        return "HEAD with a body"
    return ""


def damaged(draw: random.Random, request: bytes) -> bytes:
    """Return a request with a few bytes changed, left out, doubled or put in.

    Parameters
    ----------
    draw : random.Random
        Decides everything.
    request : bytes
        A whole request.
    """
    data = bytearray(request)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(data) + 1)
        match draw.randrange(5):
            case 0:
                data[place : place + 1] = bytes([draw.randrange(256)])
            case 1:
                del data[place : place + draw.randint(1, 8)]
            case 2:
                data[place:place] = data[place : place + 40]
            case 3:
                data[place:place] = draw.choice(_TOKENS)
            case _:
                del data[place:]
        if not data:
            data += b"\0"
    return bytes(data)
