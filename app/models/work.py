"""Rows that would take too long are refused before any work is done."""

from __future__ import annotations

from collections.abc import Iterable

from turi_recommender.errors import QueryError

from ..limits import MAX_ROW_WORK


def most_work(
    works: Iterable[int], argument: str, advice: str, *, row: str = "row", shared: int = 0
) -> int:
    """Return the extra work of the row that takes most.

    Parameters
    ----------
    works : iterable of int
        That of each row, as `Recommender.extra_work` estimates it.
    argument : str
        What has the rows, for errors.
    advice : str
        What the caller can do, for errors.
    row : str
        What errors call a row.
    shared : int
        What each row takes besides.

    Raises
    ------
    QueryError
        If a row takes more than any row may.
    """
    most = 0
    for position, work in enumerate(works):
        if work > MAX_ROW_WORK - shared:
            message = f"the {row} would take more than {MAX_ROW_WORK} operations: {advice}"
            raise QueryError((argument, position), message)
        most = max(most, work)
    return most
