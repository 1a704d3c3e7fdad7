"""Room for what is being worked on."""

from __future__ import annotations

import asyncio

from app.models.room import Room


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_who_finds_no_room_waits_in_turn() -> None:
    async def main() -> None:
        room, came = Room(10), []

        async def ask(caller: str, amount: int) -> None:
            assert await room.take(caller, amount) == min(amount, 10)
            came.append((caller, amount))

        tasks = [
            asyncio.ensure_future(ask(caller, amount))
            for caller, amount in [("a", 6), ("a", 5), ("a", 1), ("b", 99), ("c", 3)]
        ]
        await _settle()
        assert came == [("a", 6)]  # 1 would fit, but it was not the first
        room.give_back(6)
        await _settle()
        assert came == [("a", 6), ("a", 5)]
        room.give_back(5)
        await _settle()
        assert came == [("a", 6), ("a", 5), ("b", 99)]  # the whole room, and no more
        room.give_back(10)
        await asyncio.gather(*tasks)
        assert came[3:] == [("c", 3), ("a", 1)]
        assert room.free == 10 - 4

    asyncio.run(main())


def test_who_has_gone_takes_nothing_along() -> None:
    async def main() -> None:
        room = Room(10)
        assert await room.take("a", 8) == 8
        waiting = asyncio.ensure_future(room.take("a", 5))
        behind = asyncio.ensure_future(room.take("b", 2))
        await _settle()
        waiting.cancel()
        await _settle()
        assert behind.done()
        given = asyncio.ensure_future(room.take("a", 5))
        await _settle()
        room.give_back(8)  # given has it now, but has not gone on yet
        given.cancel()
        await _settle()
        assert given.cancelled()
        assert room.free == 8
        room.give_back(2)
        assert room.free == 10

    asyncio.run(main())
