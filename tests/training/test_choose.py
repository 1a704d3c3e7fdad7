"""What is tried on the validation part, what of it is chosen, and what the tries know."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.environment import Trainer, TrainerError

pytestmark = pytest.mark.slow

SET_UP = """
load_turicreate()
import time
from dataclasses import replace
from training import choose as choosing, run as running
from training.aside import Aside
from training.candidates import RANKING, SIMILARITY, Settings, usual
from training.choose import Tried, choose, ranked, wanted_of
from training.events import make_log
from training.final import Finals
from training.judged import make_part
from training.prepare import PrepareOptions
from training.splits import time_split

log = make_log(400, 80, 3)
split = time_split(log.events)
options = PrepareOptions()
part = make_part(log, split.train, split.validation, options, 7, 2000)
learned = replace(log, events=split.train)
said = []
good = usual()[SIMILARITY][0]
BAD = {"num_factors": -5}
bad = Settings("bad", RANKING, "ranking_factorization_recommender", tuple(BAD.items()), keep="all")
nobody = replace(good, label="nobody", keep="distinct-items:1000")
def told(ranked):
    return [(one.settings.label, one.seed, one.recall, one.failed) for one in ranked]
def try_all(tries, seeds=(7,), end=None):
    return told(choose(tries, learned, part, "UTC", seeds, end, said.append))
"""


def ask(trainer: Trainer, code: str, **variables: Any) -> Any:
    return trainer.run(SET_UP + code, **variables)


def test_the_best_comes_first_and_what_fails_last(trainer: Trainer) -> None:
    tried, said = ask(trainer, "answer = try_all([bad, nobody, *usual()[SIMILARITY]]), said")
    assert {each[0] for each in tried[-2:]} == {"bad", "nobody"}
    recalls = [each[2] for each in tried]
    assert recalls == sorted(recalls, reverse=True)
    assert "num_factors" in tried[-2][3]
    assert tried[-1][3].startswith("--keep distinct-items:1000 leaves none of ")
    assert all("\n" not in line for line in said)
    assert any(line.startswith("bad: ") for line in said)


def test_equal_ones_are_in_the_order_of_the_tries(trainer: Trainer) -> None:
    code = "p = usual(())['newcomer'][1]\nanswer = try_all([p, replace(p, label='the same')])"
    tried = ask(trainer, code)
    assert tried[0][2] == tried[1][2]
    assert [each[0] for each in tried] == ["popularity", "the same"]


@pytest.mark.parametrize(("recall", "first"), [(0.114, "popularity"), (0.116, "demanding")])
def test_settings_with_a_margin_have_to_be_clearly_better(
    trainer: Trainer, recall: float, first: str
) -> None:
    code = """
popular = usual(())["newcomer"][1]
demanding = replace(popular, label="demanding", margin=1.15)
answer = told(ranked([Tried(demanding, 7, recall, 1.0), Tried(popular, 7, 0.1, 1.0)]))
"""
    tried = ask(trainer, code, recall=recall)
    assert tried[0][0] == first
    assert sorted(each[2] for each in tried) == [0.1, recall]  # the true ones


def test_a_failure_with_a_margin_is_still_last(trainer: Trainer) -> None:
    code = """
failed = Tried(replace(bad, label="a", margin=1.15), 7, -1.0, 1.0, "why")
answer = told(ranked([Tried(bad, 7, -1.0, 1.0, "why"), failed, Tried(good, 7, 0.0, 1.0)]))
"""
    assert [each[0] for each in ask(trainer, code)] == ["jaccard", "bad", "a"]


def test_further_seeds_are_told_and_counted(trainer: Trainer) -> None:
    """A line before each try, whose estimate has all tries that are left in it."""
    code = """
real = choosing._try
def quick(settings, log, part, time_zone, seed):
    return Tried(settings, seed, 0.2 if "40" in settings.label else 0.1, 10.0)
choosing._try = quick
try:
    try_all(usual()[RANKING], (7, 8, 9))
finally:
    choosing._try = real
