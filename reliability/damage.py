"""A thousand damaged model directories: ``python -m reliability.damage``.

Each is a saved model with bytes flipped, cut out, doubled, overwritten, or spliced from another
model. It must be refused with a `ModelError`, or load and answer with items of its own catalogue.
That happens in processes of their own, of bounded memory and with a timer that kills: a crash, a
hang or memory without bound shows as the death of one, and the seed repeats it.
"""

from __future__ import annotations

import json
import random
import resource
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reliability import structured, variants
from reliability.report import ROOT, Report, command_line
from reliability.service import RANKING, SIMILARITY
from turi_recommender import Column, ColumnMode, Recommender, load_model
from turi_recommender.errors import ModelError, QueryError

GOLDEN = ROOT / "tests" / "golden"
GIBIBYTE = 1 << 30
_SECONDS_EACH = 20
_STRUCTURED = 0.3  # of the damage has the right form and another meaning
# What loading may take, by the bytes of the files (docs/format.md, section 11).
BOUND_SECONDS = 10.0
BOUND_SECONDS_PER_BYTE = 0.5e-6
BOUND_BYTES = 64 << 20
BOUND_BYTES_PER_BYTE = 16
_WORDS = (0, 1, 2**31, 2**32 - 1, 2**32, 2**40, 2**63 - 1, 2**63, 2**64 - 1)
_BYTES = (0, 1, 0x7F, 0x80, 0x82, 0x84, 0xFF)


class OutOfRangeError(Exception):
    """An answer that no whole model would give."""


def needed_files(model: Path) -> list[Path]:
    """Return the files that are read; the others hold tables that scoring does not need."""
    table = (model / "dir_archive.ini").read_text().split()[-1].partition("=")[2]
    names = ["dir_archive.ini", "objects.bin", f"{table}.sidx", f"{table}.0000"]
    return [model / name for name in names]


def whole_models(folder: Path) -> list[Path]:
    """Unpack the recorded models; return them and the sample models."""
    found = [SIMILARITY, RANKING]
    for packed in sorted(GOLDEN.glob("*.tar.gz")):
        target = folder / packed.name.removesuffix(".tar.gz")
        with tarfile.open(packed) as tar:
            tar.extractall(target, filter="data")
        found.append(target / "model")
    return found


def damage(draw: random.Random, models: list[Path], target: Path) -> str:
    """Make a damaged copy of one of the models; say what was done.

    Parameters
    ----------
    draw : random.Random
        Decides everything.
    models : list of Path
        Whole models.
    target : Path
        The directory of the copy.
    """
    source = draw.choice(models)
    if draw.random() < _STRUCTURED:
        return structured.apply(draw, source, target)
    variants.copy(source, target)
    victims = needed_files(target)
    victim = draw.choice([*victims, *victims[1:2] * 6])  # most of a model is in one file
    data = bytearray(victim.read_bytes())
    done = []
    for _ in range(draw.choice((1, 1, 1, 2, 4, 16))):
        kind = draw.choice(("flip", "byte", "word", "cut", "end", "double", "splice", "zeros"))
        place = draw.randrange(len(data)) if data else 0
        length = min(1 << draw.randrange(12), len(data) - place)
        match kind:
            case "flip" if data:
                data[place] ^= 1 << draw.randrange(8)
            case "byte" if data:
                data[place] = draw.choice(_BYTES)
            case "word":
                old = int.from_bytes(data[place : place + 8], "little")
                word = draw.choice((*_WORDS, old + 1, old - 1, old * 2)) % 2**64
                data[place : place + 8] = word.to_bytes(8, "little")
            case "cut":
                del data[place : place + length]
            case "end":
                del data[place:]
            case "double":
                data[place:place] = data[place : place + length]
            case "splice":
                other = needed_files(draw.choice(models))[victims.index(victim)].read_bytes()
                start = draw.randrange(len(other))
                data[place : place + length] = other[start : start + length]
            case "zeros":
                data[place : place + length] = bytes(length)
        done.append(f"{kind} {place}")
    victim.write_bytes(bytes(data))
    return f"{source.parent.name}: {victim.name}: {', '.join(done)}"


