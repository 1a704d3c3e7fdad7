from __future__ import annotations

import numpy as np
import pytest

from tests.turi_recommender import encode
from tests.turi_recommender.encode import reader
from turi_recommender.errors import ModelFormatError
from turi_recommender.format import ColumnMode, ValueType
from turi_recommender.format.column import read_column


def test_a_categorical_column() -> None:
    data = encode.column("item", 1, 2, 2, values=["a", "b", "learned"], means=[1.0, 2.0, 3.0])
    values = reader(data + b"rest")
    column = read_column(values, "column 1")
    assert column is not None
    assert values.stream.remaining == 4
    assert (column.name, column.mode) == ("item", ColumnMode.CATEGORICAL)
    assert (column.value_type, column.size) == (ValueType.STRING, 2)
    assert column.values.tolist() == ["a", "b", "learned"]
    assert column.counts.tolist() == [3, 3, 3]
    assert column.means.tolist() == [1.0, 2.0, 3.0]
    assert column.sample(10) == ["a", "b"]
    assert column.sample(1) == ["a"]


def test_a_numeric_column_has_no_categories() -> None:
    column = read_column(reader(encode.column("hour", 0, 1, 1, means=[11.5])), "column 2")
    assert column is not None
    assert len(column.values) == 0
    assert column.means.tolist() == [11.5]
    assert column.sample(5) == []


def test_a_column_that_is_not_there() -> None:
    assert read_column(reader(b"\x00"), "target column") is None


def test_what_is_kept_does_not_need_the_file() -> None:
    column = read_column(
        reader(encode.column("user", 1, 0, 2, values=[7, 8], means=[0.5, 1.0])), "column 0"
    )
    assert column is not None
    kept = column.kept()
    assert kept.values.tolist() == [7, 8]
    assert kept.means.tolist() == [0.5, 1.0]
    assert not np.shares_memory(kept.means, column.means)
    assert kept.means.flags.owndata


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (encode.column("item", 1, 2, 3, values=["a", "b"]), "expected 3 values of item, found 2"),
        (encode.column("item", 1, 2, 1), "expected 1 value of item, found 0"),
        (encode.column("pair", 2, 3, 2, means=[1.0]), "expected 2 values of pair, found 1"),
        (encode.column("item", 6, 2, 0), r"column 0\.mode within 0 - 5, found 6"),
        (encode.column("item", 1, 8, 0), r"column 0\.original_column_type within 0 - 7, found 8"),
        (
            encode.column("item", 1, 2, 1, values=[{1: 2.0}]),
            "numbers and strings as values of item",
        ),
        (encode.column("bag", 3, 4, 1, values=[["a"]]), "numbers and strings as values of bag"),
        (encode.column("hour", 0, 1, 0, means=[1.0]), "a number, or a vector of them, in hour"),
        (encode.column("hour", 0, 1, 2, means=[1.0, 2.0]), "found 2 numbers"),
        (encode.column("pair", 2, 3, 0, means=[1.0]), "found 0 numbers"),
        (encode.column("item", 1, 2, -1), "index_size_at_train_time within"),
        (encode.column("item", 1, 2, 2**31), "index_size_at_train_time within"),
    ],
)
def test_a_column_that_does_not_add_up(data: bytes, message: str) -> None:
    with pytest.raises(ModelFormatError, match=message):
        read_column(reader(data), "column 0")


def test_statistics_of_an_older_version_are_refused() -> None:
    data = encode.column("hour", 0, 1, 1, means=[11.5])
    older = data.replace(encode.u64(2) + encode.VARIANT_TAG, encode.u64(1) + encode.VARIANT_TAG)
    assert older != data
    with pytest.raises(ModelFormatError, match="statistics version of hour 2, found 1"):
        read_column(reader(older), "column 0")
