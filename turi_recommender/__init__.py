"""Turi Create recommenders without Turi Create.

    >>> import turi_recommender
    >>> model = turi_recommender.load_model("models/recommendation_r.model")
    >>> answer = model.recommend([{"visitorid": 6000, "period": "Night"}], k=10)
    >>> list(answer.rows())

Three layers, each usable without the next: `format` (bytes to arrays), `scoring` (arrays to rows)
and `versions` (names and versions to model directories). None of them knows of HTTP.
"""

from __future__ import annotations

from turi_recommender.errors import (
    ModelError,
    ModelFormatError,
    ModelNotFoundError,
    ModelUnreadableError,
    QueryError,
    RecommenderError,
    RegistrationError,
)
from turi_recommender.format import Column, ColumnMode, ValueType
from turi_recommender.loading import (
    load_model,
    predict,
    recommend,
    recommend_basket,
    similar_items,
    similar_users,
    summary,
)
from turi_recommender.scoring import (
    BasketColumns,
    BasketRecommendations,
    Id,
    IdIndex,
    PredictionColumns,
    Predictions,
    Ranking,
    RecommendationColumns,
    Recommendations,
    Recommender,
    SimilarItemColumns,
    SimilarItems,
    SimilarUserColumns,
    SimilarUsers,
    StringIds,
    Term,
    TermKind,
    Why,
)
from turi_recommender.versions import (
    Comparison,
    Figures,
    LogFacts,
    ModelEntry,
    ModelLocation,
    Registry,
    Retirement,
    Training,
    check_manifest,
    read_training,
    register,
    reinstate,
    retire,
    sync,
    write_manifest,
)

__version__ = "0.2.0"

__all__ = [
    "BasketColumns",
    "BasketRecommendations",
    "Column",
    "ColumnMode",
    "Comparison",
    "Figures",
    "Id",
    "IdIndex",
    "LogFacts",
    "ModelEntry",
    "ModelError",
    "ModelFormatError",
    "ModelLocation",
    "ModelNotFoundError",
    "ModelUnreadableError",
    "PredictionColumns",
    "Predictions",
    "QueryError",
    "Ranking",
    "RecommendationColumns",
    "Recommendations",
    "Recommender",
    "RecommenderError",
    "RegistrationError",
    "Registry",
    "Retirement",
    "SimilarItemColumns",
    "SimilarItems",
    "SimilarUserColumns",
    "SimilarUsers",
    "StringIds",
    "Term",
    "TermKind",
    "Training",
    "ValueType",
    "Why",
    "__version__",
    "check_manifest",
    "load_model",
    "predict",
    "read_training",
    "recommend",
    "recommend_basket",
    "register",
    "reinstate",
    "retire",
    "similar_items",
    "similar_users",
    "summary",
    "sync",
    "write_manifest",
]
