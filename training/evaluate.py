"""Precision and recall at 10 on a hold-out.

Each held-out visitor is asked about once, in the context of one held-out visit; a hit is a held-out
item of that visitor (for models that know the period: of that period).
"""

from __future__ import annotations

from typing import Any, NamedTuple, Tuple

import pandas as pd
import turicreate as tc

from training.logs import Log
from training.splits import busiest

K = 10
_HELD_OUT_SHARE = 0.2
# What visitors are asked about in, beside the period.
_USUAL = {"month": 8, "weekday": 2}


class Names(NamedTuple):
    """Names of the columns of training rows."""

    user: str
    item: str
    context: Tuple[str, ...]

    @classmethod
    def of(cls, log: Log, context: Tuple[str, ...]) -> Names:
        """Return the names that the rows of a log have."""
        return cls(log.user_name, log.item_name, context)

    @property
    def ids(self) -> dict:
        """The columns of ids, as arguments of Turi Create."""
        return {"user_id": self.user, "item_id": self.item}


def split(rows: pd.DataFrame, names: Names, seed: int) -> tuple:
    """Hold out a fifth of the items of the busiest visitors, as the original did.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of `prepare`.
    names : Names
        Their columns.
    seed : int
        Equal seeds give equal parts.

    Returns
    -------
    (SFrame, pandas.DataFrame)
        Training rows and held-out rows.
    """
    table = tc.SFrame(rows)
    busy = busiest(rows[names.user])
    train, test = tc.recommender.util.random_split_by_user(
        table.filter_by(busy, names.user),
        names.user,
        names.item,
        max_num_users=len(busy),
        item_test_proportion=_HELD_OUT_SHARE,
        random_seed=seed,
    )
    return train.append(table.filter_by(busy, names.user, exclude=True)), test.to_dataframe()


def precision_recall(model: Any, test: pd.DataFrame, names: Names, with_context: bool) -> tuple:
    """Return mean precision and recall at 10.

    Parameters
    ----------
    model : turicreate recommender
        What is evaluated.
    test : pandas.DataFrame
        Held-out rows.
    names : Names
        Their columns.
    with_context : bool
        Whether the model is told the context.
    """
    visit = [names.user, "period"] if "period" in names.context else [names.user]
    asked = test.drop_duplicates(names.user)
    held_out = test.merge(asked[visit], on=visit)
    truth = held_out.groupby(names.user)[names.item].apply(set).to_dict()
    columns = [names.user, *names.context] if with_context else [names.user]
    answers = model.recommend(tc.SFrame(asked[columns]), k=K, verbose=False).to_dataframe()
    hits = {
        visitor: set(rows[names.item]) & truth[visitor]
        for visitor, rows in answers.groupby(names.user)
    }
    precision = sum(len(hit) for hit in hits.values()) / (K * len(truth))
    recall = sum(len(hit) / len(truth[visitor]) for visitor, hit in hits.items()) / len(truth)
    return precision, recall


def overlap(model: Any, rows: pd.DataFrame, names: Names, visitors: list) -> float:
    """Return how many of the ten best items are the same at Night and in the Morning, on average.

    Parameters
    ----------
    model : turicreate recommender
        A ranking model that was trained with the period.
    rows : pandas.DataFrame
        Training rows, which tell the usual values of other columns.
    names : Names
        Their columns.
    visitors : list of int or str
        Visitors over whom the average is taken.
    """
    usual = {name: _USUAL.get(name, rows[name].mode().tolist()[0]) for name in names.context}
    best = []
    for period in ("Night", "Morning"):
        context = {**usual, "period": period}
        columns = {name: [value] * len(visitors) for name, value in context.items()}
        asked = tc.SFrame({names.user: visitors, **columns})
        answers = model.recommend(asked, k=K, verbose=False).to_dataframe()
        best.append(answers.groupby(names.user)[names.item].apply(set))
    return sum(len(best[0][visitor] & best[1][visitor]) for visitor in visitors) / len(visitors)
