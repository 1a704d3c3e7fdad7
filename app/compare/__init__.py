"""`turi-recommender compare`: find out whether a new endpoint answers what an old one does."""

from .run import Comparison, Endpoint, compare
from .verdict import Outcome

__all__ = ["Comparison", "Endpoint", "Outcome", "compare"]
