"""The yardstick and the visitors whom it is asked about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.gate.candidates import read_run
from app.gate.consistency import check_consistency
from app.gate.errors import CandidateError
from tests.app.gate.runs import VISITORS, make_run

Array = np.ndarray
Change = Callable[[Array], Array]


def spoil(path: Path, **changes: Change) -> None:
    """Change some arrays of a file."""
    with np.load(path) as loaded:
        arrays = {name: loaded[name] for name in loaded.files}
    np.savez_compressed(
        path, **arrays | {name: each(arrays[name]) for name, each in changes.items()}
    )


def test_visitors_of_all_kinds() -> None:
    pairs = {"users": np.array([1, 1, 1, 2, 2, 3]), "items": np.array([1, 2, 3, 1, 2, 9])}
    kinds = np.array(["unknown", "light", "known", "light", "unknown"])
    test = {"users": np.array([7, 2, 1, 3, 0]), "items": np.array([1]), "kinds": kinds}
    check_consistency(Path("run"), pairs, test)


def texts(array: Array) -> Array:
    return array.astype(np.str_)


def to(dtype: str) -> Change:
    return lambda array: array.astype(dtype)


def kinds(kind: str) -> Change:
    return lambda array: np.full(len(array), kind)


@pytest.mark.parametrize(
    ("file", "changes", "says"),
    [
        ("pairs.npz", {"users": texts}, "test.npz: users: expected strings as in pairs.npz"),
        ("pairs.npz", {"items": texts}, "test.npz: items: expected strings as in pairs.npz"),
        ("test.npz", {"users": texts}, "test.npz: users: expected integers as in pairs.npz"),
        ("test.npz", {"items": texts}, "test.npz: items: expected integers as in pairs.npz"),
        ("pairs.npz", {"users": to("f8")}, "pairs.npz: users: expected integers or strings"),
        ("pairs.npz", {"items": to("S")}, "pairs.npz: items: expected integers or strings"),
        ("test.npz", {"users": to("?")}, "test.npz: users: expected integers or strings"),
        ("test.npz", {"items": to("M8[s]")}, "test.npz: items: expected integers or strings"),
        ("test.npz", {"users": to("c16")}, "test.npz: users: expected integers or strings"),
        ("pairs.npz", {"users": to("i8,i8")}, "pairs.npz: users: expected integers or strings"),
        (
            "pairs.npz",
            {"users": lambda array: array[:0], "items": lambda array: array[:0]},
            "pairs.npz: users: expected one or more, found none",
        ),
        ("pairs.npz", {"users": lambda array: -1 - array}, "test.npz: kinds: 80 visitors are of"),
        ("pairs.npz", {"users": lambda array: array[:-1]}, "pairs.npz: items: expected 239 values"),
        ("pairs.npz", {"items": lambda array: array * 0}, "a pair of visitor and item is there tw"),
        ("test.npz", {"users": lambda array: array * 0}, "test.npz: users: a visitor is there tw"),
        ("test.npz", {"users": lambda array: -1 - array}, "expected unknown, found known"),
        ("test.npz", {"kinds": kinds("known")}, "test.npz: kinds: 40 visitors are of another kind"),
        ("test.npz", {"kinds": kinds("light")}, "expected known, found light"),
        ("test.npz", {"kinds": kinds("unknown")}, "test.npz: kinds: 80 visitors"),
        ("test.npz", {"kinds": to("S")}, "test.npz: kinds: expected strings"),
        ("test.npz", {"lengths": to("f8")}, "test.npz: lengths: expected integers"),
        ("test.npz", {"lengths": lambda array: -array}, "test.npz: lengths: they do not go with"),
        ("test.npz", {"lengths": lambda array: array + 2**62}, "lengths: they do not go with"),
        (
            "test.npz",
            {"context:period": lambda array: array[:3]},
            f"test.npz: context:period: expected {VISITORS} values as of users, found 3",
        ),
        (
            "test.npz",
            {"context:period": lambda array: array.reshape(2, -1)},
            "test.npz: context:period: cannot be read: ValueError: it is no list",
        ),
    ],
)
def test_what_breaks_the_yardstick_is_refused(
    tmp_path: Path, file: str, changes: dict[str, Change], says: str
) -> None:
    folder = make_run(tmp_path, "similarity")
    spoil(folder / file, **changes)
    with pytest.raises(CandidateError) as caught:
        read_run(folder)
    assert says in str(caught.value)
    assert str(folder) in str(caught.value)
