"""Small requests that arrive at the same moment are answered by one call of the model.

Most of the time that a model spends on a small request is work that several requests could share.
The event loop hands over all requests that have arrived before it looks for new ones. After it has
looked at its sockets once more, the requests that are there are answered. If there are no others,
that look costs some microseconds, and no request ever waits for another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")
Answer = TypeVar("Answer")


class _Waiting(NamedTuple, Generic[Row, Answer]):
    rows: Sequence[Row]
    future: asyncio.Future[Answer]


class Batches(Generic[Key, Row, Answer]):
    """Gather requests with equal keys.

    Parameters
    ----------
    answer : callable
        Takes a key and the rows of several requests, and returns one answer for each request.
    most : callable
        Takes a key, and returns how many rows may be answered together.
    """

    def __init__(
        self,
        answer: Callable[[Key, Sequence[Sequence[Row]]], Sequence[Answer]],
        most: Callable[[Key], int],
    ) -> None:
        self._most = most
        self._answer = answer
        self._waiting: dict[Key, list[_Waiting[Row, Answer]]] = {}

    def ask(self, key: Key, rows: Sequence[Row]) -> asyncio.Future[Answer]:
        """Answer one request, together with others of the same key that are here already.

        Parameters
        ----------
        key : hashable
            What requests must have in common to be answered together.
        rows : sequence
            The request's rows.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(loop.call_soon, self._flush)
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.setdefault(key, []).append(_Waiting(rows, future))
        return future

    def _flush(self) -> None:
        key = next(iter(self._waiting))
        waiting = self._waiting.pop(key)
        some: list[_Waiting[Row, Answer]] = []
        count, most = 0, self._most(key)
        while waiting and (not some or count + len(waiting[0].rows) <= most):
            some.append(waiting.pop(0))
            count += len(some[-1].rows)
        if waiting:
            self._waiting[key] = waiting
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._settle(key, some)

    def _settle(self, key: Key, some: Sequence[_Waiting[Row, Answer]]) -> None:
        try:
            answers = self._answer(key, [each.rows for each in some])
        except Exception as error:  # whose fault it is shows when each is asked alone
            if len(some) > 1:
                for each in some:
                    self._settle(key, [each])
            elif not some[0].future.done():
                some[0].future.set_exception(error)
            return
        for each, answer in zip(some, answers, strict=True):
            if not each.future.done():
                each.future.set_result(answer)
