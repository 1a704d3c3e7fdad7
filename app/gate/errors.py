"""What keeps the gate from deciding."""

from __future__ import annotations

from turi_recommender.errors import RecommenderError


class CandidateError(RecommenderError):
    """A directory of candidates that is none, or is damaged."""


class RefusedCandidateError(RecommenderError):
    """A candidate that is not worth serving; the gate has done its work, and its status is 3."""


class ReportError(RecommenderError):
    """A report that cannot be completed, which keeps nothing from being published."""
