from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender import encode
from turi_recommender.format.stream import Stream
from turi_recommender.format.value_list import ValueList
from turi_recommender.format.values import ValueReader
from turi_recommender.scoring.ids import UNKNOWN, IdIndex

INTEGERS = st.lists(st.integers(-(2**63), 2**63 - 1), unique=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NEAR = st.lists(st.integers(-1000, 10**9), unique=True)
STRINGS = st.lists(TEXT, unique=True)
MIXED = st.lists(st.none() | st.integers(-9, 9) | TEXT, unique=True)


def stored(values: list[Any]) -> ValueList:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "objects.bin"
        path.write_bytes(encode.flexible(values))
        read: ValueList = ValueReader(Stream(path)).flexible("ids")
        return read


@given(INTEGERS | NEAR | STRINGS | MIXED, st.data())
def test_every_trained_id_is_found_and_no_other(values: list[Any], data: st.DataObject) -> None:
    trained = data.draw(st.integers(0, len(values)))
    index = IdIndex(stored(values), trained)
    assert len(index) == trained
    for position, value in enumerate(values):
        assert index.find(value) == (position if position < trained else UNKNOWN)
        assert (value in index) == (position < trained)
    assert index.ids(np.arange(trained)) == values[:trained]


@given(INTEGERS | STRINGS | MIXED, st.integers() | TEXT | st.none() | st.floats())
def test_other_values_are_unknown(values: list[Any], other: Any) -> None:
    index = IdIndex(stored(values), len(values))
    same = [v for v in values if type(v) is type(other) and v == other]
    assert (index.find(other) == UNKNOWN) == (not same)


@pytest.mark.parametrize("other", [True, 1.0, "1", 2**63, -(2**63) - 1, 2**200, [1], b"1"])
def test_only_an_int_is_an_int(other: object) -> None:
    assert IdIndex(stored([1, 2, 3]), 3).find(other) == UNKNOWN


@pytest.mark.parametrize("other", ["\ud800", "b\x00", "", "ab", 1])
def test_strings_that_are_not_there(other: object) -> None:
    assert IdIndex(stored(["a", "b"]), 2).find(other) == UNKNOWN


def test_strings_longer_than_the_hash_weights() -> None:
    values = ["x" * 10_000, "x" * 10_001, "x" * 4_096]
    index = IdIndex(stored(values), 3)
    assert [index.find(value) for value in values] == [0, 1, 2]


def test_equal_hashes_are_told_apart_by_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoGenerator:
        def integers(self, *_: object, **__: object) -> np.ndarray:
            return np.zeros(4096, np.uint64)

    monkeypatch.setattr(np.random, "default_rng", NoGenerator)
    values = ["one", "two", "three"]
    index = IdIndex(stored(values), 3)
    assert [index.find(value) for value in [*values, "four"]] == [0, 1, 2, UNKNOWN]
