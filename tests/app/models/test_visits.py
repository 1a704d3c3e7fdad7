"""Which side data rows may have, and what of them each model is asked with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from app.models.roles import Role, choose
from app.models.visits import NO_COLUMNS, VisitColumns
from tests.turi_recommender.scoring.synthetic import column
from turi_recommender.format import ColumnMode


class Model:
    """What is asked of a model here."""

    def __init__(self, *columns: Any) -> None:
        self.user_column, self.item_column = column("user", 3), column("item", 3)
        self.side_columns = columns


def model(*columns: Any) -> Any:
    return Model(*columns)


PERIOD, HOUR = column("period", 2), column("hour", 1, ColumnMode.NUMERIC)
VECTOR = replace(HOUR, name="place", mode=ColumnMode.NUMERIC_VECTOR, size=2, means=np.zeros(2))
ROWS: list[Any] = [{"user": 1, "period": "a", "hour": 2.0}, {"user": 2}]


def test_columns_are_those_of_the_ranking_model_and_what_else_newcomers_have() -> None:
    for ranking, newcomer, names, extra in (
        (model(PERIOD), model(HOUR, PERIOD), ["period", "hour"], {"hour"}),
        (model(), model(PERIOD), ["period"], {"period"}),
        (None, model(PERIOD), ["period"], {"period"}),
        (model(PERIOD), None, ["period"], set()),
        (model(PERIOD), model(replace(HOUR, name="period")), ["period"], set()),
        (model(), model(replace(HOUR, name="item")), [], set()),
    ):
        visits = VisitColumns(ranking, newcomer)
        assert [each.name for each in visits.columns] == names
        assert visits.of_newcomers == extra
    assert NO_COLUMNS.columns == ()


def test_each_model_is_asked_with_what_it_understands() -> None:
    ranking, newcomer = model(PERIOD), model(HOUR)
    visits = VisitColumns(ranking, newcomer)
    each: list[tuple[Role, Any]] = [
        ("ranking", ranking),
        ("newcomer", newcomer),
        ("similarity", model()),
    ]
    asked = {role: visits.rows_for(one, role, "ranking", ROWS) for role, one in each}
    assert asked == {
        "ranking": [{"user": 1, "period": "a"}, {"user": 2}],
        "newcomer": [{"user": 1, "hour": 2.0}, {"user": 2}],
        "similarity": [{"user": 1}, {"user": 2}],
    }
    # The model that was chosen refuses what it does not understand.
    named = visits.rows_for(model(), "similarity", "similarity", ROWS)
    assert named == [{"user": 1, "period": "a"}, {"user": 2}]


def test_a_version_that_is_taken_up_later_is_told_what_means_the_same_to_it() -> None:
    visits = VisitColumns(model(), model(PERIOD, VECTOR))
    assert visits.names_for(model(PERIOD, VECTOR)) == {"period", "place"}
    assert visits.names_for(model(PERIOD, replace(VECTOR, size=3))) == {"period"}
    assert visits.names_for(model(HOUR)) == visits.names_for(model()) == frozenset()
    assert visits.untold_of(model(PERIOD, replace(VECTOR, size=3), HOUR)) == ["place", "hour"]
    assert visits.untold_of(model(PERIOD)) == []
    assert visits.defaults_for(model(PERIOD), {"period": "a", "hour": 1}) == {"period": "a"}


def test_side_data_for_newcomers_alone_call_for_no_ranking_model() -> None:
    loaded: Any = ("similarity", "ranking")
    assert choose(ROWS, loaded) == "ranking"
    assert choose(ROWS, loaded, frozenset({"hour"})) == "ranking"
    assert choose(ROWS, loaded, frozenset({"hour", "period"})) == "similarity"
