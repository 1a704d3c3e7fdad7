"""`GET /models`: what an operator learns of the models that serve."""

from __future__ import annotations

from pathlib import Path

import httpx

from app.settings import SAMPLE_MODELS, Settings
from tests.support.serving import serving
from turi_recommender import load_model
from turi_recommender.scoring.size import resident_bytes
from turi_recommender.versions.register import register

RANKING = SAMPLE_MODELS / "ranking_factorization_model" / "1" / "recommendation_r.model"
SIMILARITY = SAMPLE_MODELS / "similarity_model" / "6" / "recommendation_s.model"


def test_the_size_of_each_model(client: httpx.Client) -> None:
    sizes = {one["kind"]: one["resident_bytes"] for one in client.get("/models").json()["models"]}
    assert sizes["ranking_factorization_recommender"] > sizes["item_similarity"] > 300_000
    fresh = resident_bytes(load_model(RANKING))
    assert 0.9 * fresh < sizes["ranking_factorization_recommender"] < 1.1 * fresh


def test_the_size_is_that_of_the_version_that_serves(tmp_path: Path) -> None:
    register(SIMILARITY, tmp_path, "similarity_model")
    with serving(Settings(models_dir=tmp_path)) as client:
        register(SIMILARITY, tmp_path, "similarity_model")
        assert client.post("/admin/models/similarity_model/reload", json={}).status_code == 200
        similarity, ranking = client.get("/models").json()["models"]
    assert similarity["version"] == "2"
    assert similarity["resident_bytes"] > 300_000
    assert ranking["resident_bytes"] is None  # there is none