def use(path: Path) -> str:
    """Load a model and ask it; return "answered", or the name of the error that refused it.

    Raises
    ------
    OutOfRangeError
        If it answers what no whole model would answer.
    """
    try:
        model = load_model(path)
        ask(model)
    except ModelError as error:
        return type(error).__name__
    return "answered"


def ask(model: Recommender, users: list[Any] | None = None) -> None:
    """Ask for a bit of everything.

    Parameters
    ----------
    model : Recommender
        The model that is asked.
    users : list, optional
        Ids of known users; the first three of the model if absent.

    Raises
    ------
    OutOfRangeError
        If an answer is one that no whole model would give.
    """
    catalogue = set(model.items.ids(range(model.num_items))) if model.num_items < 1e5 else None
    are_ours = users is None  # else the file may be gone through whose map users are read
    users = model.users.ids(range(min(3, model.num_users))) if users is None else users
    items = model.items.ids(range(min(3, model.num_items)))
    stranger = 9_999_999 if model.user_column.value_type == 0 else "nobody"
    for k in (1, 10, 50):
        for exclude_known in (True, False):
            asked = [*users, stranger]
            answers = model.recommend(asked, k=k, exclude_known=exclude_known).rankings
            for answer in answers:
                _check(answer.items, answer.scores, catalogue, k)
    if catalogue is not None and are_ours:  # a history that is wrong is one of many
        rows = model.users.ids(range(min(2000, model.num_users)))
        _check_rows(model, rows, catalogue)
    if model.side_columns:
        none = {column.name: None for column in model.side_columns if column.mode != 5}
        full = {column.name: _value(column) for column in model.side_columns}
        for side in (none, full):  # missing values stand for means
            rows = [{model.user_column.name: user, **side} for user in [*users, stranger]]
            _check_rows(model, rows, catalogue)
    for column in (model.user_column, model.item_column, *model.side_columns):
        column.sample(1000)
    for answer in model.recommend(users, k=5, items=items, exclude=items[:1]).rankings:
        _check(answer.items, answer.scores, set(items[1:]), 5)
    for answer in model.recommend(users, k=5, exclude=items).rankings:
        _check(answer.items, answer.scores, catalogue, 5)
    try:
        similar = model.similar_items(items, k=5).rankings
    except QueryError:  # a model without factors says so
        return
    for answer in similar:
        _check(answer.items, answer.scores, catalogue, 5)


def _check_rows(model: Recommender, rows: list[Any], catalogue: set[Any] | None) -> None:
    for answer in model.recommend(rows, k=5).rankings:
        _check(answer.items, answer.scores, catalogue, 5)


def _value(column: Column) -> Any:
    """Return a value of a side column as callers would send it."""
    categories = column.sample(2)
    match column.mode:
        case ColumnMode.NUMERIC:
            return 7
        case ColumnMode.NUMERIC_VECTOR:
            return [0.5] * column.size
        case ColumnMode.CATEGORICAL_LIST:
            return categories
        case ColumnMode.DICTIONARY:
            return dict.fromkeys(categories, 2.0)
        case _:
            return categories[0] if categories else None


def _check(items: list[Any], scores: list[Any], catalogue: set[Any] | None, k: int) -> None:
    if len(items) > k or len(items) != len(scores):
        raise OutOfRangeError(f"{len(items)} items and {len(scores)} scores for k = {k}")
    strange = [item for item in items if catalogue is not None and item not in catalogue]
    if strange:
        raise OutOfRangeError(f"items that the model does not have: {strange[:3]}")
    if not all(isinstance(score, float) for score in scores):
        raise OutOfRangeError(f"scores that are none: {scores[:3]}")


