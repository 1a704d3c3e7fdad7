"""What all recommenders do alike: candidates, histories, unknown ids, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender.golden import unpack_model
from tests.turi_recommender.scoring.synthetic import USERS, factor_model, neighbour_model
from turi_recommender import load_model
from turi_recommender.errors import QueryError
from turi_recommender.scoring import Ranking, Recommender, make_recommender
from turi_recommender.scoring.candidates import Candidates
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.query import History, Query

ITEMS = 40
SEEDS = st.integers(0, 2**32 - 1)
KINDS = st.sampled_from(["jaccard", "cosine", "pearson"])
TRAINED = st.integers(0, USERS - 1)
NO_HISTORY = History(np.empty(0, np.int64), np.empty(0))


def answer(model: Recommender, query: Query, *, exclude_known: bool = True) -> Ranking:
    everyone = Candidates(model.num_items)
    return model._answer([query], everyone, 10, exclude_known=exclude_known)[0]


@given(SEEDS, KINDS, TRAINED, st.booleans())
def test_a_history_of_ones_own_counts_as_the_trained_one(
    seed: int, kind: str, user: int, exclude_known: bool
) -> None:
    model = make_recommender(neighbour_model(seed, similarity=kind, items=ITEMS))
    history = History(*model.interactions.row(user))
    other = (user + 1) % USERS
    expected = answer(model, Query(user, user), exclude_known=exclude_known)
    for query in (Query(99, UNKNOWN, history=history), Query(other, other, history=history)):
        assert answer(model, query, exclude_known=exclude_known) == expected


@given(SEEDS, KINDS, TRAINED)
def test_an_empty_history_is_one(seed: int, kind: str, user: int) -> None:
    """It is not the absence of one: the trained history must not come through."""
    model = make_recommender(neighbour_model(seed, similarity=kind, items=ITEMS))
    stranger = answer(model, Query(99, UNKNOWN))
    assert answer(model, Query(user, user, history=NO_HISTORY)) == stranger


@given(SEEDS, TRAINED, st.sets(st.integers(0, ITEMS - 1), max_size=30))
def test_where_scores_have_no_history_it_only_excludes(
    seed: int, user: int, items: set[int]
) -> None:
    model = make_recommender(factor_model(seed, items=ITEMS))
    history = History(np.array(sorted(items), np.int64), np.ones(len(items)))
    expected = model.recommend([user], exclude_known=False, exclude=sorted(items)).rankings[0]
    assert answer(model, Query(user, user, history=history)) == expected


def test_histories_of_their_own_do_not_mix() -> None:
    model = make_recommender(neighbour_model(7, items=ITEMS))
    histories = [None, NO_HISTORY, *(History(*model.interactions.row(user)) for user in (3, 1))]
    queries = [Query(0, 0, history=history) for history in histories]
    everyone = Candidates(model.num_items)
    together = model._answer(queries, everyone, 10, exclude_known=True)
    assert together == [answer(model, query) for query in queries]
    assert len({tuple(ranking.items) for ranking in together}) > 2


def test_unknown_users_are_named_once_and_in_order() -> None:
    model = make_recommender(neighbour_model(0, items=ITEMS))
    answers = model.recommend([0, 77, 66, 77], k=2)
    assert answers.users == [0, 77, 66, 77]
    assert answers.cold_users == [77, 66]
    assert answers.rankings[1] == answers.rankings[2] == answers.rankings[3]


def test_unknown_items_are_named_once_and_in_order() -> None:
    similar = make_recommender(neighbour_model(0, items=ITEMS)).similar_items([3, 77, 66, 77, 3])
    assert similar.items == [3, 3]
    assert similar.unknown_items == [77, 66]


@given(SEEDS, st.lists(st.integers(0, 60), max_size=50), st.lists(st.integers(0, 60), max_size=50))
def test_only_the_allowed_and_not_the_excluded(
    seed: int, allowed: list[int], excluded: list[int]
) -> None:
    model = make_recommender(neighbour_model(seed, items=ITEMS))
    asked = model.recommend([0, 99], k=100, exclude_known=False, items=allowed, exclude=excluded)
    wanted = {item for item in allowed if item < ITEMS} - set(excluded)
    assert [set(ranking.items) for ranking in asked.rankings] == [wanted, wanted]


@pytest.mark.parametrize(
    "name", ["similarity_jaccard", "similarity_cosine", "similarity_pearson", "popularity_target",
             "content_with_observations", "factorization_plain", "ranking_everything"],
)  # fmt: skip
def test_who_has_nothing_left_gets_nothing(tmp_path: Path, name: str) -> None:
    """An empty set of candidates is one, and not the absence of a restriction."""
    model = load_model(unpack_model(name, tmp_path))
    users = [model.users.ids([0])[0], 987654321987]
    items = model.items.ids(range(model.num_items))
    own = model.items.ids(model.interactions.row(0)[0])
    nothing: list[dict[str, Any]] = [
        {"items": [987654321]},
        {"items": []},
        {"items": items[:5], "exclude": items[:5]},
        {"exclude": items},
    ]
    for asked in nothing:
        both = model.recommend(users, k=3, **asked).rankings
        assert [ranking.items for ranking in both] == [[], []]
    owner, stranger = model.recommend(users, k=3, items=own).rankings
    assert owner.items == []
    assert len(stranger.items) == min(3, len(own))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("similarity_jaccard", "<Recommender item_similarity, 40 users, 30 items, "),
        (
            "ranking_everything_strings",
            "<Recommender ranking_factorization_recommender, 41 users, 31 items, ",
        ),
    ],
)
def test_what_a_model_looks_like(name: str, shown: str, tmp_path: Path) -> None:
    path = unpack_model(name, tmp_path)
    assert repr(load_model(path)) == f"{shown}from {str(path)!r}>"


def test_what_a_small_model_looks_like() -> None:
    model = make_recommender(neighbour_model(0, items=1))
    assert repr(model).startswith(f"<Recommender item_similarity, {USERS} users, 1 item, ")


@pytest.mark.parametrize("kind", ["jaccard", "cosine", "pearson"])
def test_a_model_of_one_item(kind: str) -> None:
    model = make_recommender(neighbour_model(0, similarity=kind, items=1))
    owner, stranger = model.recommend([0, 99]).rankings
    assert (owner.items, stranger.items) == ([], [0])
    assert model.recommend([99], exclude=[0]).rankings[0].items == []


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"users": [0], "k": 0}, "k"),
        ({"users": [0, 1.5]}, "users.1.user"),
        ({"users": [0, None]}, "users.1.user"),
        ({"users": [0, {}]}, "users.1.user"),
        ({"users": [0], "items": [1, "x"]}, "items.1"),
        ({"users": [0], "exclude": [None]}, "exclude.0"),
        ({"users": [{"user": 0, "item": 1}]}, "users.0.item"),
    ],
)
def test_an_error_names_its_place(arguments: dict[str, Any], field: str) -> None:
    model = make_recommender(neighbour_model(0, items=ITEMS))
    with pytest.raises(QueryError) as caught:
        model.recommend(**arguments)
    assert caught.value.field == field


def test_ids_may_come_from_arrays() -> None:
    model = make_recommender(neighbour_model(0, items=ITEMS))
    ids: Any = np.arange(3)
    assert model.recommend(ids, exclude=ids) == model.recommend([0, 1, 2], exclude=[0, 1, 2])
    assert type(model.recommend(ids).users[0]) is int
    assert model.similar_items(ids) == model.similar_items([0, 1, 2])


@pytest.mark.parametrize("name", ["similarity_jaccard", "ranking_everything_strings"])
def test_sizes_of_histories_are_those_of_different_items(tmp_path: Path, name: str) -> None:
    model = load_model(unpack_model(name, tmp_path))
    users = [user for part in model.users.chunks() for user in part.tolist()]
    sizes = model.history_sizes(users)
    rows = [len(model.interactions.row(user)[0]) if user < model.interactions.num_users else 0
            for user in range(model.num_users)]  # fmt: skip
    assert sizes == rows
    assert sum(sizes) == len(model.interactions.items) <= model.num_observations
    assert model.history_sizes(users[:1]) == sizes[:1]
    assert model.history_sizes([]) == []


def test_what_was_seen_since_counts_once_where_it_is_known() -> None:
    model = make_recommender(factor_model(1, items=ITEMS))
    trained = model.interactions.row(2)[0].tolist()
    new = [item for item in range(ITEMS) if item not in trained][:3]
    assert model.history_sizes([2, 99, 3]) == [2, 0, 2]
    seen = {2: [*trained, *new, *new, ITEMS], 99: [*new[:1], -5], 4: new}
    assert model.history_sizes([2, 99, 3, 2], seen=seen) == [5, 1, 2, 5]
    assert model.history_sizes([2], seen={}) == [2]
    assert model.history_sizes(["2"], seen={2: []}) == [2]


@pytest.mark.parametrize(
    ("users", "seen", "path"),
    [
        ([1, "x"], None, ("users", 1)),
        ([1], {1: [2, "x"]}, ("seen", 1)),
        (7, None, ("users",)),
        ([1], {1: 7}, ("seen",)),
    ],
)
def test_sizes_of_histories_of_what_is_no_id(users: Any, seen: Any, path: tuple[Any, ...]) -> None:
    model = make_recommender(factor_model(1, items=ITEMS))
    with pytest.raises(QueryError) as caught:
        model.history_sizes(users, seen=seen)
    assert caught.value.path == path
