from __future__ import annotations

import struct
from typing import Any

import pytest

from tests.turi_recommender import encode
from tests.turi_recommender.encode import reader
from turi_recommender.errors import ModelFormatError
from turi_recommender.format import neighbours
from turi_recommender.format.neighbours import read_neighbour_model

DEFAULTS: dict[str, Any] = {
    "version": 2,
    "present": True,
    "similarity": "jaccard",
    "items": 3,
    "means": [],
    "bounds": [0, 2, 2, 3],
    "rows": [(1, 5), (2, -6), (0, 7)],
    "seeds": {0: 1.0, 2: 0.25},
    "end": 0x36FE3812B00EDDB0,
}


def encoded(**changes: Any) -> bytes:
    """Encode a model of 3 items (section 5.1)."""
    part = {**DEFAULTS, **changes}
    fields = {
        "item_mean_max": encode.variant(4.5),
        "item_mean_min": encode.variant(0.5),
        "item_mean_score": encode.variant((1.0, 2.0, 3.0)),
        "new_user_seed_items": encode.variant(part["seeds"]),
    }
    table = b"".join(struct.pack("<Qq", *row) for row in part["rows"])
    return b"".join(
        [
            encode.u64(part["version"]),
            encode.variant_map(fields),
            bytes([part["present"]]),
            encode.string(part["similarity"]),
            encode.u64(1) + encode.string("option") + encode.flexible(3),
            encode.u64(1),
            encode.u64(part["items"]),
            encode.array("d", part["means"]),
            encode.array("Q", part["bounds"]),
            encode.u64(len(part["rows"])) + table,
            encode.u64(part["end"]),
        ]
    )


def test_the_table_and_what_stands_in_for_a_history() -> None:
    values = reader(encoded() + b"rest")
    model = read_neighbour_model(values, 3)
    assert values.stream.remaining == 4
    assert (model.similarity, model.num_items) == ("jaccard", 3)
    assert model.bounds.tolist() == [0, 2, 2, 3]
    assert model.neighbours["item"].tolist() == [1, 2, 0]
    assert model.neighbours["value"].tolist() == [5, -6, 7]
    assert model.mean_scores.tolist() == [1.0, 2.0, 3.0]
    assert (model.mean_min, model.mean_max) == (0.5, 4.5)
    assert model.seed_items.tolist() == [0, 2]
    assert model.seed_values.tolist() == [1.0, 0.25]


def test_pearson_has_a_mean_for_each_item() -> None:
    model = read_neighbour_model(reader(encoded(similarity="pearson", means=[1.0, 2.0, 3.0])), 3)
    assert model.item_means.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 1}, "item similarity version 2, found 1"),
        ({"present": False}, "a neighbour table, found none"),
        ({"similarity": "euclid"}, r"a similarity \(jaccard, cosine, pearson\), found 'euclid'"),
        ({"means": [1.0]}, "item means of 3 items for pearson, found 1"),
        ({"similarity": "pearson"}, "item means of 3 items for pearson, found 0"),
        ({"items": 4}, "5 neighbour bounds, found 4"),
        ({"bounds": [0, 2, 1, 3]}, "ascending bounds up to 3"),
        ({"bounds": [0, 2, 2, 4]}, "ascending bounds up to 3"),
        ({"bounds": [0, 2**63, 2, 3]}, "ascending bounds up to 3"),
        ({"rows": [(1, 5), (3, 6), (0, 7)]}, "neighbours below 3, found 3"),
        (
            {"items": 5, "bounds": [0, 2, 2, 3, 3, 3]},
            "at most 4 items with neighbours, found 5",
        ),
        ({"rows": [(1, 5), (1, 6), (0, 7)]}, "ascending neighbours of each item"),
        ({"rows": [(2, 5), (1, 6), (0, 7)]}, "ascending neighbours of each item"),
        (
            {"rows": [(1, 5), (2, 2**63 - 1), (0, 7)]},
            "found 9223372036854775807",
        ),
        (
            {"rows": [(1, 5), (2, -(2**63)), (0, 7)]},
            "found 9223372036854775808",
        ),
        ({"seeds": {"a": 1.0}}, "new_user_seed_items of INTEGER to FLOAT"),
        ({"seeds": {0.5: 1.0}}, "new_user_seed_items of INTEGER to FLOAT"),
        ({"seeds": {1: "a"}}, "new_user_seed_items of INTEGER to FLOAT"),
        ({"seeds": {1: 1.0, 2: None}}, "new_user_seed_items of INTEGER to FLOAT"),
        ({"end": 1}, "end of the neighbour table"),
    ],
)
def test_a_model_that_does_not_add_up(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelFormatError, match=message):
        read_neighbour_model(reader(encoded(**changes)), 4)


def test_a_model_without_seeds() -> None:
    model = read_neighbour_model(reader(encoded(seeds={})), 3)
    assert (len(model.seed_items), len(model.seed_values)) == (0, 0)


def test_rows_are_checked_where_they_meet_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeat is found, and the beginning of a row is none, wherever the chunks end."""
    for chunk in (1, 2, 3):
        monkeypatch.setattr(neighbours, "_CHUNK", chunk)
        assert len(read_neighbour_model(reader(encoded()), 3).neighbours) == 3
        for bad in ([(1, 5), (1, 6), (0, 7)], [(1, 5), (0, 6), (0, 7)]):
            with pytest.raises(ModelFormatError, match="ascending neighbours"):
                read_neighbour_model(reader(encoded(rows=bad)), 3)
