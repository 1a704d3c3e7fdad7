"""Errors of a model that name another loaded one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import SAMPLE_MODELS, Settings
from tests.support.problems import assert_problem
from tests.support.serving import serving
from tests.turi_recommender.golden import unpack_model
from turi_recommender import load_model

NIGHT = {"period": "Night"}
HAS_IT = "the model was not trained with this column; it has no side columns; "
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("/recommend/users", {"users": [{"visitorid": 1, **NIGHT}]}, "users.0.period: " + HAS_IT),
    ("/predict", {"pairs": [{"visitorid": 1, "itemid": 1, **NIGHT}]}, "pairs.0.period: " + HAS_IT),
    ("/recommend/baskets", {"baskets": [{"items": [], **NIGHT}]}, "baskets.0.period: " + HAS_IT),
]


@pytest.mark.parametrize(("path", "body", "told"), CASES, ids=str)
def test_the_model_that_has_the_column(
    client: httpx.Client, path: str, body: dict[str, Any], told: str
) -> None:
    answer = client.post(path, json={**body, "model": "similarity"})
    assert assert_problem(answer, 422)["detail"] == told + "the ranking model has it"


def test_a_later_piece_names_it_too(client: httpx.Client) -> None:
    users = [*[{"visitorid": 1}] * 400, {"visitorid": 1, **NIGHT}]
    answer = client.post("/recommend/users", json={"users": users, "model": "similarity"})
    detail = assert_problem(answer, 422)["detail"]
    assert detail == f"users.400.period: {HAS_IT}the ranking model has it"


def test_the_model_that_tells_similar_users(client: httpx.Client, tmp_path: Path) -> None:
    body = {"users": [{"visitorid": 1}], "model": "similarity"}
    detail = assert_problem(client.post("/similar/users", json=body), 422)["detail"]
    assert detail.endswith("cannot tell which users are similar; the ranking model can")
    with _alone(tmp_path) as alone:
        detail = assert_problem(alone.post("/similar/users", json=body), 422)["detail"]
        assert detail.endswith("cannot tell which users are similar")


def test_the_model_that_tells_similar_items(tmp_path: Path) -> None:
    paths = {
        name: unpack_model(name, tmp_path / name)
        for name in ("ranking_linear", "similarity_jaccard")
    }
    settings = Settings(
        models_dir=tmp_path / "no",
        ranking_model=str(paths["ranking_linear"]),
        similarity_model=str(paths["similarity_jaccard"]),
    )
    item = load_model(paths["ranking_linear"]).item_column
    with serving(settings) as client:
        body = {"items": [{item.name: item.sample(1)[0]}], "model": "ranking"}
        detail = assert_problem(client.post("/similar/items", json=body), 422)["detail"]
        assert detail.endswith("it cannot tell what is similar; the similarity model can")


def _alone(folder: Path) -> Any:
    """Serve the similarity model only."""
    (folder / "similarity_model").symlink_to(SAMPLE_MODELS / "similarity_model")
    return serving(Settings(models_dir=folder))