def measure(path: Path) -> dict[str, Any]:
    """Load a model in this process, which does nothing else; say what that took.

    Returns
    -------
    dict
        ``outcome``, ``seconds``, ``bytes`` of memory beyond those of an empty process, and how many
        of both are allowed.
    """
    files = [file for file in path.iterdir() if file.is_file() and not file.is_symlink()]
    size = sum(file.stat().st_size for file in files)
    load_model(SIMILARITY)  # code and buffers that any load needs
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far, a parent's among it, is over
    before = _peak_bytes()
    started = time.perf_counter()
    try:
        load_model(path)
        outcome = "loaded"
    except ModelError as error:
        outcome = f"{type(error).__name__}: {error}"
    return {
        "outcome": outcome,
        "seconds": time.perf_counter() - started,
        "bytes": _peak_bytes() - before,
        "allowed_seconds": BOUND_SECONDS + BOUND_SECONDS_PER_BYTE * size,
        "allowed_bytes": BOUND_BYTES + BOUND_BYTES_PER_BYTE * size,
    }


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _work(first: int, last: int, models: Path) -> None:
    """Try seeds first to last - 1; print a line before and after each."""
    found = [SIMILARITY, RANKING, *sorted(models.glob("*/model"))]
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + GIBIBYTE, used + GIBIBYTE))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "model"
        for seed in range(first, last):
            done = damage(random.Random(seed), found, target)
            print(json.dumps({"seed": seed, "done": done}), flush=True)
            signal.alarm(_SECONDS_EACH)
            started = time.perf_counter()
            try:
                outcome = use(target)
            except BaseException as error:
                outcome = f"WRONG {error!r}"
            seconds = time.perf_counter() - started
            signal.alarm(0)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            line = {"seed": seed, "outcome": outcome, "seconds": seconds, "peak": peak}
            print(json.dumps(line), flush=True)


@dataclass
class Tried:
    """What a worker's lines say."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    peak: int = 0


def tried(lines: list[dict[str, Any]], status: int) -> Tried:
    """Read a worker's lines, and its exit status.

    Parameters
    ----------
    lines : list of dict
        What the worker printed, one JSON object per line.
    status : int
        Its exit status; negative if a signal killed it.
    """
    found = Tried()
    for line in lines:
        if "outcome" in line:
            found.outcomes[line["outcome"].split()[0]] += 1
            found.slowest = max(found.slowest, line["seconds"])
            found.peak = max(found.peak, line["peak"])
            if line["outcome"].startswith("WRONG"):
                found.wrong.append(f"seed {line['seed']}: {line['outcome']}")
    if status:
        last = lines[-1]
        found.outcomes["died"] += 1
        found.wrong.append(f"seed {last['seed']}: died with {status}: {last.get('done')}")
    return found


def run(count: int = 1000, first: int = 0) -> Report:
    """Damage models and use them.

    Parameters
    ----------
    count : int
        How many models to damage.
    first : int
        The seed of the first one; the others follow.
    """
    report = Report("damage")
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    slowest, peak, seed = 0.0, 0, first
    with tempfile.TemporaryDirectory() as folder:
        whole = whole_models(Path(folder))
        refused_whole = [str(path) for path in whole if use(path) != "answered"]
        while seed < first + count:
            command = [sys.executable, "-m", "reliability.damage", "--worker", folder]
            command += [str(seed), str(first + count)]
            work = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
            lines = [json.loads(line) for line in work.stdout.splitlines()]
            found = tried(lines, work.returncode)
            outcomes += found.outcomes
            wrong += found.wrong
            slowest, peak = max(slowest, found.slowest), max(peak, found.peak)
            if work.returncode == 0:
                break
            seed = lines[-1]["seed"] + 1
    report.figures = {
        "damaged models": sum(outcomes.values()),
        "whole models": len(whole),
        "outcomes": dict(outcomes),
        "wrong": wrong[:10],
        "slowest s": slowest,
        "peak of a process MiB": peak,
    }
    report.promise("each is refused with a typed error, or answers in range", not wrong)
    report.promise("all of them were tried", sum(outcomes.values()) == count)
    report.promise("some were refused and some answered", len(outcomes) > 1)
    report.promise("every whole model answers (the control)", not refused_whole)
    return report


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(Path(sys.argv[2]))))
    elif sys.argv[1:2] == ["--worker"]:
        _work(int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[2]))
    else:
        command_line(run, __doc__)
