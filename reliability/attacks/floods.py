"""Too much: chunks, bodies and headers without end."""

from __future__ import annotations

import socket
import time

from app.limits import ADMIN_BODY_BYTES
from reliability.attacks.common import JSON_HEADER, MEBIBYTE, USER, peak_of
from reliability.client import quantile
from reliability.report import Report
from reliability.service import Service
from tests.support.raw_http import RawConnection, post

_MAX_HEADER_BYTES = 32 * 1024


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
    service.ask(post("/recommend/users", USER))
    head = b"POST /recommend/users HTTP/1.1\r\nHost: localhost\r\n" + JSON_HEADER
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
    start = b"POST /recommend/users HTTP/1.1\r\nHost: localhost\r\n" + JSON_HEADER
    start += b"Transfer-Encoding: chunked\r\n\r\n"
    service.ask(post("/recommend/users", USER))
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
    limits = dict.fromkeys(("/recommend/users", "/similar/items", "/score"), MEBIBYTE)
    wrong: list[str] = []
    for path, limit in (*limits.items(), ("/admin/models/x/activate", ADMIN_BODY_BYTES)):
        for size, chunked in ((limit, False), (limit + 1, False), (limit, True), (limit + 1, True)):
            body = b"{}" + b" " * (size - 2)
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n".encode() + JSON_HEADER
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
        "one header": (b"GET /models HTTP/1.1\r\nHost: localhost\r\nX: ", b"x" * 4096),
        "many headers": (b"GET /models HTTP/1.1\r\nHost: localhost\r\n", b"X-Y: z\r\n" * 512),
        "target": (b"GET /", b"x" * 4096),
        "method": (b"", b"G" * 4096),
        "trailers": (
            b"POST /recommend/users HTTP/1.1\r\nHost: localhost\r\n"
            + JSON_HEADER
            + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
            b"X-Y: z\r\n" * 512,
        ),
        "chunk extension": (
            b"POST /recommend/users HTTP/1.1\r\nHost: localhost\r\n"
            + JSON_HEADER
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
        service.ask(b"GET /models HTTP/1.1\r\nHost: localhost\r\n" + line + b"\r\n").status
        for line in (just_under, just_over)
    ]
    report.promise("headers under the limit pass, beyond it the answer is 431", found == [200, 431])
