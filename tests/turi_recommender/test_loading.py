from __future__ import annotations

import copy
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import turi_recommender
from tests.turi_recommender.encode import flexible
from tests.turi_recommender.golden import SAMPLE_MODELS, unpack_model
from turi_recommender import (
    Recommender,
    load_model,
    loading,
    recommend,
    similar_items,
    summary,
)
from turi_recommender.errors import ModelFormatError, ModelNotFoundError, QueryError
from turi_recommender.format import ValueType, read_model

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
    assert summary(given) == model.summary


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


def test_ids_out_of_arrays_are_those_of_lists() -> None:
    model = load_model(SIMILARITY)
    users, items = model.users.ids([0, 1]), model.items.ids([0, 1, 2])
    expected = model.recommend(users, k=3, exclude_known=False, items=items, exclude=items[:1])
    arrays = model.recommend(
        np.array(users),  # type: ignore[arg-type]
        k=np.int64(3),  # type: ignore[arg-type]
        exclude_known=np.False_,  # type: ignore[arg-type]
        items=np.array(items),  # type: ignore[arg-type]
        exclude=np.array(items[:1]),  # type: ignore[arg-type]
    )
    assert arrays == expected
    floats = [float(user) for user in users]
    assert model.recommend(floats, k=3) == model.recommend(users, k=3)  # type: ignore[arg-type]
    similar = model.similar_items(np.array(items), k=2)  # type: ignore[arg-type]
    assert similar == model.similar_items(items, k=2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"users": None}, "users: expected a list, got null"),
        ({"users": 6000}, "users: expected a list, got int"),
        ({"users": "6000"}, "users: expected a list, got str"),
        ({"users": [None]}, r"users\.0\.visitorid: expected an integer, got null"),
        ({"k": 3.0}, "k: expected an integer, got float"),
        ({"k": "3"}, "k: expected an integer, got str"),
        ({"k": None}, "k: expected an integer, got null"),
        ({"k": True}, "k: expected an integer, got bool"),
        ({"exclude_known": np.array([True, False])}, "exclude_known: expected True or False"),
        ({"exclude_known": "no"}, "exclude_known: expected True or False"),
        ({"items": 7}, "items: expected a list, got int"),
        ({"items": "7"}, "items: expected a list, got str"),
        ({"exclude": 7}, "exclude: expected a list, got int"),
        ({"exclude": np.array([[7]])}, "exclude: expected one dimension, got 2"),
        ({"items": [True]}, r"items\.0: expected an integer, got bool"),
    ],
)
def test_whatever_is_no_question_is_a_query_error(changes: dict[str, Any], message: str) -> None:
    arguments = {"users": [6000], **changes}
    with pytest.raises(QueryError, match=message):
        recommend(load_model(SIMILARITY), **arguments)


def test_an_empty_list_of_items_allows_nothing() -> None:
    model = load_model(SIMILARITY)
    nothings: list[Any] = [[], (), np.array([], np.int64)]
    for nothing in nothings:
        answer = recommend(model, [6000], items=nothing)
        assert answer.rankings[0].items == []
    assert recommend(model, [6000], exclude=[]) == recommend(model, [6000])


@pytest.mark.parametrize("name", ["similarity_jaccard", "ranking_plain", "popularity_counts"])
def test_a_model_with_a_missing_id(tmp_path: Path, name: str) -> None:
    """Turi Create trains on rows without a user or an item; None is then an id like any other."""
    path = with_missing_ids(unpack_model(name, tmp_path))
    model = load_model(path)
    assert (model.user_column.nullable, model.item_column.nullable) == (True, True)
    assert None not in model.user_column.sample(1000)
    stranger = 9_999_999 if model.user_column.value_type == ValueType.INTEGER else "nobody"
    asked: list[Any] = [None, model.users.ids([1])[0], stranger]
    answer = model.recommend(asked, k=model.num_items, exclude_known=False)
    assert answer.users == asked
    assert answer.cold_users == [stranger]
    assert any(None in ranking.items for ranking in answer.rankings)
    assert answer.columns().users.dtype == answer.columns().items.dtype == object
    assert None in model.similar_items([None]).items  # type: ignore[list-item]
    without = model.recommend(asked, k=99, exclude=[None])  # type: ignore[list-item]
    assert not any(None in ranking.items for ranking in without.rankings)


