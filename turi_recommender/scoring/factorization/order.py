"""Items in the order in which a scan looks at them.

Source: docs/scoring.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring.factorization.bounds import BlockBounds

Vectors = NDArray[np.float32]
Places = NDArray[np.integer[Any]]


class ItemOrder(NamedTuple):
    """Items, those that can score most first, with what bounds their scores.

    An item scores at most its upper constant, plus the product of its vector and the query's, plus
    the query's part of the error; and at least as much less twice the item's part of the error and
    twice the query's.

    Attributes
    ----------
    num_items : int
        How many items there are.
    vectors : callable
        Takes the first place and the place after the last; returns the vectors between, an ndarray
        of float32, shape (places, K).
    uppers : ndarray of float32, shape (items,)
        Each item's constant, plus its part of the error.
    spans : ndarray of float32, shape (items,)
        Twice the item's part of the error.
    bounds : BlockBounds
        What no score from a block on can exceed.
    rate : float
        What the items' part of the error is a multiple of in these bounds (`Directions.rate`).
    """

    num_items: int
    vectors: Callable[[int, int], Vectors]
    uppers: NDArray[np.float32]
    spans: NDArray[np.float32]
    bounds: BlockBounds
    rate: float
