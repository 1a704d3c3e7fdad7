"""How sure a figure is: bootstrap intervals over visitors.

The visitors of a test part are a sample of those who might have come. The bootstrap draws as many
of them with replacement, again and again, and takes the figure of each sample; the interval leaves
out equally many of the lowest and of the highest. Source: Efron and Tibshirani, An Introduction to
the Bootstrap, 1993, chapter 13 (percentile intervals). docs/evaluation.md says in words what an
interval tells, and what it does not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import List

import numpy as np

LEVEL = 0.95
RESAMPLES = 2000
# Visitors that are drawn at a time: a bound on memory (25 MB) for any number of visitors below it.
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Interval:
    """A figure, and the bounds between which it may well be.

    Attributes
    ----------
    value : float
        The figure of the visitors that there are.
    low, high : float
        Lower and upper bound.
    """

    value: float
    low: float
    high: float

    @property
    def is_finite(self) -> bool:
        """Whether there is such a figure: a ratio to a mean of 0 is none."""
        return all(math.isfinite(each) for each in (self.value, self.low, self.high))


def mean_interval(
    values: np.ndarray, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL
) -> Interval:
    """Return the mean over visitors.

    Parameters
    ----------
    values : numpy.ndarray, shape (visitors,)
        A value per visitor, such as the recall at 10.
    seed : int
        Equal seeds give equal intervals.
    resamples : int
        How many samples are drawn.
    level : float
        How often such an interval should have the true mean within it.

    Raises
    ------
    ValueError
        If there is no visitor, a value is not finite, or so few samples have no such interval.
    """
    return curve_intervals(np.asarray(values)[:, np.newaxis], seed, resamples, level)[0]


def curve_intervals(
    values: np.ndarray, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL
) -> List[Interval]:
    """Return the mean over visitors of each column, all from the same samples.

    Parameters
    ----------
    values : numpy.ndarray, shape (visitors, columns)
        A row per visitor, such as the recall at each cutoff.
    seed, resamples, level
        As for `mean_interval`.

    Raises
    ------
    ValueError
        As `mean_interval` does.
    """
    values = _checked(values)
    left_out = _left_out(resamples, level)
    means = np.sort(_resampled_means(values, seed, resamples), axis=0)
    return [
        Interval(float(value), float(low), float(high))
        for value, low, high in zip(values.mean(axis=0), means[left_out], means[-1 - left_out])
    ]


def ratio_interval(
    ours: np.ndarray,
    theirs: np.ndarray,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Interval:
    """Return the ratio of two models' means over the same visitors, paired.

    Each sample takes both models' values of the visitors that it drew. What makes a visitor hard
    for both models cancels out, so the interval is narrower than what two separate ones can tell.

    Where both means are 0, there is no ratio. A sample of this kind counts as 0 for the lower bound
    and as infinite for the upper one: what nobody can tell speaks neither for nor against a model.

    Parameters
    ----------
    ours, theirs : numpy.ndarray, shape (visitors,)
        Values of the two models, not below 0; row by row of the same visitor.
    seed, resamples, level
        As for `mean_interval`.

    Returns
    -------
    Interval
        Above 1 where ours is better. `value` is infinite if only their mean is 0, and NaN if both
        means are.

    Raises
    ------
    ValueError
        As `mean_interval` does, and if the visitors are not the same or a value is below 0.
    """
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape:
        raise ValueError(
            "{} and {} values are not those of the same visitors".format(len(ours), len(theirs))
        )
    values = _checked(np.stack([ours, theirs], axis=1))
    if (values < 0.0).any():
        raise ValueError("a ratio is of values that are not below 0")
    left_out = _left_out(resamples, level)
    ratios = _ratios(_resampled_means(values, seed, resamples))
    low = np.sort(np.where(np.isnan(ratios), 0.0, ratios))[left_out]
    high = np.sort(np.where(np.isnan(ratios), np.inf, ratios))[-1 - left_out]
    value = _ratios(values.mean(axis=0)[np.newaxis])[0]
    return Interval(float(value), float(low), float(high))


def is_not_worse(ratio: Interval, margin: float) -> bool:
    """Tell whether a model is not worse than another one beyond a margin.

    This is a test of non-inferiority: the lower bound of the paired ratio is above 1 - margin. A
    model of which that cannot be told does not pass.

    Parameters
    ----------
    ratio : Interval
        As `ratio_interval` returns it.
    margin : float
        How much worse is still acceptable: 0.05 for 5 %. At least 0, below 1.

    Raises
    ------
    ValueError
        If the margin is none.
    """
    if not 0.0 <= margin < 1.0:
        raise ValueError("a margin is at least 0 and below 1, not {:g}".format(margin))
    return ratio.low > 1.0 - margin


def _checked(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if len(values) == 0:
        raise ValueError("there is no visitor to take a mean of")
    if not np.isfinite(values).all():
        raise ValueError("a value is not finite")
    return values


def _left_out(resamples: int, level: float) -> int:
    """Return how many samples are below the interval, and as many above it.

    With B samples and alpha on each side, the bounds are the k-th lowest and the k-th highest,
    where k is the integer part of (B + 1) alpha: figures that were drawn, not points between two.
    """
    if not 0.0 < level < 1.0:
        raise ValueError("a level is between 0 and 1, not {:g}".format(level))
    place = int((resamples + 1) * (1.0 - level) / 2.0)
    if place < 1:
        raise ValueError("{} samples are too few for a level of {:g}".format(resamples, level))
    return place - 1


def _resampled_means(values: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    """Return the means of the columns in each sample, shape (resamples, columns).

    How often each visitor was drawn is counted first. So all columns share the samples, and each
    costs no more than its part of a matrix product.
    """
    visitors = len(values)
    draw = np.random.RandomState(seed)  # the same numbers in every version of NumPy
    means = np.empty((resamples, values.shape[1]))
    rows = max(1, _BLOCK // visitors)
    for start in range(0, resamples, rows):
        shape = (min(rows, resamples - start), visitors)
        drawn = draw.randint(0, visitors, size=shape, dtype=np.int64)
        drawn += np.arange(shape[0])[:, np.newaxis] * visitors
        times = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(shape)
        means[start : start + shape[0]] = times.astype(np.float64) @ values / visitors
    return means


def _ratios(means: np.ndarray) -> np.ndarray:
    """Return the ratios of two columns: infinite for a divisor of 0, NaN where both are."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(means[:, 0] / means[:, 1])
