"""The library's errors in the words of the caller: of JSON, not of Python, and of records."""

from __future__ import annotations

import re

from turi_recommender.errors import QueryError

_EXPECTED = {"a list": "an array", "a dictionary": "an object"}
_GIVEN = {
    "bool": "true or false",
    "dict": "an object",
    "float": "a number",
    "int": "a number",
    "list": "an array",
    "str": "a string",
}
_MESSAGE = re.compile(r"expected (?P<expected>.+), got (?P<given>\w+)(; None(?P<rest> .+))?")


def of_records(error: QueryError, item: str) -> str:
    """Return what is wrong with a payload.

    Parameters
    ----------
    error : QueryError
        What is wrong with the query that was made of it, of whose parts the caller knows the
        records only.
    item : str
        Name of the column of items.
    """
    message = _in_json_words(error.message)
    part, *rest = error.path
    if part not in ("users", "items") or not rest:
        return message  # the number of records, or what is asked of all of them
    position, *column = rest
    if part == "items" and not column:
        column = [item]
    place = [".".join(map(str, column))] if column else []
    return ": ".join([f"record {position}", *place, message])


def _in_json_words(message: str) -> str:
    found = _MESSAGE.fullmatch(message)
    if found is None:
        return message
    expected, given, rest = found["expected"], found["given"], found["rest"]
    told = f"expected {_EXPECTED.get(expected, expected)}, got {_GIVEN.get(given, given)}"
    return told if rest is None else f"{told}; null{rest}"
