from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender.golden import unpack_model
from turi_recommender import QueryError, Ranking, Recommendations, SimilarItems, load_model

INT64, OBJECT = np.dtype(np.int64), np.dtype(object)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(max_size=5)


def rankings(ids: Any) -> Any:
    pairs = st.lists(st.tuples(ids, st.floats(allow_nan=False)), max_size=4)
    return pairs.map(lambda rows: Ranking([i for i, _ in rows], [score for _, score in rows]))


def heads_and_rankings(heads: Any, items: Any) -> Any:
    return st.lists(st.tuples(heads, rankings(items)), max_size=5)


@given(
    st.tuples(st.just((INT64, INT64)), heads_and_rankings(INTEGERS, INTEGERS))
    | st.tuples(st.just((OBJECT, INT64)), heads_and_rankings(TEXT, INTEGERS))
    | st.tuples(st.just((INT64, OBJECT)), heads_and_rankings(INTEGERS, TEXT))
)
def test_columns_are_the_rows(drawn: Any) -> None:
    dtypes, answered = drawn
    users = [user for user, _ in answered]
    answer = Recommendations(users, [ranking for _, ranking in answered], [], *dtypes)
    columns = answer.columns()
    arrays = (columns.users, columns.items, columns.scores, columns.ranks)
    rows = list(zip(*(array.tolist() for array in arrays), strict=True))
    assert rows == list(answer.rows())
    assert [type(value) for row in rows for value in row] == [
        type(value) for row in answer.rows() for value in row
    ]
    assert [array.dtype for array in arrays] == [*dtypes, np.float64, np.int64]
    assert len(columns) == len(rows)


@given(heads_and_rankings(TEXT, TEXT))
def test_columns_of_similar_items_are_the_rows(answered: Any) -> None:
    items = [item for item, _ in answered]
    answer = SimilarItems(items, [ranking for _, ranking in answered], [], OBJECT)
    columns = answer.columns()
    arrays = (columns.items, columns.similar, columns.scores, columns.ranks)
    assert list(zip(*(array.tolist() for array in arrays), strict=True)) == list(answer.rows())
    assert [array.dtype for array in arrays] == [OBJECT, OBJECT, np.float64, np.int64]
    assert len(columns) == len(list(answer.rows()))


@pytest.mark.parametrize(
    ("name", "dtype"), [("similarity_jaccard", INT64), ("similarity_jaccard_strings", OBJECT)]
)
def test_a_model_tells_its_dtypes_even_without_rows(
    tmp_path: Path, name: str, dtype: np.dtype[Any]
) -> None:
    model = load_model(unpack_model(name, tmp_path))
    user, item = model.users.ids([0])[0], model.items.ids([0])[0]
    for users in ([user], []):
        columns = model.recommend(users, k=3).columns()
        assert (columns.users.dtype, columns.items.dtype) == (dtype, dtype)
        assert len(columns) == 3 * len(users)
    for items in ([item], []):
        similar = model.similar_items(items, k=2).columns()
        assert (similar.items.dtype, similar.similar.dtype) == (dtype, dtype)
        assert similar.items.tolist() == 2 * items
    assert len(model.recommend([user], items=[]).columns()) == 0


@pytest.mark.parametrize("id", [2**63, -(2**63) - 1, 2**64, 1e300, "9223372036854775808"])
def test_an_id_beyond_64_bits_is_refused_wherever_one_is_taken(tmp_path: Path, id: Any) -> None:
    """No column of integers could hold it: neither the model's nor that of the answer."""
    model = load_model(unpack_model("similarity_jaccard", tmp_path))
    known = model.users.ids([0])[0]
    calls: list[tuple[str, Callable[[], object]]] = [
        ("users.1.user_id", lambda: model.recommend([known, id])),
        ("users.0.user_id", lambda: model.recommend([{"user_id": id}])),
        ("items.0", lambda: model.recommend([known], items=[id])),
        ("exclude.0", lambda: model.recommend([known], exclude=[id])),
        ("items.0", lambda: model.similar_items([id])),
    ]
    for place, call in calls:
        with pytest.raises(QueryError, match="expected an integer of 64 bits") as caught:
            call()
        assert caught.value.field == place
    for most in (2**63 - 1, -(2**63)):
        assert model.recommend([most], k=1).columns().users.tolist() == [most]


@given(st.lists(st.integers(0, 4), max_size=6), st.sets(st.integers(0, 9)))
def test_splitting_gives_each_part_its_users(lengths: list[int], cold: set[int]) -> None:
    users = [number % 10 for number in range(sum(lengths))]
    answers = [Ranking([user], [0.5]) for user in users]
    named = [user for user in dict.fromkeys(users) if user in cold]
    whole = Recommendations(list(users), answers, list(named), INT64, INT64)
    parts = list(whole.split(lengths))
    assert [len(part.users) for part in parts] == lengths
    assert [row for part in parts for row in part.rows()] == list(whole.rows())
    for part in parts:
        assert part.cold_users == [user for user in dict.fromkeys(part.users) if user in cold]


def test_bases_and_unknown_items_go_with_their_users() -> None:
    rankings = [Ranking([user], [1.0]) for user in (1, 2, 3)]
    whole = Recommendations(
        [1, 2, 3], rankings, [], INT64, INT64, ["history", "basket", "nothing"], [(), (9,), (8, 9)]
    )
    first, second = whole.split([1, 2])
    assert (first.basis, first.unknown_items) == (["history"], [])
    assert (second.basis, second.unknown_items) == (["basket", "nothing"], [9, 8])
    assert Recommendations.joined([first, second]) == whole
    without = Recommendations([4], rankings[:1], [], INT64, INT64, ["nothing"])
    mixed = Recommendations.joined([without, second])
    assert mixed.unknown == [(), (9,), (8, 9)]
