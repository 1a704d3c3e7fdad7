"""Dear work: in turns that are fair, and ended early when nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from app.errors import ClientGoneError, NotAnsweredError
from app.models.current import Current, begin
from app.models.pool import Pool, Stop
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.anyio


def waiting_for(gate: threading.Event, done: list[str], name: str) -> Callable[[Stop], str]:
    def work(_: Stop) -> str:
        assert gate.wait(PATIENCE_SECONDS)
        done.append(name)
        return name

    return work


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_work_runs_in_another_thread_and_its_answer_comes_back() -> None:
    pool = Pool(2)
    assert await pool.run("a", lambda _: threading.get_ident()) != threading.get_ident()


async def test_errors_come_back() -> None:
    def work(_: Stop) -> None:
        raise NotAnsweredError

    with pytest.raises(NotAnsweredError):
        await Pool(1).run("a", work)


async def test_callers_take_turns() -> None:
    pool, gate, done = Pool(1), threading.Event(), list[str]()
    first = asyncio.create_task(pool.run("greedy", waiting_for(gate, done, "g0")))
    await settle()
    rest = [
        asyncio.create_task(pool.run("greedy", waiting_for(gate, done, f"g{n}"))) for n in (1, 2, 3)
    ]
    await settle()
    other = asyncio.create_task(pool.run("modest", waiting_for(gate, done, "m")))
    await settle()
    gate.set()
    await asyncio.wait_for(asyncio.gather(first, other, *rest), PATIENCE_SECONDS)
    assert done == ["g0", "g1", "m", "g2", "g3"]


async def test_no_more_runs_than_there_are_threads() -> None:
    pool, most, now, lock = Pool(2), 0, 0, threading.Lock()

    def work(_: Stop) -> None:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        with lock:
            now -= 1

    await asyncio.gather(*(pool.run(str(n % 3), work) for n in range(50)))
    assert 1 <= most <= 2


async def test_work_ends_early_when_its_caller_has_gone() -> None:
    pool, started = Pool(1), threading.Event()
    ended = threading.Event()

    def work(stop: Stop) -> None:
        started.set()
        while not stop.is_set:
            threading.Event().wait(0.001)
        ended.set()

    task = asyncio.create_task(pool.run("a", work))
    await asyncio.to_thread(started.wait, PATIENCE_SECONDS)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, PATIENCE_SECONDS)
    assert await pool.run("b", lambda _: 7) == 7  # its thread is free again


async def test_who_goes_while_waiting_takes_nobodys_turn() -> None:
    pool, gate, done = Pool(1), threading.Event(), list[str]()
    first = asyncio.create_task(pool.run("a", waiting_for(gate, done, "first")))
    await settle()
    gone = asyncio.create_task(pool.run("b", waiting_for(gate, done, "gone")))
    last = asyncio.create_task(pool.run("c", waiting_for(gate, done, "last")))
    await settle()
    gone.cancel()
    gate.set()
    await asyncio.wait_for(asyncio.gather(first, last), PATIENCE_SECONDS)
    assert done == ["first", "last"]
    assert await pool.run("d", lambda _: 7) == 7


class Leaving(Current):
    """A request whose client goes when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = asyncio.Event()

    async def until_gone(self) -> None:
        await self.gone.wait()


async def ask_as(request: Current, pool: Pool, work: Callable[[Stop], str]) -> str:
    begin(request)
    return await pool.run("a", work)


async def test_work_ends_when_the_client_has_gone() -> None:
    pool, started, ended = Pool(1), threading.Event(), threading.Event()

    def work(stop: Stop) -> str:
        started.set()
        while not stop.is_set:
            threading.Event().wait(0.001)
        ended.set()
        return ""

    running, waiting = Leaving(), Leaving()
    first = asyncio.create_task(ask_as(running, pool, work))
    await asyncio.to_thread(started.wait, PATIENCE_SECONDS)
    second = asyncio.create_task(ask_as(waiting, pool, work))
    await settle()
    waiting.gone.set()  # before its turn
    with pytest.raises(ClientGoneError):
        await asyncio.wait_for(second, PATIENCE_SECONDS)
    assert not ended.is_set()
    running.gone.set()
    with pytest.raises(ClientGoneError):
        await asyncio.wait_for(first, PATIENCE_SECONDS)
    assert await asyncio.to_thread(ended.wait, PATIENCE_SECONDS)
    assert await pool.run("b", lambda _: 7) == 7


async def test_whoever_stays_is_answered_and_not_watched_any_more() -> None:
    staying, pool, before = Leaving(), Pool(1), asyncio.all_tasks()
    assert await asyncio.create_task(ask_as(staying, pool, lambda _: "done")) == "done"
    with pytest.raises(ZeroDivisionError):
        await asyncio.create_task(ask_as(staying, pool, lambda _: str(1 // 0)))
    await settle()
    assert asyncio.all_tasks() == before


async def test_closing_ends_what_runs() -> None:
    pool, started = Pool(1), threading.Event()

    def work(stop: Stop) -> str:
        started.set()
        while not stop.is_set:
            threading.Event().wait(0.001)
        return "stopped"

    task = asyncio.create_task(pool.run("a", work))
    await asyncio.to_thread(started.wait, PATIENCE_SECONDS)
    pool.close()
    assert await asyncio.wait_for(task, PATIENCE_SECONDS) == "stopped"
