"""What would have been right: an example in place of what was sent, and the name that was meant.

The errors of pydantic name what is wrong. The type of the body says what should be there instead,
in the loaded models' own column names.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic_core import ErrorDetails
from typing_extensions import is_typeddict

from ..integers import GOT
from ..json_types import FORMS
from ..limits import SHOWN_NAMES, SHOWN_TEXT

_AS_LIST, _AS_OBJECT = FORMS
_ANYTHING = "..."
_OBJECT_OR_LIST = {"dict_type", "model_type", "list_type"}
_SCALAR = {"int_type", "string_type"}
_INT64 = range(-(2**63), 2**63)
_NEAR = 0.7  # visitor and visitorid are at 0.875, period and price at 0.55


def cure(error: ErrorDetails, request: type[BaseModel], synonyms: Mapping[str, str]) -> str:
    """Return the message of an error with what should be there instead, where that can be told.

    Parameters
    ----------
    error : ErrorDetails
        What pydantic found.
    request : type
        Pydantic model of the body.
    synonyms : mapping of str to str
        Names that callers know from elsewhere, and the names of the same fields here.
    """
    place, message = error["loc"], error["msg"]
    if error["type"] == "extra_forbidden":
        kind = _type_at(request, place[:-1])
        names = [str(name) for name in _fields_of(kind)] if _is_object(kind) else []
        known = f"known are {', '.join(names[:SHOWN_NAMES])}"
        meant = _meant(str(place[-1]), names, synonyms)
        hint = "" if meant is None else f"; did you mean `{meant}`?"
        return f"{message}; {known}{hint}"
    if error["type"] in _OBJECT_OR_LIST:
        if place and place[-1] == _AS_LIST:
            message = f"Input should be {_either(request, place[:-1])}"
        example = _example(_type_at(request, place), error["input"])
        return message if example is None else f"{message}, such as {example}"
    if error["type"] in _SCALAR and isinstance(error["input"], dict) and len(error["input"]) == 1:
        told = _told(*error["input"].values())
        if told != _ANYTHING and isinstance(place[-1], int):
            head, got, tail = message.partition(GOT)
            return f"{head}, such as {told}{got}{tail}"
    return message


def _meant(name: str, names: Sequence[str], synonyms: Mapping[str, str]) -> str | None:
    """Return which of some names was probably meant by another one."""
    if len(name) > SHOWN_TEXT:
        return None
    if synonyms.get(name) in names:
        return synonyms[name]
    bare = {_bare(one): one for one in names}
    if _bare(name) in bare:
        return bare[_bare(name)]
    near = difflib.get_close_matches(_bare(name), [*bare][:SHOWN_NAMES], 1, _NEAR)
    return bare[near[0]] if near else None


def _bare(name: str) -> str:
    """Return what a name and its usual spellings have in common."""
    return name.lower().replace("_", "").replace("-", "")


def _either(request: type[BaseModel], place: Sequence[int | str]) -> str:
    """Say which two forms a value may have that is a list, or an object with such a list."""
    visit = _type_at(request, [*place, _AS_OBJECT])
    (name,) = _required(visit)
    return f"a list of {name}, or an object with `{name}`"


def _example(kind: Any, value: object) -> str | None:
    """Return JSON that would do, with the value that was sent where it may belong; None for none.

    Parameters
    ----------
    kind : type
        Of an object or a list.
    value : object
        What was sent instead.
    """
    if get_origin(kind) is list:
        element = _type_at(get_args(kind)[0], ())
        inner = _told(value) if element is None else _example(element, value)
        return None if inner is None else f"[{inner}]"
    if not _is_object(kind):
        return None
    names = _required(kind)
    if isinstance(value, dict):
        value = [value.get(name) for name in names]
    sent = value if isinstance(value, list) else [value]
    if len(sent) > len(names):  # there is no telling which of them belongs where
        sent = []
    fields = _fields_of(kind)
    told = (
        f"{json.dumps(name)}: {_part(fields[name], each)}"
        for name, each in zip_longest(names, sent)
    )
    return f"{{{', '.join(told)}}}"


def _part(kind: Any, value: object) -> str:
    """Return JSON of a field of an example."""
    return _told(value) if _type_at(kind, ()) is None else f"[{_ANYTHING}]"


def _told(value: object) -> str:
    """Return a text or a number as JSON, cut if it is long; an ellipsis for anything else."""
    match value:
        case bool():
            return _ANYTHING
        case str() if len(value) > SHOWN_TEXT:
            return json.dumps(value[:SHOWN_TEXT] + _ANYTHING, ensure_ascii=False)
        case str():
            return json.dumps(value, ensure_ascii=False)
        case int() if value in _INT64:
            return str(value)
        case float() if math.isfinite(value):
            return repr(value)
        case _:
            return _ANYTHING


def _type_at(kind: Any, place: Sequence[int | str]) -> Any:
    """Return the type of the object or the list at a place; None where there is none.

    Parameters
    ----------
    kind : type
        Of the value in which the place is.
    place : sequence of int or str
        Where in the value it is, as pydantic tells it.
    """
    is_list = get_origin(kind) is list
    if (is_list or _is_object(kind)) and len(place) == 0:
        return kind
    if is_list:
        return _type_at(get_args(kind)[0], place[1:]) if isinstance(place[0], int) else None
    if _is_object(kind):
        fields = _fields_of(kind)
        return _type_at(fields[place[0]], place[1:]) if place[0] in fields else None
    if len(place) > 0 and any(isinstance(one, Tag) and one.tag == place[0] for one in _about(kind)):
        place = place[1:]
    found = (_type_at(one, place) for one in get_args(kind))
    return next((each for each in found if each is not None), None)


def _is_object(kind: Any) -> bool:
    return is_typeddict(kind) or (isinstance(kind, type) and issubclass(kind, BaseModel))


def _about(kind: Any) -> tuple[Any, ...]:
    """Return what an annotated type says beside the type."""
    metadata: tuple[Any, ...] = getattr(kind, "__metadata__", ())
    return metadata


def _fields_of(kind: Any) -> Mapping[int | str, Any]:
    if is_typeddict(kind):
        fields: Mapping[int | str, Any] = kind.__annotations__
        return fields
    return {name: field.annotation for name, field in kind.model_fields.items()}


def _required(kind: Any) -> list[str]:
    """Return the names of the fields that an object must have."""
    if is_typeddict(kind):
        return [name for name in kind.__annotations__ if name in kind.__required_keys__]
    return [name for name, field in kind.model_fields.items() if field.is_required()]
