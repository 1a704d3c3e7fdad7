"""One rule for whole numbers in requests.

JSON has one kind of number, and JSON Schema calls 6000.0 and 6e3 integers as it does 6000: some
languages write all their numbers so. Texts and truth values are no numbers. A number that arrived
as a float is only taken where floats are exact, because an id must not become its neighbour.
"""

from __future__ import annotations

from pydantic_core import PydanticCustomError

_EXACT_BELOW = 2.0**53


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
