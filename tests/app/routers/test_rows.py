"""Rows of answers are the JSON of their fields, to the last byte, however they are written."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from app.routers.rows import write_rows
from turi_recommender import Id, Ranking, Term, Why

# What separates strings in JSON may be within them, too.
TEXTS = st.text('",\\', max_size=4) | st.text(st.characters(exclude_categories=["Cs"]))
INTEGERS = st.integers(-(2**63), 2**63 - 1)
IDS = st.lists(INTEGERS, max_size=5) | st.lists(TEXTS, max_size=5)
MIXED: Any = st.lists(INTEGERS | TEXTS | st.none(), max_size=5)


@st.composite
def rankings(draw: st.DrawFn) -> Ranking:
    items = draw(IDS | MIXED)
    scores = draw(st.lists(st.floats(), min_size=len(items), max_size=len(items)))
    return Ranking(items, scores)


def plainly(head: str, item: str, heads: list[Id], found: list[Ranking]) -> bytes:
    rows = [
        {head: one, item: other, "score": score, "rank": rank}
        for one, ranking in zip(heads, found, strict=True)
        for rank, (other, score) in enumerate(zip(ranking.items, ranking.scores, strict=True), 1)
    ]
    return to_json(rows, inf_nan_mode="null")


@given(
    st.lists(st.tuples(INTEGERS | TEXTS, rankings()), max_size=4),
    TEXTS.map(lambda text: f"user{text}"),
    TEXTS.map(lambda text: f"item{text}"),
)
def test_rows_are_those_of_a_plain_writer(
    found: list[tuple[Id, Ranking]], head: str, item: str
) -> None:
    heads, answers = [one for one, _ in found], [ranking for _, ranking in found]
    assert write_rows(head, item, heads, answers) == plainly(head, item, heads, answers)


@given(st.lists(st.text('",a', max_size=3), min_size=1, max_size=3))
def test_ids_with_the_marks_of_json(items: list[Id]) -> None:
    ranking = Ranking(items, [0.5] * len(items))
    assert write_rows("u", "i", [1], [ranking]) == plainly("u", "i", [1], [ranking])


def test_more_rows_than_have_been_prepared() -> None:
    ranking = Ranking(list(range(2500)), [0.5] * 2500)
    assert write_rows("u", "i", [1], [ranking]) == plainly("u", "i", [1], [ranking])


def test_a_ranking_may_tell_why_beside_one_that_does_not() -> None:
    why = Why([Term("average", 0.5, "average")])
    told = Ranking([7], [0.5], [why])
    rows = to_json([{"u": 1, "i": 8, "score": 1e-7, "rank": 1}])[:-1]
    rows += b',{"u":2,"i":7,"score":0.5,"rank":1,"why":[%b]}]' % to_json(
        {"term": "average", "value": 0.5, "kind": "average"}
    )
    assert write_rows("u", "i", [1, 2], [Ranking([8], [1e-7]), told]) == rows