def with_missing_ids(path: Path) -> Path:
    """Put None in the place of the first user and the first item."""
    saved = read_model(path)
    data = (path / "objects.bin").read_bytes()
    for column in saved.metadata.columns[:2]:
        ids = flexible(column.values.tolist())
        assert ids in data
        data = data.replace(ids, flexible([None, *column.values.tolist()[1:]]))
    (path / "objects.bin").write_bytes(data)
    return path


def test_where_nothing_is_no_model_is_found(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to("nothing")
    for path in ("nope", "nowhere", "file/x", "x" * 5000, "x/" * 3000):
        with pytest.raises(
            ModelNotFoundError, match="is not a model directory: there is nothing at this path"
        ):
            load_model(tmp_path / path)
        with pytest.raises(ModelNotFoundError):
            recommend(tmp_path / path, [1])
    with pytest.raises(ModelFormatError, match="Not a directory"):
        load_model(tmp_path / "file")


def test_a_folder_of_models_names_them(tmp_path: Path) -> None:
    version = tmp_path / "models" / "name" / "7"
    shutil.copytree(SIMILARITY, version / "m.model")
    for folder in (version, version.parent, version.parent.parent):
        with pytest.raises(
            ModelFormatError, match=r"there is a model in \S*/name/7/m\.model"
        ) as it:
            load_model(folder)
        assert it.value.path == folder / "dir_archive.ini"
    with pytest.raises(ModelFormatError, match=r"found none$"):
        load_model(tmp_path)  # too far above


def test_only_so_much_is_looked_at(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number}" / "x.model").mkdir(parents=True)
        (tmp_path / f"{number}" / "x.model" / "dir_archive.ini").touch()
    with pytest.raises(ModelFormatError, match="there is a model in ") as caught:
        load_model(tmp_path)
    assert caught.value.found.count("x.model") == 3


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_pickled_model_is_loaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(unpack_model(name, tmp_path).parent)
    model = load_model(unpack_model(name, tmp_path).name)
    assert copy.copy(model) is copy.deepcopy([model])[0] is model
    raw = pickle.dumps({"model": model})
    assert len(raw) < 1000
    monkeypatch.chdir("/")
    again = pickle.loads(raw)["model"]
    assert again is not model
    users = next(model.users.chunks(2), np.array(["nobody"])).tolist()
    assert again.recommend(users, k=5) == model.recommend(users, k=5)
    shutil.rmtree(tmp_path)
    with pytest.raises(ModelNotFoundError):
        pickle.loads(raw)


@pytest.mark.parametrize("name", ["similarity_jaccard", "ranking_plain", "popularity_counts"])
def test_more_than_there_is_is_everything(tmp_path: Path, name: str) -> None:
    model = load_model(unpack_model(name, tmp_path))
    users, items = model.users.ids([0, 1]), model.items.ids([0])
    for k in (2**31 + 1, 2**63 - 1, 10**30):
        assert model.recommend(users, k=k) == model.recommend(users, k=model.num_items)
        assert model.similar_items(items, k=k) == model.similar_items(items, k=model.num_items)


def test_an_id_of_an_array_is_found() -> None:
    model = load_model(SIMILARITY)
    known = model.users.ids([0])[0]
    assert known in model.users
    assert np.int64(known) in model.users
    assert np.array([known], np.uint32)[0] in model.users
    for other in (str(known), np.float64(0.5), [known], None, np.datetime64(known, "ns")):
        assert other not in model.users
