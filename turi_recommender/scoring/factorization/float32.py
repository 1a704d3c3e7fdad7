"""float32 sums in the order in which Turi Create's binary adds them.

The library computes with Eigen on 4-lane SSE vectors, without fused multiply-add. A float32 sum
depends on the order of its terms, so bit-equal scores need the same order. Each function works on
many rows at once; the order is that within a row.

Source: docs/format.md, section 7.4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits

Matrix = NDArray[np.float32]
Vector = NDArray[np.float32]

_LANES = 4


def dot_columns(products: Matrix) -> Vector:
    """Return the sum of each column of products, in the order of Eigen's vector reduction.

    With one row for each product, each step adds whole rows, so that it takes few calls.

    Parameters
    ----------
    products : ndarray of float32, shape (K, n)

    Returns
    -------
    ndarray of float32, shape (n,)
    """
    width, count = products.shape
    groups = width // _LANES
    pairs = groups // 2
    total: Vector
    if groups == 0:
        total = np.zeros(count, np.float32)
    else:
        if pairs:
            # numpy adds along the first axis row after row, which is the order wanted.
            both = np.add.reduce(products[: 2 * pairs * _LANES].reshape(pairs, -1), axis=0)
            lanes = both.reshape(2, _LANES, count)
            even = lanes[0] + lanes[1]
        if groups % 2:
            last = products[(groups - 1) * _LANES : groups * _LANES]
            even = even + last if pairs else last
        total = (even[0] + even[2]) + (even[1] + even[3])
    for row in products[groups * _LANES :]:
        total += row
    return total


def square_norm(rows: Matrix) -> Vector:
    """Return the squared length of each row, shape (n,), float32."""
    return dot_columns(np.multiply(rows.T, rows.T, order="C"))


def lengths(rows: Matrix) -> Vector:
    """Return the length of each row, shape (n,), float32; a part at a time."""
    parts = [np.empty(0, np.float32)]
    for low in range(0, len(rows), limits.EXACT_CHUNK):
        parts.append(np.sqrt(square_norm(rows[low : low + limits.EXACT_CHUNK])))
    return np.concatenate(parts)


def matrix_vector(matrix: Matrix, vector: Vector, vector_row: int) -> Vector:
    """Return matrix @ vector, as Eigen's row-major product gives it.

    Parameters
    ----------
    matrix : ndarray of float32, shape (n, K)
    vector : ndarray of float32, shape (K,)
    vector_row : int
        Row of the factor matrix that `vector` is: its address decides how many leading products
        are added one by one.

    Returns
    -------
    ndarray of float32, shape (n,)
    """
    width, count = len(vector), len(matrix)
    lead = min(-(vector_row * width) % _LANES, width)
    groups = (width - lead) // _LANES
    end = lead + groups * _LANES
    # One row for each product: each step below then adds whole rows, so that it takes few calls.
    products = np.multiply(matrix.T, vector[:, np.newaxis], order="C")
    total = np.zeros(count, np.float32)
    for row in products[:lead]:
        total += row
    if groups:
        lanes = products[lead:end].reshape(groups, _LANES * count)
        first, second, third, fourth = np.add.reduce(lanes, axis=0).reshape(_LANES, count)
        total += (first + third) + (second + fourth)
    for row in products[end:]:
        total += row
    return total


def add_rows(start: NDArray[Any] | np.floating[Any], rows: NDArray[Any]) -> NDArray[Any]:
    """Return start + rows[0] + rows[1] + ..., added one after the other, in the arrays' own type.

    Parameters
    ----------
    start : ndarray or scalar, any shape
    rows : ndarray, shape (n, ...)
        Each of the shape of `start`, or one that is broadcast to it.

    Returns
    -------
    ndarray of the shape of `start`
    """
    total = np.array(start)
    step = max(limits.ADDED_VALUES // max(total.size, 1), 1)
    for low in range(0, len(rows), step):
        some = rows[low : low + step]
        block = np.broadcast_to(some, (len(some), *total.shape)).copy()
        block[0] += total
        # A reduction may add in pairs, where rows have one element; this never does.
        total = np.add.accumulate(block, axis=0)[-1]
    return total
