"""Shares say which item of which source gave them: the trained history, a basket, or others."""

from __future__ import annotations

import struct
from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import pytest

from tests.turi_recommender.golden import case_names, read_answers, unpack_model
from tests.turi_recommender.scoring.synthetic import neighbour_model
from tests.turi_recommender.test_golden_baskets import BASKETS
from turi_recommender import Id, Recommender, Why, load_model
from turi_recommender.format import ColumnMode, ValueType
from turi_recommender.scoring import make_recommender

WORDS = {
    "history": "{} in the history",
    "basket": "{} in the basket",
    "others": "{}, which others chose",
}


NAMES = [one for one in case_names(BASKETS) if one.startswith(("similarity", "content"))]

# One was only asked about baskets of nobody; in the other nothing deviates from its mean.
NOTHING_TO_SHARE = {"content_items_only", "similarity_pearson_no_target"}


def assert_tells(score: float, why: Why, trained: set[Id], basket: set[Id]) -> set[str]:
    """Check the sum and the source of each share; return the kinds of terms."""
    total = reduce(add, [term.value for term in why]) if why else 0.0
    assert struct.pack("<d", total) == struct.pack("<d", score)
    shares = [term for term in why if term.kind in WORDS]
    assert len({term.item for term in shares}) == len(shares) <= 10
    for term in shares:
        assert term.item is not None
        assert term.name == WORDS[term.kind].format(term.item)
        if term.kind != "others":
            assert term.kind == ("history" if term.item in trained else "basket")
            assert term.item in trained | basket
    assert all(term.item is None for term in why if term.kind not in WORDS)
    assert all(term.column is None for term in why)
    return {term.kind for term in why}


def trained_items(model: Recommender, user: Any) -> set[Id]:
    place = model.users.find(user)
    if not 0 <= place < model.interactions.num_users:
        return set()
    return set(model.items.ids(model.interactions.row(place)[0]))


@pytest.mark.parametrize("name", NAMES)
def test_recorded_interactions(name: str, tmp_path: Path) -> None:
    model = load_model(unpack_model(name, tmp_path))
    user, item = model.user_column.name, model.item_column.name
    kinds: set[str] = set()
    for query in read_answers(name, BASKETS)["queries"]:
        if query["users"] is None:
            continue
        given = query["interactions"]
        told = model.recommend(query["users"], k=30, interactions=given, explain=True)
        for row, ranking in zip(query["users"], told.rankings, strict=True):
            one = row[user] if isinstance(row, dict) else row
            trained = trained_items(model, one)
            basket = {each[item] for each in given if each[user] == one}
            for score, why in zip(ranking.scores, ranking.why or [], strict=True):
                kinds |= assert_tells(score, why, trained, basket)
    assert "basket" in kinds or name in NOTHING_TO_SHARE


@pytest.mark.parametrize("similarity", ["cosine", "pearson"])
@pytest.mark.parametrize("seed", range(1, 7))  # whose first users' items have neighbours
def test_an_item_of_several_values_is_one_term(similarity: str, seed: int) -> None:
    saved = neighbour_model(seed, similarity=similarity, items=20)
    rating = replace(saved.metadata.columns[0], name="rating", mode=ColumnMode.NUMERIC)
    target = replace(rating, value_type=ValueType.FLOAT)
    model = make_recommender(replace(saved, metadata=replace(saved.metadata, target=target)))
    rows = [
        {"item": item, "rating": rating}
        for item in model.items.ids(range(20))
        for rating in (0.1, 1.7, 3.3)
    ]
    for user in (None, 0, 1):
        basket = rows if user is None else {"user": user, "items": rows}
        told = model.recommend_basket([basket], k=20, exclude_known=False, explain=True)
        trained = set() if user is None else trained_items(model, user)
        [ranking] = told.rankings
        kinds: set[str] = set()
        for score, why in zip(ranking.scores, ranking.why or [], strict=True):
            kinds |= assert_tells(score, why, trained, {row["item"] for row in rows})
        assert "basket" in kinds
        assert ("history" in kinds) == bool(trained)


def test_what_others_chose() -> None:
    model = make_recommender(neighbour_model(3))
    [ranking] = model.recommend([10**6], k=5, explain=True).rankings
    kinds: set[str] = set()
    for score, why in zip(ranking.scores, ranking.why or [], strict=True):
        kinds |= assert_tells(score, why, set(), set())
    assert "others" in kinds
    assert not kinds & {"history", "basket"}
