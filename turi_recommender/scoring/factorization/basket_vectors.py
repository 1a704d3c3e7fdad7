"""The user vectors that training by ials would give baskets, with the items' factors fixed.

Source: docs/queries.md, section 13. The closed form is that of Y. Hu, Y. Koren and C. Volinsky,
Collaborative Filtering for Implicit Feedback Datasets (ICDM 2008).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.errors import QueryError
from turi_recommender.format import MATRIX, FactorModel, SavedModel
from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.catalogue import ItemFeatures
from turi_recommender.scoring.query import History, Query

_SOLVER = "ials"
_MOST_FACTORS = 1024  # solving for so many takes 0.1 - 0.3 s on a busy machine
_MOST_CONFIDENCE = 1e9  # such a row outweighs all others; of larger ones float64 loses the others
_LEAST_REGULARIZATION = 1e-6
_EPSILON = 1e-8  # what a value is measured by where its logarithm counts

Values = NDArray[np.float64]


class Objective(NamedTuple):
    """What training by ials minimizes, as far as its options say.

    Attributes
    ----------
    regularization : float
        What the squared lengths of all vectors are multiplied by.
    factor : float
        What confidences are multiplied by.
    is_logarithmic : bool
        Whether confidences grow with the logarithm of the values; otherwise, with the values.
    """

    regularization: float
    factor: float
    is_logarithmic: bool

    @classmethod
    def of(cls, summary: Mapping[str, Any], num_observations: int) -> Objective | None:
        """Return the objective of a model; None if the model does not say what it was.

        Parameters
        ----------
        summary : mapping
            What the model says of itself (`Recommender.summary`).
        num_observations : int
            Rows of the training data.
        """
        regularization = _number(summary.get("regularization"))
        factor = _number(summary.get("ials_confidence_scaling_factor"))
        kind = summary.get("ials_confidence_scaling_type")
        if regularization is None or factor is None or kind not in ("auto", "linear", "log"):
            return None
        scaled = max(num_observations * regularization, _LEAST_REGULARIZATION)
        return cls(scaled, factor, kind == "log") if math.isfinite(scaled) else None

    def confidences(self, values: Values) -> Values:
        """Return by how much more rows count than items that are not there, shape (n,).

        Parameters
        ----------
        values : ndarray of float64, shape (n,)
            Values of the target; those below 0 count as 0.
        """
        grown = np.maximum(values, 0.0)
        if self.is_logarithmic:
            grown = np.log1p(grown / _EPSILON)
        confidences: Values = np.minimum(self.factor * grown, _MOST_CONFIDENCE)
        return confidences


def _number(value: Any) -> float | None:
    """Return a number of 0 or more as a float; None for anything else."""
    is_number = isinstance(value, int | float) and 0 <= value < math.inf
    return float(value) if is_number else None


class BasketVectors:
    """Make user vectors of baskets, if the model is one that can.

    Parameters
    ----------
    saved : SavedModel
        For what it says of its training.
    model : FactorModel
        Its details.
    catalogue : ItemFeatures
        The items.

    Attributes
    ----------
    why_none : str or None
        Why the model cannot make any; None if it can.
    """

    def __init__(self, saved: SavedModel, model: FactorModel, catalogue: ItemFeatures) -> None:
        self._catalogue = catalogue
        self._objective = Objective.of(saved.summary, saved.num_observations)
        self.why_none = _why_none(model, self._objective)
        self._width = model.num_factors
        self._step = max(limits.FOLDED_VALUES // max(self._width, 1), 1)
        self._common: Values | None = None

    def folded(self, queries: Sequence[Query]) -> list[Query]:
        """Return queries, of which those with a basket have the vector of their history.

        A basket without an item that the model knows makes no vector.

        Parameters
        ----------
        queries : sequence of Query
            As they came.

        Raises
        ------
        QueryError
            If the model makes no vectors.
        """
        if self._objective is None or self.why_none is not None:
            raise QueryError(("fold_in",), str(self.why_none))
        with np.errstate(all="ignore"):  # a model may have diverged in training
            return [
                query
                if query.history is None
                else replace(query, factors=self._vector(self._objective, query.history))
                for query in queries
            ]

    def work(self, rows: int) -> int:
        """Return how much longer than usual the vector of so many rows takes.

        The first one also takes what all have in common.

        Parameters
        ----------
        rows : int
            Rows of the basket, and of the trained history.

        Returns
        -------
        int
            Elementary operations, at most; 0 if that is as usual.
        """
        if self.why_none is not None:
            return 0
        items = self._catalogue.count if self._common is None else 0
        work = self._width**2 * (rows + self._width + items // limits.PRODUCTS_AT_ONCE)
        return work if work > limits.USUAL_FOLDING else 0

    def _vector(self, objective: Objective, history: History) -> NDArray[np.float32]:
        """Return the vector, shape (K,), that minimizes the objective for a history.

        An item that is there more than once counts as often.
        """
        matrix, wanted = self._shared(objective).copy(), np.zeros(self._width)
        confidences = objective.confidences(history.values)
        for low in range(0, len(history.items), self._step):
            here = slice(low, low + self._step)
            factors = self._catalogue.factors(history.items[here]).astype(np.float64)
            mine = confidences[here]
            matrix += (factors * mine[:, np.newaxis]).T @ factors
            wanted += (1.0 + mine) @ factors
        try:
            return np.linalg.solve(matrix, wanted).astype(np.float32)
        except np.linalg.LinAlgError:
            message = "the model's factors allow no vector, as where its training diverged"
            raise QueryError(("fold_in",), message) from None

    def _shared(self, objective: Objective) -> Values:
        """Return what all baskets have in common, shape (K, K); it is made once."""
        if self._common is None:
            total = objective.regularization * np.eye(self._width)
            stored = self._catalogue.stored
            for low in range(0, len(stored), self._step):
                factors = stored[low : low + self._step].astype(np.float64)
                total += factors.T @ factors
            self._common = total
        return self._common


def _why_none(model: FactorModel, objective: Objective | None) -> str | None:
    """Return why a model cannot make vectors; None if it can.

    Parameters
    ----------
    model : FactorModel
        The model.
    objective : Objective or None
        What its training minimized, where the model says it.
    """
    if model.solver != _SOLVER or model.mode != MATRIX:
        solver = "an unknown solver" if model.solver is None else f"the solver {model.solver!r}"
        return f"the model was trained by {solver}, and not by {_SOLVER!r}"
    if model.num_factors > _MOST_FACTORS:
        return f"the model has more than {_MOST_FACTORS} factors"
    if objective is None:
        return "the model does not say with which regularization and confidences it was trained"
    return None
