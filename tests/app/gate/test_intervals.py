from __future__ import annotations

import math

import numpy as np
import pytest

from app.gate import intervals as module
from app.gate.intervals import paired_ratio


def test_equal_models_are_equal() -> None:
    values = np.random.default_rng(1).random(200)
    assert paired_ratio(values, values).value == pytest.approx(1.0)
    assert paired_ratio(values, values).low == pytest.approx(1.0)
    ratio = paired_ratio(2 * values, values)
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((2.0, 2.0, 2.0))


def test_pairing_makes_the_interval_narrow() -> None:
    """The control: what is hard for both cancels out only if both are drawn together."""
    draw = np.random.default_rng(2)
    base = draw.random(300)
    ours = base * draw.uniform(1.0, 1.2, 300)
    paired = paired_ratio(ours, base)
    apart = paired_ratio(draw.permutation(ours), base)
    assert paired.high - paired.low < 0.2 * (apart.high - apart.low)
    assert paired.low < 1.1 < paired.high


@pytest.mark.parametrize("seed", [0, 1])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(seed: int) -> None:
    draw = np.random.default_rng(seed)
    held = 0
    for number in range(100):
        ours, theirs = draw.binomial(1, 0.30, 400), draw.binomial(1, 0.25, 400)
        ratio = paired_ratio(ours.astype(float), theirs.astype(float), number)
        held += ratio.low <= 1.2 <= ratio.high
    assert 88 <= held <= 100


def test_the_interval_holds_the_ratio() -> None:
    """Where one model has a fixed share of the other, rounding alone makes samples differ."""
    draw = np.random.default_rng(10)
    theirs = draw.random(50)
    ratio = paired_ratio(theirs * draw.random(), theirs)
    assert ratio.low <= ratio.value <= ratio.high


def test_nothing_and_less_than_nothing() -> None:
    none, some = np.zeros(5), np.ones(5)
    both = paired_ratio(none, none)
    assert math.isnan(both.value)
    assert (both.low, both.high) == (0.0, math.inf)
    assert paired_ratio(none, some).value == 0.0
    assert paired_ratio(some, none).value == math.inf


def test_parts_draw_the_same_whatever_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(3).random((2, 50))
    whole = paired_ratio(*values)
    monkeypatch.setattr(module, "_DRAWN_AT_ONCE", 1000)
    assert paired_ratio(*values) == whole
