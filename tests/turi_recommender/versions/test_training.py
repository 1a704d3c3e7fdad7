"""What a manifest says of a training, read and written."""

from __future__ import annotations

import json
import math
import pickle
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.turi_recommender.trained import a_training, training_json
from turi_recommender.errors import ModelFormatError
from turi_recommender.versions.training import KINDS, Comparison, Figures, LogFacts, Training


def test_it_reads_what_it_says() -> None:
    training = Training.from_json(training_json())
    assert training.trained == datetime(2026, 11, 26, 3, 17, tzinfo=timezone.utc)
    assert training.settings["solver"] == "ials"
    assert (training.log.events, training.log.users, training.log.items) == (197511, 2166, 3525)
    assert training.log.last == datetime(2011, 12, 9, 12, 50, tzinfo=timezone.utc)
    assert training.figures is not None
    assert training.figures.measure == "recall@10"
    assert set(training.figures.values) == set(training.figures.visitors) == set(KINDS)
    assert training.figures.values["known"] == 0.06
    assert training.figures.values["unknown"] is None
    assert training.figures.against["jaccard"] == Comparison(1.28, 1.08, 1.5)
    assert training.figures.forced is None


def test_it_writes_what_it_reads() -> None:
    assert Training.from_json(training_json()).to_json() == training_json()
    training = a_training()
    assert training.checked() == training
    assert pickle.loads(pickle.dumps(training)) == training
    assert training.figures is not None
    assert Figures.from_json(training.figures.to_json()) == training.figures
    assert LogFacts.from_json(training.log.to_json()) == training.log


def test_what_nobody_knows_is_kept() -> None:
    content = training_json()
    content["seeds"] = [1, 2]
    content["log"]["name"] = "orders.csv"
    content["figures"]["ndcg"] = 0.1
    content["figures"]["values"]["new"] = 0.2
    content["figures"]["against"]["jaccard"]["pairs"] = 7
    assert Training.from_json(content).to_json() == content


def test_nobody_knows_the_sum_of_kinds_that_are_new() -> None:
    content = training_json()
    content["figures"]["visitors"]["new"] = 7
    assert Training.from_json(content).to_json() == content


def test_a_clock_may_be_ahead_by_hours() -> None:
    soon = datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None) + timedelta(hours=23)
    assert a_training(trained=f"{soon.isoformat()}Z").trained > datetime.now(timezone.utc)
    with pytest.raises(ModelFormatError, match="at most a day ahead of the clock"):
        a_training(trained=f"{(soon + timedelta(hours=2)).isoformat()}Z")


def test_a_measure_that_is_no_share_may_be_anything() -> None:
    content = training_json()
    content["figures"]["measure"] = "rmse"
    content["figures"]["values"]["all"] = 1.7
    content["figures"]["against"]["jaccard"] = {"ratio": None, "low": 2.5, "high": None}
    figures = Training.from_json(content).figures
    assert figures is not None
    assert (figures.values["all"], figures.against["jaccard"].low) == (1.7, 2.5)


def test_what_may_be_absent() -> None:
    content = training_json()
    del content["figures"]["against"], content["figures"]["forced"]
    content["log"]["first"] = content["log"]["last"] = None
    training = Training.from_json(content)
    assert training.figures is not None
    assert (training.figures.against, training.log.first) == ({}, None)
    assert a_training(figures=None).figures is None
    without = training_json()
    del without["figures"]
    assert "figures" not in Training.from_json(without).to_json()


def test_a_time_may_have_a_fraction_and_another_zone() -> None:
    training = a_training(trained="2026-11-26T03:17:00.250Z")
    assert training.trained.microsecond == 250_000
    east = timezone(timedelta(hours=2))
    elsewhere = Training(datetime(2026, 1, 1, 1, tzinfo=east), {}, training.log)
    assert elsewhere.to_json()["trained"] == "2025-12-31T23:00:00Z"


