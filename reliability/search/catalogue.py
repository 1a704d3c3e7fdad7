"""What requests can be made of: the OpenAPI document's columns, and ids that the models know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from turi_recommender import Recommender
from turi_recommender.format import read_model
from turi_recommender.versions import Registry

SIMILARITY, RANKING = "similarity_model", "ranking_factorization_model"
_IDS = 4000
_HEAVY = 1000
_WORDS = 50_000


@dataclass(frozen=True, slots=True)
class Side:
    """A side column of a user's row.

    Attributes
    ----------
    kind : {"integer", "number", "string", "array", "object"}
        Its type in the document.
    entry : {"integer", "number", "string"}
        Type of an array's entries, or of an object's keys.
    size : int or None
        Length that an array must have.
    words : list
        Categories that the model knows.
    """

    kind: str
    entry: str
    size: int | None
    words: list[Any]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What requests can be made of.

    Attributes
    ----------
    user, item : str
        Names of the columns.
    columns : dict of str to Side
        The side columns of a user's row.
    users, items : list
        Some that are known, from all places of the model.
    heavy : list
        Users with the longest histories, longest first.
    names : list of str
        Registry names.
    """

    user: str
    item: str
    columns: dict[str, Side]
    users: list[Any]
    items: list[Any]
    heavy: list[Any]
    names: list[str]

    @property
    def has_texts(self) -> bool:
        """Whether ids are strings."""
        return isinstance(self.users[0], str)


def read_catalogue(root: Path, document: dict[str, Any]) -> Catalogue:
    """Read models, and the document of the service that serves them.

    Parameters
    ----------
    root : Path
        A registry with the two models.
    document : dict
        The OpenAPI document.
    """
    registry = Registry(root)
    similarity, ranking = registry.load(SIMILARITY), registry.load(RANKING)
    model = similarity.model
    saved = read_model(ranking.path)
    words = {column.name: column.values for column in saved.metadata.columns[2:]}
    schemas = document["components"]["schemas"]
    user = model.user_column.name
    properties = schemas["User"]["properties"]
    sides = {name: _variant(part) for name, part in properties.items() if name != user}
    return Catalogue(
        user=user,
        item=model.item_column.name,
        columns={
            name: _side(part, words[name].take(range(min(len(words[name]), _WORDS))))
            for name, part in sides.items()
        },
        users=_some(model.users, model.num_users),
        items=_some(model.items, model.num_items),
        heavy=_heavy(model),
        names=[SIMILARITY, RANKING],
    )


def _some(index: Any, count: int) -> list[Any]:
    found: list[Any] = index.ids(np.linspace(0, count - 1, min(count, _IDS)).astype(np.int64))
    return found


def _heavy(model: Recommender) -> list[Any]:
    lengths = np.diff(model.interactions.starts)
    longest = np.argsort(-lengths, kind="stable")[:_HEAVY]
    return list(model.users.ids(longest))


def _variant(part: dict[str, Any]) -> dict[str, Any]:
    """Return the type of a property that may also be null."""
    variants: list[dict[str, Any]] = part.get("anyOf", [part])
    return next(variant for variant in variants if variant.get("type") != "null")


def _side(part: dict[str, Any], words: list[Any]) -> Side:
    known = [word for word in words if word is not None]
    kind = part.get("type", "string")
    entry = part.get("items", {}).get("type", "string")
    if kind == "object" and known:
        entry = "string" if isinstance(known[0], str) else "integer"
    return Side(kind, entry, part.get("maxItems"), known)
