"""Whether a model knows strangers, held against what it answers them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.turi_recommender.golden import case_names, unpack_model
from turi_recommender import load_model
from turi_recommender.scoring.strangers import differ

ARBITRARY = {"ranking_ials", "factorization_als", "factorization_nmf", "content_items_only"}


@pytest.mark.parametrize("name", case_names())
def test_it_is_what_strangers_are_answered(name: str, tmp_path: Path) -> None:
    model = load_model(unpack_model(name, tmp_path))
    stranger = "never" if model.user_column.value_type.name == "STRING" else 10**9
    answer = model.recommend([stranger], k=model.num_items)
    assert answer.cold_users == [stranger]
    scores = {score for *_, score, _ in answer.rows()}
    assert model.knows_strangers == (len(scores) > 1)
    assert model.knows_strangers == (name not in ARBITRARY)


@pytest.mark.parametrize(
    ("scores", "expected"), [([], True), ([0.0], True), ([2.0, 2.0], False), ([2.0, 2.5], True)]
)
def test_one_item_cannot_differ(scores: list[float], expected: bool) -> None:
    assert differ(np.array(scores)) is expected
