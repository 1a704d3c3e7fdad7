"""What visitors would get: lists of the service's own models, and of the yardsticks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender import Id

from ..models.loaded import LoadedModels
from ..models.queries import RecommendQuery
from ..models.roles import Role
from .candidates import Ids, TestPart
from .jaccard import Jaccard, indexed

Lists = list[list[Id]]
Values = NDArray[np.float64]

CUTOFF = 10
_AT_ONCE = 500


def lists_of_role(models: LoadedModels, role: Role, test: TestPart, *, told: bool) -> Lists:
    """Return what the model of a role recommends to each visitor of the test part.

    Parameters
    ----------
    models : LoadedModels
        Loaded as the service loads them.
    role : {"similarity", "ranking", "newcomer"}
        Whose model is asked.
    test : TestPart
        The visitors.
    told : bool
        Whether the model is told the true side data of the visit; else its columns get their
        defaults, as in a request that has none.
    """
    entry = models.need(role)
    columns = {column.name for column in entry.model.side_columns}
    context = {name: each.tolist() for name, each in test.context.items() if name in columns}
    user = entry.model.user_column.name
    rows: list[Mapping[str, Any]] = []
    for place, visitor in enumerate(test.users.tolist()):
        side = {name: each[place] for name, each in context.items()} if told else {}
        rows.append({user: visitor, **side})
    lists: Lists = []
    for low in range(0, len(rows), _AT_ONCE):
        query = RecommendQuery(rows[low : low + _AT_ONCE], k=CUTOFF, choice=role)
        _, found = models.recommend(query, entry)
        lists += [ranking.items for ranking in found.rankings]
    return lists


def lists_of_jaccard(users: Ids, items: Ids, visitors: Sequence[Id]) -> Lists:
    """Return what a plain item similarity model over all visitors recommends.

    Parameters
    ----------
    users, items : ndarray
        Each different pair of a visitor and an item that was known before the test part.
    visitors : sequence of int or str
        Who is asked about; strangers get nothing.
    """
    known, of_user = indexed(users)
    catalogue, of_item = indexed(items)
    model = Jaccard(of_user, of_item, len(known), len(catalogue))
    place = {visitor: index for index, visitor in enumerate(known.tolist())}
    ids = catalogue.tolist()
    return [
        [ids[item] for item in model.recommend(place[visitor], CUTOFF).tolist()]
        if visitor in place
        else []
        for visitor in visitors
    ]


def lists_of_popularity(
    users: Ids, items: Ids, visitors: Sequence[Id], counted: NDArray[np.bool_] | None = None
) -> Lists:
    """Return the items that most visitors had, without those that a visitor had.

    Parameters
    ----------
    users, items, visitors
        As for `lists_of_jaccard`; strangers get the same as everybody.
    counted : ndarray of bool, optional
        Which pairs tell how popular an item is; all if absent.
    """
    catalogue, of_item = indexed(items)
    telling = of_item if counted is None else of_item[counted]
    counts = np.bincount(telling, minlength=len(catalogue))
    order = np.lexsort((np.arange(len(catalogue)), -counts))
    had: dict[Id, set[Id]] = {visitor: set() for visitor in visitors}
    asked = np.isin(users, np.asarray(visitors))  # few of millions of pairs
    for user, item in zip(users[asked].tolist(), items[asked].tolist(), strict=True):
        had[user].add(item)
    longest = CUTOFF + max(map(len, had.values()), default=0)
    best = catalogue[order[:longest]].tolist()
    return [[item for item in best if item not in had[visitor]][:CUTOFF] for visitor in visitors]


def recall(lists: Lists, test: TestPart) -> Values:
    """Return each visitor's recall at 10, shape (visitors,)."""
    return np.array(
        [
            len(truth.intersection(items[:CUTOFF])) / min(CUTOFF, len(truth))
            for items, truth in zip(lists, test.truth, strict=True)
        ]
    )
