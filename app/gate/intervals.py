"""Whether one model is worse than another: the paired ratio of their means, with its interval.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13: the percentile
interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

RESAMPLES = 2000
_LEVEL = 0.95
_DRAWN_AT_ONCE = 1 << 20  # numbers; bounds the memory


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times one mean is the other.

    Attributes
    ----------
    value, low, high : float
        The ratio, and the interval that it is in with 95 % confidence. Infinite if only the other
        mean is 0; where both are 0, `value` is NaN, `low` 0 and `high` infinite.
    """

    value: float
    low: float
    high: float


def paired_ratio(ours: Values, theirs: Values, seed: int = 0) -> Ratio:
    """Return the ratio of two models' means over the same visitors.

    Each sample takes both models' values of the visitors that it drew, so that what makes a visitor
    hard for both cancels out.

    Parameters
    ----------
    ours, theirs : ndarray of float64, shape (visitors,)
        Not below 0; row by row of the same visitor; at least one.
    seed : int
        Equal seeds draw equal samples.
    """
    both = np.stack([ours, theirs], axis=1)
    draw = np.random.default_rng(seed)
    count = len(both)
    step = max(_DRAWN_AT_ONCE // count, 1)
    means = np.concatenate(
        [
            both[draw.integers(0, count, (min(step, RESAMPLES - low), count))].mean(axis=1)
            for low in range(0, RESAMPLES, step)
        ]
    )
    ratios = _divided(means)
    left_out = int(RESAMPLES * (1 - _LEVEL) / 2)
    low = np.sort(np.where(np.isnan(ratios), 0.0, ratios))[left_out]
    high = np.sort(np.where(np.isnan(ratios), np.inf, ratios))[-1 - left_out]
    value = _divided(both.mean(axis=0)[np.newaxis])[0]
    # Rounding may leave the ratio a hair outside, where all samples have the same.
    return Ratio(float(value), float(np.fmin(low, value)), float(np.fmax(high, value)))


def _divided(means: Values) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios: Values = means[:, 0] / means[:, 1]
    return ratios
