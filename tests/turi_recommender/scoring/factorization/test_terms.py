"""The terms of an item's score are the same bits whatever else is asked about."""

from __future__ import annotations

from typing import Any

import pytest

from tests.turi_recommender.scoring.synthetic import factor_model
from turi_recommender.format import MACHINE, MATRIX
from turi_recommender.scoring import make_recommender


@pytest.mark.parametrize("mode", [MACHINE, MATRIX])
@pytest.mark.parametrize("seed", range(8))
def test_they_do_not_depend_on_the_other_items(mode: str, seed: int) -> None:
    saved: Any = factor_model(seed, mode=mode, item_side=True, user_side=True)
    model = make_recommender(saved)
    user = {"user": model.user_column.sample(1)[0]}
    if mode == MACHINE and model.side_columns:
        user["period"] = "period0"
    pairs = [{**user, "item": item} for item in model.item_column.sample(40)]
    together = model.predict(pairs, explain=True).why
    alone = [model.predict([pair], explain=True).why for pair in pairs]
    assert together == [why for whys in alone for why in whys or ()]
