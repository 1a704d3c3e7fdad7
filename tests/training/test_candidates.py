"""What may be trained, and how models are asked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.environment import Trainer, TrainerError

pytestmark = pytest.mark.slow

SET_UP = """
load_turicreate()
from dataclasses import replace
from training.candidates import ask, author, named, train, usual
from training.keep import latest
from training.events import make_log
log = make_log(200, 60, 3)
"""


def ask(trainer: Trainer, code: str, **variables: Any) -> Any:
    return trainer.run(SET_UP + code, **variables)


def test_labels_are_unique_and_settings_are_json(trainer: Trainer) -> None:
    code = """
import json
each = [one for tries in usual(("month", "device")).values() for one in tries] + [author()]
answer = [one.label for one in each], [json.loads(json.dumps(one.to_json())) for one in each]
"""
    labels, settings = ask(trainer, code)
    assert len(set(labels)) == len(labels)
    assert all({"model", "keep"} <= set(one) for one in settings)
    assert next(one["context"] for one in settings if "context" in one) == ["device"]


def test_the_gates_yardstick_is_the_first_try_for_newcomers(trainer: Trainer) -> None:
    code = """
from training.roles import yardstick_of
from training.record import _tried
from training.choose import Tried
each = usual()["newcomer"]
told = [_tried(Tried(one, 7, 0.2, 1.0)) for one in each]
answer = [one.label for one in each], yardstick_of("newcomer"), [
    (one["recall@10"], one.get("margin")) for one in told
]
"""
    labels, yardstick, told = ask(trainer, code)
    assert labels[0] == yardstick
    assert told == [(0.2, None)] * 3 + [(0.2, 1.15)]


@pytest.mark.parametrize(
    ("context", "learned"),
    [(("month",), ["month"]), (("month", "weekday"), ["weekday"]), ((), None)],
)
def test_a_machine_learns_the_context_that_there_is(
    trainer: Trainer, context: tuple[str, ...], learned: list[str] | None
) -> None:
    code = "answer = [list(one.context) for one in usual(context)['newcomer'] if one.context]"
    assert ask(trainer, code, context=context) == ([] if learned is None else [learned])


def test_the_latest_events_stay_in_order_and_equal_times_together(trainer: Trainer) -> None:
    code = """
events = frame([(1, 1, 5), (2, 2, 9), (3, 3, 9), (4, 4, 1), (5, 5, 9)])
answer = [latest(events, share).user.tolist() for share in (1.0, 0.8, 0.2, 0.01)]
"""
    assert ask(trainer, code) == [[1, 2, 3, 4, 5], [1, 2, 3, 5], [2, 3, 5], [2, 3, 5]]


def test_no_more_than_so_many_of_the_latest_events_are_learnt(trainer: Trainer) -> None:
    code = """
popular = usual()["newcomer"][1]
models = [train(replace(popular, most_events=n), log, "UTC", 0) for n in (100, 10**9, None)]
answer = [model.num_items for model in models], log.events.item.nunique(), len(log.events)
"""
    (few, many, all_of_them), items, events = ask(trainer, code)
    assert 0 < few <= 100 < events
    assert few < many == all_of_them == items


def test_every_visitor_has_an_answer(trainer: Trainer) -> None:
    code = """
import pandas as pd
model = train(usual()["similarity"][0], log, "UTC", 0)
users = [-5, *log.events.user.unique()[:3].tolist()]
visits = pd.DataFrame({"visitorid": users, "colour": ["red"] * 4})
lists, scores = ask(model, visits)
had = {user: set(log.events[log.events.user == user].item) for user in users}
answer = users, lists, scores, had
"""
    users, lists, scores, had = ask(trainer, code)
    assert list(lists) == list(scores) == users
    for user in users:
        assert len(lists[user]) == len(scores[user]) <= 20
        assert scores[user] == sorted(scores[user], reverse=True)
        assert not set(lists[user]) & had[user]


def test_the_authors_settings_are_trained(trainer: Trainer) -> None:
    code = "m = train(author(), make_log(400, 80, 3), 'UTC', 1)\nanswer = m.target, m.num_factors"
    assert ask(trainer, code) == ("target", 32)


@pytest.mark.parametrize(
    ("name", "roles"),
    [
        ("usual", ["similarity", "ranking", "newcomer"]),
        ("author", ["ranking"]),
        ("context", ["newcomer"]),
    ],
)
def test_names_stand_for_what_is_tried(trainer: Trainer, name: str, roles: list[str]) -> None:
    code = "answer = {r: [s.label for s in t] for r, t in named(name, ('period',)).items()}"
    found = ask(trainer, code, name=name)
    assert list(found) == roles
    labels = [label for tries in found.values() for label in tries]
    assert len(labels) == len(set(labels)) > 0


def test_a_model_of_the_visit_needs_its_columns(trainer: Trainer) -> None:
    with pytest.raises(TrainerError, match="--settings context needs columns"):
        ask(trainer, "answer = named('context', ())")
