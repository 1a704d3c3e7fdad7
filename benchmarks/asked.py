"""What a pair of models is asked: ids and columns that it knows, as rows and as bodies.

Models differ in their ids and in what they want to know of a visit: a plain one knows users and
items alone, another takes lists and dictionaries. Equal pairs are asked the same in every run.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from turi_recommender import Recommender
from turi_recommender.format import Column, ColumnMode, ValueType, read_model
from turi_recommender.versions import Registry

Row = dict[str, Any]

KINDS = ("ranking", "similarity", "similar", "basket")
FORMS = ("typed", "score")
BASKET = 8
COUNT = 20_000
USUAL = {"period": "Night", "month": 8, "weekday": 2}
_WORDS = 1000  # of each column; requests take turns with them


@dataclass(frozen=True, slots=True)
class Asked:
    """What a pair is asked.

    Attributes
    ----------
    visits : list of dict
        Rows for the ranking model: a user, and what the visit is like.
    shoppers : list of dict
        Rows for the similarity model: a user.
    items : list of dict
        Rows for the similarity model: an item.
    """

    visits: list[Row]
    shoppers: list[Row]
    items: list[Row]

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the user is told of a visit."""
        return len(self.visits[0]) == 1

    @property
    def types(self) -> dict[str, str]:
        """The type of each column, as Python writes it."""
        return {
            name: _type(value)
            for row in (self.visits[0], self.items[0])
            for name, value in row.items()
        }

    def is_for_original(self, kind: str) -> bool:
        """Tell whether the original knows the columns: it ranks by period, month and weekday."""
        return kind != "ranking" or set(self.visits[0]) == {"visitorid", *USUAL}

    def body(self, kind: str, form: str, number: int) -> str:
        """Return the body of a request.

        Parameters
        ----------
        kind : str
            One of `KINDS`.
        form : str
            "typed" for our endpoints, or "score" for the original's.
        number : int
            Which one; beyond the last they begin again.
        """
        if kind == "basket":
            taken = [self.items[(number * BASKET + n) % len(self.items)] for n in range(BASKET)]
            return json.dumps({"baskets": [taken]}, separators=(",", ":"))
        rows = {"ranking": self.visits, "similarity": self.shoppers, "similar": self.items}[kind]
        row = rows[number % len(rows)]
        body: Any = {"items" if kind == "similar" else "users": [row]}
        if kind == "ranking" and self.is_plain:
            body["model"] = "ranking"  # otherwise side data tells that it is wanted
        return json.dumps([row] if form == "score" else body, separators=(",", ":"))


def read_asked(root: Path, count: int = COUNT) -> Asked:
    """Read what a pair knows.

    Parameters
    ----------
    root : Path
        Its directory, a registry.
    count : int
        How many rows of each kind to make, all of different ids if there are so many.
    """
    registry = Registry(root)
    ranking = registry.load("ranking_factorization_model")
    similarity = registry.load("similarity_model").model
    columns = [_Values(column) for column in read_model(ranking.path).metadata.columns[2:]]
    draw = random.Random(0)
    users = _some(ranking.model.users, ranking.model.num_users, count)
    return Asked(
        visits=[
            {
                ranking.model.user_column.name: user,
                **{each.name: each.draw(draw) for each in columns},
            }
            for user in users
        ],
        shoppers=_rows(similarity, "users", count),
        items=_rows(similarity, "items", count),
    )


def _type(value: Any) -> str:
    name = type(value).__name__
    if isinstance(value, list):
        return f"list[{_type(value[0])}]"
    return f"dict[str, {_type(next(iter(value.values())))}]" if isinstance(value, dict) else name


def _rows(model: Recommender, which: str, count: int) -> list[Row]:
    if which == "users":
        found = _some(model.users, model.num_users, count)
        return [{model.user_column.name: each} for each in found]
    found = _some(model.items, model.num_items, count)
    return [{model.item_column.name: each} for each in found]


def _some(index: Any, known: int, count: int) -> list[Any]:
    places = np.random.default_rng(0).permutation(known)[:count]
    found: list[Any] = index.ids(places.astype(np.int64))
    return found


class _Values:
    """Values of a side column: the usual one if it has a name that we know, or others in turn."""

    def __init__(self, column: Column) -> None:
        self.name = column.name
        self._column = column
        known = column.values.take(range(min(len(column.values), _WORDS)))
        self._words = [word for word in known if word is not None]

    def draw(self, draw: random.Random) -> Any:
        """Return a value."""
        column = self._column
        if self.name in USUAL:
            return USUAL[self.name]
        if column.mode == ColumnMode.NUMERIC:
            value = draw.uniform(0.0, 2.0 * float(column.means[0]))
            return round(value) if column.value_type == ValueType.INTEGER else value
        if column.mode == ColumnMode.NUMERIC_VECTOR:
            return [draw.gauss(0.0, 1.0) for _ in range(column.size)]
        words = draw.sample(self._words, min(draw.randint(1, 3), len(self._words)))
        if column.mode == ColumnMode.CATEGORICAL_LIST:
            return words
        if column.mode == ColumnMode.DICTIONARY:
            return {word: draw.gauss(0.0, 1.0) for word in words}
        return words[0]


@contextmanager
def written(asked: Asked, count: int = COUNT) -> Iterator[Path]:
    """Write the bodies of all kinds and forms, a line each, for ``requests.lua``.

    Parameters
    ----------
    asked : Asked
        What is asked.
    count : int
        How many bodies of each kind.

    Yields
    ------
    Path
        A folder of files that `bodies_file` names; it is removed in the end.
    """
    with TemporaryDirectory() as folder:
        for kind in KINDS:
            for form in FORMS:
                lines = (asked.body(kind, form, number) + "\n" for number in range(count))
                bodies_file(Path(folder), kind, form).write_text("".join(lines))
        yield Path(folder)


def bodies_file(folder: Path, kind: str, form: str) -> Path:
    """Return the file with the bodies of a kind and a form."""
    return folder / f"{kind}.{form}"
