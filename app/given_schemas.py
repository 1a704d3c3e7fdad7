"""Types of what a request brings along: interactions, baskets, side data, and how to draw.

Like those of `schemas`, which puts them into bodies, they bear the loaded models' own column names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Discriminator, Field, Tag

from turi_recommender import Column, Id

from .json_types import (
    ANNOTATED,
    FORMS,
    INTEGER,
    LIST,
    NOT_REQUIRED,
    NUMBER,
    asked_id,
    row_type,
    side_type,
    with_side_data,
)
from .models.loaded import LoadedModels
from .settings import Settings

VISITOR = "visitor"
ITEMS = "items"
_AS_LIST, _AS_OBJECT = FORMS
_IN_BASKET = "What the visitor has seen or put into the basket; it may be empty"
_WHOSE = "Id of the visitor; the basket is nobody's if it is left out or null"
_LIKED = (
    "How much the visitor likes the item, on the scale of the training data; 1 if it is left out. "
    "Similarity models of the kind `jaccard` only look whether it is 0"
)
_FOLD_IN = (
    bool,
    Field(
        False,
        description="Answer visitors with interactions, or a basket, by the vector that training "
        "would give them; only a model that the solver `ials` trained can",
    ),
)


class GivenTypes:
    """Types of fields and rows.

    Parameters
    ----------
    models : LoadedModels
        Their columns become the fields of rows.
    settings : Settings
        Limits on the lengths of lists.
    users, items : sequence of int or str
        Ids that the documentation shows.
    """

    def __init__(
        self,
        models: LoadedModels,
        settings: Settings,
        users: Sequence[Id],
        items: Sequence[Id],
    ) -> None:
        self._models = models
        self._settings = settings
        self._user = asked_id(models.user_column, list(users[:1]))
        self._item = asked_id(models.item_column, list(items[:1]))

    def fields(self) -> dict[str, Any]:
        """Return the fields of a body that recommends to users."""
        done = {self._models.user_column.name: self._user, **self._bought()}
        return {
            "interactions": _optional(
                LIST[row_type("Interaction", done)],
                self._settings.max_items,
                "What users of the request have done since the model was trained",
            ),
            **self.side_data(),
            **self._drawing(),
            "fold_in": _FOLD_IN,
        }

    def fields_of_baskets(self) -> dict[str, Any]:
        """Return those fields that a body for baskets has, too."""
        return {"item_data": self._item_data(), **self._drawing(), "fold_in": _FOLD_IN}

    def side_data(self) -> dict[str, Any]:
        """Return the fields of side data."""
        user = self._models.user_column.name
        told = {user: self._user, **_fields(self._side_columns("user"))}
        user_data = _optional(
            LIST[row_type("UserData", told)],
            self._settings.max_users,
            "Side data of users, in place of what the model was trained with",
        )
        return {"user_data": user_data, "item_data": self._item_data()}

    def _item_data(self) -> Any:
        told = {self._models.item_column.name: self._item, **_fields(self._side_columns("item"))}
        return _optional(
            LIST[row_type("ItemData", told)],
            self._settings.max_items,
            "Side data of items; those that the model does not know can be recommended by it",
        )

    def _drawing(self) -> dict[str, Any]:
        return {
            "diversity": (
                ANNOTATED[NUMBER, Field(ge=0)] | None,
                Field(
                    None,
                    description="Draw from the best `k` times (1 + diversity) items; null is 0",
                ),
            ),
            "seed": (
                INTEGER | None,
                Field(None, description="Equal seeds draw the same items; null is 0"),
            ),
        }

    def basket(self) -> Any:
        """Return the type of a basket: a list of items, or an object with such a list."""
        item = row_type("BasketItem", self._bought())
        items = ANNOTATED[LIST[item], Field(max_length=self._settings.max_items)]
        fields: dict[str, Any] = {
            ITEMS: ANNOTATED[items, Field(description=_IN_BASKET)],
            VISITOR: NOT_REQUIRED[ANNOTATED[self._user | None, Field(description=_WHOSE)]],
        }
        visit = row_type("Basket", with_side_data(fields, self._models.side_columns))
        forms = ANNOTATED[items, Tag(_AS_LIST)] | ANNOTATED[visit, Tag(_AS_OBJECT)]
        return ANNOTATED[forms, Discriminator(_form)]

    def _bought(self) -> dict[str, Any]:
        """Return the fields of an item that somebody has seen or bought, and how much of it."""
        fields: dict[str, Any] = {self._models.item_column.name: self._item}
        for model in self._models.models:
            if model.target is not None:
                liked = ANNOTATED[NUMBER, Field(description=_LIKED)]
                fields.setdefault(model.target, NOT_REQUIRED[liked])
        return fields

    def _side_columns(self, of: str) -> Mapping[str, Column]:
        """Return the side columns of users or items, by all names that rows may use for them."""
        found: dict[str, Column] = {}
        for model in self._models.models:
            users_before, items_before = model.side_names_before
            is_user = of == "user"
            columns = model.user_side_columns if is_user else model.item_side_columns
            before = users_before if is_user else items_before
            for column in columns:
                found.setdefault(column.name, column)
                if column.name in before:
                    found.setdefault(before[column.name], column)
        return found


def _fields(columns: Mapping[str, Column]) -> dict[str, Any]:
    """Return optional fields: which of them a model needs, it says itself."""
    return {name: NOT_REQUIRED[side_type(column)] for name, column in columns.items()}


def _optional(rows: Any, most: int, description: str) -> tuple[Any, Any]:
    listed = ANNOTATED[rows, Field(max_length=most)]
    return listed | None, Field(None, description=description)


def _form(basket: Any) -> str:
    """Return which form a basket is meant to have."""
    return _AS_OBJECT if isinstance(basket, dict) else _AS_LIST
