"""How many items an answer is drawn from, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from turi_recommender.errors import QueryError
from turi_recommender.format import MAX_INDICES
from turi_recommender.scoring.diversity import Spread, read_spread
from turi_recommender.scoring.diversity.hashes import mix


@pytest.mark.parametrize(
    ("k", "diversity", "selected"),
    [
        (10, 0.05, 11),  # halves up
        (10, 0.0499, None),
        (10, 0, None),
        (10, -0.0, None),
        (1, 0.4999999999999998, None),
        (3, 0.5, 5),
        (10, np.float32(2), 30),
        (1, True + 1, 3),
        (10, 1e308, MAX_INDICES),
        (10, 10**300, MAX_INDICES),
        (MAX_INDICES, 5.0, None),
    ],
)
def test_counts_what_is_selected(k: int, diversity: Any, selected: int | None) -> None:
    spread = read_spread(k, diversity, 7)
    assert spread == (None if selected is None else Spread(selected, 7))


@pytest.mark.parametrize(
    ("diversity", "message"),
    [
        (-0.1, "must be a finite number of 0 or more"),
        (math.nan, "must be a finite number of 0 or more"),
        (math.inf, "must be a finite number of 0 or more"),
        (10**400, "the number is too large"),
        (True, "expected a number, got bool"),
        (None, "expected a number, got null"),
        ("1", "expected a number, got str"),
        ([1], "expected a number, got list"),
    ],
)
def test_refuses_other_diversities(diversity: Any, message: str) -> None:
    with pytest.raises(QueryError) as raised:
        read_spread(10, diversity, 0)
    assert (raised.value.path, raised.value.message) == (("diversity",), message)


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        (2**63, "expected an integer of 64 bits, got a larger one"),
        (-(2**63) - 1, "expected an integer of 64 bits, got a larger one"),
        (True, "expected an integer, got bool"),
        (1.0, "expected an integer, got float"),
        ("1", "expected an integer, got str"),
    ],
)
def test_refuses_other_seeds_even_without_a_draw(seed: Any, message: str) -> None:
    for diversity in (0.0, 1.0):
        with pytest.raises(QueryError) as raised:
            read_spread(10, diversity, seed)
        assert (raised.value.path, raised.value.message) == (("seed",), message)


def test_seeds() -> None:
    for seed in (-(2**63), 2**63 - 1, np.int64(5)):
        spread = read_spread(10, 1.0, seed)
        assert spread is not None
        assert spread.seed_of(3) == mix(int(seed), 3)
    assert read_spread(10, 1.0, None) == read_spread(10, 1.0, 0)
