"""Answers are valid JSON whatever numbers a model holds: NaN and infinities, if it diverged."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.settings import SAMPLE_MODELS, Settings
from reliability import variants
from tests.support.serving import serving
from tests.turi_recommender.golden import unpack_model
from turi_recommender.format import FactorModel, NeighbourModel, PopularityModel, read_model

pytestmark = pytest.mark.slow

RANKING = SAMPLE_MODELS / "ranking_factorization_model" / "1" / "recommendation_r.model"
NUMBERS = [np.nan, np.inf, -np.inf, 3e38, -0.0, 1e-45]
SIDE = {"period": "Night", "month": 8, "weekday": 2}


def strict(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def ask_everything(client: httpx.Client, user: Any, item: Any, side: dict[str, Any]) -> None:
    name, other = (
        client.get("/models").json()["models"][-1][key]["name"]
        for key in ("user_column", "item_column")
    )
    asked = [
        client.post("/recommend/users", json=body)
        for body in (
            {"users": [{name: user, **side}], "k": 20},
            {"users": [{name: one} for one in [user] * 10], "k": 20, "model": "ranking"},
            {"users": [{name: user}], "model": "ranking", "side_data_defaults": False},
            {"users": [{name: user}], "model": "ranking", "exclude_known": False, "k": 1000},
        )
    ]
    asked += [
        client.post("/similar/items", json={"items": [{other: item}], "model": model})
        for model in ("similarity", "ranking")
    ]
    asked.append(client.post("/score", json=[{name: user, **side}]))
    asked += [client.get(path) for path in ("/models", "/openapi.json", "/swagger.json")]
    for answer in asked:
        assert answer.status_code in {200, 422, 503}, answer.text
        value = strict(answer.text)
        if isinstance(value, str):  # of the drop-in: JSON within
            strict(value)


@pytest.fixture(params=["weights", "factors", "some factors"])
def array(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.parametrize("number", NUMBERS)
def test_factorization(tmp_path: Path, array: str, number: float) -> None:
    model = read_model(RANKING).details
    assert isinstance(model, FactorModel)
    view = model.weights if array == "weights" else model.factors
    values = np.array(view)
    values[:: 2 if array == "some factors" else 1] = number
    target = tmp_path / "recommendation_r.model"
    variants.overwritten(RANKING, target, view, values)
    with serving(Settings(models_dir=tmp_path)) as client:
        ask_everything(client, 6000, 152913, SIDE)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", ["similarity_pearson", "popularity_target"])
def test_other_classes(tmp_path: Path, name: str, number: float) -> None:
    source = unpack_model(name, tmp_path / "whole")
    model = read_model(source)
    details = model.details
    assert isinstance(details, NeighbourModel | PopularityModel)
    view = details.predictions if isinstance(details, PopularityModel) else details.item_means
    variants.overwritten(source, tmp_path / "recommendation_r.model", view, number)
    user, item = model.metadata.user.sample(1)[0], model.metadata.item.sample(1)[0]
    with serving(Settings(models_dir=tmp_path)) as client:
        ask_everything(client, user, item, {})


@pytest.fixture(params=NUMBERS)
def strange_means(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Make the means of side columns strange: they stand for missing values, and in examples."""
    metadata = read_model(RANKING).metadata
    target = variants.copy(RANKING, tmp_path / "recommendation_r.model")
    objects = target / "objects.bin"
    content = objects.read_bytes()
    for column in metadata.columns[2:]:
        for mean in column.means:
            old, new = struct.pack("<d", mean), struct.pack("<d", request.param)
            assert old in content
            content = content.replace(old, new)
    objects.write_bytes(content)
    return tmp_path


def test_means(strange_means: Path) -> None:
    with serving(Settings(models_dir=strange_means)) as client:
        ask_everything(client, 6000, 152913, SIDE)
        ask_everything(client, 6000, 152913, dict.fromkeys(SIDE))
