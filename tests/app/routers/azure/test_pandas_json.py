"""Numbers and strings against what pandas itself wrote (training/score_reference.py)."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.routers.azure import pandas_json
from turi_recommender import Id, Ranking

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
    answer = pandas_json.string_of_records("n", text, [1], [Ranking([text], [number])])
    (row,) = json.loads(json.loads(answer))
    assert row[text] == text or text in ("score", "rank")


@given(
    st.text(),
    st.lists(
        st.tuples(
            st.integers() | st.text() | st.none(),
            st.lists(st.tuples(st.integers() | st.text() | st.none(), st.floats())),
        )
    ),
)
def test_rows_are_written_by_parts_as_if_at_once(name: str, given: list[Any]) -> None:
    def written(value: Any) -> str:
        if value is None:
            return "null"
        return pandas_json.text(value) if isinstance(value, str) else str(value)

    rows = [
        f'{{{pandas_json.text(name)}:{written(head)},"b%%":{written(item)},'
        f'"score":{pandas_json.number(score)},"rank":{rank}}}'
        for head, ranked in given
        for rank, (item, score) in enumerate(ranked, 1)
    ]
    rankings = [
        Ranking([one for one, _ in ranked], [two for _, two in ranked]) for _, ranked in given
    ]
    answer = pandas_json.string_of_records(name, "b%%", [head for head, _ in given], rankings)
    assert answer.decode() == json.dumps("[" + ",".join(rows) + "]")


@given(st.floats(-1e6, 1e6))
def test_close_to_the_number(value: float) -> None:
    assert abs(float(pandas_json.number(value)) - value) <= 0.51e-10 + abs(value) * 1e-15


def longest_silence() -> float:
    """Return for how long this thread stood still, at most, while another wrote a large answer."""
    ranking = Ranking(["\xe9" * 80] * 10, [0.5] * 10)
    heads: list[Id] = [f"{number}" + "\xe9" * 230 for number in range(3000)]
    longest, last = 0.0, time.perf_counter()
    with ThreadPoolExecutor(1) as executor:
        writing = executor.submit(
            pandas_json.string_of_records, "user", "item", heads, [ranking] * 3000
        )
        while not writing.done():
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
    assert len(writing.result()) > 60_000_000
    return longest


def test_others_get_their_turn_while_a_large_answer_is_written() -> None:
    """As one text, it took half a second to escape: nobody else ran meanwhile."""
    assert min(longest_silence() for _ in range(3)) < 0.1
