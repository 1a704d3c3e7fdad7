"""Similar users are read from the file, which may vanish, by any number of threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.turi_recommender.golden import unpack_model
from turi_recommender import ModelUnreadableError, SimilarUsers, load_model
from turi_recommender.format import Rows
from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.cosines import cosines
from turi_recommender.scoring.factorization.similar_users import SimilarUserSearch
from turi_recommender.scoring.selection.similar import most_similar


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


def users_of(factors: NDArray[np.float32], first_row: int = 3) -> SimilarUserSearch:
    """Return a search among vectors that stand in memory, after a few rows of others."""
    count, width = factors.shape
    others = np.ones((first_row, width), np.float32)
    return SimilarUserSearch(Rows(np.concatenate([others, factors])), first_row, count, width)


def plainly(search: SimilarUserSearch, user: int, k: int) -> tuple[list[int], list[float]]:
    """Return what the library would: the choice among all exact cosines."""
    best, scores = most_similar(cosines(search, user, np.arange(search.count)), user, k)
    return best.tolist(), scores.tolist()


def some_users(kind: str, count: int, width: int, seed: int) -> NDArray[np.float32]:
    """Return vectors that are hard to rank: equal, nearly parallel, empty, or beyond float32."""
    generator = np.random.default_rng(seed)
    factors = generator.standard_normal((count, width))
    match kind:
        case "repeated":
            factors = factors[generator.integers(0, max(count // 20, 1), count)]
        case "parallel":
            factors = 1 + 1e-4 * factors
        case "integers":
            factors = generator.integers(-1, 2, (count, width)).astype(np.float64)
        case "odd":
            scales = np.array([0.0, 1e-30, 1e-13, 1.0, 1e13, 1e25, np.inf, np.nan])
            factors *= scales[generator.integers(0, len(scales), count)][:, np.newaxis]
    with np.errstate(all="ignore"):
        return factors.astype(np.float32)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["plain", "repeated", "parallel", "integers", "odd"]),
    st.integers(1, 900),
    st.sampled_from([1, 2, 3, 7, 8, 32]),
    st.sampled_from([1, 9, 10, 11, 40]),
    st.integers(0, 1000),
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_as_if_all_cosines_were_exact(kind: str, count: int, width: int, k: int, seed: int) -> None:
    search = users_of(some_users(kind, count, width, seed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "USER_VALUES", 40 * width)  # several blocks
        patch.setattr(limits, "EXACT_CHUNK", 100)
        small = users_of(some_users(kind, count, width, seed))
        for user in {0, count // 2, count - 1}:
            ((best, scores),) = small.best([user], k)
            assert (best.tolist(), scores.tolist()) == plainly(search, user, k)


def test_vectors_are_taken_alone_and_in_blocks() -> None:
    factors = some_users("plain", 20_000, 2, 1)
    search = users_of(factors)
    for places in ([], [7], [0, 19_999], [3, 4, 5, 100], range(0, 20_000, 3), range(50, 90)):
        indices = np.array(places, np.int64)
        assert search.take(indices).tobytes() == factors[indices].tobytes()
