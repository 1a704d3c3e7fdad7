"""Test visitors, their kinds and their visits, on the trainer's Python."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.environment import Trainer, TrainerError

pytestmark = pytest.mark.slow

ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 5), st.integers(0, 100)), min_size=1, max_size=40
)


def draw_visitors(trainer: Trainer, truth: dict[Any, set[Any]], seed: int, most: int) -> Any:
    return trainer.run(
        "from training.visitors import draw_visitors; answer = draw_visitors(truth, seed, most)",
        truth=truth,
        seed=seed,
        most=most,
    )


@settings(deadline=None)
@given(
    truth=st.dictionaries(st.integers(0, 50), st.sets(st.integers(0, 3), max_size=2)),
    seed=st.integers(0, 2**32 - 1),
    most=st.integers(1, 20),
)
def test_visitors_are_drawn_among_those_with_a_truth(
    trainer: Trainer, truth: dict[int, set[int]], seed: int, most: int
) -> None:
    everybody = sorted(visitor for visitor, items in truth.items() if items)
    drawn = draw_visitors(trainer, truth, seed, most)
    assert len(drawn) == min(most, len(everybody))
    assert drawn == sorted(set(drawn))
    assert set(drawn) <= set(everybody)
    turned = dict(reversed(truth.items()))
    assert draw_visitors(trainer, turned, seed, most) == drawn


def test_every_visitor_may_be_drawn(trainer: Trainer) -> None:
    truth = {f"user-{number}": {1} for number in range(10)}
    drawn = [draw_visitors(trainer, truth, seed, 3) for seed in range(40)]
    assert {visitor for each in drawn for visitor in each} == set(truth)
    assert len({tuple(each) for each in drawn}) > 20
    assert trainer.run(
        "from training.visitors import draw_visitors\n"
        "answer = len(draw_visitors({n: {1} for n in range(6000)}, 0))"
    ) == 5000  # fmt: skip


@settings(deadline=None)
@given(rows=ROWS, visitors=st.permutations(list(range(9))))
def test_kinds_are_by_distinct_items(
    trainer: Trainer, rows: list[tuple[int, int, int]], visitors: list[int]
) -> None:
    expected = []
    for visitor in visitors:
        distinct = len({item for user, item, _ in rows if user == visitor})
        if distinct == 0:
            expected.append("unknown")
        elif distinct <= 2:
            expected.append("light")
        else:
            expected.append("known")
    code = "from training.visitors import kinds; answer = kinds(frame(rows), visitors)"
    assert trainer.run(code, rows=rows, visitors=visitors) == expected
    assert trainer.run(code, rows=rows, visitors=[]) == []


@settings(deadline=None)
@given(rows=ROWS, data=st.data())
def test_the_first_visit_is_the_earliest_event(
    trainer: Trainer, rows: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    visitors = data.draw(st.permutations(sorted({user for user, _, _ in rows})))
    answer = trainer.run(
        "from training.visitors import first_visits\n"
        "found = first_visits(frame(rows), visitors)\n"
        "answer = list(zip(found.index.tolist(), found.astype('int64').tolist()))",
        rows=rows,
        visitors=visitors,
    )
    assert answer == [
        (visitor, min(time for user, _, time in rows if user == visitor)) for visitor in visitors
    ]


def test_a_visitor_who_did_not_come_has_no_visit(trainer: Trainer) -> None:
    with pytest.raises(TrainerError, match="visitor 'b' does not occur in this part"):
        trainer.run(
            "from training.visitors import first_visits; first_visits(frame(rows), ['a', 'b'])",
            rows=[("a", 1, 1)],
        )


@settings(deadline=None)
@given(rows=ROWS)
def test_audiences_count_visitors_and_not_events(
    trainer: Trainer, rows: list[tuple[int, int, int]]
) -> None:
    answer = trainer.run(
        "from training.visitors import audiences; answer = audiences(frame(rows))", rows=rows
    )
    assert answer == {
        item: len({user for user, other, _ in rows if other == item})
        for item in {item for _, item, _ in rows}
    }
