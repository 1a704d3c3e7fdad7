"""Popularity: one prediction per item.

Source: docs/format.md, section 5.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format.values import ValueReader


@dataclass(frozen=True, slots=True, eq=False)
class PopularityModel:
    """What popularity adds to a recommender.

    Attributes
    ----------
    predictions : ndarray of float64
        Score by item index.
    unseen : float
        Score of an item beyond them.
    """

    predictions: NDArray[np.float64]
    unseen: float


def read_popularity_model(values: ValueReader) -> PopularityModel:
    """Read the class specific part of a popularity model at the cursor.

    Raises
    ------
    ModelFormatError
        If it is damaged or of an unknown version.
    """
    stream = values.stream
    stream.expect_version((0,), "popularity version")
    predictions = stream.counted_array("<f8", "item predictions")
    unseen = stream.f64("prediction of unseen items")
    stream.boolean("presence of a nearest items model")
    return PopularityModel(predictions, unseen)
