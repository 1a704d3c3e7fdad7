"""How much an answer is to vary: what a caller may pass for it, and what that comes to.

Source: docs/queries.md, section 4.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from turi_recommender.errors import QueryError
from turi_recommender.format import MAX_INDICES
from turi_recommender.scoring.arguments import kind_of, plain
from turi_recommender.scoring.diversity.hashes import mix

_SEEDS = range(-(2**63), 2**63)


class Spread(NamedTuple):
    """From how many items an answer is drawn.

    Attributes
    ----------
    selected : int
        How many of the best items come into question; more than are wanted, and no more than a
        model can have items.
    seed : int
        Seed of all draws of a query.
    """

    selected: int
    seed: int

    def seed_of(self, key: int) -> int:
        """Return the seed of the draw for one row.

        Parameters
        ----------
        key : int
            What identifies the row: the index of its user, or a hash of its features.
        """
        return mix(self.seed, key)


class SpreadWork(NamedTuple):
    """What one row takes with diversity, estimated from sizes alone.

    Work is in the unit of `Recommender.extra_work`.

    Attributes
    ----------
    selected : int
        How many items are ranked: it takes what a query for so many items takes.
    draw : int
        The draw beyond that, at most.
    ties : int
        What is added where equal scores are among the best, because then all items are ranked; of a
        usual row.
    """

    selected: int
    draw: int
    ties: int


def read_spread(k: int, diversity: object, seed: object) -> Spread | None:
    """Check `diversity` and `seed`.

    Parameters
    ----------
    k : int
        Number of items per user, checked.
    diversity : float
        The answer is drawn from the best ``k * (1 + diversity)``, rounded, halves up.
    seed : int or None
        None is 0.

    Returns
    -------
    Spread or None
        None where nothing is left to be drawn, as there are no more items than are wanted.

    Raises
    ------
    QueryError
        If `diversity` is no finite number of 0 or more, or `seed` no integer of 64 bits.
    """
    if type(diversity) is float and diversity == 0.0 and seed is None:  # nearly always
        return None
    selected = _selected(k, _read_diversity(diversity))
    number = _read_seed(seed)
    return None if selected == k else Spread(selected, number)


def _selected(k: int, diversity: float) -> int:
    product = min(k * (1.0 + diversity), float(MAX_INDICES))
    whole = int(product)
    return whole + (product - whole >= 0.5)


def _read_diversity(value: object) -> float:
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise QueryError(("diversity",), f"expected a number, got {kind_of(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise QueryError(("diversity",), "the number is too large") from None
    if not (math.isfinite(number) and number >= 0.0):
        raise QueryError(("diversity",), "must be a finite number of 0 or more")
    return number


def _read_seed(value: object) -> int:
    value = plain(value)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise QueryError(("seed",), f"expected an integer, got {kind_of(value)}")
    if value not in _SEEDS:
        raise QueryError(("seed",), "expected an integer of 64 bits, got a larger one")
    return value
