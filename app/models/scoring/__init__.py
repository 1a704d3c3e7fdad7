"""Scoring: arrays to rows. Knows the arrays of `app.models.format`, not where they come from."""

import numpy as np

from app.models.format import FactorModel, NeighbourModel, SavedModel
from app.models.scoring.factorization import FactorizationRecommender
from app.models.scoring.ids import IdIndex
from app.models.scoring.item_similarity import ItemSimilarityRecommender
from app.models.scoring.popularity import PopularityRecommender
from app.models.scoring.recommender import Recommender
from app.models.scoring.results import Id, Ranking, Recommendations, SimilarItems

__all__ = [
    "Id",
    "IdIndex",
    "Ranking",
    "Recommendations",
    "Recommender",
    "SimilarItems",
    "make_recommender",
]


def make_recommender(saved: SavedModel) -> Recommender:
    """Return the recommender for a model that was read."""
    details = saved.details
    with np.errstate(all="ignore"):  # a model that diverged in training is still a model
        if isinstance(details, NeighbourModel):
            return ItemSimilarityRecommender(saved, details)
        if isinstance(details, FactorModel):
            return FactorizationRecommender(saved, details)
        return PopularityRecommender(saved, details)
