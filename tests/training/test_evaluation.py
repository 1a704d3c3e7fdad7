"""Figures of models, and what run.json says of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.training.environment import Trainer

pytestmark = pytest.mark.slow

SET_UP = """
load_turicreate()
import json
import numpy as np
import pandas as pd
from training.evaluation import Answers, measure, table
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
figures = measure([good, popular, nothing], popular, part, audience, 4, 7)
answer = [json.loads(json.dumps(figures_of(one), allow_nan=False)) for one in figures]
answer = answer, table(figures, "popular")
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
    assert len(lines) == 4
    assert lines[1].split()[:2] == ["good", "x2.00"]
    assert lines[2].split() == ["popular", "0.3750", "1.0000", "0.5000", "0.0000"]


def test_a_part_without_a_kind(trainer: Trainer) -> None:
    code = """
from dataclasses import replace
strangers = replace(part, kinds=["unknown"] * 4)
answer = figures_of(measure([good, popular], popular, strangers, audience, 4, 7)[0])
"""
    figures = trainer.run(SET_UP + code)
    assert figures["kinds"] == {"all": 0.75, "known": None, "light": None, "unknown": 0.75}
    assert figures["findings"] == []
