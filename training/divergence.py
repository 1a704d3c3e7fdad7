"""Whether the training of a model diverged: then it holds, or answers, what is no finite number."""

from __future__ import annotations

import math
from typing import Any, Dict, Iterable

from training.errors import TrainingError

# Of what a factorization has learnt of each user, item and value of a side column.
_LEARNT = ("linear_terms", "factors")


def require_finite(model: Any) -> None:
    """Refuse a model that has learnt what is no finite number.

    Parameters
    ----------
    model : turicreate recommender
        Of any class; only factorizations have coefficients, and of others the scores tell.

    Raises
    ------
    TrainingError
        If an intercept, a linear term or a factor is infinite or no number.
    """
    if "coefficients" not in model._list_fields():
        return
    for name, learnt in model.coefficients.items():
        for what, total in _totals(name, learnt).items():
            if not math.isfinite(total):
                raise _diverged("{} is {}".format(what, _shown(total)))


def require_finite_scores(scores: Iterable[float]) -> None:
    """Refuse a model that answers scores that are no finite numbers.

    Parameters
    ----------
    scores : iterable of float
        Some scores.

    Raises
    ------
    TrainingError
        If one of them is infinite or no number.
    """
    wrong = next((score for score in scores if not math.isfinite(score)), None)
    if wrong is not None:
        raise _diverged("a score is {}".format(_shown(wrong)))


def _totals(name: str, learnt: Any) -> Dict[str, float]:
    """Return sums, which are finite only if all that they sum is; Turi Create sums fast."""
    if isinstance(learnt, (int, float)):
        return {"the {}".format(name): float(learnt)}
    totals = {}
    for column in set(_LEARNT) & set(learnt.column_names()):
        total = learnt[column].sum()
        parts = total if column == "factors" else [total or 0.0]
        what = "a factor" if column == "factors" else "a linear term"
        totals["{} of {}".format(what, name)] = _worst(parts)
    return totals


def _worst(parts: Iterable[float]) -> float:
    return next((part for part in parts if not math.isfinite(part)), 0.0)


def _shown(number: float) -> str:
    return "no number (NaN)" if math.isnan(number) else "infinite"


def _diverged(what: str) -> TrainingError:
    return TrainingError(
        "the training diverged: {} (ratings, weights or columns of very large numbers?)".format(
            what
        )
    )
