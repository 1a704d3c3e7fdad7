"""Terms add up to every score, to the last bit: all recorded models and all their queries."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.turi_recommender.golden import case_names, read_answers, unpack_model
from tests.turi_recommender.scoring.synthetic import MODELS, factor_model, neighbour_model
from tests.turi_recommender.test_golden_predict import PREDICT, read_queries, renamed
from turi_recommender import Recommender, Why, load_model
from turi_recommender.format import LINEAR, MACHINE, MATRIX
from turi_recommender.scoring import make_recommender
from turi_recommender.scoring.factorization.recommender import _sigmoid
from turi_recommender.scoring.terms import ROUNDING, WHOLE


def assert_adds_up(score: float, why: Why) -> None:
    """Add the terms as a caller would, and compare every bit."""
    total = reduce(add, [term.value for term in why]) if why else 0.0
    assert struct.pack("<d", total) == struct.pack("<d", why.total)
    reached = _sigmoid(total) if why.of == "log-odds" else total
    assert struct.pack("<d", reached) == struct.pack("<d", score), (score, why)
    names = [term.name for term in why]
    assert ROUNDING not in names[:-2]
    assert all(term.value != 0 for term in why if term.name == ROUNDING)


def explained(model: Recommender, name: str) -> Iterator[tuple[float, Why]]:
    for query in read_answers(name)["recommend"]:
        asked = {key: query[key] for key in ("k", "exclude_known", "items", "exclude")}
        plain = model.recommend(query["users"], **asked)
        told = model.recommend(query["users"], explain=True, **asked)
        assert list(told.rows()) == list(plain.rows())
        assert all(ranking.why is None for ranking in plain.rankings)
        for ranking in told.rankings:
            assert ranking.why is not None
            yield from zip(ranking.scores, ranking.why, strict=True)


@pytest.mark.parametrize("name", case_names())
def test_terms_of_recommendations_add_up(name: str, tmp_path: Path) -> None:
    model = load_model(unpack_model(name, tmp_path))
    count = 0
    for score, why in explained(model, name):
        assert_adds_up(score, why)
        assert WHOLE not in [term.name for term in why]
        assert len(why) <= 45
        count += 1
    assert count > 200 or name.startswith("content_items_only")


@pytest.mark.parametrize("name", case_names(PREDICT))
def test_terms_of_predictions_add_up(name: str, tmp_path: Path) -> None:
    model = load_model(unpack_model(name, tmp_path))
    for query in read_queries(PREDICT / f"{name}.json"):
        told = model.predict([renamed(row, model) for row in query["pairs"]], explain=True)
        assert told.why is not None
        assert len(told.why) == len(query["pairs"])
        for score, why in zip(told.scores, told.why, strict=True):
            assert_adds_up(score, why)


SYNTHETIC = st.one_of(
    MODELS,
    st.builds(
        factor_model,
        st.integers(0, 10**6),
        mode=st.sampled_from([MACHINE, MATRIX, LINEAR]),
        scale=st.sampled_from([1e-20, 1.0, 1e18, 1e30]),
        item_side=st.booleans(),
        user_side=st.booleans(),
        sigmoid=st.booleans(),
    ),
    st.builds(
        neighbour_model,
        st.integers(0, 10**6),
        similarity=st.sampled_from(["jaccard", "cosine", "pearson"]),
        items=st.integers(2, 60),
    ),
)
VISITS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"user": st.integers(0, 7)},
    optional={"period": st.sampled_from(["period0", "period3", "?"]), "hour": st.floats(-1e9, 1e9)},
)


@settings(max_examples=150, deadline=None)
@given(SYNTHETIC, VISITS, st.integers(1, 12))
def test_terms_add_up_whatever_the_model(saved: Any, visit: dict[str, Any], k: int) -> None:
    model = make_recommender(saved)
    if not model.side_columns:
        visit = {"user": visit["user"]}
    [ranking] = model.recommend([visit], k=k, explain=True).rankings
    assert ranking.why is not None
    pairs = [{**visit, "item": item} for item in (0, 1, 10**6)]
    told = model.predict(pairs, explain=True)
    assert told.why is not None
    for score, why in zip(ranking.scores + told.scores, ranking.why + told.why, strict=True):
        if score == score:  # NaN has many bit patterns
            assert_adds_up(score, why)
        else:
            assert [term.name for term in why] == [WHOLE]
