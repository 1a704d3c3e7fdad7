from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.gate.candidates import read_run
from app.gate.errors import CandidateError
from tests.app.gate.runs import VISITORS, make_run, told


def test_it_reads_what_the_trainer_left(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path, "similarity", "newcomer"))
    assert [each.role for each in run.candidates] == ["similarity", "newcomer"]
    assert run.candidates[0].final == tmp_path / "similarity/final/recommendation_s.model"
    assert len(run.test.users) == len(run.test.truth) == VISITORS
    assert all(len(items) == 3 for items in run.test.truth)
    assert set(run.test.context) == {"period"}
    assert len(run.users) == len(run.items) == 3 * VISITORS
    assert run.recent is None


def test_it_reads_which_pairs_are_recent(tmp_path: Path) -> None:
    make_run(tmp_path, "similarity")
    recent = np.arange(3 * VISITORS) % 5 == 0
    _write_pairs(recent=recent)(tmp_path)
    found = read_run(tmp_path).recent
    assert found is not None
    assert found.tolist() == recent.tolist()


def _write_run(content: object) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "run.json").write_text(json.dumps(content))

    return write


def _write_test(**arrays: np.ndarray) -> Callable[[Path], None]:
    return lambda folder: _put(folder / "test.npz", arrays)


def _write_pairs(**arrays: np.ndarray) -> Callable[[Path], None]:
    return lambda folder: _put(folder / "pairs.npz", arrays)


def _put(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with np.load(path) as loaded:
        content: dict[str, Any] = {**{name: loaded[name] for name in loaded.files}, **arrays}
    np.savez_compressed(path, **content)


def _outside(folder: Path) -> None:
    content = told("similarity")
    content["roles"]["similarity"]["final"] = "../elsewhere"
    (folder / "run.json").write_text(json.dumps(content))


def _objects(folder: Path) -> None:
    np.savez_compressed(
        folder / "pairs.npz", users=np.array([{"a": 1}], object), items=np.array([1])
    )


@pytest.mark.parametrize(
    ("spoil", "file"),
    [
        (lambda folder: (folder / "run.json").unlink(), "run.json"),
        (lambda folder: (folder / "test.npz").unlink(), "test.npz"),
        (lambda folder: (folder / "pairs.npz").write_bytes(b"PK"), "pairs.npz"),
        (lambda folder: (folder / "run.json").write_text("{" * 100_000), "run.json"),
        (_write_run([]), "run.json"),
        (_write_run({"format": 2}), "run.json"),
        (_write_run({"format": 1, "roles": {}}), "run.json"),
        (_write_run({**told(), "roles": {"similarity": 5}}), "run.json"),
        (_outside, "run.json"),
        (_objects, "pairs.npz"),
        (_write_pairs(recent=np.array(True)), "pairs.npz"),
        (_write_pairs(recent=np.ones(2, np.bool_)), "pairs.npz"),
        (_write_pairs(recent=np.ones(3 * VISITORS)), "pairs.npz"),
        (_write_test(lengths=np.array([1])), "test.npz"),
        (_write_test(lengths=np.zeros(VISITORS, np.int64)), "test.npz"),
        (_write_test(kinds=np.array(["heavy"] * VISITORS)), "test.npz"),
        (_write_test(users=np.array(5)), "test.npz"),
    ],
)
def test_what_is_damaged_is_refused_by_name(
    tmp_path: Path, spoil: Callable[[Path], object], file: str
) -> None:
    make_run(tmp_path, "similarity")
    spoil(tmp_path)
    with pytest.raises(CandidateError) as caught:
        read_run(tmp_path)
    assert str(tmp_path / file) in str(caught.value)
    assert "\n" not in str(caught.value)
