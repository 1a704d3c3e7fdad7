"""Walk through records of which each one tells only its own length, fast.

Such a chain has to be followed record by record, which costs a Python step for each of a million
records. Instead the likely record starts of a stretch are found at once (`guess`), and the chain
through them is verified: every guessed record must begin where the one before it ends. Where the
guess holds, it *is* the chain; where it does not, single steps (`length_at`) take over.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Guess = Callable[[int, int], tuple[NDArray[np.int64], NDArray[np.int64]]]

_SHORT_STRETCH = 1 << 12  # bytes looked at in the first guess: most lists are short
_STRETCH = 1 << 20  # and in later ones, at most
_WORTHWHILE = 64  # records a guess must yield
_WALK = 4096  # records walked where it did not


def follow_chain(
    start: int,
    count: int,
    end: int,
    length_at: Callable[[int], int | None],
    guess: Guess,
) -> NDArray[np.int64] | None:
    """Return the starts of `count` records, and the end of the last one.

    Parameters
    ----------
    start, end : int
        Where the first record begins, and where the data ends.
    count : int
        Number of records.
    length_at : callable
        Length of the record at a position; None if there is no valid record.
    guess : callable
        ``guess(low, high)`` gives likely record starts in [low, high) and their lengths.

    Returns
    -------
    ndarray of int64, shape (count + 1,), or None
        None if some record of the chain is not valid.
    """
    parts: list[NDArray[np.int64]] = []
    position, left, stretch = start, count, _SHORT_STRETCH
    while left:
        if position >= end:
            return None
        places, lengths = guess(position, min(position + stretch, end))
        run, after = _verified_run(position, left, places, lengths)
        if len(run) < _WORTHWHILE or after > end:
            # Crafted data could spoil every guess: many records share the cost of a short one.
            stretch = _SHORT_STRETCH
            walked = _walk(position, min(left, _WALK), end, length_at)
            if walked is None:
                return None
            run, after = walked
        elif len(run) < len(places) // 8:  # most of the guess was for nothing
            stretch = max(stretch // 8, _SHORT_STRETCH)
        else:
            stretch = min(8 * stretch, _STRETCH)
        parts.append(run)
        left -= len(run)
        position = after
    return np.concatenate([*parts, np.array([position], np.int64)])


def _walk(
    position: int, count: int, end: int, length_at: Callable[[int], int | None]
) -> tuple[NDArray[np.int64], int] | None:
    """Follow `count` records one by one."""
    starts = np.empty(count, np.int64)
    for record in range(count):
        length = length_at(position) if position < end else None
        if length is None:
            return None
        starts[record] = position
        position += length
    return starts, position


def _verified_run(
    position: int, left: int, places: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """Keep the guessed records from `position` on that follow each other without a gap."""
    places, lengths = places[:left], lengths[:left]
    if len(places) == 0 or places[0] != position:
        return places[:0], position
    ends = places + lengths
    breaks = np.flatnonzero(places[1:] != ends[:-1])
    size = int(breaks[0]) + 1 if len(breaks) else len(places)
    # The last record may reach beyond the stretch; its own length is checked by the next step.
    # A copy: a view would keep the whole guess in memory, for as little as 64 records.
    return places[:size].copy(), int(ends[size - 1])
