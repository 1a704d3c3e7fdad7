"""Lengths of many vectors in float64, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits

Lengths = NDArray[np.float64]


def row_squares(rows: NDArray[np.floating[Any]]) -> Lengths:
    """Return the squared length of each row, in float64."""
    wide = rows.astype(np.float64)
    squares: Lengths = np.einsum("ij,ij->i", wide, wide)
    return squares


def row_lengths(rows: NDArray[np.float32]) -> Lengths:
    """Return the length of each row, in float64."""
    parts = [row_squares(chunk) for chunk in _chunks(rows)]
    lengths: Lengths = np.sqrt(np.concatenate([np.empty(0), *parts]))
    return lengths


def _chunks(rows: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Split into parts small enough for float64 copies."""
    for low in range(0, len(rows), limits.FOLD_CHUNK):
        yield rows[low : low + limits.FOLD_CHUNK]
