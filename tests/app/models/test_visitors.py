"""Of which kind a visitor is, and who knows something of that visitor."""

from __future__ import annotations

from typing import Any

import pytest

from app.models.measured import Order
from app.models.queries import Given, RecommendQuery
from app.models.roles import Role
from app.models.visitors import roles_of_rows
from tests.turi_recommender.scoring.synthetic import factor_model, neighbour_model
from turi_recommender.scoring import Recommender, make_recommender

# Each of the five users of a synthetic model has two items; the models draw their own.
ORDER: Order = {
    "unknown": ("newcomer", "similarity", "ranking"),
    "light": ("similarity", "ranking", "newcomer"),
    "known": ("ranking", "similarity", "newcomer"),
}
KNOWN, STRANGER = 1, 99
Models = dict[Role, Recommender]


@pytest.fixture(scope="module")
def models() -> Models:
    return {
        "similarity": make_recommender(neighbour_model(1)),
        "ranking": make_recommender(factor_model(2)),
        "newcomer": make_recommender(factor_model(3)),
    }


def ask(models: Models, users: list[Any], order: Order = ORDER, **given: Any) -> list[Role | None]:
    query = RecommendQuery([{"user": one} for one in users])
    if given:
        query = query._replace(given=Given(**given))
    return roles_of_rows(query, models, order)


def seen(user: Any, items: range) -> list[dict[str, Any]]:
    return [{"user": user, "item": item} for item in items]


def test_rows_go_to_the_best_for_their_kind(models: Models) -> None:
    assert ask(models, [STRANGER, KNOWN, STRANGER]) == ["newcomer", "similarity", "newcomer"]
    assert ask(models, []) == []


def test_interactions_of_the_request_count(models: Models) -> None:
    """Four items and those of the history: three at least, whichever are the same."""
    rows = seen(KNOWN, range(4)) + seen(STRANGER, range(4))
    assert ask(models, [KNOWN], interactions=rows) == ["ranking"]
    once = seen(KNOWN, range(0)) + seen(2, range(4))
    assert ask(models, [KNOWN], interactions=once) == ["similarity"], "those of somebody else"


def test_a_model_that_knows_nothing_of_a_visitor_is_passed_over(models: Models) -> None:
    """The ranking model is best for whom much is known, and learns nothing from a basket."""
    assert ask(models, [STRANGER], interactions=seen(STRANGER, range(4))) == ["similarity"]
    without: Order = {**ORDER, "known": ("ranking",)}
    assert ask(models, [STRANGER], without, interactions=seen(STRANGER, range(4))) == [None]
    newcomer: Order = {**ORDER, "known": ("ranking", "newcomer", "similarity")}
    assert ask(models, [STRANGER], newcomer, interactions=seen(STRANGER, range(4))) == ["newcomer"]


def test_the_same_item_again_and_unknown_items_do_not_count(models: Models) -> None:
    each: Order = {"unknown": ("ranking",), "light": ("similarity",), "known": ("newcomer",)}
    again = seen(STRANGER, range(1)) * 5
    assert ask(models, [STRANGER], each, interactions=again) == ["similarity"]
    beyond = seen(STRANGER, range(900, 905))
    assert ask(models, [STRANGER], each, interactions=beyond) == ["ranking"]
    nothing = [{"user": STRANGER, "item": None}] * 5
    assert ask(models, [STRANGER], each, interactions=nothing) == ["ranking"]


def test_what_is_no_id_is_left_to_whoever_refuses_it(models: Models) -> None:
    assert ask(models, ["x", None, KNOWN, 1.5]) == [None, None, "similarity", None]


def test_where_no_figure_tells(models: Models) -> None:
    nobody: Order = {"unknown": (), "light": (), "known": ()}
    assert ask(models, [STRANGER, KNOWN], nobody) == [None, None]
