"""Parts of a log, on the trainer's Python, against rules written as slow loops."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.training.environment import Trainer, TrainerError

pytestmark = pytest.mark.slow

Event = tuple[Any, Any, int]  # user, item, time in ns
Parts = dict[str, list[Event]]

TIME_SPLIT = """
from training.splits import held_out, time_split
split = time_split(frame(events), validation, test)
"""
AUTHOR_SPLIT = """
from training.splits import author_split, busiest, held_out
rows = frame(events)
split = author_split(rows, seed, validation, test)
"""
TELL = """
def tell(part):
    return list(zip(part.user.tolist(), part.item.tolist(), part.time.astype("int64").tolist()))
answer = {
    "train": tell(split.train),
    "validation": tell(split.validation),
    "test": tell(split.test),
    "before_test": tell(split.before_test),
    "validation_truth": held_out(split.train, split.validation),
    "test_truth": held_out(split.before_test, split.test),
}
"""


def events(most_times: int = 1000) -> st.SearchStrategy[list[Event]]:
    """Draw logs in any order, of integer or of string ids, in which times may be equal."""
    users, items, times = st.integers(0, 8), st.integers(0, 8), st.integers(0, most_times)
    numbers = st.lists(st.tuples(users, items, times), min_size=1, max_size=60)
    words = st.tuples(users.map("user-{}".format), items.map("item-{}".format), times)
    return numbers | st.lists(words, min_size=1, max_size=60)


SHARES = st.tuples(st.sampled_from([0.0, 0.1, 0.3]), st.sampled_from([0.1, 0.25, 0.6]))


def textbook_truth(before: list[Event], part: list[Event]) -> dict[Any, set[Any]]:
    truth: dict[Any, set[Any]] = {}
    for user, item, _ in part:
        if not any(other[:2] == (user, item) for other in before):
            truth.setdefault(user, set()).add(item)
    return truth


# -- by time ---------------------------------------------------------------------------------------


def time_split(
    trainer: Trainer, log: list[Event], validation: float = 0.1, test: float = 0.1
) -> Any:
    return trainer.run(TIME_SPLIT + TELL, events=log, validation=validation, test=test)


def parts_if_any(trainer: Trainer, log: list[Event], shares: tuple[float, float]) -> Any:
    """Return the parts, or None if nothing would be left to train on."""
    try:
        return time_split(trainer, log, *shares)
    except TrainerError as error:
        if "nothing is left to train on" in str(error):
            return None
        raise


@settings(deadline=None)
@given(log=events() | events(most_times=3), shares=SHARES)
def test_nothing_of_a_part_is_later_than_the_next(
    trainer: Trainer, log: list[Event], shares: tuple[float, float]
) -> None:
    parts = parts_if_any(trainer, log, shares)
    assume(parts is not None)
    assert sorted(parts["train"] + parts["validation"] + parts["test"]) == sorted(log)
    ordered = [[time for _, _, time in parts[name]] for name in ("train", "validation", "test")]
    filled = [times for times in ordered if times]
    for earlier, later in pairwise(filled):
        assert max(earlier) < min(later)
    validation, test = shares
    assert ordered[0]
    assert len(parts["test"]) >= max(1, round(test * len(log)))
    assert len(parts["validation"]) >= (max(1, round(validation * len(log))) if validation else 0)
    assert bool(parts["validation"]) == (validation > 0)
    assert parts["validation_truth"] == textbook_truth(parts["train"], parts["validation"])
    assert parts["test_truth"] == textbook_truth(parts["before_test"], parts["test"])


@settings(deadline=None, max_examples=30)
@given(log=st.permutations([(n % 7, n % 5, n) for n in range(100)]), shares=SHARES)
def test_parts_are_as_large_as_asked_where_no_times_are_equal(
    trainer: Trainer, log: list[Event], shares: tuple[float, float]
) -> None:
    parts = time_split(trainer, log, *shares)
    assert len(parts["validation"]) == round(100 * shares[0])
    assert len(parts["test"]) == round(100 * shares[1])
    # Each part keeps the order of the log, and so do train and validation together.
    places = {event: place for place, event in enumerate(log)}
    for name in ("train", "validation", "test", "before_test"):
        assert parts[name] == sorted(parts[name], key=places.__getitem__)
    assert sorted(parts["before_test"]) == sorted(parts["train"] + parts["validation"])


def test_events_of_one_time_stay_together(trainer: Trainer) -> None:
    log = [(1, item, time) for item, time in enumerate([1, 2, 3, 4, 5, 6, 7, 9, 9, 9])]
    parts = time_split(trainer, log)
    assert [time for _, _, time in parts["test"]] == [9, 9, 9]
    assert [time for _, _, time in parts["validation"]] == [7]
    assert parts["test_truth"] == {1: {7, 8, 9}}


def test_what_a_visitor_had_before_is_not_held_out(trainer: Trainer) -> None:
    log = [(1, "a", 1), (1, "b", 2), (2, "a", 3)]
    log += [(1, "c", 4), (1, "a", 5), (1, "d", 5)]
    log += [(3, "a", 6), (2, "a", 7), (1, "d", 8), (1, "c", 9)]
    parts = time_split(trainer, log, validation=0.3, test=0.4)
    assert [time for _, _, time in parts["train"]] == [1, 2, 3]
    assert parts["validation_truth"] == {1: {"c", "d"}}
    assert parts["test_truth"] == {3: {"a"}}


@pytest.mark.parametrize(
    ("log", "shares", "message"),
    [
        ([(1, 1, 5)] * 4, (0.1, 0.1), "4 events of 1 different times cannot be parted"),
        ([(1, 1, 5), (1, 2, 6)], (0.1, 0.1), "2 events of 2 different times"),
        ([], (0.1, 0.1), "0 events"),
        ([(1, 1, 5), (1, 2, 6)], (0.1, 0.0), "leave something to train on"),
        ([(1, 1, 5), (1, 2, 6)], (0.5, 0.5), "leave something to train on"),
        ([(1, 1, 5), (1, 2, 6)], (-0.1, 0.5), "leave something to train on"),
        ([(1, 1, 5), (1, 2, 6)], (float("nan"), 0.5), "leave something to train on"),
        ([(1, 1, 5), (1, 2, -(2**63))], (0.0, 0.5), "without a time"),
    ],
)
def test_what_cannot_be_split_by_time_is_refused(
    trainer: Trainer, log: list[Event], shares: tuple[float, float], message: str
) -> None:
    with pytest.raises(TrainerError, match=f"^ValueError: .*{message}"):
        time_split(trainer, log, *shares)


# -- by the author's rule --------------------------------------------------------------------------


def author_split(
    trainer: Trainer, log: list[Event], seed: int, validation: float = 0.0, test: float = 0.2
) -> Any:
    return trainer.run(
        AUTHOR_SPLIT + TELL + 'answer["busiest"] = busiest(rows["user"])',
        events=log,
        seed=seed,
        validation=validation,
        test=test,
    )


def textbook_busiest(log: list[Event]) -> list[Any]:
    counts: dict[Any, int] = {}
    for user, _, _ in log:
        counts[user] = counts.get(user, 0) + 1
    ordered = sorted(counts, key=lambda user: (-counts[user], user))
    return ordered[: max(10, len(counts) * 2 // 100)]


@settings(deadline=None, max_examples=40)
@given(log=events(), seed=st.integers(0, 2**32 - 1), shares=SHARES, data=st.data())
def test_items_of_the_busiest_are_held_out_whole(
    trainer: Trainer,
    log: list[Event],
    seed: int,
    shares: tuple[float, float],
    data: st.DataObject,
) -> None:
    parts = author_split(trainer, log, seed, *shares)
    assert parts["busiest"] == textbook_busiest(log)
    assert sorted(parts["train"] + parts["validation"] + parts["test"]) == sorted(log)
    pairs = [{row[:2] for row in parts[name]} for name in ("train", "validation", "test")]
    assert sum(map(len, pairs)) == len(set.union(*pairs))
    assert {user for user, _ in pairs[1] | pairs[2]} <= set(parts["busiest"])
    assert parts["test_truth"] == textbook_truth([], parts["test"])
    # Neither the order of the rows nor the share of the validation part changes the test part.
    shuffled = data.draw(st.permutations(log))
    again = author_split(trainer, shuffled, seed, 0.05, shares[1])
    assert sorted(again["test"]) == sorted(parts["test"])


def test_a_fifth_of_the_items_of_two_in_a_hundred(trainer: Trainer) -> None:
    """1,000 visitors, of whom 20 have 200 rows and the others 2."""
    log = [(user, item, 0) for user in range(0, 1000, 50) for item in range(200)]
    log += [(user, item, 0) for user in range(1000) if user % 50 for item in range(2)]
    parts = author_split(trainer, log, 7, validation=0.1)
    assert parts["busiest"] == list(range(0, 1000, 50))
    # 4,000 draws of 0.2 and of 0.1: three standard errors are 76 and 57.
    assert 724 <= len(parts["test"]) <= 876
    assert 343 <= len(parts["validation"]) <= 457
    assert parts["test_truth"].keys() == set(range(0, 1000, 50))
    assert author_split(trainer, log, 7, validation=0.1) == parts
    assert author_split(trainer, log, 8, validation=0.1) != parts


def test_shares_that_are_none_are_refused(trainer: Trainer) -> None:
    with pytest.raises(TrainerError, match="leave something to train on"):
        author_split(trainer, [(1, 1, 1)], 0, 0.5, 0.5)
