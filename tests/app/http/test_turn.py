"""Longer bodies wait for their turn, and shorter ones do not wait for them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.errors import ClientGoneError
from app.http.declaration import RECOMMEND
from app.http.exchange import Exchange
from app.http.middleware.turn import Turn
from app.limits import PARSED_BODIES_BYTES, SHORT_BODY_BYTES
from app.models.turns import Turns


async def _nothing(*_: Any) -> Any:
    """Stand for the server on both sides: the part does not look at them."""


def _went_on(bodies: list[int], queries: list[int]) -> list[int]:
    """Hand requests to the part at the same moment; return the order in which they went on."""
    came: list[int] = []

    async def main() -> None:
        async def route(scope: Any, receive: Any, send: Any) -> None:
            _ = receive, send
            came.append(scope["number"])

        part = Turn(route, Turns(0.0))
        tasks = []
        for number, (body, query) in enumerate(zip(bodies, queries, strict=True)):
            exchange = Exchange(RECOMMEND, b"id", 0.0)
            exchange.body_bytes = body
            scope = {
                "type": "http",
                "number": number,
                "method": "POST",
                "query_string": query * b"x",
            }
            tasks.append(asyncio.ensure_future(part.handle(exchange, scope, _nothing, _nothing)))
        await asyncio.gather(*tasks)

    asyncio.run(main())
    return came


LONG = SHORT_BODY_BYTES + 1


@pytest.mark.parametrize(
    ("bodies", "queries", "order"),
    [
        ([LONG, LONG, LONG, 10], [0, 0, 0, 0], [0, 3, 1, 2]),
        ([0, 0, 0, 0], [LONG, LONG, LONG, 10], [0, 3, 1, 2]),
        ([SHORT_BODY_BYTES, SHORT_BODY_BYTES, 0], [0, 0, SHORT_BODY_BYTES], [0, 1, 2]),
    ],
)
def test_who_waits_for_whom(bodies: list[int], queries: list[int], order: list[int]) -> None:
    assert _went_on(bodies, queries) == order


def test_large_bodies_wait_for_room_until_an_answer_begins() -> None:
    inside: list[int] = []

    async def main() -> None:
        may_answer, may_end = asyncio.Event(), asyncio.Event()

        async def route(scope: Any, receive: Any, send: Any) -> None:
            _ = receive
            inside.append(scope["number"])
            await may_answer.wait()
            await send({"type": "http.response.start"})
            await may_end.wait()  # whoever reads slowly must not keep others from being parsed

        part = Turn(route, Turns(0.0))
        tasks = []
        for number in range(4):
            exchange = Exchange(RECOMMEND, b"id", 0.0)
            exchange.body_bytes = PARSED_BODIES_BYTES // 2
            scope = {"type": "http", "number": number, "method": "POST", "query_string": b""}
            tasks.append(asyncio.ensure_future(part.handle(exchange, scope, _nothing, _nothing)))
        for _ in range(20):
            await asyncio.sleep(0)
        assert inside == [0, 1]
        may_answer.set()
        for _ in range(20):
            await asyncio.sleep(0)
        assert inside == [0, 1, 2, 3]
        assert not any(task.done() for task in tasks)
        may_end.set()
        await asyncio.gather(*tasks)

    asyncio.run(main())


def test_nothing_is_done_for_who_has_gone_meanwhile() -> None:
    inside: list[int] = []

    async def main() -> None:
        async def route(scope: Any, receive: Any, send: Any) -> None:
            _ = receive, send
            inside.append(scope["number"])

        async def gone() -> Any:
            return {"type": "http.disconnect"}

        async def here() -> Any:
            return await asyncio.get_running_loop().create_future()

        part = Turn(route, Turns(0.0))
        tasks = []
        for number, client in enumerate([here, gone, here]):
            exchange = Exchange(RECOMMEND, b"id", 0.0)
            exchange.body_bytes, exchange.receive = LONG, client
            scope = {"type": "http", "number": number, "method": "POST", "query_string": b""}
            tasks.append(asyncio.ensure_future(part.handle(exchange, scope, _nothing, _nothing)))
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(each) for each in done] == [type(None), ClientGoneError, type(None)]

    asyncio.run(main())
    assert inside == [0, 2]


def test_what_the_framework_answers_takes_turns() -> None:
    came: list[str] = []

    async def main() -> None:
        async def route(scope: Any, receive: Any, send: Any) -> None:
            _ = receive, send
            came.append(scope["method"])

        part = Turn(route, Turns(0.0))
        tasks = []
        for method in ("GET", "GET", "HEAD", "POST"):
            scope = {"type": "http", "method": method, "query_string": b""}
            exchange = Exchange(RECOMMEND, b"id", 0.0)
            tasks.append(asyncio.ensure_future(part.handle(exchange, scope, _nothing, _nothing)))
        await asyncio.gather(*tasks)

    asyncio.run(main())
    assert came == ["GET", "POST", "GET", "HEAD"]
