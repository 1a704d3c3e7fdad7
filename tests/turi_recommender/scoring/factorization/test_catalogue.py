from __future__ import annotations

import numpy as np
import pytest

from tests.turi_recommender.scoring.synthetic import factor_model
from turi_recommender.format import FactorModel, SavedModel
from turi_recommender.scoring.factorization.catalogue import ItemFeatures

ITEMS = 20


@pytest.fixture
def saved() -> SavedModel:
    """Return a model of which some items have no side data, and some a value that is not one."""
    return factor_model(2, items=ITEMS)


def catalogue(saved: SavedModel) -> tuple[ItemFeatures, FactorModel]:
    assert isinstance(saved.details, FactorModel)
    return ItemFeatures(saved.details, saved.metadata), saved.details


def test_an_items_own_feature_is_scaled(saved: SavedModel) -> None:
    _, model = catalogue(saved)
    first = model.offsets[1]
    model.shifts[first + 3], model.scales[first + 3] = 0.25, 4.0
    items, _ = catalogue(saved)
    assert items.linear[3] == 3.0 * float(model.weights[first + 3])
    assert items.factors(np.array([3])).tolist() == [
        (np.float32(3) * model.factors[first + 3]).tolist()
    ]
    assert items.factors(np.array([4])).tolist() == [model.factors[first + 4].tolist()]


def test_side_slots_are_the_side_data_of_each_item(saved: SavedModel) -> None:
    items, model = catalogue(saved)
    side = saved.metadata.item_side
    asked = np.array([5, 0, 7, 7, 19])
    found: list[list[tuple[float, list[float]]]] = [[] for _ in asked]
    for at, entries in items.side_slots(asked):
        factors = items.side_factors(entries)
        for place, entry, vector in zip(at.tolist(), entries.tolist(), factors, strict=True):
            found[place].append((float(items.side_linear[entry]), vector.tolist()))
    for item, features in zip(asked.tolist(), found, strict=True):
        start, length = int(side.starts[item]), int(side.lengths[item])
        words = side.words[start : start + length].tolist()
        rows = [model.offsets[4 + column] + word for column, word in enumerate(words)]
        assert features == [(float(model.weights[r]), model.factors[r].tolist()) for r in rows]
    assert items.max_side == 2
    assert {len(features) for features in found} == {0, 2}


def test_reordering_moves_where_items_are_stored_and_nothing_else(saved: SavedModel) -> None:
    items, _ = catalogue(saved)
    everything = np.arange(ITEMS)
    before = items.factors(everything).copy()
    order = np.random.default_rng(0).permutation(ITEMS).astype(np.int32)
    items.reorder(order)
    assert (items.factors(everything) == before).all()
    assert (items.stored == before[order]).all()
    assert (order[items.places(everything)] == everything).all()


def test_a_catalogue_without_side_data() -> None:
    items, _ = catalogue(factor_model(2, items=ITEMS, item_side=False))
    assert not items.has_side
    assert items.max_side == 0
    assert list(items.side_slots(np.arange(ITEMS))) == []
    assert items.count == ITEMS
