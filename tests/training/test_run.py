"""A training run as a person starts it, and what the service's Python reads of it."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.gate.candidates import read_run
from app.gate.decide import Rules
from tests.training.environment import ROOT, Trainer, training_python
from tests.training.reader import GOOD, HOUR, SUNDAY, lines
from turi_recommender import load_model

pytestmark = pytest.mark.slow

ROLES = ["similarity", "ranking", "newcomer"]
ODD = 'Ü "{}"; 🎈 \\'  # an id with what separates, quotes and escapes
MADE = """
from training.events import make_events
made = make_events(400, 80, 3)
answer = list(zip(made.timestamp.tolist(), made.visitorid.tolist(), made.itemid.tolist()))
"""


@pytest.fixture(scope="module")
def events(trainer: Trainer) -> list[tuple[int, int, int]]:
    """Times in ms, visitors and items, in the order of time."""
    made: list[tuple[int, int, int]] = trainer.run(MADE)
    return made


def write(path: Path, header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def view_log(path: Path, events: list[tuple[int, int, int]]) -> Path:
    rows = [(time, user, "view", item) for time, user, item in events]
    return write(path, ("timestamp", "visitorid", "event", "itemid"), rows)


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [training_python(), "-m", "training.run", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str) -> str:
    """Return what a run prints that works."""
    process = start(*arguments)
    output, complaint = process.communicate(timeout=300)
    assert process.returncode == 0, complaint
    return output


def refuse(*arguments: str) -> str:
    """Return the line in which a run refuses."""
    process = start(*arguments)
    _, complaint = process.communicate(timeout=300)
    assert process.returncode == 2, complaint
    assert complaint.count("\n") == 1, complaint
    return complaint


def told_of(folder: Path) -> dict[str, Any]:
    def refuse_constant(name: str) -> None:
        raise AssertionError(name)

    text = (folder / "run.json").read_text(encoding="utf-8")
    told: dict[str, Any] = json.loads(text, parse_constant=refuse_constant)
    return told


@pytest.fixture(scope="module")
def finished(
    events: list[tuple[int, int, int]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """A run whose log has, in its test part, a visitor and an item that are nowhere else."""
    folder = tmp_path_factory.mktemp("finished")
    poisoned = [
        (time, 999_999 if place > 0.93 * len(events) and place % 7 == 0 else user, item)
        for place, (time, user, item) in enumerate(events)
    ]
    poisoned.append((events[-1][0], 999_999, 888_888))
    out = folder / "out"
    return out, run(str(view_log(folder / "log.csv", poisoned)), "--out", str(out))


def test_the_gate_reads_what_the_trainer_wrote(finished: tuple[Path, str]) -> None:
    read = read_run(finished[0])
    assert [each.role for each in read.candidates] == ROLES
    assert [each.name for each in read.candidates] == [
        "similarity_model",
        "ranking_factorization_model",
        "newcomer_model",
    ]
    assert read.test.users.dtype == np.int64
    assert sorted(read.test.users.tolist()) == read.test.users.tolist()
    assert list(read.test.context) == ["period", "month", "weekday"]
    pairs = set(zip(read.users.tolist(), read.items.tolist(), strict=True))
    assert len(pairs) == len(read.users)
    for user, items in zip(read.test.users.tolist(), read.test.truth, strict=True):
        assert items
        assert all((user, item) not in pairs for item in items)


def test_no_model_that_is_judged_knows_the_test_part(finished: tuple[Path, str]) -> None:
    read = read_run(finished[0])
    assert 999_999 in read.test.users.tolist()
    assert 999_999 not in read.users.tolist()
    assert 888_888 not in read.items.tolist()
    pairs = set(zip(read.users.tolist(), read.items.tolist(), strict=True))
    users, items = {user for user, _ in pairs}, {item for _, item in pairs}
    for candidate in read.candidates:
        judged, final = load_model(candidate.judged), load_model(candidate.final)
        assert set(judged.users.ids(range(judged.num_users))) <= users
        assert set(judged.items.ids(range(judged.num_items))) <= items
        assert 888_888 not in judged.items.ids(range(judged.num_items))
        if candidate.settings.get("recent", 1.0) == 1.0:
            assert 999_999 in final.users.ids(range(final.num_users))


def test_run_json_tells_all(finished: tuple[Path, str]) -> None:
    told = told_of(finished[0])
    assert told["failed"] == {}
    names = [each["name"] for each in told["figures"]]
    assert names[:3] == ROLES
    assert names[3:7] == ["popularity", "popularity of the last 20%", "jaccard", "cosine"]
    assert all(name.endswith(", context shuffled") for name in names[7:])
    for each in told["figures"]:
        assert set(each["curves"]) == {
            *("precision", "recall", "NDCG", "MRR", "novelty", "coverage"),
        }
        assert {len(curve) for curve in each["curves"].values()} == {20}
        assert set(each["kinds"]) == {"all", "known", "light", "unknown"}
        counts = [period["visitors"] for period in each["periods"].values()]
        assert sum(counts) == told["visitors"]["all"]
        assert set(each["against"]) == set(names) - {each["name"]}
    ranking = told["roles"]["ranking"]
    assert list(ranking["seeds"]) == ["7", "8", "9"]
    assert {each["seed"] for each in ranking["tried"]} == {7, 8, 9}
    assert "left to train and judge" in finished[1]
    assert ["margin" in each for each in told["roles"]["newcomer"]["tried"]].count(True) >= 1
    by_name = {each["name"]: each for each in told["figures"]}
    assert all(by_name[name]["findings"] == [] for name in set(names) - {"similarity", "ranking"})
    assert list((finished[0].parent).glob(".training-*")) == []


def test_the_last_lines_say_what_was_chosen_and_what_comes_next(
    finished: tuple[Path, str],
) -> None:
    out, printed = finished
    lines = [line.partition("] ")[2] for line in printed.splitlines()]
    for role, plain, whom in (
        ("similarity", "jaccard", "light and known"),
        ("ranking", "jaccard", "light and known"),
        ("newcomer", "popularity of the last 20%", "unknown"),
    ):
        chosen = told_of(out)["roles"][role]["tried"][0]["label"]
        told = [line for line in lines if line.startswith(f"{role} ({chosen}): ")]
        assert len(told) == 1
        assert f" {plain}, by " in told[0]
        assert told[0].removesuffix(": too few hits").endswith(f" {whom} visitors")
    assert not any("inf" in line or "nan" in line for line in lines[-14:])
    assert lines[-3:] == [
        f"left aside in {out}",
        f"the report is {out}/report.html",
        f"next: turi-recommender gate {out} --models-dir ...",
    ]
    visitors = told_of(out)["visitors"]
    few = [line for line in lines if line.startswith("note: the test part has ")]
    counts = [visitors["light"] + visitors["known"], visitors["unknown"]]
    assert [line.split()[5] for line in few] == [str(count) for count in counts if count < 50]


def test_a_test_part_that_the_gate_finds_too_small_is_noted(trainer: Trainer) -> None:
    code = """