answer = [line for line in said if "trying" in line]
"""
    lines = ask(trainer, code)
    assert [line.partition(":")[0] for line in lines] == [
        *(f"trying {number} of 4" for number in range(1, 5)),
        *(f"trying again {number} of 2" for number in range(1, 3)),
    ]
    assert [line.rpartition("; ")[2] for line in lines[1:]] == [
        "about 70 s left for this role",  # twice the factors, twice as long; and two more seeds
        "about 62 s left for this role",  # two tries, and the two best so far, which are close
        "about 27 s left for this role",
        "about 20 s left for this role",
        "about 10 s left for this role",
    ]
    assert "confidence 40, seed 8" in lines[4]


def test_nothing_is_said_of_a_kind_that_nobody_measured(trainer: Trainer) -> None:
    code = """
real = choosing._try
choosing._try = lambda settings, log, part, zone, seed: Tried(settings, seed, 0.1, 10.0)
try:
    another_solver = Tried(usual()[RANKING][0], 7, 0.1, 30.0)
    alike = Tried(replace(usual()["newcomer"][3], label="alike"), 7, 0.1, 30.0)
    for earlier in ([], [another_solver], [another_solver, alike]):
        choose(usual()["newcomer"], learned, part, "UTC", [7], None, said.append, earlier)
finally:
    choosing._try = real
answer = [line for line in said if line.startswith("trying 4 of 4")]
"""
    unknown, other, known = ask(trainer, code)
    assert unknown == other == "trying 4 of 4: factorization machine of the visit"
    assert known == f"{unknown}; about 30 s left for this role"


def test_what_is_left_after_choosing_is_what_will_be_trained(trainer: Trainer) -> None:
    code = """
from training.remaining import seconds_to_finish
similarity, ranking, newcomer = (usual()[role] for role in ("similarity", "ranking", "newcomer"))
tried = {
    "similarity": [Tried(similarity[0], 7, 0.1, 2.0), Tried(similarity[2], 7, 0.1, 3.0)],
    "ranking": [Tried(ranking[0], seed, 0.1, seconds) for seed, seconds in ((7, 9.0), (8, 11.0))],
    "newcomer": [Tried(newcomer[3], 7, 0.1, 5.0), Tried(newcomer[1], 7, 0.1, 1.0)],
}
from training.final import references
answer = [
    seconds_to_finish(tried, references(), 3, searched, events)
    for searched, events in ((1000, 1000), (1000, 2000), (500_000, 1_000_000))
]
"""
    # Twice jaccard, and four times what is drawn; then popularity, recent popularity, which takes
    # what its class does, and cosine.
    chosen, references = 2 * 2.0 + 4 * 10.0, 1.0 + 1.0 + 3.0
    assert ask(trainer, code) == pytest.approx(
        [
            chosen + 4 * 5.0 + references,
            2 * (chosen + 4 * 5.0 + references),
            2 * (chosen + references) + 4 * 5.0,  # the machine learns from so many at most
        ]
    )


def test_a_role_of_which_nothing_can_be_trained_is_an_error(trainer: Trainer) -> None:
    with pytest.raises(TrainerError, match=r"TrainingError: .*num_factors"):
        ask(trainer, "answer = try_all([bad])")


def test_only_what_is_drawn_is_tried_with_further_seeds(trainer: Trainer) -> None:
    code = "answer = [try_all(usual()[role][:1], (3, 4, 5)) for role in (SIMILARITY, RANKING)]"
    similarity, ranking = ask(trainer, code)
    assert [each[1] for each in similarity] == [3]
    assert sorted(each[1] for each in ranking) == [3, 4, 5]


def test_without_time_the_first_is_tried(trainer: Trainer) -> None:
    tried, said = ask(trainer, "answer = try_all(usual()[RANKING], (7, 8), time.monotonic()), said")
    assert [each[0] for each in tried] == ["ials, 32 factors"]
    assert sum(line.startswith("no time left for") for line in said) == 3
    assert said[-1] == "no further seeds: there is no time left"


def test_strangers_are_the_newcomer_roles(trainer: Trainer) -> None:
    code = """
kinds = ["unknown", "light", "known"] * 20
many = replace(part, visitors=[*range(60)], kinds=kinds)
few = replace(part, visitors=[*range(5)], kinds=kinds[:5])
answer = [
    [kind for kind, mine in zip(kinds, wanted_of(role, many)) if mine]
    for role in ("newcomer", "ranking")
] + [wanted_of("newcomer", few).tolist()]
"""
    newcomer, ranking, few = ask(trainer, code)
    assert set(newcomer) == {"unknown"}
    assert set(ranking) == {"light", "known"}
    assert few == [True] * 5


def test_nothing_that_is_chosen_or_judged_sees_the_test_part(
    trainer: Trainer, tmp_path: Any
) -> None:
    """Everything that is trained passes `train`: it is watched, and does its work."""
    code = """
