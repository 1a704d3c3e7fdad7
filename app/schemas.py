"""Requests and responses, in the loaded models' own column names and types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field, with_config

from turi_recommender.scoring.results import Basis

from .errors import ConfigurationError
from .examples import Examples
from .given_schemas import GivenTypes
from .json_types import (
    ANNOTATED,
    LIST,
    SCORE,
    TYPED_DICT,
    WHOLE,
    answer_row_type,
    answer_type,
    asked_id,
    body_type,
    id_type,
    row_type,
    with_side_data,
)
from .limits import SHOWN_UNKNOWN_VALUES, SOUGHT_VALUES
from .models.loaded import LoadedModels
from .models.roles import default_scoring, default_similar
from .settings import Auto, Settings
from .why_schemas import WHY_FIELDS, why_fields

# Names that the rows of answers use themselves, beside the column of users, and that of items.
_RESERVED_USER = {"items", "score", "rank", "similar", "basis", "model", "why", "why_of"}
_RESERVED_ITEM = {"score", "rank", "similar", "basket", *WHY_FIELDS}
_SIDE_DATA_DEFAULTS = (
    bool,
    Field(True, description="Fill side columns that are left out with the defaults"),
)
_TELL_WHY = (bool, Field(False, description="Tell the terms of each score"))
_WHOM = "Whom to recommend to, with what is known of the visit"
_THAT_ONE = "; where only one of the two models is loaded, that one"
_AUTO: dict[Auto, str] = {
    "side-data": f"ranking if any user carries side data, else similarity{_THAT_ONE}",
    "ranking": f"ranking{_THAT_ONE}",
    "similarity": f"similarity, which disregards side data{_THAT_ONE}",
    "measured": "for each user, the model that did best for such users when it was evaluated",
}


class ModelReference(BaseModel):
    """The model that answered."""

    name: str = Field(examples=["similarity_model"])
    version: str | None = Field(examples=["6"])
    kind: str = Field(examples=["item_similarity"])


class UnknownValue(BaseModel):
    """A category that the model does not know."""

    row: int = Field(ge=0, le=2**31 - 1, description="Position in the request", examples=[0])
    column: str = Field(examples=["period"])
    value: Any = Field(description="As it was asked; long texts are cut", examples=["night"])


_UNKNOWN_VALUES = (
    list[UnknownValue],
    Field(
        description="Side data that the model was not trained with and so ignores; "
        f"at most {SHOWN_UNKNOWN_VALUES} are listed, of the first {SOUGHT_VALUES} values"
    ),
)


@dataclass(frozen=True, slots=True)
class Schemas:
    """Types of request bodies and answers.

    Attributes
    ----------
    recommend_request, basket_request, similar_request, similar_users_request : type
    predict_request : type
        Pydantic models of the request bodies.
    recommend_response, basket_response, similar_response, similar_users_response : type
    predict_response : type
        Pydantic models of the answers; for the documentation.
    records : type
        Of the drop-in's payload, for the documentation; other columns are ignored there.
    """

    recommend_request: type[BaseModel]
    recommend_response: type[BaseModel]
    basket_request: type[BaseModel]
    basket_response: type[BaseModel]
    similar_request: type[BaseModel]
    similar_response: type[BaseModel]
    similar_users_request: type[BaseModel]
    similar_users_response: type[BaseModel]
    predict_request: type[BaseModel]
    predict_response: type[BaseModel]
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
    reserved = ((models.user_column, _RESERVED_USER), (models.item_column, _RESERVED_ITEM))
    for column, names in reserved:
        if column.name in names:
            name = repr(column.name)
            raise ConfigurationError(f"a column named {name} clashes with a field of the answers")
    given = GivenTypes(models, settings, examples.users, examples.items)
    why = why_fields(models.item_column.name, _item_id(models, examples))
    return Schemas(
        recommend_request=_recommend_request(models, settings, examples, given),
        recommend_response=_recommend_response(models, examples, why),
        basket_request=_basket_request(models, settings, examples, given),
        basket_response=_basket_response(models, examples, why),
        similar_request=_similar_request(models, settings, examples),
        similar_response=_similar_response(models, examples),
        similar_users_request=_similar_users_request(models, settings, examples),
        similar_users_response=_similar_users_response(models, examples),
        predict_request=_predict_request(models, settings, examples, given),
        predict_response=_predict_response(models, examples, why),
        records=_records(models, examples),
    )


def _recommend_request(
    models: LoadedModels, settings: Settings, examples: Examples, given: GivenTypes
) -> type[BaseModel]:
    choice = f"auto: {_AUTO[settings.auto]}"
    return body_type(
        "RecommendRequest",
        examples.recommend,
        users=(
            LIST[_user_row(models, examples)],
            Field(min_length=1, max_length=settings.max_users, description=_WHOM),
        ),
        k=_k(settings),
        exclude_known=(bool, Field(True, description="Leave out items the user is known for")),
        **_restrictions(models, settings, examples),
        model=(Literal["auto", "similarity", "ranking"], Field("auto", description=choice)),
        side_data_defaults=_SIDE_DATA_DEFAULTS,
        why=_TELL_WHY,
        context=(
            Literal["now"] | None,
            Field(
                None,
                description="now: take period, month and weekday from the clock (UTC) where a "
                "user's row leaves them out; models without such columns are asked without them",
            ),
        ),
        **given.fields(),
    )


def _basket_request(
    models: LoadedModels, settings: Settings, examples: Examples, given: GivenTypes
) -> type[BaseModel]:
    whose = (
        "Each a list of items, or an object with `items`, the visitor and what is known of the "
        "visit; a basket without a visitor is nobody's"
    )
    return body_type(
        "BasketRequest",
        examples.baskets,
        baskets=(
            LIST[given.basket()],
            Field(min_length=1, max_length=settings.max_users, description=whose),
        ),
        k=_k(settings),
        exclude_known=(
            bool,
            Field(True, description="Leave out items of the basket, and those its user has seen"),
        ),
        **_restrictions(models, settings, examples),
        model=(Literal["similarity", "ranking"], default_similar(models.loaded_roles)),
        side_data_defaults=_SIDE_DATA_DEFAULTS,
        why=_TELL_WHY,
        **given.fields_of_baskets(),
    )


def _restrictions(
    models: LoadedModels, settings: Settings, examples: Examples
) -> dict[str, tuple[Any, Any]]:
    """Return the fields that say which items may be recommended."""
    item_ids = LIST[_asked_item(models, examples)]
    most = settings.max_items
    return {
        "items": (
            ANNOTATED[item_ids, Field(min_length=1, max_length=most)] | None,
            Field(None, description="Recommend only these"),
        ),
        "exclude_items": (
            ANNOTATED[item_ids, Field(max_length=most)] | None,
            Field(None, description="Recommend none of these"),
        ),
    }


def _recommend_response(
    models: LoadedModels, examples: Examples, why: dict[str, Any]
) -> type[BaseModel]:
    user, item = models.user_column.name, models.item_column.name
    row = {user: _user_id(models, examples), item: _item_id(models, examples)}
    return answer_type(
        "RecommendResponse",
        model=(ModelReference, ...),
        recommendations=(LIST[answer_row_type("Recommendation", row, why)], ...),
        cold_users=(
            LIST[row[user]],
            Field(description="Users that the model does not know"),
        ),
        unknown_items=(
            LIST[row[item]],
            Field(
                description="Those of `items`, `exclude_items` and the users' `interactions` that "
                "the model does not know"
            ),
        ),
        unknown_values=_UNKNOWN_VALUES,
        answered=_answered("Answered", {user: row[user]}),
    )


def _basket_response(
    models: LoadedModels, examples: Examples, why: dict[str, Any]
) -> type[BaseModel]:
    item_id = _item_id(models, examples)
    place = ANNOTATED[int, Field(ge=0, le=2**31 - 1, description="Position in `baskets`")]
    row = {"basket": place, models.item_column.name: item_id}
    return answer_type(
        "BasketResponse",
        model=(ModelReference, ...),
        recommendations=(LIST[answer_row_type("BasketRecommendation", row, why)], ...),
        unknown_items=(
            LIST[item_id],
            Field(
                description="Items of the baskets, and those of `items` and `exclude_items`, that "
                "the model does not know"
            ),
        ),
        unknown_values=_UNKNOWN_VALUES,
        answered=_answered("AnsweredBasket", {"basket": place}),
    )


def _answered(name: str, head: dict[str, Any]) -> tuple[Any, Any]:
    """Return the field that says what each answer was made of."""
    basis = ANNOTATED[
        Literal[get_args(Basis)],
        Field(description="What was known, and made use of: the first of these that applies"),
    ]
    reference = ANNOTATED[str, Field(examples=["similarity_model:6"])]
    row = row_type(name, {**head, "basis": basis, "model": reference})
    return LIST[row], Field(description="Who answered, and from what, in the request's order")


def _similar_request(
    models: LoadedModels, settings: Settings, examples: Examples
) -> type[BaseModel]:
    item = models.item_column.name
    return body_type(
        "SimilarItemsRequest",
        examples.similar,
        items=(
            LIST[row_type("Item", {item: _asked_item(models, examples)})],
            Field(min_length=1, max_length=settings.max_items),
        ),
        k=_k(settings),
        model=(Literal["similarity", "ranking"], default_similar(models.loaded_roles)),
    )


def _similar_response(models: LoadedModels, examples: Examples) -> type[BaseModel]:
    item_id = _item_id(models, examples)
    row = {models.item_column.name: item_id, "similar": item_id}
    return answer_type(
        "SimilarItemsResponse",
        model=(ModelReference, ...),
        similar_items=(LIST[answer_row_type("SimilarItem", row)], ...),
        unknown_items=(
            LIST[item_id],
            Field(description="Items that the model does not know"),
        ),
    )


def _similar_users_request(
    models: LoadedModels, settings: Settings, examples: Examples
) -> type[BaseModel]:
    user_id = asked_id(models.user_column, examples.users[:1])
    return body_type(
        "SimilarUsersRequest",
        examples.similar_users,
        users=(
            LIST[row_type("UserOnly", {models.user_column.name: user_id})],
            Field(min_length=1, max_length=settings.max_users),
        ),
        k=_k(settings, "How many users"),
        model=(Literal["similarity", "ranking"], default_scoring(models.loaded_roles)),
    )


def _similar_users_response(models: LoadedModels, examples: Examples) -> type[BaseModel]:
    user_id = _user_id(models, examples)
    row = {models.user_column.name: user_id, "similar": user_id}
    return answer_type(
        "SimilarUsersResponse",
        model=(ModelReference, ...),
        similar_users=(LIST[answer_row_type("SimilarUser", row)], ...),
        unknown_users=(
            LIST[user_id],
            Field(description="Users that the model does not know"),
        ),
    )


def _predict_request(
    models: LoadedModels, settings: Settings, examples: Examples, given: GivenTypes
) -> type[BaseModel]:
    item = {models.item_column.name: _asked_item(models, examples)}
    user = {models.user_column.name: asked_id(models.user_column, examples.users[:1])}
    pair = row_type("Pair", {**with_side_data(user, models.side_columns), **item})
    told = "Which pairs to score, with what is known of the visit"
    return body_type(
        "PredictRequest",
        examples.predict,
        pairs=(
            LIST[pair],
            Field(min_length=1, max_length=settings.max_items, description=told),
        ),
        model=(Literal["similarity", "ranking"], default_scoring(models.loaded_roles)),
        side_data_defaults=_SIDE_DATA_DEFAULTS,
        why=_TELL_WHY,
        **given.side_data(),
    )


def _predict_response(
    models: LoadedModels, examples: Examples, why: dict[str, Any]
) -> type[BaseModel]:
    user, item = models.user_column.name, models.item_column.name
    ids = {user: _user_id(models, examples), item: _item_id(models, examples)}
    return answer_type(
        "PredictResponse",
        model=(ModelReference, ...),
        predictions=(LIST[row_type("Prediction", {**ids, "score": SCORE, **why})], ...),
        cold_users=(LIST[ids[user]], Field(description="Users that the model does not know")),
        unknown_items=(LIST[ids[item]], Field(description="Items that the model does not know")),
        unknown_values=_UNKNOWN_VALUES,
    )


def _k(settings: Settings, told: str = "How many items") -> Any:
    limits = Field(ge=1, le=settings.max_k, description=told)
    return (ANNOTATED[int, limits, WHOLE], 10)


def _records(models: LoadedModels, examples: Examples) -> Any:
    user = with_config(extra="allow")(TYPED_DICT("UserRecord", _user_fields(models, examples)))
    item_id = {models.item_column.name: _asked_item(models, examples)}
    item = with_config(extra="allow")(TYPED_DICT("ItemRecord", item_id))
    # One list of either, though all its records must be of one kind: generators of clients make no
    # type of a choice between two lists.
    return LIST[ANNOTATED[user | item, Field(title="Record")]]


def _user_row(models: LoadedModels, examples: Examples) -> Any:
    return row_type("User", _user_fields(models, examples))


def _user_fields(models: LoadedModels, examples: Examples) -> dict[str, Any]:
    user = asked_id(models.user_column, examples.users[:1])
    return with_side_data({models.user_column.name: user}, models.visits.columns)


def _asked_item(models: LoadedModels, examples: Examples) -> Any:
    return asked_id(models.item_column, examples.items[:1])


def _user_id(models: LoadedModels, examples: Examples) -> Any:
    return id_type(models.user_column, examples.users[:1])


def _item_id(models: LoadedModels, examples: Examples) -> Any:
    return id_type(models.item_column, examples.items[:1])
