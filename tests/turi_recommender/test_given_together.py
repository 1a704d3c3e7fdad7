"""What comes with a query counts in predictions, terms and draws, too: all recorded side data."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from tests.turi_recommender.golden import case_names, read_answers, unpack_model
from tests.turi_recommender.test_explained import assert_adds_up
from tests.turi_recommender.test_golden import filter_always
from tests.turi_recommender.test_golden_side_data import SIDE_DATA
from turi_recommender import Recommender, load_model

NAMES = case_names(SIDE_DATA)


@pytest.fixture(scope="module", params=NAMES)
def asked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Recommender, list[dict[str, Any]]]:
    name: str = request.param
    model = load_model(unpack_model(name, tmp_path_factory.mktemp(name)))
    return model, read_answers(name, SIDE_DATA)["queries"]


def given(query: dict[str, Any]) -> dict[str, Any]:
    return {name: query[name] for name in ("user_data", "item_data")}


def bits(score: float) -> bytes:
    return struct.pack("<d", score)


def test_predictions_are_the_recommended_scores(
    asked: tuple[Recommender, list[dict[str, Any]]],
) -> None:
    """All these models use one form for both: they have side data, or do not add factors up."""
    model, queries = asked
    user, item = model.user_column.name, model.item_column.name
    count = 0
    for query in queries:
        found = model.recommend(query["users"], k=query["k"], **given(query))
        for row, ranking in zip(query["users"], found.rankings, strict=True):
            visit = row if isinstance(row, dict) else {user: row}
            pairs = [{**visit, item: one} for one in ranking.items]
            predicted = model.predict(pairs, explain=True, **given(query))
            assert list(map(bits, predicted.scores)) == list(map(bits, ranking.scores))
            assert predicted.why is not None
            for score, why in zip(predicted.scores, predicted.why, strict=True):
                assert_adds_up(score, why)
            count += len(pairs)
    assert count > 50


def test_terms_add_up(asked: tuple[Recommender, list[dict[str, Any]]]) -> None:
    model, queries = asked
    for query in queries:
        plain = model.recommend(query["users"], k=query["k"], **given(query))
        told = model.recommend(query["users"], k=query["k"], explain=True, **given(query))
        assert list(told.rows()) == list(plain.rows())
        for ranking in told.rankings:
            for score, why in zip(ranking.scores, ranking.why or [], strict=True):
                assert_adds_up(score, why)


@pytest.mark.parametrize("k", [3, 10])
def test_draws_are_from_the_best(asked: tuple[Recommender, list[dict[str, Any]]], k: int) -> None:
    """New items take part in a draw, whether the search narrows the others or not."""
    model, queries = asked
    for query in queries:
        whole = model.recommend(query["users"], k=1000, **given(query))
        drawn = model.recommend(query["users"], k=k, diversity=2.0, seed=1, **given(query))
        with filter_always():
            again = model.recommend(query["users"], k=k, diversity=2.0, seed=1, **given(query))
        assert list(drawn.rows()) == list(again.rows())
        for some, best in zip(drawn.rankings, whole.rankings, strict=True):
            assert len(some.items) == min(k, len(best.items))
            scores = dict(zip(best.items, best.scores, strict=True))
            assert [scores[one] for one in some.items] == some.scores
            lowest = best.scores[: 3 * k][-1]
            assert min(some.scores, default=lowest) >= lowest


def test_an_item_without_training_is_explained_by_its_side_data(tmp_path: Path) -> None:
    model = load_model(unpack_model("ranking_everything", tmp_path))
    query = read_answers("ranking_everything", SIDE_DATA)["queries"][0]
    new = [row for row in query["item_data"] if row["item_id"] not in model.items][:1]
    user = query["users"][0]
    [ranking] = model.recommend(
        [user], items=[new[0]["item_id"]], item_data=new, explain=True
    ).rankings
    assert ranking.items == [new[0]["item_id"]]
    assert ranking.why is not None
    terms = {term.name: term.value for term in ranking.why[0]}
    assert terms["this item"] == 0.0
    assert any(name.startswith("item's ") and value != 0 for name, value in terms.items())
