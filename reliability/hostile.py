"""Hostile HTTP: ``python -m reliability.hostile``.

Bytes that no client library would send, on plain sockets: floods, half requests, nonsense. After
each check the service still answers, and in the end it has written no trace.
"""

from __future__ import annotations

import json
import random
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from reliability.client import quantile
from reliability.report import Report, command_line
from reliability.service import Service, running
from tests.support.raw_http import Answer, RawConnection, post
from tests.support.waiting import PATIENCE_SECONDS, wait_until

MEBIBYTE = 1 << 20
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
_USER = {"users": [{"visitorid": 6000}]}
_JSON = b"Content-Type: application/json\r\n"
_REQUEST_SECONDS = 2.0  # the service's limit in this run
_HEADER_SECONDS = 15.0  # the service's own
_MAX_HEADER_BYTES = 32 * 1024


@contextmanager
def peak_of(service: Service, figures: dict[str, Any], name: str) -> Iterator[None]:
    """Note by how much the memory peaks above what it is at the start.

    Parameters
    ----------
    service : Service
        Whose memory it is.
    figures : dict
        Where the figure goes, in MiB.
    name : str
        The figure's name.
    """
    service.reset_peak()
    before = service.resident()
    yield
    figures[name] = round(max(service.peak() - before, 0) / MEBIBYTE, 2)


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
            body = draw.choice([b"", b"{}", b"[]", json.dumps(_USER).encode()])
            head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n".encode() + _JSON
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


def whole_body(service: Service, report: Report, size: int) -> None:
    """Send a body in one piece, for `chunks` to be compared with.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    size : int
        Bytes of the body.
    """
    service.ask(post("/recommend/users", _USER))
    head = b"POST /recommend/users HTTP/1.1\r\nHost: x\r\n" + _JSON
    with peak_of(service, report.figures, "the same body in one piece: MiB"):
        service.ask(head + b"Content-Length: %d\r\n\r\n%b" % (size, b" " * size))


