from __future__ import annotations

import pytest

from tests.turi_recommender import encode
from tests.turi_recommender.encode import reader
from turi_recommender.errors import ModelFormatError
from turi_recommender.format.metadata import read_metadata, skip_copy

USER = encode.column("user", 1, 0, 2, values=[10, 20])
ITEM = encode.column("item", 1, 2, 2, values=["a", "b"])
HOUR = encode.column("hour", 0, 1, 1, means=[11.5])
PAIR = encode.column("pair", 2, 3, 2, means=[0.0, 0.0])
BAG = encode.column("bag", 3, 4, 3, values=["a", "b", "c"])
NOTHING = encode.side_table([], [])


def test_columns_and_target() -> None:
    data = encode.metadata([USER, ITEM, HOUR], target=encode.column("rating", 0, 1, 1, means=[3.0]))
    metadata = read_metadata(reader(data))
    assert [column.name for column in metadata.columns] == ["user", "item", "hour"]
    assert metadata.user is metadata.columns[0]
    assert metadata.item is metadata.columns[1]
    assert metadata.target is not None
    assert metadata.target.name == "rating"
    assert metadata.all_columns == metadata.columns


def test_side_columns_follow_users_first() -> None:
    country = encode.column("country", 1, 2, 1, values=["x"])
    brand = encode.column("brand", 1, 2, 2, values=["y", "z"])
    side = [encode.side_table([country], [[0]]), encode.side_table([brand], [[1], []]), NOTHING]
    values = reader(encode.metadata([USER, ITEM, HOUR], side=side) + b"rest")
    metadata = read_metadata(values)
    assert values.stream.remaining == 4
    assert metadata.target is None
    names = [column.name for column in metadata.all_columns]
    assert names == ["user", "item", "hour", "country", "brand"]
    assert metadata.user_side.lengths.tolist() == [1]
    assert metadata.item_side.lengths.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x00", "expected metadata, found none"),
        (b"\x01" + encode.u64(1), "metadata version 2, found 1"),
        (encode.metadata([USER]), "a user column, an item column and others, found 1 of 1"),
        (encode.metadata([USER, b"\x00"]), "found 1 of 2"),
        (encode.metadata([HOUR, ITEM]), "a categorical column hour, found numeric"),
        (encode.metadata([USER, USER]), "columns of different names"),
        (encode.metadata([USER, ITEM, HOUR, HOUR]), "columns of different names"),
        (
            encode.metadata([encode.column("user", 1, 3, 1, values=[1]), ITEM]),
            "a column user of integers or strings, found vector",
        ),
        (
            encode.metadata([USER, encode.column("item", 1, 2, 2, values=[1, 2])]),
            "ids of item of type str",
        ),
        (
            encode.metadata([USER, encode.column("item", 1, 0, 2, values=["a", "b"])]),
            "ids of item of type int",
        ),
        (
            encode.metadata([USER, encode.column("item", 1, 0, 2, values=[1, 2.5])]),
            "ids of item of type int",
        ),
        (
            encode.metadata([USER, ITEM], side=[encode.side_table([PAIR], [[1.0]]), NOTHING]),
            "side data rows as long as their columns need",
        ),
        (
            encode.metadata([USER, ITEM], side=[encode.side_table([BAG], [[2, 5, 0]]), NOTHING]),
            "side data rows as long as their columns need",
        ),
        (
            encode.metadata(
                [USER, ITEM, HOUR], side=[NOTHING, NOTHING, encode.side_table([USER], [])]
            ),
            "side data of users and items only",
        ),
        (encode.metadata([USER, ITEM], side=[NOTHING]), "side_lookups_size within 2 - 2, found 1"),
        (
            encode.metadata([USER, ITEM], side=[NOTHING, NOTHING])[:-8] + encode.u64(0),
            "end of side features 0xf0f0f0f, found 0x0",
        ),
    ],
)
def test_metadata_that_does_not_add_up(data: bytes, message: str) -> None:
    with pytest.raises(ModelFormatError, match=message):
        read_metadata(reader(data))


@pytest.mark.parametrize("name", ["item", "ITEM"], ids=["the same bytes", "other bytes"])
def test_a_second_copy_is_skipped(name: str) -> None:
    data = encode.metadata([USER, ITEM])
    other = encode.metadata([USER, encode.column(name, 1, 2, 2, values=["a", "b"])])
    assert (data == other) == (name == "item")
    values = reader(data + other + b"rest")
    read_metadata(values)
    skip_copy(values, 0, len(data))
    assert values.stream.remaining == 4


@pytest.mark.parametrize("ids", [[10, None], [None, 10], ["a", None]])
def test_an_id_can_be_missing(ids: list[int | str | None]) -> None:
    kind = 2 if "a" in ids else 0
    data = encode.metadata([encode.column("user", 1, kind, 2, values=ids), ITEM])
    assert read_metadata(reader(data)).user.values.tolist() == ids
