"""Figures of models, and what run.json says of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.training.environment import Trainer

pytestmark = pytest.mark.slow

KINDS = ["all", "known", "light", "unknown"]
SET_UP = """
load_turicreate()
import json
import numpy as np
import pandas as pd
from training import tables
from training.evaluation import Answers, measure
from training.judged import Part
from training.record import figures_of
visitors = [1, 2, 3, 4]
part = Part(
    visitors,
    {1: {10}, 2: {11, 12}, 3: {13}, 4: {14}},
    ["known", "light", "unknown", "unknown"],
    pd.DataFrame({"user": visitors}),
    ["Noon", "Noon", "Night", "Night"],
)
def answers(name, *lists):
    scores = [[float(len(items) - place) for place in range(len(items))] for items in lists]
    return Answers(name, dict(zip(visitors, lists)), dict(zip(visitors, scores)))
good = answers("good", [10, 11], [11, 12], [10], [14])
popular = answers("popular", [10, 11], [10, 11], [10, 11], [10, 11])
nothing = answers("nothing", [], [], [], [])
audience = {10: 3, 11: 2, 12: 1, 13: 1, 14: 1}
roles = ["good", "nothing", "newcomer", "ranking"]
figures = measure([good, popular, nothing], popular, part, audience, 4, 7, roles)
answer = [json.loads(json.dumps(figures_of(one), allow_nan=False)) for one in figures]
counts = {"all": 4000, "known": 1, "light": 1, "unknown": 2}
answer = answer, tables.recalls(figures, counts)
"""


@pytest.fixture(scope="module")
def told(trainer: Trainer) -> tuple[dict[str, Any], list[str]]:
    figures, lines = trainer.run(SET_UP)
    json.dumps(figures, allow_nan=False)
    return {one["name"]: one for one in figures}, lines


def test_means_by_kind_and_period(told: tuple[dict[str, Any], list[str]]) -> None:
    good = told[0]["good"]
    assert good["recall@10"]["value"] == 0.75
    assert good["kinds"] == {"all": 0.75, "known": 1.0, "light": 1.0, "unknown": 0.5}
    assert list(good["periods"]) == ["Noon", "Night"]
    assert good["periods"]["Noon"] == {"visitors": 2, "value": 1.0, "low": 1.0, "high": 1.0}
    assert good["periods"]["Night"]["value"] == 0.5


def test_what_has_no_number_is_null(told: tuple[dict[str, Any], list[str]]) -> None:
    against = told[0]["good"]["against"]
    assert against["popular"]["value"] == 2.0
    assert against["nothing"]["value"] is None
    assert told[0]["nothing"]["kinds"]["all"] == 0.0


def test_only_those_whom_training_knew_show_a_collapse(
    told: tuple[dict[str, Any], list[str]],
) -> None:
    assert told[0]["popular"]["findings"] == []  # it is the yardstick itself
    assert any("no recommendation" in words for words in told[0]["nothing"]["findings"])
    assert not any("popularity" in words for words in told[0]["good"]["findings"])


def test_the_table_has_a_line_for_each(told: tuple[dict[str, Any], list[str]]) -> None:
    lines = told[1]
    assert len(lines) == 5
    assert lines[0].split() == ["recall@10", "by", "kind", "of", "visitor", *KINDS]
    assert lines[1].split() == ["number", "of", "visitors", "4,000", "1", "1", "2"]
    assert lines[2].split() == ["good", "0.7500", "1.0000", "1.0000", "0.5000"]
    assert lines[3].split() == ["popular", "0.3750", "1.0000", "0.5000", "0.0000"]
    assert len(set(map(len, lines))) == 1


def test_a_part_without_a_kind(trainer: Trainer) -> None:
    code = """
from dataclasses import replace
strangers = replace(part, kinds=["unknown"] * 4)
answer = figures_of(measure([good, popular], popular, strangers, audience, 4, 7, roles)[0])
"""
    figures = trainer.run(SET_UP + code)
    assert figures["kinds"] == {"all": 0.75, "known": None, "light": None, "unknown": 0.75}
    assert figures["findings"] == []


def test_a_model_for_newcomers_may_show_everybody_the_same(trainer: Trainer) -> None:
    code = """
from dataclasses import replace
each = [replace(nothing, name=name) for name in ("newcomer", "ranking", "plain")]
figures = measure([*each, popular], popular, part, audience, 4, 7, roles)
answer = {one.name: len(one.findings) for one in figures}
"""
    found = trainer.run(SET_UP + code)
    assert found.pop("ranking") > 0
    assert found == {"newcomer": 0, "plain": 0, "popular": 0}


def test_roles_are_compared_by_those_whom_they_are_for(trainer: Trainer) -> None:
    code = """
from dataclasses import replace
each = [
    replace(good, name="newcomer"),
    replace(good, name="ranking"),
    replace(popular, name="jaccard"),
    replace(good, name="popularity of the last 20%"),
]
figures = measure(each, popular, part, audience, 4, 7, roles)
labels = {"newcomer": "a machine", "ranking": "ials"}
answer = tables.comparisons(figures, labels)
"""
    title, newcomer, ranking = trainer.run(SET_UP + code)
    assert title.startswith("recall@10 of each role as a multiple of a plain model's")
    assert newcomer == (
        "newcomer (a machine): 1.00 [too few hits for an interval] times popularity of the last "
        "20%, by 2 unknown visitors"
    )
    assert ranking == (
        "ranking (ials): 1.33 [1.00 2.00] times jaccard, by 2 light and known visitors"
    )


def test_a_ratio_that_there_is_not_is_told_in_words(trainer: Trainer) -> None:
    code = """
from dataclasses import replace
each = [replace(good, name="ranking"), replace(nothing, name="jaccard")]
figures = measure(each, popular, part, audience, 4, 7, roles)
answer = tables.comparisons(figures, {"ranking": "ials"})
"""
    _, line = trainer.run(SET_UP + code)
    assert line.endswith("no ratio to jaccard, by 2 light and known visitors: too few hits")
