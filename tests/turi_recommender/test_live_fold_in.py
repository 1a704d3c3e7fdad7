"""Fresh pairs of models from a random seed, whose users are made again by folding them in.

Runs where a CPython 3.8 is found; the seed is printed, and PARITY_SEED repeats one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.environment import record_live
from tests.turi_recommender.test_golden_fold_in import CASES, TOLERANCE, off_by, read_pair

pytestmark = pytest.mark.slow


def test_users_of_fresh_models_are_made_of_their_rows(tmp_path: Path) -> None:
    recorded = tmp_path / "recorded"
    record_live("golden_fold_in", recorded)
    for name in CASES:
        assert off_by(*read_pair(name, tmp_path / name, recorded)) < TOLERANCE
