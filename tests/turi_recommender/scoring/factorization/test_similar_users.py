"""Similar users are read from the file, which may vanish, by any number of threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.turi_recommender.golden import unpack_model
from turi_recommender import ModelUnreadableError, SimilarUsers, load_model


def test_a_file_that_was_cut_off_is_a_typed_error(tmp_path: Path) -> None:
    path = unpack_model("ranking_plain", tmp_path)
    model = load_model(path)
    one = model.users.ids(np.array([0]))
    rows = [{"user_id": one[0], "item_id": item} for item in model.items.ids(np.arange(3))]
    before = model.similar_users(one)
    with (path / "objects.bin").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(ModelUnreadableError):
        model.similar_users(one)
    with pytest.raises(ModelUnreadableError):
        model.predict(rows, explain=True)
    assert before.rankings[0].items == model.users.ids_in_memory(
        np.array(model.users.find_many(before.rankings[0].items))
    )


def test_threads_and_parts_answer_alike(tmp_path: Path) -> None:
    model = load_model(unpack_model("ranking_plain", tmp_path))
    users = model.users.ids(np.arange(12))
    whole = load_model(model.path).similar_users(users, k=7)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda user: model.similar_users([user], k=7), users))
    assert SimilarUsers.joined(parts) == whole
    assert whole.columns().ranks.tolist() == [*range(1, 8)] * 12


def test_unknown_users_have_no_answer(tmp_path: Path) -> None:
    model = load_model(unpack_model("popularity_target", tmp_path))
    answer = model.similar_users([10**15, 10**15])
    assert (answer.users, answer.unknown_users, answer.rankings) == ([], [10**15], [])
