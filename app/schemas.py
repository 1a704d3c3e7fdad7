"""Requests and responses, in the loaded models' own column names and types.

The fields of a row are known only when the models are loaded, so these types are built at the start.
They are typed dictionaries: a column may have any name, and a field that was not sent is not there,
which tells it from one that is null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import BaseModel, ConfigDict, Field, create_model, with_config

from app.models import Column, ColumnMode, ValueType
from app.service import RecommendationService
from app.settings import ConfigurationError, Settings

STRICT = ConfigDict(extra="forbid", strict=True)
_RESERVED = {"score", "rank", "similar"}  # names that an answer's rows need themselves


class ModelReference(BaseModel):
    """The model that answered."""

    name: str = Field(examples=["similarity_model"])
    version: str | None = Field(examples=["6"])
    kind: str = Field(examples=["item_similarity"])


@dataclass(frozen=True, slots=True)
class Schemas:
    """Types of request bodies and answers.

    Attributes
    ----------
    recommend_request, similar_request : type
        Pydantic models of the two request bodies.
    recommend_response, similar_response : type
        Pydantic models of the two answers; for the documentation.
    """

    recommend_request: type[BaseModel]
    recommend_response: type[BaseModel]
    similar_request: type[BaseModel]
    similar_response: type[BaseModel]


def build_schemas(service: RecommendationService, settings: Settings) -> Schemas:
    """Build the types for the loaded models.

    Raises
    ------
    ConfigurationError
        If a user or item column has a name that the answers need for themselves.
    """
    user, item = service.user_column, service.item_column
    for column in (user, item):
        if column.name in _RESERVED:
            raise ConfigurationError(
                f"a column named {column.name!r} cannot be told from the answer's"
            )
    user_id, item_id = _id_type(user), _id_type(item)
    examples = _Examples(service)
    items = Annotated[list[item_id], Field(min_length=1, max_length=settings.max_items)]  # type: ignore[valid-type]
    k = Annotated[int, Field(ge=1, le=settings.max_k, description="How many items")]
    return Schemas(
        recommend_request=create_model(
            "RecommendRequest",
            __config__=ConfigDict(**STRICT, json_schema_extra={"examples": examples.recommend}),
            users=(
                Annotated[
                    list[_user_row(service, user_id)],  # type: ignore[misc]
                    Field(min_length=1, max_length=settings.max_users),
                ],
                Field(description="Whom to recommend to, with what is known of the visit"),
            ),
            k=(k, 10),
            exclude_known=(bool, Field(True, description="Leave out items the user is known for")),
            items=(items | None, Field(None, description="Recommend only these")),
            exclude_items=(
                Annotated[list[item_id], Field(max_length=settings.max_items)] | None,  # type: ignore[valid-type]
                Field(None, description="Recommend none of these"),
            ),
            model=(
                Literal["auto", "similarity", "ranking"],
                Field(
                    "auto",
                    description="auto: ranking if any user carries side data, else similarity",
                ),
            ),
            side_data_defaults=(
                bool,
                Field(True, description="Fill side columns that are left out with the defaults"),
            ),
        ),
        recommend_response=create_model(
            "RecommendResponse",
            model=(ModelReference, ...),
            recommendations=(list[_answer_row("Recommendation", user, item, item.name)], ...),  # type: ignore[misc]
            cold_users=(
                list[user_id],  # type: ignore[valid-type]
                Field(description="Users that the model does not know"),
            ),
        ),
        similar_request=create_model(
            "SimilarItemsRequest",
            __config__=ConfigDict(**STRICT, json_schema_extra={"examples": examples.similar}),
            items=(
                Annotated[
                    list[_typed_dict("Item", {item.name: item_id})],  # type: ignore[misc]
                    Field(min_length=1, max_length=settings.max_items),
                ],
                ...,
            ),
            k=(k, 10),
            model=(Literal["similarity", "ranking"], "similarity"),
        ),
        similar_response=create_model(
            "SimilarItemsResponse",
            model=(ModelReference, ...),
            similar_items=(list[_answer_row("SimilarItem", item, item, "similar")], ...),  # type: ignore[misc]
            unknown_items=(
                list[item_id],  # type: ignore[valid-type]
                Field(description="Items that the model does not know"),
            ),
        ),
    )


def _user_row(service: RecommendationService, user_id: Any) -> Any:
    fields: dict[str, Any] = {service.user_column.name: user_id}
    for column in service.side_columns:
        if column.mode != ColumnMode.UNTRANSLATED and column.name not in fields:
            fields[column.name] = NotRequired[_side_type(column)]  # type: ignore[valid-type]
    return _typed_dict("User", fields)


def _answer_row(name: str, head: Column, item: Column, item_name: str) -> Any:
    return _typed_dict(
        name,
        {
            head.name: _id_type(head),
            item_name: _id_type(item),
            "score": float | None,
            "rank": int,
        },
    )


def _typed_dict(name: str, fields: dict[str, Any]) -> Any:
    return with_config(STRICT)(TypedDict(name, fields))  # type: ignore[operator]


def _id_type(column: Column) -> Any:
    example = column.sample(1)
    if column.value_type == ValueType.STRING:
        return Annotated[str, Field(examples=example)]
    return Annotated[int, Field(ge=-(2**63), le=2**63 - 1, examples=example)]


def _side_type(column: Column) -> Any:
    """Return the type of a side column's value; null is the library's missing value."""
    number = Annotated[float, Field(allow_inf_nan=False)]
    integer = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
    categories = column.sample(1000)
    match column.mode:
        case ColumnMode.NUMERIC:
            kind = integer if column.value_type == ValueType.INTEGER else number
        case ColumnMode.NUMERIC_VECTOR:
            kind = Annotated[list[number], Field(min_length=column.size, max_length=column.size)]
        case ColumnMode.CATEGORICAL_LIST:
            kind = list[_category_type(categories)]  # type: ignore[misc]
        case ColumnMode.DICTIONARY:
            kind = dict[_category_type(categories), number]  # type: ignore[misc]
        case _:
            kind = _category_type(categories)
    examples = [value for value in categories if value is not None][:3]
    shown = examples if column.mode == ColumnMode.CATEGORICAL else None
    return Annotated[kind | None, Field(examples=shown)]


def _category_type(categories: list[Any]) -> Any:
    """Return the type of a category: that of the trained ones, where they agree."""
    kinds = {type(category) for category in categories if category is not None}
    if kinds == {int}:
        return Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
    if kinds <= {str}:
        return str
    return int | str


class _Examples:
    """Requests that the loaded models answer, for "Try it out"."""

    def __init__(self, service: RecommendationService) -> None:
        user, item = service.user_column, service.item_column
        users, items = user.sample(2), item.sample(2)
        side = {column.name: self._value(column) for column in service.side_columns}
        self.recommend = [{"users": [{user.name: one} for one in users], "k": 5}] if users else []
        if side and users:
            self.recommend.insert(0, {"users": [{user.name: users[0], **side}], "k": 5})
        self.similar = [{"items": [{item.name: one} for one in items], "k": 5}] if items else []

    @staticmethod
    def _value(column: Column) -> Any:
        categories = [value for value in column.sample(5) if value is not None]
        mean = float(column.means[0]) if len(column.means) else 0.0
        match column.mode:
            case ColumnMode.NUMERIC:
                return round(mean) if column.value_type == ValueType.INTEGER else mean
            case ColumnMode.NUMERIC_VECTOR:
                return column.means.tolist()
            case ColumnMode.CATEGORICAL_LIST:
                return categories[:2]
            case ColumnMode.DICTIONARY:
                return dict.fromkeys(map(str, categories[:2]), 1.0)
            case _:
                return categories[0] if categories else None
