"""One column of the training data: its type, its categories and their statistics.

Source: docs/format.md, section 4 (COLUMN).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format.fields import Fields
from turi_recommender.format.value_list import GenericValues, ValueList
from turi_recommender.format.values import ValueReader, ValueType
from turi_recommender.wording import counted

_SAMPLE = 1000  # categories that stay at hand
MAX_INDICES = 2**31 - 1  # index arrays are int32
_SHOWN = 80  # characters of a name that errors show


class ColumnMode(IntEnum):
    """How a column's values become (index, value) entries."""

    NUMERIC = 0
    CATEGORICAL = 1
    NUMERIC_VECTOR = 2
    CATEGORICAL_LIST = 3
    DICTIONARY = 4
    UNTRANSLATED = 5


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of the training data.

    Attributes
    ----------
    name : str
        Its name in the training data.
    mode : ColumnMode
        How its values become entries.
    value_type : ValueType
        Its type at training.
    size : int
        Number of trained indices: categories, the length of a numeric vector, or 1.
    values : ValueList
        The category of each index; empty for numeric columns. It can be longer than `size`: the
        library saves ids that it learned from queries, too.
    counts : ndarray of uint64
        Number of rows with each index.
    means : ndarray of float64
        Mean at each index; what a missing number stands for.
    nullable : bool
        Whether None is among the trained categories: the library trains on rows without an id.
    """

    name: str
    mode: ColumnMode
    value_type: ValueType
    size: int
    values: ValueList
    counts: NDArray[np.uint64]
    means: NDArray[np.float64]
    nullable: bool = False

    def sample(self, count: int) -> list[Any]:
        """Return the first `count` trained categories besides None."""
        more = count + 1 if self.nullable else count
        values = self.values.take(range(min(more, self.size, len(self.values))))
        return [value for value in values if value is not None][:count]

    def kept(self) -> Column:
        """Return what is asked of a column while its model serves, independent of the file."""
        few = GenericValues(self.sample(_SAMPLE))
        return replace(self, values=few, counts=np.empty(0, np.uint64), means=np.array(self.means))


def read_column(values: ValueReader, what: str) -> Column | None:
    """Read a column at the cursor; None where the model has none there.

    Parameters
    ----------
    values : ValueReader
        The cursor.
    what : str
        Which column it is, for errors.

    Raises
    ------
    ModelFormatError
        If it is damaged, or trained on more values than it lists.
    """
    stream = values.stream
    if not stream.boolean(f"presence of {what}"):
        return None
    fields = values.variant_fields(what, tagged=True)
    full_name = fields.string("name")
    name = full_name[:_SHOWN]
    mode = ColumnMode(fields.integer("mode", high=5))
    categories: ValueList = GenericValues([])
    if stream.boolean(f"presence of the index of {name}"):
        stream.expect_version((1,), f"index version of {name}")
        values.tagged_variant(f"index options of {name}")
        categories = values.variant_fields(f"index of {name}", tagged=False).values(
            "values_by_index_lookup"
        )
    counts, means = np.empty(0, np.uint64), np.empty(0, np.float64)
    if stream.boolean(f"presence of the statistics of {name}"):
        counts, means = _read_statistics(values, name)
    size = fields.integer("index_size_at_train_time", high=MAX_INDICES)
    if mode in (ColumnMode.CATEGORICAL, ColumnMode.CATEGORICAL_LIST, ColumnMode.DICTIONARY):
        known = len(categories)
    else:
        known = len(means)
    if size > known:
        stream.fail(f"{counted(size, 'value')} of {name}", str(known), fields.offset)
    least = 1 if mode in (ColumnMode.NUMERIC, ColumnMode.NUMERIC_VECTOR) else 0
    if size < least or (size > 1 and mode == ColumnMode.NUMERIC):
        wanted = f"a number, or a vector of them, in {name}"
        stream.fail(wanted, counted(size, "number"), fields.offset)
    _check_values(fields, name, categories, size)
    return Column(
        name=full_name,
        mode=mode,
        value_type=ValueType(fields.integer("original_column_type", high=7)),
        size=size,
        values=categories,
        counts=counts,
        means=means,
        nullable=isinstance(categories, GenericValues) and None in categories.values[:size],
    )


def _check_values(fields: Fields, name: str, values: ValueList, size: int) -> None:
    """Refuse categories that no query can name: lists, dictionaries and the like."""
    if not isinstance(values, GenericValues):
        return
    for value in values.values[:size]:
        if not (value is None or isinstance(value, int | float | str)):
            found = type(value).__name__
            fields.stream.fail(f"numbers and strings as values of {name}", found, fields.offset)


def _read_statistics(
    values: ValueReader, name: str
) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    stream = values.stream
    stream.expect_version((2,), f"statistics version of {name}")
    values.tagged_variant(f"statistics options of {name}")
    values.tagged_variant(f"row count of {name}")
    counts = stream.counted_array("<u8", f"counts of {name}")
    moments = stream.counted_array([("mean", "<f8"), ("stdev", "<f8")], f"means of {name}")
    return counts, moments["mean"]
