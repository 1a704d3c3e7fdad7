from __future__ import annotations

import numpy as np
import pytest

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.lengths import row_lengths, row_squares


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_lengths_do_not_depend_on_the_parts(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(limits, "FOLD_CHUNK", chunk)
    rows = np.array([[3, 4], [0, 0], [1e30, 0], [5, 12]], np.float32)
    assert row_lengths(rows).tolist() == [5.0, 0.0, float(np.float32(1e30)), 13.0]


def test_squares_are_taken_in_float64() -> None:
    """In float32 the square of 1e30 is infinite."""
    assert np.isfinite(row_squares(np.array([[1e30]], np.float32))).all()


def test_no_rows() -> None:
    assert row_lengths(np.empty((0, 4), np.float32)).shape == (0,)
