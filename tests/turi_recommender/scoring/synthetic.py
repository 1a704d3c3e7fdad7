"""Models made of arrays alone, without files: scoring is tested without the format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from turi_recommender.format import (
    LINEAR,
    MACHINE,
    MATRIX,
    Column,
    ColumnMode,
    FactorModel,
    GenericValues,
    Interactions,
    NeighbourModel,
    SavedModel,
    SideTable,
    ValueType,
)
from turi_recommender.format.metadata import Metadata

USERS = 5


def column(name: str, size: int, mode: ColumnMode = ColumnMode.CATEGORICAL) -> Column:
    values: list[object] = list(range(size)) if name in {"user", "item"} else []
    if not values and mode == ColumnMode.CATEGORICAL:
        values = [f"{name}{number}" for number in range(size)]
    kinds = {
        ColumnMode.NUMERIC: ValueType.FLOAT,
        ColumnMode.NUMERIC_VECTOR: ValueType.VECTOR,
        ColumnMode.CATEGORICAL: ValueType.STRING,
    }
    return Column(
        name=name,
        mode=mode,
        value_type=ValueType.INTEGER if name in {"user", "item"} else kinds[mode],
        size=size,
        values=GenericValues(values),
        counts=np.ones(size, np.uint64),
        means=np.full(size, 0.5),
    )


def categorical_side(columns: tuple[Column, ...], rows: NDArray[np.int64]) -> SideTable:
    """Pack a table of categories, one row each; a row of negative numbers is no side data."""
    lengths = np.where((rows < 0).any(axis=1), 0, rows.shape[1]).astype(np.int64)
    starts = np.arange(len(rows), dtype=np.int64) * rows.shape[1]
    return SideTable(columns, rows.astype(np.uint64).ravel(), starts, lengths)


def _user_side(generator: np.random.Generator) -> SideTable:
    """Make a category for each user but the last one, who has no side data."""
    rows = np.append(generator.integers(0, 3, USERS - 1), -1)[:, np.newaxis]
    return categorical_side((column("country", 3),), rows)


def interactions(seed: int, users: int, items: int, each: int = 2) -> Interactions:
    generator = np.random.default_rng(seed)
    rows = [np.sort(generator.choice(items, min(each, items), replace=False)) for _ in range(users)]
    starts = np.cumsum([0, *(len(row) for row in rows)])
    return Interactions(
        starts=starts.astype(np.int64),
        items=np.concatenate(rows).astype(np.int32),
        values=np.array([0.0, 1.0, 10.0, -2.5])[generator.integers(0, 4, int(starts[-1]))],
    )


def factor_model(
    seed: int,
    *,
    mode: str = MACHINE,
    items: int = 40,
    factors: int = 6,
    scale: float = 1.0,
    levels: int = 0,
    item_side: bool = True,
    user_side: bool = False,
    sigmoid: bool = False,
    tail: float = 0.0,
    vector: int = 0,
) -> SavedModel:
    """Make a random factorization model with context columns and item side data.

    `vector` above 0 adds a context column of vectors with so many elements.

    `tail` above 0 gives the items' factors lengths that fall with that power, as popularity does.

    `levels` above 0 draws factors from that many values, so that many scores are equal; below 0
    they nearly equal one (-1) or differ by rounding alone (-4).
    """
    generator = np.random.default_rng(seed)
    context = [column("period", 4), column("hour", 1, ColumnMode.NUMERIC)]
    if vector:
        context.append(column("vector", vector, ColumnMode.NUMERIC_VECTOR))
    side_columns = (column("category", 3), column("brand", 2)) if item_side else ()
    side = SideTable.empty()
    if item_side:
        rows = np.stack([generator.integers(-1, 3, items), generator.integers(0, 2, items)], axis=1)
        side = categorical_side(side_columns, rows)
    metadata = Metadata(
        columns=(column("user", USERS), column("item", items), *context),
        target=None,
        user_side=_user_side(generator) if user_side else SideTable.empty(),
        item_side=side,
    )
    sizes = [each.size for each in metadata.all_columns]
    offsets = np.cumsum([0, *sizes[:-1]]).tolist()
    total = sum(sizes)
    rows_of_factors = {MACHINE: total, MATRIX: USERS + items, LINEAR: 0}[mode]
    width = factors if mode != LINEAR else 0

    def draw(shape: tuple[int, ...]) -> NDArray[np.float32]:
        if levels < 0:
            near_one = 1.0 + 10.0 ** (levels - 3) * generator.standard_normal(shape)
            return (near_one * scale).astype(np.float32)
        if levels:
            return (generator.integers(-levels, levels + 1, shape) * scale).astype(np.float32)
        return (generator.standard_normal(shape) * scale).astype(np.float32)

    shifts, scales = np.zeros(total), np.ones(total)
    shifts[offsets[3]], scales[offsets[3]] = 11.5, 0.25
    weights, drawn = draw((total,)), draw((rows_of_factors, width))
    own = slice(offsets[1], offsets[1] + items)
    lengths = (1.0 + generator.permutation(items)) ** -tail
    weights[own] *= lengths.astype(np.float32)
    if width:
        drawn[own] *= lengths[:, np.newaxis].astype(np.float32)
    model = FactorModel(
        mode=mode,
        sigmoid=sigmoid,
        sizes=sizes,
        offsets=offsets,
        shifts=shifts,
        scales=scales,
        intercept=0.125,
        weights=weights,
        factors=drawn,
    )
    return SavedModel(
        path=Path("synthetic.model"),
        kind="ranking_factorization_recommender",
        metadata=metadata,
        interactions=interactions(seed, USERS, items),
        details=model,
        num_observations=2 * USERS,
    )


def ials_model(
    seed: int,
    *,
    items: int = 40,
    factors: int = 6,
    scale: float = 1.0,
    kind: str = "linear",
    factor: float = 1.0,
    regularization: float = 0.01,
) -> SavedModel:
    """Make a random model as the solver `ials` does: factors of users and items, and nothing else.

    Its history has 10 rows, so that `regularization` counts ten times. It has a target.
    """
    saved = factor_model(
        seed, mode=MATRIX, items=items, factors=factors, scale=scale, item_side=False
    )
    assert isinstance(saved.details, FactorModel)
    details = replace(
        saved.details, solver="ials", intercept=0.0, weights=np.zeros_like(saved.details.weights)
    )
    target = column("target", 1, ColumnMode.NUMERIC)
    summary = {
        "regularization": regularization,
        "ials_confidence_scaling_type": kind,
        "ials_confidence_scaling_factor": factor,
    }
    metadata = replace(saved.metadata, target=target)
    return replace(saved, details=details, metadata=metadata, summary=summary)


def neighbour_model(seed: int, *, similarity: str = "jaccard", items: int = 40) -> SavedModel:
    """Make a random item similarity model; some items have no neighbours."""
    generator = np.random.default_rng(seed)
    record = np.dtype([("item", "<u8"), ("value", "<i8")])
    rows = []
    for item in range(items):
        count = int(generator.integers(0, 6))
        others = np.setdiff1d(generator.choice(items, min(count, items), replace=False), [item])
        row = np.zeros(len(others), record)
        row["item"] = others
        row["value"] = generator.integers(1, 5, len(others)) << 20
        rows.append(row)
    bounds = np.cumsum([0, *(len(row) for row in rows)]).astype(np.uint64)
    model = NeighbourModel(
        similarity=similarity,
        bounds=bounds,
        neighbours=np.concatenate(rows),
        item_means=generator.uniform(0, 5, items if similarity == "pearson" else 0),
        mean_scores=generator.integers(0, 4, items).astype(np.float64),
        mean_min=0.0,
        mean_max=3.0,
        seed_items=np.arange(min(3, items)),
        seed_values=np.ones(min(3, items)),
    )
    metadata = Metadata(
        columns=(column("user", USERS), column("item", items)),
        target=None,
        user_side=SideTable.empty(),
        item_side=SideTable.empty(),
    )
    return SavedModel(
        path=Path("synthetic.model"),
        kind="item_similarity",
        metadata=metadata,
        interactions=interactions(seed, USERS, items),
        details=model,
        num_observations=2 * USERS,
    )


MODELS = st.builds(
    factor_model,
    st.integers(0, 2**32 - 1),
    mode=st.sampled_from([MACHINE, MATRIX]),
    items=st.integers(1, 120),
    factors=st.integers(1, 40),
    scale=st.sampled_from([1e-30, 1e-12, 1e-3, 1.0, 100.0, 1e12, 1e19, 1e30]),
    levels=st.sampled_from([0, 0, 1, 2, -1, -4]),
    item_side=st.booleans(),
    sigmoid=st.booleans(),
    tail=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
)