from training import final as finishing
from training.run import _parser
watched = []
real = choosing.train
start = split.test["time"].min()
def watch(where):
    def train(settings, log, time_zone, seed):
        watched.append((where, settings.label, bool((log.events["time"] >= start).any())))
        return real(settings, log, time_zone, seed)
    return train
chosen_on = []
make = running.make_part
def make_watched(log, before, part, *others):
    made = make(log, before, part, *others)
    chosen_on.append((bool((before["time"] >= start).any()), bool((part["time"] >= start).any())))
    return made
choosing.train, finishing.train = watch("choose"), watch("final")
running.make_part = make_watched
aside = Aside(out)
try:
    args = _parser().parse_args(["log", "--out", out, "--seeds", "2"])
    running.run(log, options, args, said.append, aside)
finally:
    aside.discard()
    choosing.train = finishing.train = real
    running.make_part = make
answer = watched, chosen_on
"""
    watched, parts = ask(trainer, code, out=str(tmp_path / "out"))
    assert not any(sees for where, _, sees in watched if where == "choose")
    finals = [(label, sees) for where, label, sees in watched if where == "final"]
    assert sum(sees for _, sees in finals) == 3  # one of each role, to serve
    labels = [label for label, _ in finals]
    # What they are compared with is not trained again where a role has the same settings.
    for label in ("popularity", "popularity of the last 20%", "jaccard", "cosine"):
        assert (label, False) in finals
        assert labels.count(label) - sum(sees for each, sees in finals if each == label) == 1
    assert parts == [(False, True), (False, False)]  # test, validation
    assert list(tmp_path.iterdir()) == []


def test_a_role_that_fails_at_the_end_is_left_out(trainer: Trainer, tmp_path: Any) -> None:
    code = """
test = make_part(log, split.before_test, split.test, options, 7, 5000)
aside = Aside(out)
finals = Finals(log, split.before_test, test, "UTC", aside, said.append)
finals.add(SIMILARITY, Tried(good, 7, 0.1, 1.0), [7])
finals.add(RANKING, Tried(bad, 7, 0.1, 1.0), [7])
aside.publish()
outcome = finals.outcome
answer = sorted(outcome.paths), outcome.failed, [one.name for one in outcome.answered]
"""
    roles, failed, names = ask(trainer, code, out=str(tmp_path / "out"))
    assert roles == names == ["similarity"]
    assert list(failed) == ["ranking"]
    assert "num_factors" in failed["ranking"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["similarity"]


@pytest.mark.parametrize(
    ("tries", "close", "expected"),
    [
        ([("a", 1, 0.1), ("b", 1, 0.2), ("c", 1, 0.2)], [], [("b", 1), ("c", 1), ("a", 1)]),
        # One lucky draw does not make settings better.
        (
            [("a", 1, 0.20), ("b", 1, 0.19), ("a", 2, 0.10), ("b", 2, 0.18)],
            ["a", "b"],
            [("b", 1), ("b", 2), ("a", 1), ("a", 2)],
        ),
        # Those that were tried once only do not come before those that were tried again.
        ([("a", 1, 0.20), ("b", 1, 0.17), ("a", 2, 0.12)], ["a"], [("a", 1), ("a", 2), ("b", 1)]),
        # What failed once may still be served with another seed.
        ([("a", 1, 0.2), ("a", 2, -1.0), ("b", 1, -1.0)], ["a"], [("a", 1), ("a", 2), ("b", 1)]),
    ],
)
def test_settings_are_ranked_by_their_means_over_seeds(
    trainer: Trainer,
    tries: list[tuple[str, int, float]],
    close: list[str],
    expected: list[tuple[str, int]],
) -> None:
    code = """
tries = [Tried(Settings(a, RANKING, ""), seed, b, 1.0, "x" * (b < 0)) for a, seed, b in tries]
answer = [(one.settings.label, one.seed) for one in ranked(tries, close)]
"""
    assert ask(trainer, code, tries=tries, close=close) == expected
