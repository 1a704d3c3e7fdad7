"""Requests and responses, in the loaded models' own column names and types.

The fields of a row are known only when the models are loaded, so these types are built at the
start. They are typed dictionaries, because a column may have any name, and because a field that was
not sent is then absent, and can be told from one that is null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, create_model, with_config
from typing_extensions import TypedDict  # the one that pydantic takes before Python 3.12

from turi_recommender import Column, ColumnMode, ValueType

from .errors import ConfigurationError
from .models.loaded import LoadedModels
from .settings import Settings

STRICT = ConfigDict(extra="forbid", strict=True)
_PLAIN = 2.0**53  # all whole numbers below it can be floats
_RESERVED = {"score", "rank", "similar"}  # names that the rows of answers use themselves
_WHOM = "Whom to recommend to, with what is known of the visit"
_NUMBER = Annotated[float, Field(allow_inf_nan=False)]
_INTEGER = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]

# The same forms as values, because type checkers do not follow types that are made at run time.
_LIST: Any = list
_DICT: Any = dict
_ANNOTATED: Any = Annotated
_NOT_REQUIRED: Any = NotRequired
_TYPED_DICT: Any = TypedDict


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


class _Examples:
    """Requests that the loaded models answer, for "Try it out"."""

    def __init__(self, models: LoadedModels) -> None:
        user, item = models.user_column, models.item_column
        users, items = user.sample(2), item.sample(2)
        side = {column.name: self._value(column) for column in models.side_columns}
        self.recommend = [{"users": [{user.name: one} for one in users], "k": 5}] if users else []
        if side and users:
            self.recommend.insert(0, {"users": [{user.name: users[0], **side}], "k": 5})
        self.similar = [{"items": [{item.name: one} for one in items], "k": 5}] if items else []

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


def build_schemas(models: LoadedModels, settings: Settings) -> Schemas:
    """Build the types for the loaded models.

    Parameters
    ----------
    models : LoadedModels
        Their columns become the fields of rows.
    settings : Settings
        Limits on `k` and on the lengths of lists.

    Raises
    ------
    ConfigurationError
        If a user or item column has a name that the answers need for themselves.
    """
    for column in (models.user_column, models.item_column):
        if column.name in _RESERVED:
            name = repr(column.name)
            raise ConfigurationError(f"a column named {name} cannot be told from the answer's")
    examples = _Examples(models)
    return Schemas(
        recommend_request=_recommend_request(models, settings, examples),
        recommend_response=_recommend_response(models),
        similar_request=_similar_request(models, settings, examples),
        similar_response=_similar_response(models),
    )


def _recommend_request(
    models: LoadedModels, settings: Settings, examples: _Examples
) -> type[BaseModel]:
    item_ids = _LIST[_id_type(models.item_column)]
    most = settings.max_items
    only = "Recommend only these"
    none = "Recommend none of these"
    choice = "auto: ranking if any user carries side data, else similarity"
    return _request(
        "RecommendRequest",
        examples.recommend,
        users=(
            _LIST[_user_row(models)],
            Field(min_length=1, max_length=settings.max_users, description=_WHOM),
        ),
        k=_k(settings),
        exclude_known=(bool, Field(True, description="Leave out items the user is known for")),
        items=(
            _ANNOTATED[item_ids, Field(min_length=1, max_length=most)] | None,
            Field(None, description=only),
        ),
        exclude_items=(
            _ANNOTATED[item_ids, Field(max_length=most)] | None,
            Field(None, description=none),
        ),
        model=(Literal["auto", "similarity", "ranking"], Field("auto", description=choice)),
        side_data_defaults=(
            bool,
            Field(True, description="Fill side columns that are left out with the defaults"),
        ),
    )


def _recommend_response(models: LoadedModels) -> type[BaseModel]:
    user, item = models.user_column, models.item_column
    return _model(
        "RecommendResponse",
        model=(ModelReference, ...),
        recommendations=(_LIST[_answer_row("Recommendation", user, item, item.name)], ...),
        cold_users=(
            _LIST[_id_type(user)],
            Field(description="Users that the model does not know"),
        ),
    )


def _similar_request(
    models: LoadedModels, settings: Settings, examples: _Examples
) -> type[BaseModel]:
    item = models.item_column
    return _request(
        "SimilarItemsRequest",
        examples.similar,
        items=(
            _LIST[_typed_dict("Item", {item.name: _id_type(item)})],
            Field(min_length=1, max_length=settings.max_items),
        ),
        k=_k(settings),
        model=(Literal["similarity", "ranking"], "similarity"),
    )


def _similar_response(models: LoadedModels) -> type[BaseModel]:
    item = models.item_column
    return _model(
        "SimilarItemsResponse",
        model=(ModelReference, ...),
        similar_items=(_LIST[_answer_row("SimilarItem", item, item, "similar")], ...),
        unknown_items=(
            _LIST[_id_type(item)],
            Field(description="Items that the model does not know"),
        ),
    )


def _request(name: str, examples: list[Any], **fields: Any) -> type[BaseModel]:
    config = ConfigDict(**STRICT, json_schema_extra={"examples": examples})
    return _model(name, __config__=config, **fields)


def _model(name: str, **parts: Any) -> type[BaseModel]:
    make: Any = create_model
    model: type[BaseModel] = make(name, **parts)
    return model


def _k(settings: Settings) -> Any:
    return (int, Field(10, ge=1, le=settings.max_k, description="How many items"))


def _user_row(models: LoadedModels) -> Any:
    fields: dict[str, Any] = {models.user_column.name: _id_type(models.user_column)}
    for column in models.side_columns:
        if column.mode != ColumnMode.UNTRANSLATED:
            fields.setdefault(column.name, _NOT_REQUIRED[_side_type(column)])
    return _typed_dict("User", fields)


def _answer_row(name: str, head: Column, item: Column, item_name: str) -> Any:
    ids = {head.name: _id_type(head), item_name: _id_type(item)}
    return _typed_dict(name, {**ids, "score": float | None, "rank": int})


def _typed_dict(name: str, fields: dict[str, Any]) -> Any:
    return with_config(STRICT)(_TYPED_DICT(name, fields))


def _id_type(column: Column) -> Any:
    """Return the type of an id; null is one only where the model was trained with it."""
    example = column.sample(1)
    kind: Any
    if column.value_type == ValueType.STRING:
        kind = Annotated[str, Field(examples=example)]
    else:
        kind = Annotated[int, Field(ge=-(2**63), le=2**63 - 1, examples=example)]
    return kind | None if column.nullable else kind


def _side_type(column: Column) -> Any:
    """Return the type of a side column's value; null is the library's missing value."""
    categories = column.sample(1000)
    kind: Any
    match column.mode:
        case ColumnMode.NUMERIC:
            kind = _INTEGER if column.value_type == ValueType.INTEGER else _NUMBER
        case ColumnMode.NUMERIC_VECTOR:
            kind = _ANNOTATED[_LIST[_NUMBER], Field(min_length=column.size, max_length=column.size)]
        case ColumnMode.CATEGORICAL_LIST:
            kind = _LIST[_category_type(categories)]
        case ColumnMode.DICTIONARY:
            kind = _DICT[_category_type(categories), _NUMBER]
        case _:
            kind = _category_type(categories)
    examples = [value for value in categories if value is not None][:3]
    shown = examples if column.mode == ColumnMode.CATEGORICAL else None
    return _ANNOTATED[kind | None, Field(examples=shown)]


def _category_type(categories: list[Any]) -> Any:
    """Return the type of a category: that of the trained ones, where they agree."""
    kinds = {type(category) for category in categories if category is not None}
    if kinds == {int}:
        return _INTEGER
    return str if kinds <= {str} else int | str
