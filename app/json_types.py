"""JSON types of ids, side data and rows, from the columns of the loaded models.

`schemas` makes the bodies of requests and answers of them. They are known only when the models are
loaded, so they are built at the start. Rows are typed dictionaries, because a column may have any
name, and because a field that was not sent is then absent, and can be told from one that is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NotRequired

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, with_config
from typing_extensions import TypedDict  # the one that pydantic takes before Python 3.12

from turi_recommender import Column, ColumnMode, ValueType

from .context import meaning_of
from .integers import exact_id, exact_integer
from .models.columns import category_kind

STRICT = ConfigDict(extra="forbid", strict=True)
NUMBER = Annotated[float, Field(allow_inf_nan=False)]
SCORE: Any = float | None  # null where a diverged model scores NaN
RANK = Annotated[int, Field(ge=1, le=2**31 - 1)]
WHOLE = BeforeValidator(exact_integer)
INTEGER = Annotated[int, Field(ge=-(2**63), le=2**63 - 1), WHOLE]
_ID = BeforeValidator(exact_id)
_DIGITS = "A string of digits will do, too: for languages without exact integers beyond 2**53"
_INTEGER_KEY = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]  # keys in JSON are texts

# Which of its forms a value has that may have two. Places in errors leave this out.
FORMS = ("<list>", "<object>")

# The same forms as values, because type checkers do not follow types that are made at run time.
LIST: Any = list
DICT: Any = dict
ANNOTATED: Any = Annotated
NOT_REQUIRED: Any = NotRequired
TYPED_DICT: Any = TypedDict


def body_type(name: str, examples: list[Any], **fields: Any) -> type[BaseModel]:
    """Return the type of a request's body, which takes no other fields.

    Parameters
    ----------
    name : str
        Its name in the OpenAPI document.
    examples : list
        What the documentation shows.
    **fields
        As for `pydantic.create_model`.
    """
    config = ConfigDict(**STRICT, json_schema_extra={"examples": examples})
    return answer_type(name, __config__=config, **fields)


def answer_type(name: str, **fields: Any) -> type[BaseModel]:
    """Return the type of an answer.

    Parameters
    ----------
    name : str
        Its name in the OpenAPI document.
    **fields
        As for `pydantic.create_model`.
    """
    make: Any = create_model
    model: type[BaseModel] = make(name, **fields)
    return model


def row_type(name: str, fields: dict[str, Any]) -> Any:
    """Return the type of an object with these fields and no others.

    Parameters
    ----------
    name : str
        Its name in the OpenAPI document.
    fields : dict of str to type
        Those that may be absent are `NOT_REQUIRED`.
    """
    return with_config(STRICT)(TYPED_DICT(name, fields))


def answer_row_type(name: str, ids: dict[str, Any], more: dict[str, Any] | None = None) -> Any:
    """Return the type of a row of an answer: ids, a score and a rank.

    Parameters
    ----------
    name : str
        Its name in the OpenAPI document.
    ids : dict of str to type
        The fields before the score.
    more : dict of str to type, optional
        The fields after the rank, if there are any.
    """
    return row_type(name, {**ids, "score": SCORE, "rank": RANK, **(more or {})})


def asked_id(column: Column, examples: list[Any]) -> Any:
    """Return the type of an id in a request.

    Parameters
    ----------
    column : Column
        Of users or items.
    examples : list
        What the documentation shows.
    """
    kind = id_type(column, examples)
    if column.value_type == ValueType.STRING:
        return kind
    return ANNOTATED[kind, Field(description=_DIGITS), _ID]


def id_type(column: Column, examples: list[Any]) -> Any:
    """Return the type of an id, as answers have it; null is one only where it was trained.

    Parameters
    ----------
    column : Column
        Of users or items.
    examples : list
        What the documentation shows.
    """
    kind: Any
    if column.value_type == ValueType.STRING:
        kind = Annotated[str, Field(examples=examples)]
    else:
        kind = Annotated[int, Field(ge=-(2**63), le=2**63 - 1, examples=examples)]
    return kind | None if column.nullable else kind


def side_type(column: Column) -> Any:
    """Return the type of a side column's value; null is the library's missing value."""
    kind: Any
    match column.mode:
        case ColumnMode.NUMERIC:
            kind = INTEGER if column.value_type == ValueType.INTEGER else NUMBER
        case ColumnMode.NUMERIC_VECTOR:
            kind = ANNOTATED[LIST[NUMBER], Field(min_length=column.size, max_length=column.size)]
        case ColumnMode.CATEGORICAL_LIST:
            kind = LIST[_category_type(column)]
        case ColumnMode.DICTIONARY:
            kind = DICT[_category_type(column, _INTEGER_KEY), NUMBER]
        case _:
            kind = _category_type(column)
    shown = column.sample(3) if column.mode == ColumnMode.CATEGORICAL else None
    meaning = meaning_of(column)
    told = None if meaning is None else meaning.description
    return ANNOTATED[kind | None, Field(examples=shown, description=told)]


def with_side_data(fields: dict[str, Any], columns: Sequence[Column]) -> dict[str, Any]:
    """Return fields of a visit, and those of its side data, all of which may be left out.

    Parameters
    ----------
    fields : dict of str to type
        They keep their names; a column of such a name cannot be sent.
    columns : sequence of Column
        The side columns.
    """
    for column in columns:
        if column.mode != ColumnMode.UNTRANSLATED:
            fields.setdefault(column.name, NOT_REQUIRED[side_type(column)])
    return fields


def _category_type(column: Column, integer: Any = INTEGER) -> Any:
    """Return the type of a category: that of the trained ones, where they agree.

    Parameters
    ----------
    column : Column
    integer : type
        That of integers.
    """
    types = {"integer": integer, "string": str, "either": integer | str}
    return types[category_kind(column)]
