"""Requests for the documentation, made from the loaded models."""

from __future__ import annotations

from itertools import count, islice
from typing import Any

from turi_recommender import Column, ColumnMode, ValueType

from .models.elsewhere import tells_similar_users
from .models.loaded import LoadedModels
from .models.roles import default_scoring

_PLAIN = 2.0**53  # all whole numbers below it can be floats


class Examples:
    """Requests that the loaded models answer, for "Try it out".

    Parameters
    ----------
    models : LoadedModels
        Which users, items and side data there are.
    hides_users : bool
        Whether users are made up, because whoever reads them need not have a key.

    Attributes
    ----------
    users, items : list of int or str
        Two ids each, where there are as many.
    recommend, baskets, similar, similar_users, predict : list of JSON values
        Requests, the most telling first.
    """

    def __init__(self, models: LoadedModels, *, hides_users: bool) -> None:
        user, item = models.user_column, models.item_column
        self.users = _strangers(models) if hides_users else user.sample(2)
        self.items = item.sample(2)
        users, items = self.users, self.items
        side = {column.name: self._value(column) for column in models.visits.columns}
        known = {column.name for column in models.side_columns}
        mine = {name: value for name, value in side.items() if name in known}
        self.recommend = [{"users": [{user.name: one} for one in users], "k": 5}] if users else []
        if side and users:
            self.recommend.insert(0, {"users": [{user.name: users[0], **side}], "k": 5})
            self.recommend.append({"users": [{user.name: users[0], **side}], "k": 2, "why": True})
        self.baskets = _baskets([{item.name: one} for one in items], mine)
        if users and items:
            seen = [{user.name: users[0], item.name: items[0]}]
            first = {"users": [{user.name: users[0]}], "interactions": seen, "k": 5}
            self.recommend.append(first)
        self.similar = [{"items": [{item.name: one} for one in items], "k": 5}] if items else []
        self.similar_users: list[Any] = []
        comparing = models.model(default_scoring(models.loaded_roles))
        if users and comparing is not None and tells_similar_users(comparing):
            self.similar_users = [{"users": [{user.name: one} for one in users], "k": 5}]
        self.predict: list[Any] = []
        if users and items:
            has_side = default_scoring(models.loaded_roles) == "ranking"
            visit = {user.name: users[0], **(mine if has_side else {})}
            pairs = [{**visit, item.name: one} for one in items]
            self.predict = [{"pairs": pairs, "why": True}, {"pairs": pairs}]

    @staticmethod
    def _value(column: Column) -> Any:
        categories = [value for value in column.sample(5) if value is not None]
        # The means of a diverged model can be anything, but an example must be a number in JSON.
        means = [mean if abs(mean) < _PLAIN else 0.0 for mean in column.means.tolist()]
        mean = means[0] if means else 0.0
        match column.mode:
            case ColumnMode.NUMERIC:
                return round(mean) if column.value_type == ValueType.INTEGER else mean
            case ColumnMode.NUMERIC_VECTOR:
                return means
            case ColumnMode.CATEGORICAL_LIST:
                return categories[:2]
            case ColumnMode.DICTIONARY:
                return dict.fromkeys(map(str, categories[:2]), 1.0)
            case _:
                return categories[0] if categories else None


def _baskets(items: list[dict[str, Any]], side: dict[str, Any]) -> list[dict[str, Any]]:
    """Return requests for baskets: of these items, and of one item with what is known of a visit.

    Parameters
    ----------
    items : list of dict
        Items of a basket.
    side : dict of str to value
        Side columns and a value for each.
    """
    if not items:
        return []
    requests: list[dict[str, Any]] = [{"baskets": [items], "k": 5}]
    if side:
        told = {name: value for name, value in side.items() if name not in ("items", "visitor")}
        requests.append({"baskets": [{"items": items[:1], **told}], "k": 5, "model": "ranking"})
    return requests


def _strangers(models: LoadedModels) -> list[Any]:
    """Return two ids that no model knows."""
    is_text = models.user_column.value_type == ValueType.STRING
    made: Any = (f"user-{number}" if is_text else number for number in count(1))
    known = [entry.model.users for entry in models.entries]
    return list(islice((one for one in made if not any(one in users for users in known)), 2))