def put(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Return what puts the last argument into the place that the others name."""
    *names, last, value = path

    def change(content: dict[str, Any]) -> None:
        for name in names:
            content = content[name]
        content[last] = value

    return change


def drop(*path: str) -> Callable[[dict[str, Any]], None]:
    *names, last = path

    def change(content: dict[str, Any]) -> None:
        for name in names:
            content = content[name]
        del content[last]

    return change


BAD: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (drop("trained"), "training.trained to be a time such as"),
    (put("trained", "yesterday"), "training.trained to be a time such as"),
    (put("trained", "2026-02-30T00:00:00Z"), "training.trained to be a time such as"),
    (put("trained", "2026-11-26 03:17:00"), "training.trained to be a time such as"),
    (put("trained", 1764127020), "training.trained to be a time such as"),
    (put("trained", "9999-12-31T23:59:59Z"), "training.trained to be at most a day ahead of the"),
    (put("log", "first", "2011-12-09T12:50:01Z"), "training.log.first to be at training.log.last"),
    (put("figures", "split", ""), "training.figures.split to be a text, found an empty one"),
    (put("figures", "visitors", "all", 813), "visitors.all to be the sum of the kinds (812), fou"),
    (put("settings", []), "training.settings to be an object"),
    (drop("settings"), "training.settings to be an object, found nothing"),
    (put("log", None), "training.log to be an object"),
    (put("log", "events", -1), "training.log.events to be a whole number"),
    (put("log", "users", True), "training.log.users to be a whole number"),
    (put("log", "items", 1.0), "training.log.items to be a whole number"),
    (put("log", "sha256", 5), "training.log.sha256 to be a text"),
    (put("log", "first", "2010"), "training.log.first to be a time"),
    (put("log", "events", 10**400), "training.log.events to have an integer of at most 53 bits"),
    (put("figures", "measure", None), "training.figures.measure to be a text"),
    (put("figures", "values", {}), "training.figures.values.all to be a finite number or null"),
    (drop("figures", "values", "light"), "training.figures.values.light to be a finite number or"),
    (put("figures", "values", "all", "0.1"), "training.figures.values.all to be a finite number"),
    (put("figures", "values", "all", math.nan), "training.figures.values.all to have a finite n"),
    (put("figures", "values", "all", math.inf), "training.figures.values.all to have a finite n"),
    (put("figures", "values", "all", True), "training.figures.values.all to be a finite number"),
    (put("figures", "visitors", "all", 1.5), "training.figures.visitors.all to be a whole number"),
    (put("figures", "visitors", "all", None), "training.figures.visitors.all to be a whole number"),
    (put("figures", "visitors", "known", -1), "figures.visitors.known to be a whole number, 0 or"),
    (put("figures", "values", "known", 1.01), "figures.values.known to be from 0 to 1, or null"),
    (put("figures", "values", "all", -0.01), "figures.values.all to be from 0 to 1, or null"),
    (put("figures", "values", "new", 3), "figures.values.new to be from 0 to 1, or null"),
    (put("figures", "against", "jaccard", "low", 1.3), "jaccard to have low <= ratio <= high, fou"),
    (put("figures", "against", "jaccard", "high", 1.2), "jaccard to have low <= ratio <= high"),
    (put("figures", "against", "serving", {"ratio": None, "low": 2, "high": 1}), "low <= ratio <="),
    (put("figures", "against", 3), "training.figures.against to be an object"),
    (put("figures", "against", "jaccard", 1.2), "figures.against.jaccard to be an object"),
    (drop("figures", "against", "jaccard", "low"), "against.jaccard.low to be a finite number or"),
    (put("figures", "forced", True), "training.figures.forced to be a text"),
    (put("figures", "forced", "x" * 1001), "training.figures.forced to have texts of at most"),
    (put("figures", "forced", "\x1b[31m"), "training.figures.forced to have printable characters"),
    (put("figures", "forced", "\ud800"), "training.figures.forced to have printable characters"),
    (put("settings", "x" * 1001, 1), "training.settings to have texts of at most"),
    (put("settings", "list", list(range(1001))), "training to have at most 1000 values"),
    (put("settings", "texts", ["x" * 999] * 40), "training to have at most 32768 characters"),
    (put("settings", "set", {1, 2}), "training.settings.set to have a value of JSON"),
    (put("settings", 5, 1), "training.settings to have names that are texts"),
]


@pytest.mark.parametrize(("spoil", "says"), BAD)
def test_what_cannot_be_is_refused_by_name(
    spoil: Callable[[dict[str, Any]], None], says: str
) -> None:
    content = training_json()
    spoil(content)
    with pytest.raises(ModelFormatError, match=re.escape(says)) as caught:
        Training.from_json(content, Path("m/1/manifest.json"))
    assert caught.value.path == Path("m/1/manifest.json")
    str(caught.value).encode()


@pytest.mark.parametrize("content", [None, [], "training", 5, True])
def test_what_is_no_object(content: Any) -> None:
    with pytest.raises(ModelFormatError, match="training to be an object"):
        Training.from_json(content)


def test_what_is_large_or_deep_is_refused_soon() -> None:
    deep: dict[str, Any] = {}
    for _ in range(50_000):
        deep = {"deeper": deep}
    wide: dict[str, Any] = {str(number): {} for number in range(300_000)}
    for content, says in ((deep, "at most 8 deep"), (wide, "at most 1000 values")):
        started = time.perf_counter()
        with pytest.raises(ModelFormatError, match=says):
            a_training(settings=content)
        assert time.perf_counter() - started < 1


def test_what_was_made_by_hand_of_other_types_is_refused() -> None:
    log = a_training().log
    for made in (
        Training("2026-11-26T03:17:00Z", {}, log),  # type: ignore[arg-type]
        Training(a_training().trained, None, log),  # type: ignore[arg-type]
        Training(a_training().trained, {}, {}),  # type: ignore[arg-type]
        Training(a_training().trained, {"rate": math.nan}, log),
        Training(datetime.min.replace(tzinfo=timezone(timedelta(hours=1))), {}, log),
    ):
        with pytest.raises(ModelFormatError, match="training"):
            made.checked()


def test_it_is_json() -> None:
    assert json.loads(json.dumps(a_training().to_json(), allow_nan=False)) == training_json()
