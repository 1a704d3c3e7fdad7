"""Requests go on a few at a time: nobody waits for all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from starlette.types import Message, Receive, Scope, Send

from app.http.declaration import RECOMMEND
from app.http.exchange import Exchange
from app.http.middleware.turns import Turns

_WORK_SECONDS = 0.02


def _busy(seconds: float) -> None:
    """Keep the processor busy, which is what long work on the event loop does."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


class _Client:
    """Sends requests through the part, past everything else."""

    def __init__(self, seconds: float) -> None:
        self.order: list[str] = []
        self._seconds = seconds
        self._part = Turns(self._answer)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.order.append(scope["name"])
        _busy(self._seconds)

    async def ask(self, name: str, caller: str = "one") -> None:
        scope: Scope = {"type": "http", "name": name}
        exchange = Exchange(RECOMMEND, b"", 0.0)
        exchange.caller = caller
        exchange.attach(scope)
        await self._part(scope, _nothing, _nowhere)


async def _nothing() -> Message:
    raise AssertionError("nobody reads")


async def _nowhere(message: Message) -> None:
    raise AssertionError("nobody sends")


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run an asynchronous test."""

    async def bounded() -> None:
        async with asyncio.timeout(60):
            await test()

    asyncio.run(bounded())


def test_the_loop_comes_round_between_long_requests() -> None:
    """A probe takes some turns of the loop; in these, at most one long request may begin."""

    async def test() -> None:
        client = _Client(_WORK_SECONDS)
        asked = [asyncio.create_task(client.ask(str(number))) for number in range(20)]
        most, before = 0, 0
        while not all(each.done() for each in asked):
            for _ in range(3):  # accepted, read, answered
                await asyncio.sleep(0)
            most = max(most, len(client.order) - before)
            before = len(client.order)
        assert len(client.order) == 20
        assert most == 1

    run(test)


def test_short_requests_share_a_turn() -> None:
    async def test() -> None:
        client = _Client(0.0)
        asked = [asyncio.create_task(client.ask(str(number))) for number in range(10)]
        await asyncio.sleep(0)
        assert len(client.order) == 10
        await asyncio.gather(*asked)

    run(test)


def test_callers_are_served_in_turn_and_each_in_its_order() -> None:
    async def test() -> None:
        client = _Client(_WORK_SECONDS)
        asked = [asyncio.create_task(client.ask(f"a{number}", "a")) for number in range(6)]
        asked += [asyncio.create_task(client.ask(f"b{number}", "b")) for number in range(3)]
        await asyncio.gather(*asked)
        assert client.order == ["a0", "a1", "b0", "a2", "b1", "a3", "b2", "a4", "a5"]

    run(test)


def test_who_gives_up_holds_nobody_up() -> None:
    async def test() -> None:
        client = _Client(_WORK_SECONDS)
        asked = [asyncio.create_task(client.ask(str(number))) for number in range(6)]
        for _ in range(2):
            await asyncio.sleep(0)
        for each in asked[2:5]:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        assert set(client.order) == {"0", "1", "5"}
        await client.ask("later")
        assert client.order[-1] == "later"

    run(test)


def test_all_may_give_up() -> None:
    async def test() -> None:
        client = _Client(_WORK_SECONDS)
        asked = [asyncio.create_task(client.ask(str(number))) for number in range(6)]
        await asyncio.sleep(0)
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        await client.ask("later")
        assert client.order[-1] == "later"

    run(test)
