"""Which models answer a query, for each setting of AUTO."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from app.models.parts import Part, Plan
from app.models.queries import Given, RecommendQuery
from app.models.respondents import Respondents
from app.models.roles import Role
from app.models.slots import NO_PACE, Slot
from app.settings import Auto
from tests.support.figures import Values, read, training_with
from tests.turi_recommender.scoring.synthetic import factor_model, neighbour_model
from turi_recommender.scoring import Recommender, make_recommender
from turi_recommender.versions import ModelEntry

KNOWN, STRANGER = 1, 99  # who is known has two items: a light visitor
FIGURES: dict[Role, Values] = {
    "similarity": {"unknown": 0.1, "light": 0.3, "known": 0.2},
    "ranking": {"unknown": 0.2, "light": 0.2, "known": 0.3},
    "newcomer": {"unknown": 0.3, "light": 0.1, "known": 0.1},
}
AUTOS: tuple[Auto, ...] = get_args(Auto)


@pytest.fixture(scope="module")
def models() -> dict[Role, Recommender]:
    return {
        "similarity": make_recommender(neighbour_model(1)),
        "ranking": make_recommender(factor_model(2, user_side=True)),
        "newcomer": make_recommender(factor_model(3)),
    }


def slots(
    models: dict[Role, Recommender], *roles: Role, figures: dict[Role, Values] | None = None
) -> dict[Role, Slot]:
    found: dict[Role, Slot] = {role: Slot(role, None) for role in models}
    for role in roles or tuple(models):
        given = (FIGURES if figures is None else figures).get(role)
        training = None if given is None else read(training_with(given))
        model = models[role]
        found[role] = Slot(role, ModelEntry(role, "1", model.path, model, None, training))
    return found


def query(*users: int, choice: Any = "auto", side: Any = None, **given: Any) -> RecommendQuery:
    rows: list[Any] = [{"user": one, **(side or {})} for one in users]
    return RecommendQuery(rows, choice=choice, given=Given(**given) if given else None)


def plan_of(who: Respondents, asked: RecommendQuery) -> Plan | None:
    return who.plan(asked, who.role_of(asked))


SIDE = {"period": "period1"}


def test_auto_is_what_the_setting_says(models: dict[Role, Recommender]) -> None:
    def roles(auto: Auto, *loaded: Role) -> list[Role]:
        who = Respondents(slots(models, *loaded), auto)
        return [who.role_of(query(KNOWN)), who.role_of(query(KNOWN, side=SIDE))]

    assert roles("side-data") == ["similarity", "ranking"]
    assert roles("measured") == ["similarity", "ranking"], "where figures do not tell"
    assert roles("ranking") == ["ranking"] * 2
    assert roles("similarity") == ["similarity"] * 2
    for auto in AUTOS:
        assert roles(auto, "ranking", "newcomer") == ["ranking"] * 2, "the only one"


@pytest.mark.parametrize("auto", AUTOS)
def test_a_name_holds_whatever_the_setting_is(models: dict[Role, Recommender], auto: Auto) -> None:
    who = Respondents(slots(models), auto)
    named = query(STRANGER, KNOWN, choice="ranking")
    assert who.role_of(named) == "ranking"
    assert plan_of(who, named) == Plan(
        "ranking", "ranking", [Part("ranking", [1]), Part("newcomer", [0], are_strangers=True)]
    )


@pytest.mark.parametrize("auto", AUTOS)
def test_side_data_of_users_go_to_the_model_that_knows_such(
    models: dict[Role, Recommender], auto: Auto
) -> None:
    who = Respondents(slots(models), auto)
    asked = query(KNOWN, user_data=[{"user": KNOWN, "country": "country1"}])
    assert who.role_of(asked) == "ranking"
    assert plan_of(who, asked) is None


def test_rows_go_to_the_best_in_the_order_of_the_request(
    models: dict[Role, Recommender],
) -> None:
    who = Respondents(slots(models), "measured")
    seen = [{"user": 2, "item": item} for item in range(4)]
    asked = query(STRANGER, KNOWN, 2, STRANGER, interactions=seen)
    assert plan_of(who, asked) == Plan(
        "newcomer",
        "ranking",
        [Part("newcomer", [0, 3]), Part("similarity", [1]), Part("ranking", [2])],
    )


def test_one_model_answers_alone_where_it_can(models: dict[Role, Recommender]) -> None:
    who = Respondents(slots(models), "measured")
    assert plan_of(who, query(KNOWN, 2)) is None
    dressed = Plan("similarity", "ranking", [Part("similarity", [0, 1])])
    assert plan_of(who, query(KNOWN, 2, side=SIDE)) == dressed, "side data mean nothing to it"
    assert plan_of(who, query(STRANGER)) == Plan("newcomer", "ranking", [Part("newcomer", [0])])


def test_where_figures_do_not_tell_side_data_do(models: dict[Role, Recommender]) -> None:
    known: dict[Role, Values] = {"ranking": {"known": 0.1}}
    who = Respondents(slots(models, figures=known), "measured")
    assert plan_of(who, query(KNOWN)) is None
    split = [Part("similarity", [1]), Part("newcomer", [0], are_strangers=True)]
    assert plan_of(who, query(STRANGER, KNOWN)) == Plan("similarity", "ranking", split)
    light: dict[Role, Values] = {"ranking": {"light": 0.1}}
    who = Respondents(slots(models, figures=light), "measured")
    mixed = [Part("ranking", [1]), Part("newcomer", [0], are_strangers=True)]
    assert plan_of(who, query(STRANGER, KNOWN)) == Plan("similarity", "ranking", mixed)
    mixed = [Part("ranking", [0]), Part("newcomer", [1], are_strangers=True)]
    assert plan_of(who, query(KNOWN, STRANGER)) == Plan("ranking", "ranking", mixed)


def test_a_single_model_needs_no_figures(models: dict[Role, Recommender]) -> None:
    who = Respondents(slots(models, "ranking"), "measured")
    assert plan_of(who, query(KNOWN, STRANGER, side=SIDE)) is None


def test_a_fixed_role_takes_no_side_data_that_mean_nothing_to_it(
    models: dict[Role, Recommender],
) -> None:
    who = Respondents(slots(models, "similarity", "ranking"), "similarity")
    assert plan_of(who, query(KNOWN)) is None
    assert plan_of(who, query(KNOWN, STRANGER, side=SIDE)) == Plan(
        "similarity", "ranking", [Part("similarity", range(2))]
    )
    who = Respondents(slots(models, "similarity", "ranking"), "ranking")
    assert plan_of(who, query(KNOWN, STRANGER)) is None
    blind = replace(slots(models)["ranking"], pace=replace(NO_PACE, knows_strangers=False))
    who = Respondents({**slots(models, "similarity", "ranking"), "ranking": blind}, "ranking")
    parts = [Part("ranking", [0]), Part("similarity", [1], are_strangers=True)]
    assert plan_of(who, query(KNOWN, STRANGER)) == Plan("ranking", "ranking", parts)
