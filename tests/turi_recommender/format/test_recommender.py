"""Reading a whole model; what is refused is in tests/reliability/test_damaged_files.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.turi_recommender.golden import unpack_model
from turi_recommender.errors import ModelFormatError
from turi_recommender.format import (
    FactorModel,
    NeighbourModel,
    PopularityModel,
    SavedModel,
    read_model,
)


@pytest.mark.parametrize(
    ("name", "kind", "details"),
    [
        ("similarity_pearson_strings", "item_similarity", NeighbourModel),
        ("content_with_observations", "item_content_recommender", NeighbourModel),
        ("ranking_everything", "ranking_factorization_recommender", FactorModel),
        ("factorization_als", "factorization_recommender", FactorModel),
        ("popularity_target", "popularity", PopularityModel),
    ],
)
def test_the_parts_fit_together(tmp_path: Path, name: str, kind: str, details: type) -> None:
    saved = read_model(unpack_model(name, tmp_path))
    assert saved.kind == kind
    assert isinstance(saved.details, details)
    assert saved.stream is not None
    assert saved.stream.remaining == 0
    table = saved.interactions
    assert table.num_users <= saved.metadata.user.size
    assert table.starts[-1] == len(table.items) == len(table.values)
    assert len(table.items) <= saved.num_observations
    if isinstance(saved.details, FactorModel):
        sizes = [column.size for column in saved.metadata.all_columns]
        assert saved.details.sizes == sizes
        assert len(saved.details.weights) == sum(sizes)


@pytest.mark.parametrize("name", ["similarity_pearson", "ranking_plain", "popularity_counts"])
def test_rows_are_those_of_the_arrays(tmp_path: Path, name: str) -> None:
    saved = read_model(unpack_model(name, tmp_path))
    for array in arrays_of(saved):
        rows = saved.rows(array)
        assert len(rows) == len(array)
        assert rows.raw(0, len(array)) == np.ascontiguousarray(array).tobytes()


def arrays_of(saved: SavedModel) -> list[np.ndarray]:
    details = saved.details
    if isinstance(details, NeighbourModel):
        return [details.neighbours, details.bounds, details.mean_scores]
    return [details.factors] if isinstance(details, FactorModel) else [details.predictions]


def test_a_file_ends_where_the_model_does(tmp_path: Path) -> None:
    path = unpack_model("popularity_counts", tmp_path)
    with (path / "objects.bin").open("ab") as file:
        file.write(b"\0\0")
    with pytest.raises(ModelFormatError, match="the end of the file, found 2 more bytes"):
        read_model(path)