def chunks(service: Service, report: Report, count: int) -> None:
    """Send a body of very many chunks of one byte, as fast as it goes, and one by one.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    count : int
        How many chunks.
    """
    start = b"POST /recommend/users HTTP/1.1\r\nHost: x\r\n" + _JSON
    start += b"Transfer-Encoding: chunked\r\n\r\n"
    service.ask(post("/recommend/users", _USER))
    latencies: list[float] = []
    with (
        RawConnection(service.port, 120.0) as plain,
        peak_of(service, report.figures, "chunk flood: MiB"),
    ):
        plain.send(start)
        some = b"1\r\n \r\n" * 1000
        for _ in range(count // 1000):
            if not plain.send(some):
                break
            if len(latencies) < 1000:
                began = time.perf_counter()
                service.get("/healthz/live")
                latencies.append(time.perf_counter() - began)
        plain.send(b"0\r\n\r\n")
        status = plain.answer().status
    report.figures["chunk flood: chunks of one byte"] = count
    report.figures["chunk flood: status"] = status
    report.figures["chunk flood: p99 of a probe meanwhile, ms"] = quantile(latencies, 0.99) * 1e3
    # It is within the size limit and not JSON, if it arrives in time.
    report.promise("a flood of chunks is answered or refused", status in {408, 413, 422})
    bound = report.figures["the same body in one piece: MiB"] + 1.0
    report.promise(
        "and takes at most 1 MiB more than the body in one piece",
        report.figures["chunk flood: MiB"] <= bound,
    )
    single = min(count, 20_000)
    with (
        RawConnection(service.port, 120.0) as plain,
        peak_of(service, report.figures, "single chunks: MiB"),
    ):
        plain.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.send(start)
        for _ in range(single):
            if not plain.send(b"1\r\n \r\n"):
                break
        plain.send(b"0\r\n\r\n")
        status = plain.answer().status
    report.promise("chunks sent one by one are, too", status in {408, 413, 422})
    report.promise("and take no more", report.figures["single chunks: MiB"] <= bound)


def sizes(service: Service, report: Report) -> None:
    """Send bodies around the limit, declared and chunked, to every route that reads one.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    """
    limit = MEBIBYTE
    wrong: list[str] = []
    for path in ("/recommend/users", "/similar/items", "/score", "/admin/models/x/activate"):
        for size, chunked in ((limit, False), (limit + 1, False), (limit, True), (limit + 1, True)):
            body = b"{}" + b" " * (size - 2)
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode() + _JSON
            if chunked:
                half = len(body) // 2
                parts = (body[:half], body[half:])
                framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
                request = head + b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"
            else:
                request = head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            status = service.ask(request).status
            fits = size <= limit
            if (status == 413) == fits or not 400 <= status < 500:
                wrong.append(f"{path}: {size} bytes {'chunked' if chunked else ''}: {status}")
    report.figures["bodies around the limit: wrong"] = wrong
    report.promise("a body at the limit passes, one byte more is 413", not wrong)


def headers(service: Service, report: Report) -> None:
    """Send headers without end: one line, many lines, a long target, trailers.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    """
    floods = {
        "one header": (b"GET /models HTTP/1.1\r\nHost: x\r\nX: ", b"x" * 4096),
        "many headers": (b"GET /models HTTP/1.1\r\nHost: x\r\n", b"X-Y: z\r\n" * 512),
        "target": (b"GET /", b"x" * 4096),
        "method": (b"", b"G" * 4096),
        "trailers": (
            b"POST /recommend/users HTTP/1.1\r\nHost: x\r\n"
            + _JSON
            + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
            b"X-Y: z\r\n" * 512,
        ),
        "chunk extension": (
            b"POST /recommend/users HTTP/1.1\r\nHost: x\r\n"
            + _JSON
            + b"Transfer-Encoding: chunked\r\n\r\n2;x=",
            b"x" * 4096,
        ),
    }
    taken: dict[str, int] = {}
    statuses: dict[str, int] = {}
    memory: dict[str, float] = {}
    for name, (start, more) in floods.items():
        with RawConnection(service.port) as plain, peak_of(service, memory, name):
            plain.send(start)
            sent = 0
            while sent < 64 * MEBIBYTE and plain.send(more):
                sent += len(more)
            statuses[name] = plain.answer().status
        taken[name] = sent
    report.figures["header floods: MiB"] = memory
    report.figures["header floods: statuses (0: cut)"] = statuses
    report.promise(
        "headers without end are refused", all(sent < 64 * MEBIBYTE for sent in taken.values())
    )
    report.promise("and take 1 MiB at most", max(memory.values()) <= 1.0)
    just_under = b"X: " + b"x" * (_MAX_HEADER_BYTES - 200) + b"\r\n"
    just_over = b"X: " + b"x" * _MAX_HEADER_BYTES + b"\r\n"
    found = [
        service.ask(b"GET /models HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n").status
        for line in (just_under, just_over)
    ]
    report.promise("headers under the limit pass, beyond it the answer is 431", found == [200, 431])


def numbers_and_nesting(service: Service, report: Report) -> None:
    """Send JSON that is hard on parsers: nesting, huge numbers.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    """

    def status(path: str, content: bytes) -> int:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode() + _JSON
        return service.ask(head + b"Content-Length: %d\r\n\r\n%b" % (len(content), content)).status

    wrong = []
    for path in ("/recommend/users", "/similar/items", "/score", "/admin/models/x/activate"):
        for name, content in _BOMBS.items():
            found = status(path, content)
            if not 400 <= found < 500:
                wrong.append(f"{path}, {name}: {found}")
    report.figures["JSON bombs: wrong"] = wrong
    report.promise(
        "nesting of 50 to 500,000 and numbers of 400 to 900,000 digits are refused", not wrong
    )


_BOMBS = {
    **{f"lists {depth} deep": b"[" * depth + b"]" * depth for depth in (50, 10_000, 500_000)},
    **{f"open lists {depth} deep": b"[" * depth for depth in (50, 10_000, 1_000_000)},
    **{
        f"objects {depth} deep": b'{"users":' * depth + b"1" + b"}" * depth
        for depth in (50, 10_000, 90_000)
    },
    **{
        f"{digits} digits": b'{"users":[{"visitorid":%b}],"items":[{"itemid":%b}]}'
        % (b"9" * digits, b"9" * digits)
        for digits in (400, 4_000, 450_000)
    },
    "huge exponent": b'{"users":[{"visitorid":1e999999999}]}',
    "surrogates": b'{"users":[{"visitorid":"\\ud800"}]}',
    "a million keys": b"{" + b",".join(b'"%x":0' % n for n in range(80_000)) + b"}",
    "the same key": b'{"k":1' + b',"k":1' * 80_000 + b"}",
}


def oddities(service: Service, report: Report) -> None:
    """Pipeline, break off, mislead about lengths.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    """
    one = post("/recommend/users", {**_USER, "k": 3})
    with RawConnection(service.port) as plain:
        plain.send(one * 50)
        replies = plain.answers(50)
    alike = len({reply.body for reply in replies}) == 1
    report.promise(
        "50 pipelined requests get 50 answers",
        [reply.status for reply in replies] == [200] * 50 and alike,
    )
    for _ in range(50):
        with RawConnection(service.port) as plain:
            plain.send(one[:-10])  # and away
    large = {"users": [{"visitorid": number} for number in range(1000)], "k": 100}
    for _ in range(5):
        with RawConnection(service.port) as plain:
            plain.send(post("/recommend/users", large))
            plain.socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
            )  # reset the connection while the answer is made
    smuggled = {
        "both lengths": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n123456",
        "negative": b"Content-Length: -1\r\n\r\n",
        "a chunk size that overflows": b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 20 + b"\r\n",
        "a chunk size that is none": b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    }
    start = b"POST /recommend/users HTTP/1.1\r\nHost: x\r\n" + _JSON
    found = {name: service.ask(start + rest).status for name, rest in smuggled.items()}
    report.figures["misleading lengths"] = found
    report.promise(
        "misleading lengths are refused", all(status == 400 for status in found.values())
    )
    nonsense = [
        b"\x16\x03\x01\x02\x00",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET\r\n\r\n",
        b"\0" * 99,
    ]
    found_nonsense = [service.ask(each + b"\r\n\r\n").status for each in nonsense]
    report.promise("what is not HTTP is 400", found_nonsense == [400] * len(nonsense))
    with RawConnection(service.port) as plain:
        plain.send(
            b"GET /models HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        report.promise("an upgrade is not taken", plain.answer().status == 200)


def slow(service: Service, report: Report, *, headers_too: bool) -> None:
    """Send headers and bodies slowly, read answers slowly; others must not notice.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    headers_too : bool
        Whether to wait for the end of connections that send headers slowly.
    """
    service.ask(post("/recommend/users", _USER))
    with ExitStack() as stack:
        bodies = [stack.enter_context(RawConnection(service.port, 60.0)) for _ in range(30)]
        for plain in bodies:
            plain.send(post("/recommend/users", _USER)[:-10])
        silent = [stack.enter_context(RawConnection(service.port, 60.0)) for _ in range(30)]
        for plain in silent:
            plain.send(b"GET /models HTTP/1.1\r\nHos")
        latencies = []
        for _ in range(100):
            began = time.perf_counter()
            assert service.ask(post("/recommend/users", _USER)).status == 200
            latencies.append(time.perf_counter() - began)
        replies = [plain.answer() for plain in bodies]
        waited = [plain.seconds_until_closed() for plain in bodies]
        if headers_too:
            began = time.monotonic()
            for plain in silent:
                plain.seconds_until_closed()
            figure = time.monotonic() - began
            report.figures["slow headers: cut off after s, at most"] = figure
            report.promise("slow headers are cut off", figure < _HEADER_SECONDS + 5)
    report.figures["30 slow bodies and 30 slow headers: p50 of others, ms"] = (
        quantile(latencies, 0.5) * 1e3
    )
    report.promise("a slow body is 408", [reply.status for reply in replies] == [408] * 30)
    report.promise("and its connection is closed", max(waited) < 5)


def slow_readers(service: Service, report: Report, count: int, seconds: float) -> None:
    """Ask for large answers and do not read them.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    count : int
        How many connections.
    seconds : float
        How long to wait for the service to cut them off.
    """
    large = {"users": [{"visitorid": number} for number in range(1000)], "k": 100}
    request = post("/recommend/users", large)
    service.ask(request)
    before = service.resident()
    with ExitStack() as stack:
        readers = []
        for _ in range(count):
            plain = stack.enter_context(RawConnection(service.port, 60.0))
            plain.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.send(request)
            readers.append(plain)
        held = most = 0

        def were_cut_off() -> bool:
            nonlocal held, most
            held = _unread(service)
            most = max(most, held)
            return held == 0 < most

        with suppress(TimeoutError):
            wait_until(were_cut_off, seconds=seconds, interval=0.1)
        report.figures["answers not read"] = most
        report.figures["answers not read: still held"] = held
        after = service.resident() - before
        report.figures["answers not read: MiB kept"] = round(max(after, 0) / MEBIBYTE, 1)
    report.promise("who does not read the answer is cut off", held == 0 < most)


def _unread(service: Service) -> int:
    """Count the service's connections with bytes that the other side has not taken."""
    port = f":{service.port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    established = [each for each in fields if each[1].endswith(port) and each[3] == "01"]
    return sum(not each[4].startswith("00000000:") for each in established)


def many_connections(service: Service, report: Report, count: int) -> None:
    """Open very many connections that say nothing; others must not notice.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    count : int
        How many, if the limit on open files lets them be.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        count = min(count, hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    try:
        with ExitStack() as stack, peak_of(service, report.figures, "idle connections: MiB"):
            for _ in range(count):
                stack.enter_context(RawConnection(service.port))
            statuses = {service.ask(post("/recommend/users", _USER)).status for _ in range(20)}
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    report.figures["idle connections"] = count
    report.promise("idle connections leave room for others", statuses == {200})


def run(*, short: bool = False) -> Report:
    """Do everything; in short, with less of each."""
    report = Report("hostile")
    checks: list[Callable[[Service], None]] = [
        lambda s: every_path_and_method(s, report, 2 if short else 20),
        lambda s: sizes(s, report),
        lambda s: headers(s, report),
        lambda s: numbers_and_nesting(s, report),
        lambda s: oddities(s, report),
        lambda s: slow(s, report, headers_too=not short),
        lambda s: many_connections(s, report, 200 if short else 5000),
        lambda s: slow_readers(s, report, 4 if short else 40, 4 * _REQUEST_SECONDS + 10),
    ]
    with running(request_timeout_seconds=_REQUEST_SECONDS) as service:
        for check in checks:
            check(service)
            if service.ask(post("/recommend/users", _USER)).status != 200:
                raise RuntimeError(f"the service does not answer any more: {report.figures}")
        log = service.log.read_text()
        crashed = not service.alive
    count = 50_000 if short else 1_000_000
    with running() as service:  # with its own limits: so many chunks take a while
        whole_body(service, report, count)
    with running() as service:
        chunks(service, report, count)
        log += service.log.read_text()
    report.promise("the process runs to the end", not crashed)
    report.promise("its log holds no trace", "Traceback" not in log and '"exception"' not in log)
    return report


if __name__ == "__main__":
    command_line(run, __doc__)
