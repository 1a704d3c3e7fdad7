"""Which role is best for which kind of visitor, by figures that may be odd, equal or missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.models.loaded import LoadedModels
from app.models.measured import KINDS, NO_ORDER, Table, Values, best_first, kind_of, table_of
from app.models.roles import Role
from app.models.slots import Slot
from tests.support.figures import read, training_with

SOME = {"unknown": 0.02, "light": 0.03, "known": 0.06}


def test_kinds_follow_from_the_number_of_items() -> None:
    assert [kind_of(items) for items in (0, 1, 2, 3, 4, 1000)] == [
        *("unknown", "light", "light", "known", "known", "known"),
    ]


def test_the_best_comes_first_for_each_kind() -> None:
    values: Values = {
        "similarity": {"unknown": 0.01, "light": 0.05, "known": 0.03, "all": 0.9},
        "ranking": {"unknown": 0.0, "light": 0.04, "known": 0.06},
        "newcomer": {"unknown": 0.02, "light": 0.01, "known": 0.02},
    }
    assert best_first(values) == {
        "unknown": ("newcomer", "similarity", "ranking"),
        "light": ("similarity", "ranking", "newcomer"),
        "known": ("ranking", "similarity", "newcomer"),
    }


def test_of_equal_figures_the_one_wins_that_would_answer_without_them() -> None:
    equal: Values = {role: {**dict.fromkeys(KINDS, 0.5)} for role in roles()}
    assert best_first(equal) == {
        "unknown": ("newcomer", "similarity", "ranking"),
        "light": ("similarity", "ranking", "newcomer"),
        "known": ("similarity", "ranking", "newcomer"),
    }
    zeros: Values = {"ranking": {"known": -0.0}, "similarity": {"known": 0.0}}
    assert best_first(zeros)["known"] == ("similarity", "ranking")


def test_a_list_for_everybody_has_to_be_clearly_better() -> None:
    def first(newcomer: float) -> list[Role]:
        same: dict[str, float | None] = dict.fromkeys(KINDS, newcomer)
        values: Values = {"ranking": dict.fromkeys(KINDS, 0.1), "newcomer": same}
        return [best_first(values)[kind][0] for kind in KINDS]

    assert first(0.114) == ["newcomer", "ranking", "ranking"]
    assert first(0.116) == ["newcomer", "newcomer", "newcomer"]


def test_a_role_without_a_figure_for_a_kind_is_not_asked_for_it() -> None:
    values: Values = {"similarity": {"unknown": None, "known": 0.1}, "ranking": {"light": 0.0}}
    assert best_first(values) == {
        "unknown": (),
        "light": ("ranking",),
        "known": ("similarity",),
    }
    assert best_first({}) == NO_ORDER


def test_means_of_a_handful_of_visitors_tell_nothing(service: LoadedModels) -> None:
    told = training_with({"known": 0.06, "light": 0.9, "unknown": 0.5})
    told["figures"]["visitors"] = {"all": 406, "known": 399, "light": 1, "unknown": 6}
    values = table_of(slots_with(service, {"similarity": told})).values["similarity"]
    assert values["known"] == values["light"] == pytest.approx((399 * 0.06 + 0.9) / 400)
    assert values["unknown"] is None
    told["figures"]["visitors"] = {"all": 400, "known": 400, "light": 0, "unknown": 0}
    told["figures"]["values"] |= {"light": None, "unknown": None}
    values = table_of(slots_with(service, {"similarity": told})).values["similarity"]
    assert (values["known"], values["light"]) == (0.06, 0.06)
    told["figures"]["visitors"] = dict.fromkeys(("all", "known", "light", "unknown"), 0)
    told["figures"]["values"] |= {"known": None}
    values = table_of(slots_with(service, {"similarity": told})).values["similarity"]
    assert (values["known"], values["light"], values["unknown"]) == (None, None, None)


def roles() -> tuple[Role, ...]:
    return ("similarity", "ranking", "newcomer")


def slots_with(service: LoadedModels, given: dict[Role, dict[str, Any] | None]) -> dict[Role, Slot]:
    """Return slots of the sample models, with what their manifests are to say."""
    slots: dict[Role, Slot] = {}
    for role, training in given.items():
        entry = service.need("similarity" if role == "newcomer" else role)
        told = None if training is None else read(training)
        slots[role] = Slot(role, replace(entry, training=told))
    return slots


def test_a_table_says_what_it_follows_from(service: LoadedModels) -> None:
    better = training_with({**SOME, "known": 0.09})
    table = table_of(slots_with(service, {"similarity": training_with(SOME), "ranking": better}))
    assert (table.measure, table.split, table.reason) == ("recall@10", "time", "")
    assert [table.best(kind) for kind in KINDS] == ["similarity", "similarity", "ranking"]
    assert table.values["ranking"]["known"] == 0.09
    assert str(table) == (
        "by recall@10 (split: time), unknown similarity, light similarity, known ranking"
    )


@pytest.mark.parametrize("other", [{"measure": "recall@20"}, {"split": "author"}])
def test_figures_of_another_kind_are_not_compared(
    service: LoadedModels, other: dict[str, str]
) -> None:
    table = table_of(
        slots_with(
            service,
            {"similarity": training_with(SOME), "ranking": training_with(SOME, **other)},
        )
    )
    assert table.order == NO_ORDER
    assert table.reason.startswith("figures of different measures or splits are not compared")
    assert next(iter(other.values())) in table.reason
    assert table.values["ranking"]["known"] == SOME["known"], "they are shown all the same"
    assert str(table).endswith("; side data decide")


@pytest.mark.parametrize("without", [None, {**training_with(SOME), "figures": None}])
def test_versions_that_nobody_has_evaluated(
    service: LoadedModels, without: dict[str, Any] | None
) -> None:
    nothing = table_of(slots_with(service, {"similarity": without, "ranking": without}))
    assert nothing.order == NO_ORDER
    assert nothing.reason == "no version that serves has figures"
    table = table_of(slots_with(service, {"similarity": without, "ranking": training_with(SOME)}))
    assert [table.best(kind) for kind in KINDS] == ["ranking"] * 3


def test_a_role_without_a_model_has_no_figures(service: LoadedModels) -> None:
    slots = slots_with(service, {"similarity": training_with(SOME)})
    table = table_of({**slots, "ranking": Slot("ranking", None)})
    assert set(table.values) == {"similarity"}
    assert table_of({"ranking": Slot("ranking", None)}).order == NO_ORDER


def test_a_model_with_an_arbitrary_list_is_not_asked_for_strangers(service: LoadedModels) -> None:
    slots = slots_with(service, {"similarity": None, "ranking": training_with(SOME)})
    blind = replace(slots["ranking"].pace, knows_strangers=False)
    table = table_of({**slots, "ranking": replace(slots["ranking"], pace=blind)})
    assert [table.best(kind) for kind in KINDS] == [None, "ranking", "ranking"]
    assert table.values["ranking"]["unknown"] == SOME["unknown"], "it is shown all the same"


def test_kinds_without_a_figure_are_said_to_go_by_side_data() -> None:
    table = Table(best_first({"ranking": {"known": 0.1}}), {}, "recall@10", "time")
    assert str(table).endswith("unknown by side data, light by side data, known ranking")
