"""Turns on the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from app.limits import LONG_ROUND_SECONDS, RESTING_ROUNDS
from app.models.turns import Turns


class _Rounds:
    """Counts the rounds of the event loop."""

    def __init__(self) -> None:
        self.number = 0
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self._count)

    def _count(self) -> None:
        self.number += 1
        self._loop.call_soon(self._count)


async def _order(turns: Turns, callers: str) -> list[tuple[str, int]]:
    """Let callers ask for turns at the same moment; return whose turn came in which round."""
    rounds = _Rounds()
    came: list[tuple[str, int]] = []

    async def ask(caller: str) -> None:
        await turns.take(caller)
        came.append((caller, rounds.number))

    await asyncio.gather(*map(ask, callers))
    return came


def _run(work: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await work()

    asyncio.run(main())


def test_one_turn_per_round() -> None:
    async def work() -> None:
        came = await _order(Turns(0.0), 10 * "a")
        numbers = [number for _, number in came]
        assert len(numbers) == 10
        assert len(set(numbers)) == 10

    _run(work)


def test_callers_take_turns() -> None:
    async def work() -> None:
        came = await _order(Turns(0.0), "aaaaaabc")
        assert "".join(caller for caller, _ in came) == "aabcaaaa"

    _run(work)


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_who_has_gone_holds_nobody_up(gone: int) -> None:
    async def work() -> None:
        turns = Turns(0.0)
        tasks = [asyncio.create_task(turns.take("a")) for _ in range(4)]
        await asyncio.sleep(0)  # all of them have asked
        tasks[gone].cancel()
        done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        assert [isinstance(each, asyncio.CancelledError) for each in done] == [
            number == gone for number in range(4)
        ]
        await asyncio.wait_for(turns.take("b"), 10)

    _run(work)


def test_a_turn_is_free_again_in_the_next_round() -> None:
    async def work() -> None:
        turns = Turns(0.0)
        for _ in range(3):
            taking = asyncio.ensure_future(turns.take("a"))
            await asyncio.sleep(0)
            assert taking.done()
            await asyncio.sleep(0)

    _run(work)


def test_several_may_go_on_while_a_round_is_young() -> None:
    async def work() -> None:
        came = await _order(Turns(60.0), 5 * "a")
        assert [number for _, number in came] == 5 * [came[0][1]]

    _run(work)


def test_after_a_long_step_others_come_first() -> None:
    async def work() -> None:
        turns, came = Turns(60.0), []
        rounds = _Rounds()

        async def ask(*, is_long: bool) -> None:
            await turns.take("a")
            came.append(rounds.number)
            end = time.thread_time() + 2 * LONG_ROUND_SECONDS
            while is_long and time.thread_time() < end:
                pass

        first = asyncio.create_task(ask(is_long=True))
        await asyncio.sleep(0)  # it has begun, and ended
        await asyncio.sleep(0)
        await asyncio.gather(first, *(ask(is_long=False) for _ in range(3)))
        assert came[1] - came[0] > RESTING_ROUNDS
        assert came[-1] - came[1] <= 1 + len(came)  # no rest after short ones

    _run(work)


def test_short_steps_pass_until_a_round_is_long() -> None:
    async def work() -> None:
        turns = Turns(0.0)
        passed = []
        for _ in range(3):
            while turns.may_pass():
                pass
            passed.append(turns.may_pass())
            await asyncio.sleep(0)  # the next round
            await asyncio.sleep(0)
            passed.append(turns.may_pass())
        assert passed == [False, True] * 3

    _run(work)
