"""The vectorised sums against the same order written out number by number."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from turi_recommender.scoring.factorization import float32

Vector = NDArray[np.float32]
WIDTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 20, 31, 32, 33, 64]


def rows(count: int, width: int, seed: int) -> NDArray[np.float32]:
    generator = np.random.default_rng(seed)
    exponents = generator.integers(-6, 6, (count, width))
    return (generator.standard_normal((count, width)) * 10.0**exponents).astype(np.float32)


def across(lanes: list[np.float32]) -> np.float32:
    return np.float32((lanes[0] + lanes[2]) + (lanes[1] + lanes[3]))


def slow_dot(left: Vector, right: Vector) -> np.float32:
    products = [a * b for a, b in zip(left, right, strict=True)]
    width = len(products)
    groups = [products[i : i + 4] for i in range(0, width - width % 4, 4)]
    if not groups:
        total = np.float32(0)
        for product in products:
            total = total + product
        return total
    sums = list(groups[0])
    if len(groups) > 1:
        second = list(groups[1])
        pairs = (len(groups) // 2) * 2
        for number in range(2, pairs, 2):
            sums = [a + b for a, b in zip(sums, groups[number], strict=True)]
            second = [a + b for a, b in zip(second, groups[number + 1], strict=True)]
        sums = [a + b for a, b in zip(sums, second, strict=True)]
        if len(groups) > pairs:
            sums = [a + b for a, b in zip(sums, groups[-1], strict=True)]
    total = across(sums)
    for product in products[4 * len(groups) :]:
        total = total + product
    return total


def slow_matrix_vector(row: Vector, vector: Vector, vector_row: int) -> np.float32:
    products = [a * b for a, b in zip(row, vector, strict=True)]
    width = len(products)
    lead = min((4 - (vector_row * width) % 4) % 4, width)
    total = np.float32(0)
    for product in products[:lead]:
        total = total + product
    lanes = [np.float32(0)] * 4
    end = lead + (width - lead) // 4 * 4
    for start in range(lead, end, 4):
        lanes = [a + b for a, b in zip(lanes, products[start : start + 4], strict=True)]
    total = total + across(lanes)
    for product in products[end:]:
        total = total + product
    return total


@pytest.mark.parametrize("count", [1, 2, 50, 3000])
@pytest.mark.parametrize("width", [*WIDTHS, 128])
def test_dot_columns_adds_in_the_order_of_eigens_reduction(width: int, count: int) -> None:
    left, right = rows(count, width, 1), rows(count, width, 2)
    products = np.ascontiguousarray((left * right).T)
    some = range(0, count, max(count // 50, 1))
    expected = [slow_dot(left[row], right[row]) for row in some]
    result = float32.dot_columns(products)
    assert result.shape == (count,)
    assert result[some].tobytes() == np.array(expected, np.float32).tobytes()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("vector_row", [0, 1, 2, 3, 7])
def test_matrix_vector_adds_in_the_order_of_eigens_product(width: int, vector_row: int) -> None:
    matrix, vector = rows(50, width, 3), rows(1, width, 4)[0]
    expected = [slow_matrix_vector(row, vector, vector_row) for row in matrix]
    result = float32.matrix_vector(matrix, vector, vector_row)
    assert result.tobytes() == np.array(expected, np.float32).tobytes()


def test_the_order_matters() -> None:
    """The control: a plain float32 sum differs, so the tests above can fail."""
    products = rows(50, 32, 1) * rows(50, 32, 2)
    plain = np.cumsum(products, axis=1, dtype=np.float32)[:, -1]
    assert float32.dot_columns(np.ascontiguousarray(products.T)).tobytes() != plain.tobytes()


@pytest.mark.parametrize("count", [0, 1, 7, 5000])
def test_lengths_are_roots_of_sums_in_that_order(count: int) -> None:
    given = rows(count, 9, 5)
    squares = float32.square_norm(given)
    assert squares.tolist() == [slow_dot(row, row) for row in given]
    assert float32.lengths(given).tobytes() == np.sqrt(squares).tobytes()
