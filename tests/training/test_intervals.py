"""Bootstrap intervals: against slow loops, in coverage, in price, and where there is no ratio."""

from __future__ import annotations

import math
import random
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.environment import Trainer
from training.intervals import (
    Interval,
    curve_intervals,
    is_not_worse,
    mean_interval,
    ratio_interval,
)

VALUES = st.lists(st.integers(0, 10).map(lambda tenths: tenths / 10), min_size=1, max_size=30)


def two_models(visitors: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw recalls of two models, both high for visitors who are easy: means 0.12 and 0.1."""
    draw = np.random.RandomState(seed)
    easy = draw.uniform(0.0, 1.0, visitors)
    ours = draw.binomial(10, 0.24 * easy) / 10
    theirs = draw.binomial(10, 0.2 * easy) / 10
    return ours, theirs


# -- what they are ---------------------------------------------------------------------------------


def textbook_bounds(figures: list[float]) -> tuple[float, float]:
    """Return the 50th lowest and the 50th highest of 2,000."""
    ordered = sorted(figures)
    return ordered[49], ordered[-50]


def test_intervals_are_those_of_a_slow_bootstrap() -> None:
    ours, theirs = two_models(400, 1)
    draw = random.Random(5)
    means, ratios = [], []
    for _ in range(2000):
        sample = [draw.randrange(400) for _ in range(400)]
        mean = sum(ours[visitor] for visitor in sample) / 400
        means.append(float(mean))
        ratios.append(float(mean / (sum(theirs[visitor] for visitor in sample) / 400)))
    mean_of_ours, ratio = mean_interval(ours), ratio_interval(ours, theirs)
    assert mean_of_ours.value == pytest.approx(ours.mean())
    assert ratio.value == pytest.approx(ours.mean() / theirs.mean())
    # Two bootstraps differ as their samples do: by a tenth of the interval's width at most.
    for interval, figures in ((mean_of_ours, means), (ratio, ratios)):
        width = interval.high - interval.low
        low, high = textbook_bounds(figures)
        assert interval.low == pytest.approx(low, abs=width / 10)
        assert interval.high == pytest.approx(high, abs=width / 10)


def test_bounds_are_the_fiftieth_of_two_thousand_samples() -> None:
    """The same samples, drawn one by one."""
    ours, theirs = two_models(150, 3)
    draw = np.random.RandomState(0)
    ratios = []
    for _ in range(2000):
        sample = draw.randint(0, 150, size=150, dtype=np.int64).tolist()
        ratios.append(float(sum(ours[sample]) / sum(theirs[sample])))
    ratio = ratio_interval(ours, theirs)
    assert (ratio.low, ratio.high) == pytest.approx(textbook_bounds(ratios), rel=1e-12)


@settings(deadline=None)
@given(values=VALUES, seed=st.integers(0, 2**32 - 1))
def test_the_mean_is_within_the_values_and_seeds_repeat(values: list[float], seed: int) -> None:
    interval = mean_interval(np.array(values), seed, resamples=200)
    assert min(values) - 1e-12 <= interval.low <= interval.high <= max(values) + 1e-12
    assert interval == mean_interval(np.array(values), seed, resamples=200)


@settings(deadline=None)
@given(values=VALUES, seed=st.integers(0, 1000))
def test_a_model_is_as_good_as_itself(values: list[float], seed: int) -> None:
    ours = np.array(values) + 0.1
    ratio = ratio_interval(ours, ours, seed, resamples=200)
    assert [ratio.value, ratio.low, ratio.high] == pytest.approx([1.0, 1.0, 1.0])
    twice = ratio_interval(2 * ours, ours, seed, resamples=200)
    assert [twice.value, twice.low, twice.high] == pytest.approx([2.0, 2.0, 2.0])


def test_columns_share_their_samples() -> None:
    ours, theirs = two_models(300, 2)
    curve = curve_intervals(np.stack([ours, theirs, ours], axis=1))
    assert curve[0] == curve[2]
    alone = mean_interval(theirs)
    assert [curve[1].value, curve[1].low, curve[1].high] == pytest.approx(
        [alone.value, alone.low, alone.high]
    )


def test_another_seed_is_another_interval() -> None:
    ours, theirs = two_models(300, 2)
    assert ratio_interval(ours, theirs, 1) != ratio_interval(ours, theirs, 2)


# -- how often they are right ----------------------------------------------------------------------


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """300 test parts of 200 visitors: 95 % is 285; three standard errors are 11."""
    held_mean = held_ratio = 0
    for seed in range(300):
        ours, theirs = two_models(200, seed)
        mean = mean_interval(ours, seed, resamples=300)
        ratio = ratio_interval(ours, theirs, seed, resamples=300)
        held_mean += mean.low <= 0.12 <= mean.high
        held_ratio += ratio.low <= 1.2 <= ratio.high
    assert 270 <= held_mean <= 297
    assert 270 <= held_ratio <= 297


def test_paired_intervals_are_narrower() -> None:
    """Visitors who are easy for both models cancel out."""
    draw = np.random.RandomState(4)
    theirs = draw.binomial(10, draw.uniform(0.0, 0.4, 1000)) / 10
    ours = np.minimum(1.0, theirs + draw.binomial(1, 0.2, 1000) / 10)
    paired = ratio_interval(ours, theirs)
    unpaired = ratio_interval(ours, draw.permutation(theirs))
    assert paired.high - paired.low < (unpaired.high - unpaired.low) / 3
    assert paired.low > 1.0


# -- where there is none ---------------------------------------------------------------------------


def test_there_is_no_ratio_to_nothing() -> None:
    some, nothing = np.array([0.0, 0.5, 1.0]), np.zeros(3)
    better = ratio_interval(some, nothing)
    assert (better.value, better.high) == (math.inf, math.inf)
    assert not better.is_finite
    unknown = ratio_interval(nothing, nothing)
    assert math.isnan(unknown.value)
    assert (unknown.low, unknown.high) == (0.0, math.inf)
    assert not unknown.is_finite
    assert not is_not_worse(unknown, 0.05)
    assert ratio_interval(some, some + 0.1).is_finite


def test_a_single_hit_proves_nothing() -> None:
    """A third of the samples draw it not at all, and then there is nothing to compare."""
    one_hit = np.eye(1, 50)[0]
    ratio = ratio_interval(one_hit, one_hit)
    assert (ratio.value, ratio.low, ratio.high) == (1.0, 0.0, math.inf)
    assert not is_not_worse(ratio, 0.5)


@pytest.mark.parametrize(
    ("low", "margin", "passes"),
    [(0.96, 0.05, True), (0.95, 0.05, False), (0.94, 0.05, False), (1.01, 0.0, True)],
)
def test_not_worse_is_a_lower_bound_above_the_margin(
    low: float, margin: float, passes: bool
) -> None:
    assert is_not_worse(Interval(1.0, low, 1.1), margin) is passes


def test_what_is_no_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="no visitor"):
        mean_interval(np.zeros(0))
    with pytest.raises(ValueError, match="not finite"):
        mean_interval(np.array([0.0, math.nan]))
    with pytest.raises(ValueError, match="3 and 4 values are not those of the same visitors"):
        ratio_interval(np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match="not below 0"):
        ratio_interval(np.array([-1.0]), np.array([1.0]))
    with pytest.raises(ValueError, match="38 samples are too few"):
        mean_interval(np.zeros(3), resamples=38)
    with pytest.raises(ValueError, match="a level is between 0 and 1"):
        mean_interval(np.zeros(3), level=1.0)
    for margin in (-0.1, 1.0, math.nan):
        with pytest.raises(ValueError, match="a margin is at least 0"):
            is_not_worse(Interval(1.0, 1.0, 1.0), margin)


# -- their price -----------------------------------------------------------------------------------


def test_five_thousand_visitors_take_less_than_two_seconds() -> None:
    ours, theirs = two_models(5000, 6)
    curve = np.tile(ours[:, np.newaxis], 20)
    started = time.process_time()
    ratio_interval(ours, theirs)
    between = time.process_time()
    curve_intervals(curve)
    assert between - started < 2.0
    assert time.process_time() - between < 2.0


def test_memory_is_bounded() -> None:
    """500 samples of 25,000 visitors would take 100 MB at once."""
    ours, theirs = two_models(25_000, 7)
    tracemalloc.start()
    try:
        ratio_interval(ours, theirs, resamples=500)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40e6


# -- the trainer's Python --------------------------------------------------------------------------


@pytest.mark.slow
def test_the_trainers_python_draws_the_same_samples(trainer: Trainer) -> None:
    ours, theirs = two_models(500, 8)
    code = """
import numpy as np
from training.intervals import ratio_interval
found = ratio_interval(np.array(ours), np.array(theirs), seed=9)
answer = [found.value, found.low, found.high]
"""
    there = trainer.run(code, ours=ours.tolist(), theirs=theirs.tolist())
    here = ratio_interval(ours, theirs, seed=9)
    assert there == pytest.approx([here.value, here.low, here.high], rel=1e-12)
