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


def dot(left: Matrix, right: Matrix) -> Vector:
    """Return the inner product of each row, as Eigen's vector reduction gives it.

    Parameters
    ----------
    left, right : ndarray of float32, shape (n, K)
        Either may have one row that stands for all.

    Returns
    -------
    ndarray of float32, shape (n,)
    """
    products = left * right
    width = products.shape[1]
    groups = width // _LANES
    if groups == 0:
        return _add_columns(np.zeros(len(products), np.float32), products)
    even = products[:, :_LANES].copy()
    if groups > 1:
        odd = products[:, _LANES : 2 * _LANES].copy()
        for group in range(2, groups - groups % 2):
            lanes = products[:, group * _LANES : (group + 1) * _LANES]
            (odd if group % 2 else even).__iadd__(lanes)
        even += odd
        if groups % 2:
            even += products[:, (groups - 1) * _LANES : groups * _LANES]
    return _add_columns(_across(even), products[:, groups * _LANES :])


def dot_columns(products: Matrix) -> Vector:
    """Return the sum of each column of products, in the order of `dot`.

    The same sums for the other layout: here each step adds whole rows, so that it takes few calls.

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
    return dot(rows, rows)


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
    width = len(vector)
    lead = min(-(vector_row * width) % _LANES, width)
    products = matrix * vector
    total = _add_columns(np.zeros(len(products), np.float32), products[:, :lead])
    groups = (width - lead) // _LANES
    lanes = np.zeros((len(products), _LANES), np.float32)
    for group in range(groups):
        start = lead + group * _LANES
        lanes += products[:, start : start + _LANES]
    total += _across(lanes)
    return _add_columns(total, products[:, lead + groups * _LANES :])


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


def _across(lanes: Matrix) -> Vector:
    """Add the four lanes of each row."""
    total: Vector = (lanes[:, 0] + lanes[:, 2]) + (lanes[:, 1] + lanes[:, 3])
    return total


def _add_columns(total: Vector, columns: Matrix) -> Vector:
    """Add columns to `total` one after the other, in place."""
    for column in range(columns.shape[1]):
        total += columns[:, column]
    return total
