"""The summary keeps what it knows, and little of what a hostile file says."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.turi_recommender.encode import flexible, reader, stored
from turi_recommender.format.pairs import PairList
from turi_recommender.format.recommender import FACTOR_KINDS, NEIGHBOUR_KINDS, POPULARITY_KIND
from turi_recommender.format.summary import LONGEST_TEXT, MOST_NAMES, named, read_summary

KINDS = (*NEIGHBOUR_KINDS, *FACTOR_KINDS, POPULARITY_KIND)
RANKING = "ranking_factorization_recommender"


def dict_of(entries: dict[str, Any]) -> PairList:
    read: PairList = reader(flexible(entries)).flexible("options")
    return read


@pytest.mark.parametrize("kind", KINDS)
def test_names_depend_on_the_class_alone(kind: str) -> None:
    nothing = read_summary(kind, {}, None)
    everything = read_summary(kind, {"num_users": 3, "evil": 1, "coefficients": {}}, None)
    assert set(everything) == set(nothing)
    assert set(nothing.values()) == {None}
    assert everything["num_users"] == 3


def test_it_is_read_only() -> None:
    summary: Any = read_summary(RANKING, {}, "ials")
    with pytest.raises(TypeError):
        summary["solver"] = "als"


def test_values_have_their_types() -> None:
    state = {
        "nmf": 1,
        "binary_target": 0,
        "track_exact_loss": 7,
        "unobserved_rating_value": -1.7976931348623157e308,
        "ials_confidence_scaling_factor": 1,
        "training_rmse": math.inf,
        "target": None,
        "user_side_data_column_types": stored(["integer", "float"]),
        "training_stats": {"sgd_step_size": 0.25, "num_iterations": 9},
        "sgd_step_size": 0.0,
    }
    summary = read_summary(RANKING, state, "sgd")
    assert summary["nmf"] is True
    assert summary["binary_target"] is False
    assert summary["track_exact_loss"] is None
    assert summary["unobserved_rating_value"] is None
    assert summary["ials_confidence_scaling_factor"] == 1
    assert summary["training_rmse"] == math.inf
    assert summary["target"] is None
    assert summary["user_side_data_column_types"] == ("integer", "float")
    assert (summary["sgd_step_size"], summary["sgd_step_size_used"]) == (0.0, 0.25)
    assert (summary["num_iterations"], summary["solver_used"]) == (9, "sgd")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [(1.0, 2.0), {"a": 1}, [1, None, "x"], [[]]])
def test_values_of_another_type_are_left_out(kind: str, value: Any) -> None:
    read = reader(flexible(value)).flexible("value")
    state = dict.fromkeys(read_summary(kind, {}, None), read)
    assert set(read_summary(kind, state, None).values()) == {None}


def test_texts_and_lists_are_bounded() -> None:
    names = stored(["a" * 100_000] + [str(number) for number in range(50_000)])
    state = {"user_id": "u" * 100_000, "observation_data_column_names": names}
    summary = read_summary(POPULARITY_KIND, state, None)
    assert summary["user_id"] == "u" * LONGEST_TEXT
    columns = summary["observation_data_column_names"]
    assert len(columns) == MOST_NAMES
    assert columns[:2] == ("a" * LONGEST_TEXT, "0")


def test_the_training_may_be_a_dict() -> None:
    stats = dict_of({"num_iterations": 4, "training_loss_type": "RMSE"})
    summary = read_summary(RANKING, {"training_stats": stats}, None)
    assert (summary["num_iterations"], summary["training_loss_type"]) == (4, "RMSE")


def test_a_dict_of_numbers_names_nothing() -> None:
    assert named(dict_of({})) == {}
    assert named(reader(b"\x85" + flexible_pairs(3)).flexible("pairs")) == {}
    assert named(None) == {}


def flexible_pairs(count: int) -> bytes:
    pairs = b"".join(flexible(number) + flexible(0.5) for number in range(count))
    return count.to_bytes(8, "little") + pairs
