"""Visitors of a part: who, what they did, and in which context they came."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.environment import Trainer

pytestmark = pytest.mark.slow

SET_UP = """
load_turicreate()
from training.events import make_log
from training.judged import make_part, with_shuffled_context
from training.prepare import PrepareOptions
from training.splits import time_split
from training.visitors import of_drawn_visitors
log = make_log(400, 80, 3)
split = time_split(log.events)
def tell(seed, most=30, part=split.test):
    made = make_part(log, split.before_test, part, PrepareOptions(), seed, most)
    return made.visitors, made.truth, made.kinds, made.visits.to_dict("list"), made.periods
"""


def ask(trainer: Trainer, code: str, **variables: Any) -> Any:
    return trainer.run(SET_UP + code, **variables)


def test_equal_seeds_draw_equal_visitors_in_whatever_order_events_are(trainer: Trainer) -> None:
    code = "answer = tell(1), tell(1, part=split.test.sample(frac=1, random_state=5)), tell(2)"
    one, same, other = ask(trainer, code)
    assert one == same
    assert len(one[0]) == 30
    assert one[0] != other[0]


def test_the_context_is_that_of_the_first_visit(trainer: Trainer) -> None:
    code = """
first = {}
for user, time in zip(split.test.user.tolist(), split.test.time.tolist()):
    first[user] = min(time, first.get(user, time))
answer = tell(1), {user: (time.month, time.weekday(), time.hour) for user, time in first.items()}
"""
    (visitors, truth, kinds, visits, periods), first = ask(trainer, code)
    assert list(visits) == ["visitorid", "period", "month", "weekday"]
    assert visits["visitorid"] == visitors == sorted(truth)
    assert visits["period"] == periods
    names = ["Late Night", "Early Morning", "Morning", "Noon", "Evening", "Night"]
    for place, visitor in enumerate(visitors):
        month, weekday, hour = first[visitor]
        assert (visits["month"][place], visits["weekday"][place]) == (month, weekday)
        assert periods[place] == names[hour // 4]
    assert len(kinds) == len(visitors)


def test_shuffling_keeps_rows_of_context_together(trainer: Trainer) -> None:
    code = """
part = make_part(log, split.before_test, split.test, PrepareOptions(), 1, 30)
after = [with_shuffled_context(part, seed).visits for seed in (3, 3, 4)]
answer = [each.values.tolist() for each in after], part.visits.values.tolist()
"""
    (one, same, other), before = ask(trainer, code)
    assert one == same != other
    assert [row[0] for row in one] == [row[0] for row in before]
    assert sorted(row[1:] for row in one) == sorted(row[1:] for row in before)
    assert one != before


def test_a_share_of_the_visitors_is_drawn_with_all_their_events(trainer: Trainer) -> None:
    code = """
events = log.events
mixed = events.sample(frac=1, random_state=5)
drawn = [(events, 1), (mixed, 1), (events, 2)]
answer = (
    [sorted(of_drawn_visitors(each, 0.1, seed).index) for each, seed in drawn],
    len(of_drawn_visitors(events, 1.0, 1)) == len(events),
    of_drawn_visitors(events, 1e-9, 1).user.nunique(),
    events.user.tolist(),
)
"""
    (one, same, other), is_whole, least, users = ask(trainer, code)
    assert one == same != other
    drawn = {users[place] for place in one}
    assert len(drawn) == round(0.1 * len(set(users)))
    assert one == [place for place, user in enumerate(users) if user in drawn]
    assert is_whole
    assert least == 1
