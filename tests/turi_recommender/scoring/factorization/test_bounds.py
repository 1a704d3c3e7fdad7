"""No score of a block, or of one after it, may exceed the block's ceiling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.scoring.factorization.bounds import BlockBounds, Directions

BLOCK = 4


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 40),
    typical=st.sampled_from([0.0, 0.5, 3.0]),
    length=st.floats(0, 30),
    rate=st.sampled_from([0.0, 1e-6]),
)
def test_ceilings_hold(seed: int, count: int, typical: float, length: float, rate: float) -> None:
    draw = np.random.default_rng(seed)
    constants, norms = draw.normal(size=count), np.abs(draw.normal(size=count))
    bounds = BlockBounds(constants, norms, norms**2, typical, BLOCK)
    assert len(bounds) == -(-count // BLOCK)
    ceilings = np.array([bounds.ceiling(length, rate, block) for block in range(len(bounds))])
    assert (np.diff(ceilings) <= 0).all()
    slack = 1e-12 * (1 + length)
    for block, ceiling in enumerate(ceilings.tolist()):
        highest = constants + norms * length + rate * norms**2
        assert highest[block * BLOCK :].max() <= ceiling + slack


def test_a_ceiling_is_close_at_the_lengths_that_are_kept() -> None:
    """The control: a ceiling of infinity would hold, too."""
    constants, norms = np.array([3.0, 1.0, 0.0]), np.array([0.0, 1.0, 2.0])
    bounds = BlockBounds(constants, norms, norms**2, 1.0, 256)
    for length, highest in ((0.0, 3.0), (0.5, 3.0), (2.0, 4.0), (5.0, 10.0)):
        assert bounds.ceiling(length, 0.0, 0) == pytest.approx(highest, abs=1e-5)
    assert bounds.ceiling(8.0, 0.0, 0) == pytest.approx(16.0, abs=1e-5)  # beyond the last: looser


def test_no_items_have_a_ceiling_of_zero() -> None:
    none = np.empty(0)
    assert BlockBounds(none, none, none, 1.0, 256).ceiling(2.0, 0.0, 0) == 0.0


@pytest.mark.parametrize(("scale", "is_sound"), [(1.0, True), (1e17, True), (1e19, False)])
def test_directions_beyond_float32_are_not_sound(scale: float, is_sound: bool) -> None:
    totals = np.full((2, 3), scale)
    assert Directions.of_sums(totals, totals, np.zeros(2), 10).is_sound.tolist() == [is_sound] * 2


def test_a_direction_that_is_not_finite_is_not_sound() -> None:
    with np.errstate(all="ignore"):
        for broken in (np.nan, np.inf):
            totals = np.array([[1.0, broken]])
            assert not Directions.of_sums(totals, np.abs(totals), np.zeros(1), 10).is_sound[0]


@given(st.integers(0, 2**32 - 1), st.integers(1, 24), st.sampled_from([1e-12, 1.0, 1e12]))
def test_errors_cover_a_float32_product(seed: int, width: int, scale: float) -> None:
    draw = np.random.default_rng(seed)
    query, items = draw.normal(size=(1, width)) * scale, draw.normal(size=(50, width))
    directions = Directions.of_sums(query, np.abs(query), np.zeros(1), 2 * width)
    stored = items.astype(np.float32)
    computed = (stored @ directions.vectors[0]).astype(np.float64)
    exact = stored.astype(np.float64) @ query[0]
    errors = directions.errors[0] + directions.rate * (stored.astype(np.float64) ** 2).sum(axis=1)
    assert (np.abs(computed - exact) <= errors).all()


def test_a_linear_term_that_is_not_finite_is_not_sound() -> None:
    totals = np.ones((3, 2))
    linear = np.array([1.0, np.nan, np.inf])
    assert Directions.of_sums(totals, totals, linear, 10).is_sound.tolist() == [True, False, False]
