"""Post payloads to two endpoints, a few at a time, and count what came of them.

Nothing is sent unless an operator asks for it, and nothing that is printed has a key in it.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import httpx

from turi_recommender.wording import counted

from ..errors import ConfigurationError
from ..limits import COMPARED_ANSWER_BYTES, COMPARED_FILE_BYTES, COMPARED_LINE_BYTES
from .verdict import Outcome, Reply, Verdict, judge

_PATH = "/score"
_GOOD = {Outcome.SAME_BYTES, Outcome.SAME_ROWS, Outcome.EXPECTED}
_SHOWN = 20
_HIGHEST_PORT = 65535
_LONGEST_LINE = COMPARED_LINE_BYTES + 2  # with its end, and one more byte


class Endpoint(NamedTuple):
    """Where to ask, and with which key."""

    url: str
    key: str | None


class Payload(NamedTuple):
    """A line of the file, which is JSON."""

    number: int
    content: bytes


@dataclass
class Comparison:
    """What came of all payloads.

    Attributes
    ----------
    counts : Counter of Outcome
        How many payloads came to which outcome.
    notes : list of (line number, Verdict)
        The first of those that are not equal.
    """

    counts: Counter[Outcome] = field(default_factory=Counter)
    notes: list[tuple[int, Verdict]] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether something was compared, and nothing differs that should not."""
        return self.counts.total() > 0 and set(self.counts) <= _GOOD

    def add(self, number: int, verdict: Verdict) -> None:
        """Count a payload.

        Parameters
        ----------
        number : int
            Of its line.
        verdict : Verdict
            What came of it.
        """
        self.counts[verdict.outcome] += 1
        if verdict.reason:
            # Those that fail matter more than those that may differ.
            self.notes.append((number, verdict))
            self.notes.sort(key=lambda note: (note[1].outcome in _GOOD, note[0]))
            del self.notes[_SHOWN:]

    def report(self) -> str:
        """Return the outcome as text."""
        lines = [f"payloads: {self.counts.total()}"]
        lines += [f"{each.value}: {self.counts[each]}" for each in Outcome]
        lines += [
            f"line {number}: {verdict.outcome.value}: {verdict.reason}"
            for number, verdict in sorted(self.notes, key=lambda note: note[0])
        ]
        return "\n".join(lines)


def score_url(url: str) -> str:
    """Return the address to post to: the one that is given, with ``/score`` if it does not end so.

    Raises
    ------
    ConfigurationError
        If it is no address of HTTP.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # such as half an IPv6 address
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError("an endpoint must be an address such as https://host/score")
    with suppress(httpx.InvalidURL):  # which the report says
        if (httpx.URL(url).port or 0) > _HIGHEST_PORT:
            raise ConfigurationError(f"the port of an endpoint must be at most {_HIGHEST_PORT}")
    path = parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=path if path.endswith(_PATH) else path + _PATH))


def read_payloads(path: Path) -> Iterator[Payload]:
    """Yield the payloads of a file, one JSON value a line; empty lines are passed over.

    Raises
    ------
    ConfigurationError
        If the file cannot be read, a line is not JSON, or a line or the file is too long.
    """
    try:
        with path.open("rb") as file:
            left = COMPARED_FILE_BYTES
            for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
                left -= len(line)
                if len(line) == _LONGEST_LINE:
                    raise _too_long(f"{path}: line {number}", COMPARED_LINE_BYTES)
                if left < 0:
                    raise _too_long(f"{path}", COMPARED_FILE_BYTES)
                content = line.strip()
                if content:
                    _decode(path, number, content)
                    yield Payload(number, content)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # it is no path at all
        raise ConfigurationError(f"{str(path)!r}: {error}") from error


def _too_long(what: str, most: int) -> ConfigurationError:
    return ConfigurationError(f"{what} is longer than {counted(most >> 20, 'mebibyte')}")


def _decode(path: Path, number: int, content: bytes) -> None:
    """Refuse a line that is not JSON."""
    try:
        json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: line {number} is not JSON") from error


async def compare(
    old: Endpoint, new: Endpoint, path: Path, *, at_once: int = 4, seconds: float = 30.0
) -> Comparison:
    """Ask both endpoints each payload of a file, and compare their answers.

    Parameters
    ----------
    old, new : Endpoint
        Where to ask.
    path : Path
        The file of payloads.
    at_once : int
        How many payloads are under way at the same time.
    seconds : float
        How long an endpoint may take for an answer, to its last byte. One that takes longer, or
        whose answer has more than `COMPARED_ANSWER_BYTES`, counts as one without an answer.

    Raises
    ------
    ConfigurationError
        If an address is none, or the file cannot be read.
    """
    comparison = Comparison()
    ends = [Endpoint(score_url(each.url), each.key) for each in (old, new)]
    payloads = list(read_payloads(path))  # all of them are JSON, or nothing is sent
    left = iter(payloads)
    async with _client(seconds, 2 * at_once) as client:

        async def work() -> None:
            for payload in left:  # shared: each worker takes the next one
                replies = await asyncio.gather(
                    *(_ask(client, end, payload.content, seconds) for end in ends)
                )
                comparison.add(payload.number, _judge(payload, *replies))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(at_once, len(payloads))):
                group.create_task(work())
    return comparison


def _client(seconds: float, connections: int) -> httpx.AsyncClient:
    """Return a client, unless the environment keeps it from being one.

    What is wrong with a proxy is not repeated: its address can hold a password.
    """
    try:
        limits = httpx.Limits(max_connections=connections)
        return httpx.AsyncClient(timeout=seconds, limits=limits)
    except OSError as error:
        raise ConfigurationError(
            f"the certificates (SSL_CERT_FILE, SSL_CERT_DIR) cannot be read: {error.strerror}"
        ) from error
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise ConfigurationError(
            "HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names a proxy that cannot be used"
        ) from error


def _judge(payload: Payload, old: Reply | str, new: Reply | str) -> Verdict:
    if isinstance(old, str):
        return Verdict(Outcome.NO_ANSWER, f"the old endpoint: {old}")
    if isinstance(new, str):
        return Verdict(Outcome.NO_ANSWER, f"the new endpoint: {new}")
    try:
        return judge(json.loads(payload.content), old, new)
    except RecursionError:
        return Verdict(Outcome.NO_ANSWER, "nested too deeply to be compared")


async def _ask(
    client: httpx.AsyncClient, end: Endpoint, content: bytes, seconds: float
) -> Reply | str:
    """Return the answer, or the kind of error that came instead: its text may hold addresses."""
    headers = {"content-type": "application/json", "accept-encoding": "identity"}
    if end.key is not None:
        headers["authorization"] = f"Bearer {end.key}"
    asking = client.stream("POST", end.url, content=content, headers=headers)
    try:
        async with asyncio.timeout(seconds), asking as answer:
            return await _read(answer)
    except (TimeoutError, httpx.TimeoutException):
        return f"no whole answer within {seconds:g} s (--timeout)"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return type(error).__name__


async def _read(answer: httpx.Response) -> Reply | str:
    """Read an answer, as far as that is worth while; what is packed could unpack without end."""
    coding = answer.headers.get("content-encoding", "identity")
    if coding.lower() != "identity":
        return "an answer in a content-encoding that was not asked for"
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > COMPARED_ANSWER_BYTES:
            most = counted(COMPARED_ANSWER_BYTES >> 20, "mebibyte")
            return f"an answer of more than {most}"
    return Reply(answer.status_code, bytes(body))
