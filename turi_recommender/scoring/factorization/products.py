"""Products of queries with the vectors of items, in float32 and in whatever order BLAS likes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


def products_of(asked: Vectors, vectors: Vectors) -> Vectors:
    """Return the inner product of each query with each item.

    Parameters
    ----------
    asked : ndarray of float32, shape (queries, K)
        What the queries multiply vectors by.
    vectors : ndarray of float32, shape (items, K)
        Those of the items.

    Returns
    -------
    ndarray of float32, shape (queries, items)
    """
    if len(asked) == 1:  # a product with a vector is faster than with a matrix of one row
        single: Vectors = vectors @ asked[0]
        return single[np.newaxis]
    return asked @ vectors.T
