"""A run's directory appears whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.environment import Trainer, TrainerError

pytestmark = pytest.mark.slow

SET_UP = """
load_turicreate()
import pandas as pd
from training.aside import Aside
"""


def ask(trainer: Trainer, code: str, **variables: Any) -> Any:
    return trainer.run(SET_UP + code, **variables)


def test_what_is_discarded_is_gone_with_the_folders_that_were_made(
    trainer: Trainer, tmp_path: Path
) -> None:
    code = """
aside = Aside(out)
aside.write_run({"a": 1})
aside.discard()
aside.discard()
answer = None
"""
    ask(trainer, code, out=str(tmp_path / "a" / "b" / "out"))
    assert list(tmp_path.iterdir()) == []


def test_what_is_discarded_is_neither_filled_nor_published(
    trainer: Trainer, tmp_path: Path
) -> None:
    for after in ("aside.write_run({})", "aside.publish()"):
        code = f"aside = Aside(out)\naside.discard()\n{after}\nanswer = None"
        with pytest.raises(TrainerError, match="No such file"):
            ask(trainer, code, out=str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_somebody_else_uses_stays(trainer: Trainer, tmp_path: Path) -> None:
    code = """
aside = Aside(out + "/b/out")
open(out + "/file", "w").close()
aside.discard()
answer = None
"""
    ask(trainer, code, out=str(tmp_path / "a"))
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["file"]


def test_a_published_directory_stays(trainer: Trainer, tmp_path: Path) -> None:
    code = (
        "aside = Aside(out)\naside.write_run({'a': 1})\naside.publish()\naside.discard()\nanswer=1"
    )
    ask(trainer, code, out=str(tmp_path / "out"))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755
    with pytest.raises(TrainerError, match=r"FileExistsError: .*exists already"):
        ask(trainer, code, out=str(tmp_path / "out"))


def test_of_two_runs_into_one_directory_the_first_one_stays(
    trainer: Trainer, tmp_path: Path
) -> None:
    code = """
first, second = Aside(out), Aside(out)
first.write_run({"a": 1})
first.publish()
try:
    second.publish()
finally:
    second.discard()
"""
    with pytest.raises(TrainerError, match=r"FileExistsError: .*exists already: choose another"):
        ask(trainer, code, out=str(tmp_path / "out"))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["run.json"]


def test_nan_is_never_written(trainer: Trainer, tmp_path: Path) -> None:
    code = """
aside = Aside(out)
try:
    aside.write_run({"a": float("nan")})
finally:
    aside.discard()
"""
    with pytest.raises(TrainerError, match="not JSON compliant"):
        ask(trainer, code, out=str(tmp_path / "out"))


WRITE = """
aside = Aside(out)
try:
    n = len(users)
    aside.write_pairs(pd.DataFrame({"user": users, "item": [1] * n, "time": [*range(n)]}))
    aside.publish()
finally:
    aside.discard()
answer = None
"""


def test_ids_are_read_without_pickle(trainer: Trainer, tmp_path: Path) -> None:
    users = ["Ü;\n", "🎈", "", " a ", "x" * 1000]
    ask(trainer, WRITE, out=str(tmp_path / "out"), users=users)
    with np.load(tmp_path / "out" / "pairs.npz", allow_pickle=False) as arrays:
        assert arrays["users"].tolist() == users
        assert arrays["items"].dtype == np.int64


def test_ids_that_an_array_has_no_room_for_are_refused(trainer: Trainer, tmp_path: Path) -> None:
    users = ["x" * 1_000_000, *map(str, range(1000))]
    message = "LogError: an id .* has 1000000 characters: too many for 1001 rows"
    with pytest.raises(TrainerError, match=message):
        ask(trainer, WRITE, out=str(tmp_path / "out"), users=users)
    assert list(tmp_path.iterdir()) == []


def test_pairs_are_recent_if_any_of_their_events_is(trainer: Trainer, tmp_path: Path) -> None:
    rows = [("a", 1, 1), ("a", 2, 2), ("b", 1, 3), ("b", 1, 4), ("c", 3, 5)]
    rows += [("a", 1, 9), ("c", 3, 6), ("b", 2, 7), ("d", 1, 8), ("d", 4, 10)]
    code = """
aside = Aside(out)
aside.write_pairs(frame(rows))
aside.publish()
answer = None
"""
    ask(trainer, code, rows=rows, out=str(tmp_path / "run"))
    with np.load(tmp_path / "run" / "pairs.npz", allow_pickle=False) as arrays:
        pairs = [arrays[name].tolist() for name in ("users", "items", "recent")]
    recent = {("a", 1), ("d", 4)}  # the latest fifth of ten events
    first = dict.fromkeys((user, item) for user, item, _ in rows)
    expected = sorted((user, item, (user, item) in recent) for user, item in first)
    assert sorted(zip(*pairs, strict=True)) == expected
