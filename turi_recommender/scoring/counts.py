"""How many rows of the training data, and how many different items, users have; rows of items.

Source: docs/queries.md, section 7.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import Interactions, Rows

_MOST = np.uint64(2**63 - 1)  # a file can say more, but no training data has more rows


def read_counts(rows: Rows, size: int) -> NDArray[np.int64]:
    """Read counts from the file.

    Parameters
    ----------
    rows : Rows
        Those that the file has, as uint64. The ids that only side data has come last and have none.
    size : int
        Number of trained ids.

    Returns
    -------
    ndarray of int64, shape (size,)

    Raises
    ------
    ModelUnreadableError
        If the file can no longer be read.
    """
    counts = np.zeros(size, np.int64)
    known = min(len(rows), size)
    if known > 0:
        counts[:known] = np.minimum(rows.slice(0, known), _MOST)
    return counts


def history_lengths(interactions: Interactions, users: Sequence[int]) -> list[int]:
    """Return how many items some users have interacted with.

    Parameters
    ----------
    interactions : Interactions
        Of the training data.
    users : sequence of int
        Indices; those without a row, as of unknown users, have none.
    """
    starts, rows = interactions.starts, interactions.num_users
    return [starts.item(user + 1) - starts.item(user) if 0 <= user < rows else 0 for user in users]
