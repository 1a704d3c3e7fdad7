"""What real Turi Create says of its models, and its counts of rows, held against ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.turi_recommender.golden import case_names, unpack_model
from tests.turi_recommender.summaries import SUMMARIES, assert_same_summary, read_summary
from turi_recommender import load_model


def test_summaries_and_counts_equal_turi_creates(tmp_path: Path) -> None:
    compared = 0
    kinds = set()
    for name in case_names(SUMMARIES):
        model = load_model(unpack_model(name, tmp_path / name))
        compared += assert_same_summary(model, read_summary(name))
        kinds.add(model.kind)
    assert len(case_names(SUMMARIES)) == 41
    assert len(kinds) == 5
    assert compared == 5137


@pytest.mark.parametrize(
    ("name", "asked", "used"),
    [
        ("ranking_plain", "auto", "sgd"),
        ("ranking_seed_shape", "auto", "adagrad"),
        ("factorization_als", "als", "als"),
        ("ranking_ials", "ials", "ials"),
    ],
)
def test_the_solver_that_was_used_is_told(tmp_path: Path, name: str, asked: str, used: str) -> None:
    said = load_model(unpack_model(name, tmp_path)).summary
    assert (said["solver"], said["solver_used"]) == (asked, used)
    assert (said["sgd_step_size_used"] is None) == (used in {"als", "ials"})


def test_ids_of_side_data_alone_have_no_rows(tmp_path: Path) -> None:
    model = load_model(unpack_model("similarity_side_users", tmp_path))
    counts = model.user_counts()
    assert len(counts) == model.num_users
    assert (counts == 0).sum() == 2
