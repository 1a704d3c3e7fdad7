"""Turi Create recommenders without Turi Create.

    >>> from app.models import load_model
    >>> model = load_model("models/recommendation_r.model")
    >>> answer = model.recommend([{"visitorid": 6000, "period": "Night"}], k=10)
    >>> list(answer.rows())

Three layers, each usable without the next: `format` (bytes to arrays), `scoring` (arrays to rows),
`registry` (names and versions to models). None of them knows of HTTP.
"""

from __future__ import annotations

import os
from pathlib import Path

from app.models.errors import (
    ModelError,
    ModelFormatError,
    ModelNotFoundError,
    ModelUnreadableError,
    QueryError,
    RecommenderError,
)
from app.models.format import Column, ColumnMode, ValueType, read_model
from app.models.memory import give_back_freed
from app.models.scoring import (
    Id,
    IdIndex,
    Ranking,
    Recommendations,
    Recommender,
    SimilarItems,
    make_recommender,
)

__all__ = [
    "Column",
    "ColumnMode",
    "Id",
    "IdIndex",
    "ModelError",
    "ModelFormatError",
    "ModelNotFoundError",
    "ModelUnreadableError",
    "QueryError",
    "Ranking",
    "Recommendations",
    "Recommender",
    "RecommenderError",
    "SimilarItems",
    "ValueType",
    "load_model",
]


def load_model(path: str | os.PathLike[str]) -> Recommender:
    """Load a model directory that Turi Create 5.7 - 6.4.1 saved.

    Parameters
    ----------
    path : str or path-like
        The directory, such as ``recommendation_s.model``.

    Raises
    ------
    ModelFormatError
        If it is damaged, truncated, foreign or unsupported; it names the file and the byte offset.
    """
    saved = read_model(Path(path))
    recommender = make_recommender(saved)
    if saved.stream is not None:
        saved.stream.release_pages()
    give_back_freed()
    return recommender
