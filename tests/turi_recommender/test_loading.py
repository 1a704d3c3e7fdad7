from __future__ import annotations

from pathlib import Path

import pytest

import turi_recommender
from tests.turi_recommender.golden import SAMPLE_MODELS, unpack_model
from turi_recommender import Recommender, load_model, loading, recommend, similar_items
from turi_recommender.errors import ModelFormatError, QueryError

SIMILARITY = SAMPLE_MODELS / "similarity_model" / "6" / "recommendation_s.model"
KINDS = {
    "similarity_pearson": "item_similarity",
    "content_items_only": "item_content_recommender",
    "ranking_plain": "ranking_factorization_recommender",
    "factorization_plain": "factorization_recommender",
    "popularity_counts": "popularity",
}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_is_loaded(tmp_path: Path, name: str) -> None:
    path = unpack_model(name, tmp_path)
    model = load_model(str(path))
    assert isinstance(model, Recommender)
    assert (model.kind, model.path) == (KINDS[name], path)
    assert (model.num_factors is not None) == ("factorization" in model.kind)
    assert model.num_items == len(model.items) > 0
    assert model.num_users == len(model.users)


@pytest.mark.parametrize("loaded", [True, False], ids=["model", "path"])
def test_one_call_is_enough(loaded: bool) -> None:
    model = load_model(SIMILARITY)
    given = model if loaded else SIMILARITY
    user, item = model.users.ids([0])[0], model.items.ids([0])[0]
    answer = recommend(given, [user], k=3, exclude_known=False, exclude=[item])
    assert answer == model.recommend([user], k=3, exclude_known=False, exclude=[item])
    assert item not in answer.rankings[0].items
    assert similar_items(given, [item], k=2) == model.similar_items([item], k=2)


def test_what_cannot_be_loaded_or_asked(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match=r"dir_archive\.ini"):
        recommend(tmp_path, [1])
    with pytest.raises(QueryError, match="k: must be 1 or more"):
        similar_items(SIMILARITY, [1], k=0)


def test_the_public_names_are_there() -> None:
    names = turi_recommender.__all__
    assert len(names) == len(set(names))
    assert all(hasattr(turi_recommender, name) for name in names)


class OddError(Exception):
    """Nothing that anybody expects."""


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OddError("strange"), "a model that can be read, found OddError: strange"),
        (OverflowError("too far"), "found OverflowError: too far"),
        (RecursionError(), "found RecursionError"),
        (OSError(5, "the disk is gone"), "the disk is gone"),
        (MemoryError(), "a model that fits the memory"),
    ],
)
def test_whatever_goes_wrong_is_one_kind_of_error(
    monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(loading, "make_recommender", fail)
    with pytest.raises(ModelFormatError, match=message) as caught:
        load_model(SIMILARITY)
    assert caught.value.path == SIMILARITY
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("path", ["with\0zero", "\ud800"])
def test_a_path_that_is_none(path: str) -> None:
    with pytest.raises(ModelFormatError):
        load_model(path)
