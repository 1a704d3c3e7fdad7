"""What parsers trip over: nesting, huge numbers, lengths that mislead, bytes that are not HTTP."""

from __future__ import annotations

import socket

from reliability.attacks.common import JSON_HEADER, USER
from reliability.report import Report
from reliability.service import Service
from tests.support.raw_http import RawConnection, post

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
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n".encode() + JSON_HEADER
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


def oddities(service: Service, report: Report) -> None:
    """Pipeline, break off, mislead about lengths.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    """
    one = post("/recommend/users", {**USER, "k": 3})
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
    start = b"POST /recommend/users HTTP/1.1\r\nHost: localhost\r\n" + JSON_HEADER
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
            b"GET /models HTTP/1.1\r\nHost: localhost\r\n"
            b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        report.promise("an upgrade is not taken", plain.answer().status == 200)