load_turicreate()
from types import SimpleNamespace
from training.limits import JUDGING_VISITORS
from training.notes import few_visitors
parts = [["known"] * 49 + ["unknown"] * 50, ["light"] * 25 + ["known"] * 25, ["unknown"] * 3]
roles = ["similarity", "ranking", "newcomer"]
answer = JUDGING_VISITORS, [few_visitors(SimpleNamespace(kinds=kinds), roles) for kinds in parts]
"""
    needed, (returning, new, both) = trainer.run(code)
    assert needed == Rules().least_visitors
    assert len(returning) == len(new) == 1
    assert "has 49 visitors who are light or known; " in returning[0]
    assert "has 0 visitors who are unknown; " in new[0]
    assert len(both) == 2


@pytest.mark.parametrize(
    ("content", "options", "titles", "note"),
    [
        ("id;name\n10;Lamp\n", ("--titles-id", "id"), {"10": "Lamp"}, None),
        ("itemid;name\n10;Lamp\n", (), {"10": "Lamp"}, None),
        ("itemid;name\nA-10;Lamp\n", (), None, "no id in column itemid of "),
        ("the id;name\nA-10;Lamp\n", ("--titles-id", "the id"), None, "in column 'the id' of "),
    ],
)
def test_titles_are_found_by_a_column_of_their_own(
    trainer: Trainer,
    tmp_path: Path,
    content: str,
    options: tuple[str, ...],
    titles: dict[str, str] | None,
    note: str | None,
) -> None:
    path = tmp_path / "items.csv"
    path.write_text(content)
    code = """
