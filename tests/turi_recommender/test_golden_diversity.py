"""Every recorded draw of real Turi Create, drawn again: rows, order, ranks and every bit.

In factorization models this project compares with another item than the library, on purpose
(docs/queries.md, section 4.3, step 3). The rest is proved with the library's reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.turi_recommender.golden import GOLDEN, case_names, exactly, read_answers, unpack_model
from tests.turi_recommender.test_golden import filter_always
from turi_recommender import Recommender, load_model
from turi_recommender.scoring.factorization.likeness import Cosines

FOLDER = GOLDEN / "diversity"
Rows = list[tuple[Any, ...]]


@contextmanager
def library_reading() -> Iterator[None]:
    """Take the rank of the drawn item for the index of an item, as the library does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Cosines, "item_of", lambda self, rank: rank)
        yield


def drawn(model: Recommender, query: dict[str, Any]) -> Rows:
    names = ("k", "exclude_known", "items", "exclude", "diversity", "seed")
    return list(model.recommend(query["users"], **{name: query[name] for name in names}).rows())


def assert_same_draws(model: Recommender, queries: list[dict[str, Any]]) -> int:
    """Ask every recorded query again; return the number of rows compared."""
    count = 0
    with library_reading():
        for query in queries:
            ours = [exactly(row) for row in drawn(model, query)]
            assert ours == [exactly(tuple(row)) for row in query["rows"]], query
            count += len(ours)
    return count


def compares_items(model: Recommender) -> bool:
    return bool(model.num_factors)


@pytest.mark.parametrize("name", case_names(FOLDER))
def test_draws_equal_turi_creates(name: str, tmp_path: Path) -> None:
    queries = read_answers(name, FOLDER)["queries"]
    model = load_model(unpack_model(name, tmp_path))
    recorded = sum(len(query["rows"]) for query in queries)
    assert assert_same_draws(model, queries) == recorded > 100
    with filter_always():
        assert_same_draws(model, queries)


@pytest.mark.parametrize("name", case_names(FOLDER))
def test_only_the_item_that_is_compared_with_differs(name: str, tmp_path: Path) -> None:
    queries = read_answers(name, FOLDER)["queries"]
    model = load_model(unpack_model(name, tmp_path))
    differing = sum(drawn(model, each) != [tuple(row) for row in each["rows"]] for each in queries)
    assert (differing > 0) == compares_items(model)


def test_the_recorded_cases_are_there() -> None:
    answers = [read_answers(name, FOLDER) for name in case_names(FOLDER)]
    queries = [query for each in answers for query in each["queries"]]
    assert len(answers) == 40
    assert len(queries) == 565
    assert sum(len(query["rows"]) for query in queries) == 10_779
