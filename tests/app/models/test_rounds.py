"""Work that is shared by all who ask for it at about the same time."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from app.models.rounds import Rounds


class Work:
    """Counts rounds; each ends when it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.at_once = 0
        self.most_at_once = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await self.may_end.wait()
        self.at_once -= 1
        return number


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run an asynchronous test."""

    async def bounded() -> None:
        async with asyncio.timeout(30):
            await test()

    asyncio.run(bounded())


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def test_who_asks_during_a_round_shares_the_next() -> None:
    async def test() -> None:
        work = Work()
        rounds = Rounds(work)
        first = [asyncio.create_task(rounds.ask()) for _ in range(20)]
        await _until(lambda: work.begun == 1)
        later = [asyncio.create_task(rounds.ask()) for _ in range(20)]
        await asyncio.sleep(0)
        work.may_end.set()
        assert set(await asyncio.gather(*first)) == {1}
        assert set(await asyncio.gather(*later)) == {2}
        assert work.most_at_once == 1
        assert await rounds.ask() == 3

    run(test)


def test_an_error_reaches_all_who_asked_and_nobody_else() -> None:
    async def test() -> None:
        outcomes = [ValueError("wrong"), None]

        async def work() -> str:
            error = outcomes.pop(0)
            if error is not None:
                raise error
            return "right"

        rounds = Rounds(work)
        found = await asyncio.gather(rounds.ask(), rounds.ask(), return_exceptions=True)
        assert list(map(repr, found)) == ["ValueError('wrong')"] * 2
        assert await rounds.ask() == "right"

    run(test)


def test_who_goes_away_does_not_end_the_round_of_others() -> None:
    async def test() -> None:
        work = Work()
        rounds = Rounds(work)
        gone, stays = (asyncio.create_task(rounds.ask()) for _ in range(2))
        await _until(lambda: work.begun == 1)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        work.may_end.set()
        assert await stays == 1

    run(test)


def test_rounds_begin_at_intervals() -> None:
    async def test() -> None:
        began: list[float] = []
        loop = asyncio.get_running_loop()

        async def work() -> None:
            began.append(loop.time())

        rounds = Rounds(work, pause=0.03)
        for _ in range(3):
            await rounds.ask()
        assert all(later - earlier >= 0.029 for earlier, later in pairwise(began))

    run(test)


def test_a_result_is_not_kept() -> None:
    class Large:
        pass

    async def test() -> None:
        async def work() -> Large:
            return Large()

        rounds = Rounds(work)
        seen = weakref.ref(await rounds.ask())
        await asyncio.sleep(0)
        gc.collect()
        assert seen() is None

    run(test)