load_turicreate()
from types import SimpleNamespace
from training.notes import titles_of
from training.run import _parser
log = SimpleNamespace(item_name="itemid", events=frame([(1, 10, 5)]))
said = []
args = _parser().parse_args(["log", "--out", "out", "--titles", path, "name", *options])
answer = titles_of(log, args, said.append), said
"""
    found, said = trainer.run(code, path=str(path), options=list(options))
    assert found == titles
    assert len(said) == (note is not None)
    assert note is None or note in said[0]


def test_strings_ratings_and_other_names(
    events: list[tuple[int, int, int]], tmp_path: Path
) -> None:
    rows = [
        (f"{time // 1000}", ODD.format(user), f"film {item}\t", item % 5 + 0.5, "tv")
        for time, user, item in events
    ]
    log = write(tmp_path / "log.csv", ("when", "who", "film", "stars", "device"), rows)
    out = tmp_path / "new" / "out"
    run(
        *(str(log), "--out", str(out), "--user", "who", "--item", "film", "--rating", "stars"),
        *("--time", "when", "--time-unit", "s", "--context", "device,weekday", "--separator", ","),
        *("--seeds", "1", "--budget", "0", "--split", "author"),
    )
    told = told_of(out)
    assert told["columns"] == {"user": "who", "item": "film"}
    assert "test_from" not in told
    assert {len(role["tried"]) for role in told["roles"].values()} == {1}
    read = read_run(out)
    assert set(read.users.tolist()) <= {row[1] for row in rows}
    assert set(read.test.context) == {"device", "weekday"}
    for candidate in read.candidates:
        model = load_model(candidate.final)
        assert (model.user_column.name, model.item_column.name) == ("who", "film")
        assert model.recommend([read.test.users.tolist()[0]]).rankings[0].items


@pytest.mark.parametrize(("budget", "counts"), [("0", {1}), ("0.00001", {1}), ("1000", {6, 8})])
def test_the_budget_bounds_what_is_tried(
    events: list[tuple[int, int, int]], tmp_path: Path, budget: str, counts: set[int]
) -> None:
    log, out = view_log(tmp_path / "log.csv", events), tmp_path / "out"
    output = run(str(log), "--out", str(out), "--budget", budget, "--search-share", "0.9")
    tried = {role: each["tried"] for role, each in told_of(out)["roles"].items()}
    assert list(tried) == sorted(ROLES)
    # Four settings, and the best of them, or the two best if they are close, with two more seeds.
    assert max(map(len, tried.values())) in counts
    assert ("no time left for cosine" in output) == (counts == {1})
    assert "(--search-share 0.9)" in output


AT_ONCE = [f"{SUNDAY},{user},view,{item}" for user in (1, 2) for item in (10, 11)]
AGAIN = [f"{SUNDAY + HOUR * n},{1 + n % 2},view,{10 + n // 2 % 2}" for n in range(40)]
NEW = [f"{SUNDAY + HOUR * (40 + n)},1,view,{20 + n}" for n in range(4)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (GOOD[:1], "column visitorid"),
        (AT_ONCE, "cannot be parted: nothing is left to train on"),
        (AGAIN, "nobody in the test part (4 events) has an item that"),
        ([*AGAIN, *NEW], "nobody in the validation part (4 events) has an item that"),
    ],
)
def test_a_log_that_is_too_small_leaves_nothing(
    tmp_path: Path, rows: list[str], message: str
) -> None:
    log = tmp_path / "log.csv"
    log.write_bytes(lines(*rows))
    assert message in refuse(str(log), "--out", str(tmp_path / "new" / "one" / "out"))
    assert list(tmp_path.iterdir()) == [log]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out", "there"), "there exists already: choose another name for --out, or remove it"),
        (("--out", "out", "--titles-id", "id"), "--titles-id needs --titles"),
        (("--out", "there/"), "there/ exists already"),
        (("--out", ""), "exists already"),
        (("--out", "there/file/out"), "File exists"),
        (("--out", "out", "--budget", "-1"), "-1 is no number of minutes"),
        (("--out", "out", "--budget", "nan"), "nan is no number of minutes"),
        (("--out", "out", "--seeds", "0"), "0 is less than 1"),
        (("--out", "out", "--seed", "-1"), "-1 is not from 0"),
        (("--out", "out", "--search-share", "0"), "0 is not above 0"),
        (("--out", "out", "--time-zone", "Nowhere"), "no name of a time zone"),
        (("--out", "out", "--context", "colour"), "no column colour"),
        ((), "required: --out"),
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    log = tmp_path / "log.csv"
    log.write_bytes(lines(*GOOD))
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_bytes(b"")
    names = ("there", "out")
    places = [f"{tmp_path}/{each}" if each.startswith(names) else each for each in arguments]
    line = refuse(str(log), *places)
    assert message in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.csv", "there"]


@pytest.mark.parametrize("stage", ["trying 1 of 3", "trying 2 of 4: ials", "judging"])
def test_a_run_that_is_ended_leaves_nothing(
    events: list[tuple[int, int, int]], tmp_path: Path, stage: str
) -> None:
    log = view_log(tmp_path / "log.csv", events)
    process = start(str(log), "--out", str(tmp_path / "new" / "out"))
    assert process.stdout is not None
    assert any(stage in line for line in process.stdout)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == [log]


@pytest.mark.parametrize("most", [2000, 20_000])
def test_no_room_is_told_in_a_line(
    events: list[tuple[int, int, int]], tmp_path: Path, most: int
) -> None:
    log = view_log(tmp_path / "log.csv", events)
    code = (
        "import resource, sys; from training import run;"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}));"
        f"sys.exit(run.main([{str(log)!r}, '--out', {str(tmp_path / 'out')!r}, '--budget', '0']))"
    )
    done = subprocess.run(
        [training_python(), "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("run: ")
    assert done.stderr.count("\n") == 1
    assert "cannot be written" in done.stderr
    assert list(tmp_path.iterdir()) == [log]
