"""One rule for whole numbers in requests, and one more for ids.

JSON has one kind of number, and JSON Schema calls 6000.0 and 6e3 integers as it does 6000: some
languages write all their numbers so. Texts and truth values are no numbers. A number that arrived
as a float is only taken where floats are exact, because an id must not become its neighbour.

An id may also be a string of digits, as in the library and on `/score`: for languages that have no
exact integers beyond 2**53, such as JavaScript, there is no other way to write a larger one.
"""

from __future__ import annotations

import re

from pydantic_core import PydanticCustomError

from turi_recommender.wording import text_that_is_no_id

GOT = ", got "
_EXACT_BELOW = 2.0**53
_DIGITS = re.compile(r"-?[0-9]{1,19}")  # those of 64 bits


def exact_integer(value: object) -> object:
    """Return the integer that a float stands for; anything else as it is, for others to judge.

    Raises
    ------
    PydanticCustomError
        If the float is whole, but too large to be exact. It is a ValueError.
    """
    if type(value) is not float or not value.is_integer():
        return value
    if abs(value) >= _EXACT_BELOW:
        raise PydanticCustomError(
            "int_inexact",
            "Input with a fraction or an exponent should be less than 2**53: it is not exact "
            "beyond that",
        )
    return int(value)


def exact_id(value: object) -> object:
    """Return the integer that a float or a string of digits stands for; anything else as it is.

    Raises
    ------
    PydanticCustomError
        As for `exact_integer`, and if it is another string.
    """
    if type(value) is int:  # nearly always
        return value
    if isinstance(value, str):
        if _DIGITS.fullmatch(value):
            return int(value)
        message = f"Input should be a valid integer{GOT}{text_that_is_no_id(value)}"
        raise PydanticCustomError("int_type", "{message}", {"message": message})
    return exact_integer(value)
