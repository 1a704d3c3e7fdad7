"""What a version is worth, as `GET /models`, the metrics and the command line tell it."""

from __future__ import annotations

from turi_recommender.versions import Training

RECALL = "recall@10"


def tell_evaluation(training: Training | None, trouble: str) -> str:
    """Return in words whether a version was evaluated.

    Parameters
    ----------
    training : Training or None
        What its manifest says of its training.
    trouble : str
        Why that cannot be read, if it cannot.
    """
    if trouble:
        return f"figures cannot be read: {trouble}"
    if training is None or training.figures is None:
        return "not evaluated"
    return "evaluated"


def recall_of(training: Training | None) -> dict[str, float]:
    """Return recall@10 by kind of visitor, as far as it was measured."""
    if training is None or training.figures is None or training.figures.measure != RECALL:
        return {}
    values = training.figures.values
    return {kind: value for kind, value in values.items() if value is not None}
