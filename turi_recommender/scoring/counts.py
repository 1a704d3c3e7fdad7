"""How many rows of the training data each user or item has.

Source: docs/queries.md, section 7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import Rows

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
