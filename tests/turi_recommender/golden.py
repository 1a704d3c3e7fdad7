"""Recorded answers of real Turi Create, and how ours are held against them."""

from __future__ import annotations

import json
import struct
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from turi_recommender import Recommender

GOLDEN = Path(__file__).parent.parent / "golden"
SAMPLE_MODELS = Path(__file__).parent.parent.parent / "app" / "sample_models"
EXACT_TIES_UP_TO = 10

Row = tuple[Any, Any, float, int]


def case_names(folder: Path = GOLDEN) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.json"))


def read_answers(name: str, folder: Path = GOLDEN) -> dict[str, Any]:
    answers: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return answers


def unpack_model(name: str, target: Path, folder: Path = GOLDEN) -> Path:
    with tarfile.open(folder / f"{name}.tar.gz") as tar:
        tar.extractall(target, filter="data")
    return target / "model"


def assert_same_answers(model: Recommender, answers: dict[str, Any]) -> int:
    """Ask every recorded query again; return the number of rows compared."""
    count = 0
    for query in answers["recommend"]:
        asked = {name: query[name] for name in ("k", "exclude_known", "items", "exclude")}
        ours = list(model.recommend(query["users"], **asked).rows())
        assert_same_rows(ours, query["rows"], query["k"], f"recommend {query['users']} {asked}")
        count += len(ours)
    for query in answers["similar"]:
        ours = list(model.similar_items(query["items"], k=query["k"]).rows())
        assert_same_rows(ours, query["rows"], query["k"], f"similar {query['items']}")
        count += len(ours)
    return count


def assert_same_rows(ours: list[Row], theirs: list[Any], k: int, what: str) -> None:
    """Compare row by row: ids, order, ranks, and every bit of the scores.

    For k > 10 the library's order of equal scores is not followed: ours must have the same scores
    at the same ranks, the same items above the lowest score, and ties in ascending order.
    """
    theirs = [tuple(row) for row in theirs]
    if k <= EXACT_TIES_UP_TO:
        assert list(map(exactly, ours)) == list(map(exactly, theirs)), what
        return
    without_item = [(row[0], *exactly(row)[4:]) for row in ours]
    assert without_item == [(row[0], *exactly(row)[4:]) for row in theirs], what
    for mine, yours in zip(groups(ours), groups(theirs), strict=True):
        lowest = min(row[2] for row in mine)
        assert {row[1] for row in mine if row[2] > lowest} == {
            row[1] for row in yours if row[2] > lowest
        }, what


def groups(rows: list[Row]) -> Iterator[list[Row]]:
    """Split at each rank 1: the same user may be asked for twice in a row."""
    starts = [at for at, row in enumerate(rows) if row[3] == 1]
    for low, high in zip(starts, [*starts[1:], len(rows)], strict=False):
        yield rows[low:high]


def exactly(row: Row) -> tuple[Any, ...]:
    """Make a row comparable bit by bit; 0.0 and -0.0 differ, as NaN and another NaN do."""
    head, item, score, rank = row
    return (type(head), head, type(item), item, struct.pack("<d", score), rank)
