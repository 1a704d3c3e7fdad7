from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from app.errors import TooManyValuesError
from app.http.values import check_values
from app.limits import DEAR_THREADS
from app.settings import Settings
from reliability import worst
from reliability.search.bodies import MAX_BODY, requests_of
from reliability.search.catalogue import Catalogue, Side
from reliability.search.shapes import Shape, any_shape, crossed, first_shapes, mutated
from reliability.search.trial import Bench
from reliability.service import SAMPLES

pytestmark = pytest.mark.slow

CATALOGUE = Catalogue(
    user="visitorid",
    item="itemid",
    columns={
        "month": Side("integer", "string", None, []),
        "hour": Side("number", "string", None, []),
        "period": Side("string", "string", None, ["Night", "Noon"]),
        "tags": Side("array", "string", None, ["new", "sale"]),
        "vector": Side("array", "number", 3, []),
        "weights": Side("object", "string", None, ["a", "b"]),
    },
    users=list(range(100)),
    items=list(range(200, 300)),
    heavy=[7, 5],
    names=["similarity_model"],
)


def body_of(request: bytes) -> bytes:
    return request.partition(b"\r\n\r\n")[2]


def test_the_limits_that_are_tried_are_the_service_s() -> None:
    assert Settings().max_body_bytes == MAX_BODY


def test_every_shape_makes_requests_within_the_limits() -> None:
    draw = random.Random(0)
    shapes = [any_shape(draw, CATALOGUE) for _ in range(30)]
    shapes += [mutated(shape, draw, CATALOGUE) for shape in shapes]
    shapes += [crossed(one, other, draw) for one, other in pairwise(shapes)]
    for shape in shapes[::3]:
        for request in requests_of(shape, CATALOGUE, seed=1):
            assert len(body_of(request)) <= MAX_BODY
            assert request.index(b"\r\n") <= 32 * 1024


def test_the_largest_bodies_fill_the_limit() -> None:
    large = tuple((name, "large") for name in CATALOGUE.columns)
    shape = Shape(rows=10, columns=large, entries=200_000, words="unknown", characters=100)
    body = body_of(requests_of(shape, CATALOGUE, seed=1)[0])
    assert len(body) > 0.8 * MAX_BODY
    assert len(json.loads(body)["users"]) == 10


def test_right_bodies_have_no_more_values_than_are_taken() -> None:
    large = tuple((name, "large") for name in CATALOGUE.columns)
    shape = Shape(rows=10, columns=large, entries=200_000, words="unknown")
    check_values(body_of(requests_of(shape, CATALOGUE, seed=1)[0]))
    wrong = body_of(requests_of(replace(shape, wrong="elements"), CATALOGUE, seed=1)[0])
    with pytest.raises(TooManyValuesError):
        check_values(wrong)


def test_equal_seeds_make_equal_requests_and_others_differ() -> None:
    one, again = (requests_of(Shape(), CATALOGUE, seed=seed) for seed in (1, 1))
    assert one == again
    assert one != requests_of(Shape(), CATALOGUE, seed=2)
    assert len(set(one)) == len(one)


def test_the_search_begins_with_each_endpoint_and_each_wrong_body() -> None:
    shapes = first_shapes(CATALOGUE)
    assert {shape.target for shape in shapes} == {
        "recommend", "baskets", "similar", "score", "similar_users", "predict", "page", "reload",
    }  # fmt: skip
    assert len({shape.wrong for shape in shapes}) == 8
    assert len(set(shapes)) == len(shapes)


def test_a_short_search_finds_something_and_stops() -> None:
    report = worst.run(seconds=6.0, attack=0.3)
    figures = report.figures["sample models"]
    assert figures["shapes"] >= 2
    assert figures["longest wait that came again"]["probes"] > 5
    assert figures["highest memory"]["peak, MB"] > 50
    assert len(report.promises) == 4
    assert report.promises["sample models: /healthz/live always answers 200"]
    assert report.promises["sample models: the process runs to the end, and logs no trace"]


def test_dear_work_on_the_event_loop_is_noticed() -> None:
    """The control."""
    users = 2 * DEAR_THREADS
    shape = Shape(rows=1000, k=100, who="heavy", model="similarity", connections=users)
    with Bench(SAMPLES, "app", 1.0) as bench:
        as_it_is = bench.try_out(shape)
    with Bench(SAMPLES, "reliability.inline", 1.0) as bench:
        inline = bench.try_out(shape)
    assert inline.statuses["200"] > 0
    assert inline.probes.stall > worst.STALL_SECONDS, (inline.told(), as_it_is.told())
    assert inline.probes.stall > 3 * as_it_is.probes.stall, (inline.told(), as_it_is.told())


def test_a_search_with_dear_work_on_the_event_loop_breaks_the_promise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control of the whole: only this shape is known at first, and nothing worse is needed."""
    shape = Shape(rows=1000, k=100, who="heavy", model="similarity", connections=4)
    monkeypatch.setattr(worst, "first_shapes", lambda _: [shape])
    report = worst.run([Path(SAMPLES)], seconds=1.0, module="reliability.inline", attack=0.5)
    assert report.broken == ["sample models: /healthz/live answers within 250 ms"]
