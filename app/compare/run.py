"""Post payloads to two endpoints, a few at a time, and count what came of them.

Nothing is sent unless an operator asks for it, and nothing that is printed has a key in it.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import httpx

from ..errors import ConfigurationError
from .verdict import Outcome, Reply, Verdict, judge

_PATH = "/score"
_GOOD = {Outcome.SAME_BYTES, Outcome.SAME_ROWS, Outcome.EXPECTED}
_SHOWN = 20


class Endpoint(NamedTuple):
    """Where to ask, and with which key."""

    url: str
    key: str | None


class Payload(NamedTuple):
    """A line of the file."""

    number: int
    content: bytes
    value: Any


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
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError("an endpoint must be an address such as https://host/score")
    path = parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=path if path.endswith(_PATH) else path + _PATH))


def read_payloads(path: Path) -> Iterator[Payload]:
    """Yield the payloads of a file, one JSON value a line; empty lines are passed over.

    Raises
    ------
    ConfigurationError
        If the file cannot be read, or a line is not JSON.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                content = line.strip()
                if content:
                    yield Payload(number, content, _decode(path, number, content))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error


def _decode(path: Path, number: int, content: bytes) -> Any:
    try:
        return json.loads(content)
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
        How long an endpoint may take for an answer.

    Raises
    ------
    ConfigurationError
        If an address is none, or the file cannot be read.
    """
    comparison = Comparison()
    payloads = iter(list(read_payloads(path)))  # all of them are JSON, or nothing is sent
    ends = [Endpoint(score_url(each.url), each.key) for each in (old, new)]
    async with httpx.AsyncClient(timeout=seconds) as client:

        async def work() -> None:
            for payload in payloads:  # shared: each worker takes the next one
                replies = await asyncio.gather(
                    *(_ask(client, end, payload.content, seconds) for end in ends)
                )
                comparison.add(payload.number, _judge(payload, *replies))

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())
    return comparison


def _judge(payload: Payload, old: Reply | str, new: Reply | str) -> Verdict:
    if isinstance(old, str):
        return Verdict(Outcome.NO_ANSWER, f"the old endpoint: {old}")
    if isinstance(new, str):
        return Verdict(Outcome.NO_ANSWER, f"the new endpoint: {new}")
    return judge(payload.value, old, new)


async def _ask(
    client: httpx.AsyncClient, end: Endpoint, content: bytes, seconds: float
) -> Reply | str:
    """Return the answer, or the kind of error that came instead: its text may hold addresses."""
    headers = {"content-type": "application/json"}
    if end.key is not None:
        headers["authorization"] = f"Bearer {end.key}"
    try:
        async with asyncio.timeout(seconds):
            answer = await client.post(end.url, content=content, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
        return type(error).__name__
    return Reply(answer.status_code, answer.content)
