"""The library's errors in the words of JSON: its own are those of Python."""

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


def in_json_words(error: QueryError) -> str:
    """Return the message of an error about a query that came as JSON."""
    found = _MESSAGE.fullmatch(error.message)
    if found is None:
        return str(error)
    expected, given, rest = found["expected"], found["given"], found["rest"]
    message = f"expected {_EXPECTED.get(expected, expected)}, got {_GIVEN.get(given, given)}"
    return f"{error.field}: {message}" + ("" if rest is None else f"; null{rest}")
