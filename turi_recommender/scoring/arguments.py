"""What a caller may pass: ids, counts, lists and the values of side columns.

Everything else is a `QueryError`. Scalars of NumPy, and subclasses of Python's types such as those
of an enumeration, count as what they hold; arrays of one dimension and columns of data frames count
as lists. None is the only missing value: the NaN, NA and NaT of data frames are refused, because a
score made of them would say nothing.

Source: docs/format.md, section 7.1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from turi_recommender.errors import QueryError
from turi_recommender.format import MAX_INDICES, Column, ValueType
from turi_recommender.scoring.results import Id
from turi_recommender.wording import text_that_is_no_id

_INT64 = range(-(2**63), 2**63)
_DIGITS = re.compile(r"-?[0-9]{1,19}")
_MISSING = "None is the missing value"


def plain(value: Any) -> Any:
    """Return a scalar of NumPy, or of a subclass, as Python's own object, and the rest as it is."""
    if isinstance(value, np.generic):
        if value.dtype.kind in "mM":  # item() would make integers of times
            return value
        value = value.item()
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__int__(value)
    return value


def cast_id(value: object, column: Column) -> Id:
    """Cast a user or item id to the type the model was trained with.

    Parameters
    ----------
    value : object
        An int of at most 64 bits, or a str; a float without a fraction and a scalar of NumPy will
        do, too. None is an id only where the model was trained with one.
    column : Column
        The user or item column; errors name it.

    Raises
    ------
    QueryError
        If it cannot be cast without loss.
    """
    if type(value) is int and column.value_type == ValueType.INTEGER:  # nearly always
        return _of_64_bits(value, column)
    value = plain(value)
    if value is None and column.nullable:
        return cast("Id", None)
    if column.value_type == ValueType.STRING:
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(_of_64_bits(value, column))
        raise QueryError((column.name,), f"expected a string, got {kind_of(value)}")
    if isinstance(value, int) and not isinstance(value, bool):
        return _of_64_bits(value, column)
    if isinstance(value, float) and value.is_integer():
        return _of_64_bits(int(value), column)
    if isinstance(value, str):
        if _DIGITS.fullmatch(value):
            return _of_64_bits(int(value), column)
        raise QueryError((column.name,), f"expected an integer, got {text_that_is_no_id(value)}")
    raise QueryError((column.name,), f"expected an integer, got {kind_of(value)}")


def read_row(row: object) -> Mapping[str, Any]:
    """Check that a row is a mapping of columns to values.

    Raises
    ------
    QueryError
        If it is something else.
    """
    if not isinstance(row, Mapping):
        raise QueryError((), f"expected a mapping of columns to values, got {kind_of(row)}")
    return row


def id_in(row: Mapping[str, Any], column: Column) -> Id:
    """Return the id that a row has, cast as `cast_id` does.

    Parameters
    ----------
    row : mapping
        Column names to values.
    column : Column
        The user or item column; errors name it.

    Raises
    ------
    QueryError
        If it is missing, or cannot be cast.
    """
    if column.name not in row:
        raise QueryError((column.name,), "missing")
    return cast_id(row[column.name], column)


def _of_64_bits(value: int, column: Column) -> int:
    if value not in _INT64:
        raise QueryError((column.name,), "expected an integer of 64 bits, got a larger one")
    return value


def read_count(value: object) -> int:
    """Check how many answers are asked for.

    Returns
    -------
    int
        No more than a model can have items.

    Raises
    ------
    QueryError
        If it is not a whole number of 1 or more.
    """
    if type(value) is int and 0 < value < MAX_INDICES:  # nearly always
        return value
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise QueryError(("k",), f"expected an integer, got {kind_of(value)}")
    if value < 1:
        raise QueryError(("k",), "must be 1 or more")
    return min(value, MAX_INDICES)


def read_choice(value: object, argument: str) -> bool:
    """Check a switch.

    Parameters
    ----------
    value : object
        What was given.
    argument : str
        As what, for errors.

    Raises
    ------
    QueryError
        If it is neither True nor False.
    """
    if value is True or value is False:  # nearly always
        return value
    if not isinstance(value, np.bool_):
        raise QueryError((argument,), "expected True or False")
    return bool(value)


def read_list(values: Any, argument: str, wanted: str = "a list") -> Sequence[Any]:
    """Check a list of ids, rows or values: a sequence, an array of one dimension, or a series.

    Parameters
    ----------
    values : object
        What was given.
    argument : str
        As what, for errors.
    wanted : str
        What would do, for errors.

    Raises
    ------
    QueryError
        If it is something else, such as one id, a string or a table.
    """
    if type(values) is list:  # nearly always
        return values
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            message = f"expected one dimension, got {values.ndim}"
            raise QueryError((argument,), message)
        if values.dtype.kind in "mM":  # tolist() would make integers of times
            raise QueryError((argument,), f"expected no times, got {values.dtype}")
        return values.tolist()  # type: ignore[no-any-return]
    is_one = isinstance(values, str | bytes | bytearray | memoryview | Mapping)
    if is_one or getattr(values, "ndim", 1) != 1 or not isinstance(values, Iterable):
        raise QueryError((argument,), f"expected {wanted}, got {kind_of(values)}")
    return values if isinstance(values, Sequence) else list(values)


def read_number(value: object, column: Column) -> float:
    """Check a number of side data.

    Parameters
    ----------
    value : object
        What was given.
    column : Column
        The side column; errors name it.

    Raises
    ------
    QueryError
        If it is no number, or one that no float64 can hold.
    """
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise QueryError((column.name,), f"expected a number, got {kind_of(value)}")
    if _is_nan(value):
        raise QueryError((column.name,), f"expected a number, got nan; {_MISSING}")
    try:
        return float(value) + 0.0  # 0.0 and -0.0 are one value to whatever remembers answers
    except OverflowError:
        raise QueryError((column.name,), "the number is too large") from None


def read_category(value: object, column: Column) -> int | float | str | None:
    """Check a category of side data, which need not be one that the model knows.

    Parameters
    ----------
    value : object
        What was given.
    column : Column
        The side column; errors name it.

    Raises
    ------
    QueryError
        If it is neither a string nor a number nor None.
    """
    value = plain(value)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise QueryError(
            (column.name,), f"expected a string or a number, got {kind_of(value)}; {_MISSING}"
        )
    if _is_nan(value):
        raise QueryError((column.name,), f"expected a string or a number, got nan; {_MISSING}")
    return value + 0.0 if isinstance(value, float) else value  # as in `read_number`


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def kind_of(value: object) -> str:
    """Return what errors call a value: the name of its type."""
    return "null" if value is None else type(value).__name__
