"""HTTP/1.1 without a client library: bytes to a socket, and answers parsed as they arrive."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from typing import Any, NamedTuple

import httptools

from tests.support.ports import HOST
from tests.support.waiting import PATIENCE_SECONDS


class Answer(NamedTuple):
    """One answer.

    Attributes
    ----------
    status : int
        0 if there was none.
    headers : dict of str to str
        Names in lower case.
    body : bytes
        Without the framing of chunks.
    seconds : float
        From the request to the end of the answer, where somebody measured it.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float = 0.0

    def json(self) -> Any:
        """Return the body's value."""
        return json.loads(self.body)


NO_ANSWER = Answer(0, {}, b"")


class AnswerParser:
    """Parses the answers that arrive on one connection.

    Parameters
    ----------
    to_head : bool
        Whether they answer HEAD requests, and so have no bodies whatever their headers say.

    Attributes
    ----------
    answers : list of Answer
        The complete ones that nobody has taken out.
    keep_alive : bool
        Whether the last answer leaves the connection open.
    """

    def __init__(self, *, to_head: bool = False) -> None:
        self.answers: list[Answer] = []
        self.keep_alive = True
        self._to_head = to_head
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Parse what has arrived; `httptools.HttpParserError` if that is not HTTP."""
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header (httptools)."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Take note of the end of the headers (httptools)."""
        if self._to_head:
            self._end()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body (httptools)."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Take note of the end of the answer (httptools)."""
        if not self._to_head:
            self._end()

    def _end(self) -> None:
        self.keep_alive = self._parser.should_keep_alive()
        status = self._parser.get_status_code()
        self.answers.append(Answer(status, self._headers, b"".join(self._body)))
        self._headers, self._body = {}, []


class RawConnection:
    """A TCP connection to a server on loopback, open until the block ends.

    Parameters
    ----------
    port : int
        Where the server listens.
    timeout : float
        Seconds that one operation may take.
    receive_buffer : int, optional
        Bytes that the system keeps of what has arrived; a small one holds up a server that writes
        more than is read.
    source : str, optional
        The client's address; 127.0.0.1 if absent.
    """

    def __init__(
        self,
        port: int,
        timeout: float = PATIENCE_SECONDS,
        receive_buffer: int | None = None,
        source: str | None = None,
    ) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        if receive_buffer is not None:  # before the connection is made, which tells its window
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source is not None:
            self.socket.bind((source, 0))
        try:
            self.socket.connect((HOST, port))
        except OSError:
            self.socket.close()
            raise

    def __enter__(self) -> RawConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """Send bytes; return whether the server still took them."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def answers(self, count: int = 1, *, to_head: bool = False) -> list[Answer]:
        """Read answers until there are enough, or the server closes or says nothing.

        Parameters
        ----------
        count : int
            How many are enough.
        to_head : bool
            Whether they answer HEAD requests.
        """
        parser = AnswerParser(to_head=to_head)
        with suppress(OSError):
            while len(parser.answers) < count:
                data = self.socket.recv(1 << 16)
                if not data:
                    break
                parser.feed(data)
        return parser.answers

    def answer(self) -> Answer:
        """Read one answer; return `NO_ANSWER` if there is none."""
        return next(iter(self.answers()), NO_ANSWER)

    def read_all(self) -> bytes:
        """Return the bytes that arrive until the server closes the connection."""
        received = b""
        while part := self.socket.recv(1 << 16):
            received += part
        return received

    def seconds_until_closed(self) -> float:
        """Wait until the server closes the connection, whatever it sends before."""
        started = time.monotonic()
        with suppress(ConnectionError):
            self.read_all()
        return time.monotonic() - started


def post(path: str, body: Any, headers: str = "") -> bytes:
    """Return the bytes of a request with a JSON body.

    Parameters
    ----------
    path : str
        The target, query and all.
    body : Any
        What JSON can express.
    headers : str
        More header lines, each ending in CR LF.
    """
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}"
    return head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(content), content)


def get(path: str) -> bytes:
    """Return the bytes of a request without a body."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
