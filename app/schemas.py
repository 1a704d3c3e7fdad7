"""Requests and responses, in the loaded models' own column names and types.

The fields of a row are known only when the models are loaded, so these types are built at the
start. They are typed dictionaries, because a column may have any name, and because a field that was
not sent is then absent, and can be told from one that is null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, with_config
from typing_extensions import TypedDict  # the one that pydantic takes before Python 3.12

from turi_recommender import Column, ColumnMode, ValueType

from .context import meaning_of
from .errors import ConfigurationError
from .examples import Examples
from .integers import exact_id, exact_integer
from .limits import SHOWN_UNKNOWN_VALUES
from .models.columns import category_kind
from .models.loaded import LoadedModels
from .models.roles import default_similar
from .settings import Settings

STRICT = ConfigDict(extra="forbid", strict=True)
_RESERVED = {"score", "rank", "similar"}  # names that the rows of answers use themselves
_WHOM = "Whom to recommend to, with what is known of the visit"
_NUMBER = Annotated[float, Field(allow_inf_nan=False)]
_RANK = Annotated[int, Field(ge=1, le=2**31 - 1)]
_WHOLE = BeforeValidator(exact_integer)
_INTEGER = Annotated[int, Field(ge=-(2**63), le=2**63 - 1), _WHOLE]
_ID = BeforeValidator(exact_id)
_DIGITS = "A string of digits will do, too: for languages without exact integers beyond 2**53"
_INTEGER_KEY = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]  # keys in JSON are texts

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


class UnknownValue(BaseModel):
    """A category that the model does not know."""

    row: int = Field(ge=0, le=2**31 - 1, description="Position in `users`", examples=[0])
    column: str = Field(examples=["period"])
    value: Any = Field(description="As it was asked; long texts are cut", examples=["night"])


@dataclass(frozen=True, slots=True)
class Schemas:
    """Types of request bodies and answers.

    Attributes
    ----------
    recommend_request, similar_request : type
        Pydantic models of the two request bodies.
    recommend_response, similar_response : type
        Pydantic models of the two answers; for the documentation.
    records : type
        Of the drop-in's payload, for the documentation; other columns are ignored there.
    """

    recommend_request: type[BaseModel]
    recommend_response: type[BaseModel]
    similar_request: type[BaseModel]
    similar_response: type[BaseModel]
    records: Any


def build_schemas(models: LoadedModels, settings: Settings, examples: Examples) -> Schemas:
    """Build the types for the loaded models.

    Parameters
    ----------
    models : LoadedModels
        Their columns become the fields of rows.
    settings : Settings
        Limits on `k` and on the lengths of lists.
    examples : Examples
        What the documentation shows.

    Raises
    ------
    ConfigurationError
        If a user or item column has a name that the answers need for themselves.
    """
    for column in (models.user_column, models.item_column):
        if column.name in _RESERVED:
            name = repr(column.name)
            raise ConfigurationError(f"a column named {name} clashes with a field of the answers")
    return Schemas(
        recommend_request=_recommend_request(models, settings, examples),
        recommend_response=_recommend_response(models, examples),
        similar_request=_similar_request(models, settings, examples),
        similar_response=_similar_response(models, examples),
        records=_records(models, examples),
    )


def _recommend_request(
    models: LoadedModels, settings: Settings, examples: Examples
) -> type[BaseModel]:
    item_ids = _LIST[_asked_item(models, examples)]
    most = settings.max_items
    only = "Recommend only these"
    none = "Recommend none of these"
    choice = (
        "auto: ranking if any user carries side data, else similarity; where only one of the two "
        "models is loaded, that one"
    )
    return _request(
        "RecommendRequest",
        examples.recommend,
        users=(
            _LIST[_user_row(models, examples)],
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
        context=(
            Literal["now"] | None,
            Field(
                None,
                description="now: take period, month and weekday from the clock (UTC) where a "
                "user's row leaves them out",
            ),
        ),
    )


def _recommend_response(models: LoadedModels, examples: Examples) -> type[BaseModel]:
    user, item = models.user_column.name, models.item_column.name
    row = {user: _user_id(models, examples), item: _item_id(models, examples)}
    return _model(
        "RecommendResponse",
        model=(ModelReference, ...),
        recommendations=(_LIST[_answer_row("Recommendation", row)], ...),
        cold_users=(
            _LIST[row[user]],
            Field(description="Users that the model does not know"),
        ),
        unknown_items=(
            _LIST[row[item]],
            Field(description="Those of `items` and `exclude_items` that the model does not know"),
        ),
        unknown_values=(
            list[UnknownValue],
            Field(
                description="Side data that the model was not trained with and so ignores; "
                f"at most {SHOWN_UNKNOWN_VALUES} are listed"
            ),
        ),
    )


def _similar_request(
    models: LoadedModels, settings: Settings, examples: Examples
) -> type[BaseModel]:
    item = models.item_column.name
    return _request(
        "SimilarItemsRequest",
        examples.similar,
        items=(
            _LIST[_typed_dict("Item", {item: _asked_item(models, examples)})],
            Field(min_length=1, max_length=settings.max_items),
        ),
        k=_k(settings),
        model=(Literal["similarity", "ranking"], default_similar(models.loaded_roles)),
    )


def _similar_response(models: LoadedModels, examples: Examples) -> type[BaseModel]:
    item_id = _item_id(models, examples)
    row = {models.item_column.name: item_id, "similar": item_id}
    return _model(
        "SimilarItemsResponse",
        model=(ModelReference, ...),
        similar_items=(_LIST[_answer_row("SimilarItem", row)], ...),
        unknown_items=(
            _LIST[item_id],
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
    limits = Field(ge=1, le=settings.max_k, description="How many items")
    return (_ANNOTATED[int, limits, _WHOLE], 10)


def _records(models: LoadedModels, examples: Examples) -> Any:
    user = with_config(extra="allow")(_TYPED_DICT("UserRecord", _user_fields(models, examples)))
    item_id = {models.item_column.name: _asked_item(models, examples)}
    item = with_config(extra="allow")(_TYPED_DICT("ItemRecord", item_id))
    # One list of either, though all its records must be of one kind: generators of clients make no
    # type of a choice between two lists.
    return _LIST[_ANNOTATED[user | item, Field(title="Record")]]


def _user_row(models: LoadedModels, examples: Examples) -> Any:
    return _typed_dict("User", _user_fields(models, examples))


def _user_fields(models: LoadedModels, examples: Examples) -> dict[str, Any]:
    user = _asked_id(models.user_column, examples.users[:1])
    fields: dict[str, Any] = {models.user_column.name: user}
    for column in models.side_columns:
        if column.mode != ColumnMode.UNTRANSLATED:
            fields.setdefault(column.name, _NOT_REQUIRED[_side_type(column)])
    return fields


def _answer_row(name: str, ids: dict[str, Any]) -> Any:
    return _typed_dict(name, {**ids, "score": float | None, "rank": _RANK})


def _typed_dict(name: str, fields: dict[str, Any]) -> Any:
    return with_config(STRICT)(_TYPED_DICT(name, fields))


def _asked_item(models: LoadedModels, examples: Examples) -> Any:
    return _asked_id(models.item_column, examples.items[:1])


def _asked_id(column: Column, examples: list[Any]) -> Any:
    """Return the type of an id in a request."""
    kind = _id_type(column, examples)
    if column.value_type == ValueType.STRING:
        return kind
    return _ANNOTATED[kind, Field(description=_DIGITS), _ID]


def _user_id(models: LoadedModels, examples: Examples) -> Any:
    return _id_type(models.user_column, examples.users[:1])


def _item_id(models: LoadedModels, examples: Examples) -> Any:
    return _id_type(models.item_column, examples.items[:1])


def _id_type(column: Column, examples: list[Any]) -> Any:
    """Return the type of an id, as answers have it; null is one only where it was trained."""
    kind: Any
    if column.value_type == ValueType.STRING:
        kind = Annotated[str, Field(examples=examples)]
    else:
        kind = Annotated[int, Field(ge=-(2**63), le=2**63 - 1, examples=examples)]
    return kind | None if column.nullable else kind


def _side_type(column: Column) -> Any:
    """Return the type of a side column's value; null is the library's missing value."""
    kind: Any
    match column.mode:
        case ColumnMode.NUMERIC:
            kind = _INTEGER if column.value_type == ValueType.INTEGER else _NUMBER
        case ColumnMode.NUMERIC_VECTOR:
            kind = _ANNOTATED[_LIST[_NUMBER], Field(min_length=column.size, max_length=column.size)]
        case ColumnMode.CATEGORICAL_LIST:
            kind = _LIST[_category_type(column)]
        case ColumnMode.DICTIONARY:
            kind = _DICT[_category_type(column, _INTEGER_KEY), _NUMBER]
        case _:
            kind = _category_type(column)
    shown = column.sample(3) if column.mode == ColumnMode.CATEGORICAL else None
    meaning = meaning_of(column)
    told = None if meaning is None else meaning.description
    return _ANNOTATED[kind | None, Field(examples=shown, description=told)]


def _category_type(column: Column, integer: Any = _INTEGER) -> Any:
    """Return the type of a category: that of the trained ones, where they agree.

    Parameters
    ----------
    column : Column
    integer : type
        That of integers.
    """
    types = {"integer": integer, "string": str, "either": integer | str}
    return types[category_kind(column)]
