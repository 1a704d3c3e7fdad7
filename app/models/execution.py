"""Answer a priced query: at once, or piece by piece in a pool of threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, NamedTuple, TypeVar

from turi_recommender.errors import QueryError

from ..errors import NotAnsweredError
from ..limits import ANSWER_BUDGET_BYTES, DEAR_THREADS, SMALL_ANSWER_BYTES
from .budget import Budget
from .current import caller
from .pool import Pool, Stop
from .price import Price
from .turns import Turns

Answer = TypeVar("Answer")
Part = TypeVar("Part")
Found = TypeVar("Found")


class Asked(NamedTuple, Generic[Part, Found]):
    """The rows of a query, and who answers them.

    Attributes
    ----------
    argument : str
        As what the model is given the rows, for errors.
    rows : sequence
        The rows.
    find : callable
        Answers some of them.
    joined : callable
        Makes one answer of several.
    """

    argument: str
    rows: Sequence[Part]
    find: Callable[[Sequence[Part]], Found]
    joined: Callable[[Sequence[Found]], Found]


class Execution:
    """Where and when queries are answered.

    Parameters
    ----------
    turns : Turns
        Whose turn it is to take longer on the event loop.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._pool = Pool(DEAR_THREADS)
        self._budget = Budget(ANSWER_BUDGET_BYTES)

    def close(self) -> None:
        """Take no more long work."""
        self._pool.close()

    async def answer(
        self, price: Price, asked: Asked[Part, Found], finish: Callable[[Found], Answer]
    ) -> Answer:
        """Answer at once, or piece by piece in the pool.

        Parameters
        ----------
        price : Price
            Which of the two.
        asked : Asked
            The rows, and who answers them.
        finish : callable
            Takes what was found for all rows, notes it and writes the answer.

        Raises
        ------
        OverloadedError
            If too much of that kind is being done.
        QueryError
            What `asked.find` raises, with the row of the whole query.
        """
        if price.is_small:
            if price.takes_turn:
                await self._turns.take(caller())
            return finish(asked.find(asked.rows))

        def work(stop: Stop) -> Answer:
            parts = []
            for low, rows in _pieces(asked.rows, price.piece, stop):
                with _rows_from(asked.argument, low):
                    parts.append(asked.find(rows))
            return finish(asked.joined(parts))

        return await self._pool.run(caller(), work, lambda: self._hold(price))

    async def run(self, price: Price, work: Callable[[], Answer]) -> Answer:
        """Do what a query takes beside the calls of models: at once, or in the pool.

        Parameters
        ----------
        price : Price
            Of the whole query: which of the two.
        work : callable
            Does it, such as to put together, and write, what was found in parts.

        Raises
        ------
        OverloadedError
            As `answer`.
        """
        if price.is_small:
            return work()
        return await self._pool.run(caller(), lambda _: work(), lambda: None)

    def _hold(self, price: Price) -> None:
        """Reserve memory for the answer until it has been sent."""
        if price.answer_bytes > SMALL_ANSWER_BYTES:
            self._budget.hold(price.answer_bytes)


def _pieces(rows: Sequence[Part], size: int, stop: Stop) -> Iterator[tuple[int, Sequence[Part]]]:
    """Yield rows in pieces, each with the place where it begins, as long as somebody waits."""
    for low in range(0, len(rows), size):
        if stop.is_set:
            raise NotAnsweredError
        yield low, rows[low : low + size]


@contextmanager
def _rows_from(argument: str, low: int) -> Iterator[None]:
    """Let errors of a piece name the row of the whole query."""
    try:
        yield
    except QueryError as error:
        first, *rest = error.path
        if first == argument and rest and isinstance(rest[0], int):
            raise QueryError((first, rest[0] + low, *rest[1:]), error.message) from None
        raise
