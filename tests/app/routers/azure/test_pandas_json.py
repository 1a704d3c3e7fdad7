"""Numbers and strings against what pandas itself wrote (training/score_reference.py)."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.routers.azure import pandas_json

REFERENCE = json.loads((Path(__file__).parent / "data" / "pandas_json.json").read_text())


def test_numbers() -> None:
    assert len(REFERENCE["numbers"]) > 400
    for value, text in REFERENCE["numbers"]:
        assert pandas_json.number(value) == text, value


def test_what_is_no_number() -> None:
    names = ("nan", "inf", "-inf")
    assert [pandas_json.number(float(name)) for name in names] == REFERENCE["not numbers"]


def test_strings() -> None:
    for value, text in REFERENCE["strings"]:
        assert pandas_json.text(value) == text


@given(st.floats(), st.text())
def test_always_valid_json(number: float, text: str) -> None:
    (row,) = json.loads(pandas_json.records(["n", text], [[number, text]]))
    assert row[text] == text or text == "n"


@given(st.floats(-1e6, 1e6))
def test_close_to_the_number(value: float) -> None:
    assert abs(float(pandas_json.number(value)) - value) <= 0.51e-10 + abs(value) * 1e-15
