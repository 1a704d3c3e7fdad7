"""What a manifest says of training."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tests.support.figures import figures, read, training_with, write_training
from turi_recommender.errors import ModelFormatError
from turi_recommender.versions.manifest import check_manifest, read_training


def test_figures_are_read_from_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    told = training_with({"known": 0.06, "light": 1})
    write_training(tmp_path, told)
    check_manifest(tmp_path)
    found = read_training(tmp_path)
    assert found == read(told)
    assert found is not None
    assert found.figures == figures({"known": 0.06, "light": 1})
    assert dict(found.figures.values)["unknown"] is None


def test_a_version_without_figures_has_none(tmp_path: Path) -> None:
    assert read_training(tmp_path) is None
    (tmp_path / "file").write_text("content")
    write_training(tmp_path, None)
    assert read_training(tmp_path) is None
    write_training(tmp_path, {**training_with({}), "figures": None})
    found = read_training(tmp_path)
    assert found is not None
    assert found.figures is None


@pytest.mark.parametrize("value", ["much", [1], True, math.inf, math.nan, 10**400])
def test_what_is_no_figure_is_refused(tmp_path: Path, value: Any) -> None:
    (tmp_path / "file").write_text("content")
    write_training(tmp_path, training_with({"known": value}))
    with pytest.raises(ModelFormatError):
        read_training(tmp_path)
