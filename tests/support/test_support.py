"""What other tests rely on: waiting ends, a server that dies says why, answers are parsed."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ports import free_port, taken_port
from tests.support.processes import server_process
from tests.support.raw_http import NO_ANSWER, Answer, AnswerParser, RawConnection
from tests.support.waiting import wait_until


def test_waiting_ends_when_the_condition_holds() -> None:
    answers = iter([False, False, True])
    wait_until(lambda: next(answers), interval=0.0)
    assert next(answers, None) is None


@pytest.mark.parametrize("message", ["it is late", lambda: "it is late"])
def test_waiting_ends_at_the_deadline(message: str) -> None:
    with pytest.raises(TimeoutError, match="it is late"):
        wait_until(lambda: False, message, seconds=0.01)


@pytest.mark.parametrize("output", [subprocess.PIPE, "file"])
def test_a_server_that_dies_says_why(output: int | str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no room'); raise SystemExit(3)"]
    url = f"http://127.0.0.1:{free_port()}/"
    with (
        (tmp_path / "log").open("w+b") as log,
        pytest.raises(RuntimeError, match="ended with 3: no room"),
        server_process(
            command, url, environment=os.environ, output=output if isinstance(output, int) else log
        ),
    ):
        pytest.fail("it is not ready")


TWO = (
    b"HTTP/1.1 200 OK\r\nX-One: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    b"HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
)


def test_answers_are_parsed_wherever_the_bytes_are_cut() -> None:
    for size in (1, 7, len(TWO)):
        parser = AnswerParser()
        for start in range(0, len(TWO), size):
            parser.feed(TWO[start : start + size])
        one, two = parser.answers
        assert (one.status, one.body, one.headers["x-one"]) == (200, b"abc", "1")
        assert two == Answer(503, {"connection": "close", "content-length": "2"}, b"{}")
        assert not parser.keep_alive


def test_an_answer_to_head_has_no_body() -> None:
    parser = AnswerParser(to_head=True)
    parser.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    assert [(each.status, each.body) for each in parser.answers] == [(200, b"")]


def test_a_refused_connection_leaves_no_socket_open() -> None:
    """An open one would be a ResourceWarning, and so an error."""
    with pytest.raises(ConnectionRefusedError):
        RawConnection(free_port())
    gc.collect()


def test_no_answer() -> None:
    with taken_port() as port, RawConnection(port, timeout=0.05) as connection:
        assert connection.send(b"GET / HTTP/1.1\r\n")
        assert connection.answer() == NO_ANSWER
