"""`GET /models`: what an operator learns of the models that serve."""

from __future__ import annotations

import math
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.models.loaded import LoadedModels
from app.models.loading import load_models
from app.models.report import ModelReport
from app.observability.metrics import Metrics
from app.routers.info import _finite
from app.settings import SAMPLE_MODELS, Settings
from reliability import variants
from tests.support.serving import serving
from tests.turi_recommender.golden import unpack_model
from tests.turi_recommender.trained import a_training, training_json
from turi_recommender import load_model
from turi_recommender.format import FactorModel, read_model
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


def test_what_models_say_of_themselves(client: httpx.Client, service: LoadedModels) -> None:
    for one in client.get("/models").json()["models"]:
        summary = dict(service.need(one["role"]).model.summary)
        listed = {name: [*value] if isinstance(value, tuple) else value
                  for name, value in summary.items()}  # fmt: skip
        assert one["summary"] == listed
        assert one["summary"]["num_items"] == one["items"]
        assert one["knows_strangers"] is True
    assert one["summary"]["solver_used"] == "adagrad"
    assert one["summary"]["training_time"] > 0


def test_a_role_without_a_model_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "similarity_model").symlink_to(SAMPLE_MODELS / "similarity_model")
    with serving(Settings(models_dir=tmp_path)) as client:
        _, ranking = client.get("/models").json()["models"]
    assert ranking["summary"] == {}
    assert ranking["knows_strangers"] is None


def test_numbers_that_json_cannot_have_are_null() -> None:
    assert [_finite(one) for one in (math.nan, math.inf, -math.inf)] == [None] * 3
    assert [_finite(one) for one in (1.5, 3, "x", None, True)] == [1.5, 3, "x", None, True]


def test_the_answer_is_small(client: httpx.Client) -> None:
    assert len(client.get("/models").content) < 10_000


def test_a_model_that_knows_no_strangers_is_shown_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = unpack_model("ranking_ials", tmp_path)
    settings = Settings(models_dir=tmp_path / "no", ranking_model=str(path))
    with serving(settings) as client:
        [_, ranking] = client.get("/models").json()["models"]
    assert ranking["knows_strangers"] is False
    assert ranking["summary"]["solver_used"] == "ials"
    caplog.clear()
    ModelReport(load_models(settings), Metrics()).start()
    [warning] = [one for one in caplog.messages if "arbitrary" in one]
    assert warning.startswith("ranking: model says nothing of users that it does not know")


def test_so_is_one_that_comes_while_the_service_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name = "ranking_factorization_model"
    register(RANKING, tmp_path, name)
    settings = Settings(models_dir=tmp_path)
    with serving(settings) as client:
        without_weights(tmp_path / "staged")
        register(tmp_path / "staged", tmp_path, name)
        caplog.clear()
        assert client.post(f"/admin/models/{name}/reload", json={}).status_code == 200
        _, ranking = client.get("/models").json()["models"]
    assert (ranking["version"], ranking["knows_strangers"]) == ("2", False)
    assert [one for one in caplog.messages if "version 2 says nothing of users" in one]


def without_weights(target: Path) -> None:
    """Write the sample model without weights, as training by ials leaves it."""
    details = read_model(RANKING).details
    assert isinstance(details, FactorModel)
    variants.overwritten(RANKING, target, details.weights, 0.0)


# What a version is worth


def test_what_is_known_of_the_training_is_shown(tmp_path: Path) -> None:
    training = a_training(seeds=[1, 2])
    register(RANKING, tmp_path, "ranking_factorization_model", training=training)
    register(SIMILARITY, tmp_path, "similarity_model")
    with serving(Settings(models_dir=tmp_path)) as client:
        similarity, ranking = client.get("/models").json()["models"]
        text = client.get("/metrics").text
    assert ranking["training"] == training_json()
    assert (ranking["evaluation"], ranking["retired"]) == ("evaluated", None)
    assert (similarity["training"], similarity["evaluation"]) == (None, "not evaluated")
    labels = 'model="ranking_factorization_model",role="ranking"'
    families = text_string_to_metric_families(text)
    samples = [sample for family in families for sample in family.samples]
    name = "recommender_model_trained_timestamp_seconds"
    times = [sample.value for sample in samples if sample.name == name]
    assert times == [training.trained.timestamp()]
    assert f'recommender_model_recall{{kind="known",{labels}}} 0.06' in text
    assert 'kind="unknown"' not in text
    assert 'recommender_model_recall{kind="all",model="similarity_model"' not in text


def test_a_training_without_figures_is_shown_as_not_evaluated(tmp_path: Path) -> None:
    register(SIMILARITY, tmp_path, "similarity_model", training=a_training(figures=None))
    with serving(Settings(models_dir=tmp_path)) as client:
        similarity, absent = client.get("/models").json()["models"]
        text = client.get("/metrics").text
    assert similarity["training"] == {**training_json(), "figures": None}
    assert similarity["evaluation"] == "not evaluated"
    assert (absent["training"], absent["evaluation"], absent["retired"]) == (None, None, None)
    assert "recommender_model_trained_timestamp_seconds{" in text
    assert "recommender_model_recall{" not in text


def test_figures_that_cannot_be_read_keep_no_model_from_serving(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = register(SIMILARITY, tmp_path, "similarity_model", training=a_training())
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("0.051", '"good"'))
    with serving(Settings(models_dir=tmp_path)) as client:
        similarity, _ = client.get("/models").json()["models"]
        body = {"users": [{"visitorid": 6000}]}
        assert client.post("/recommend/users", json=body).status_code == 200
        assert "recommender_model_trained_timestamp_seconds{" not in client.get("/metrics").text
    assert similarity["training"] is None
    assert similarity["evaluation"] == (
        "figures cannot be read: similarity_model/1/manifest.json, byte 0: expected "
        "training.figures.values.all to be a finite number or null, found 'good'"
    )
    assert "version 1 serves, and its figures cannot be read" in caplog.text


def test_a_new_version_brings_its_own_figures(tmp_path: Path) -> None:
    register(SIMILARITY, tmp_path, "similarity_model", training=a_training())
    with serving(Settings(models_dir=tmp_path)) as client:
        register(SIMILARITY, tmp_path, "similarity_model")
        assert client.post("/admin/models/similarity_model/reload", json={}).status_code == 200
        similarity, _ = client.get("/models").json()["models"]
        assert (similarity["version"], similarity["evaluation"]) == ("2", "not evaluated")
        assert "recommender_model_recall{" not in client.get("/metrics").text
