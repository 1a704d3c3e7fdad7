"""Scoring: arrays to rows. Knows the arrays of `format`, not where they come from."""

import numpy as np

from turi_recommender.format import FactorModel, NeighbourModel, SavedModel
from turi_recommender.scoring.basket_results import BasketColumns, BasketRecommendations
from turi_recommender.scoring.factorization.recommender import FactorizationRecommender
from turi_recommender.scoring.ids import IdIndex, StringIds
from turi_recommender.scoring.neighbours.recommender import ItemSimilarityRecommender
from turi_recommender.scoring.popularity import PopularityRecommender
from turi_recommender.scoring.predictions import PredictionColumns, Predictions
from turi_recommender.scoring.recommender import Recommender
from turi_recommender.scoring.results import (
    Id,
    Ranking,
    RecommendationColumns,
    Recommendations,
    SimilarItemColumns,
    SimilarItems,
    SimilarUserColumns,
    SimilarUsers,
)
from turi_recommender.scoring.terms import Term, TermKind, Why

__all__ = [
    "RECOMMENDERS",
    "BasketColumns",
    "BasketRecommendations",
    "Id",
    "IdIndex",
    "PredictionColumns",
    "Predictions",
    "Ranking",
    "RecommendationColumns",
    "Recommendations",
    "Recommender",
    "SimilarItemColumns",
    "SimilarItems",
    "SimilarUserColumns",
    "SimilarUsers",
    "StringIds",
    "Term",
    "TermKind",
    "Why",
    "make_recommender",
]


RECOMMENDERS: tuple[type[Recommender], ...] = (
    ItemSimilarityRecommender,
    FactorizationRecommender,
    PopularityRecommender,
)


def make_recommender(saved: SavedModel) -> Recommender:
    """Return the recommender for a model that was read."""
    details = saved.details
    with np.errstate(all="ignore"):  # a model that diverged in training is still a model
        if isinstance(details, NeighbourModel):
            return ItemSimilarityRecommender(saved, details)
        if isinstance(details, FactorModel):
            return FactorizationRecommender(saved, details)
        return PopularityRecommender(saved, details)
