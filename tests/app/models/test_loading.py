"""Which model answers, and what stops the start."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from app.errors import ConfigurationError, ModelUnavailableError, RefusedVersionError
from app.examples import Examples
from app.models.loaded import LoadedModels
from app.models.loading import load_models
from app.models.queries import RecommendQuery
from app.models.report import ModelReport
from app.models.successor import check_successor
from app.observability.metrics import Metrics
from app.schemas import build_schemas
from app.settings import SAMPLE_MODELS, Settings
from reliability import variants
from tests.turi_recommender.golden import unpack_model
from tests.turi_recommender.test_loading import with_missing_ids
from turi_recommender.errors import ModelFormatError, QueryError
from turi_recommender.format import FactorModel, read_model

SIMILARITY, RANKING = "similarity_model", "ranking_factorization_model"
SIMILARITY_SOURCE = SAMPLE_MODELS / SIMILARITY / "6" / "recommendation_s.model"
RANKING_SOURCE = SAMPLE_MODELS / RANKING / "1" / "recommendation_r.model"


def put_ranking(version: Path) -> None:
    variants.copy(RANKING_SOURCE, version / "m.model")


def put_similarity(version: Path) -> None:
    variants.copy(SIMILARITY_SOURCE, version / "m.model")


def put_not_finite(version: Path) -> None:
    details = read_model(RANKING_SOURCE).details
    assert isinstance(details, FactorModel)
    variants.overwritten(RANKING_SOURCE, version / "m.model", details.weights, np.nan)


def put_other_ids(version: Path) -> None:
    variants.renamed_column(RANKING_SOURCE, version / "m.model", "visitorid", "visiterid")


def put_other_similarity_ids(version: Path) -> None:
    variants.renamed_column(SIMILARITY_SOURCE, version / "m.model", "visitorid", "visiterid")


def test_auto_goes_by_side_data(service: LoadedModels) -> None:
    bare, told = {"visitorid": 6000}, {"visitorid": 6000, "month": None}
    assert service.recommend(RecommendQuery([bare]))[0].name == "similarity_model"
    assert service.recommend(RecommendQuery([bare, told]))[0].name == "ranking_factorization_model"


def test_defaults_fill_gaps_only(service: LoadedModels) -> None:
    ranking = service.need("ranking").model
    row = {"visitorid": 6000, "period": "Morning"}
    filled = {**row, "month": 8, "weekday": 2}
    assert service.recommend(RecommendQuery([row]))[1] == ranking.recommend([filled])
    assert service.recommend(RecommendQuery([row], side_data_defaults=False))[
        1
    ] == ranking.recommend([row])
    assert row == {"visitorid": 6000, "period": "Morning"}


def test_side_data_does_not_go_to_the_similarity_model(service: LoadedModels) -> None:
    with pytest.raises(QueryError) as caught:
        service.recommend(RecommendQuery([{"visitorid": 6000, "month": 1}], choice="similarity"))
    assert caught.value.path == ("users", 0, "month")


def test_highest_version_unless_pinned(tmp_path: Path) -> None:
    for version in ("2", "10"):
        shutil.copytree(
            SAMPLE_MODELS / "similarity_model" / "6", tmp_path / "similarity_model" / version
        )
    assert load_models(Settings(models_dir=tmp_path)).need("similarity").version == "10"
    pinned = Settings(models_dir=tmp_path, similarity_model="similarity_model:2")
    assert load_models(pinned).need("similarity").version == "2"
    path = tmp_path / "similarity_model" / "2" / "recommendation_s.model"
    by_path = Settings(models_dir=Path("/nowhere"), similarity_model=str(path))
    assert load_models(by_path).need("similarity").path == path


def test_flat_layout(rich_service: LoadedModels) -> None:
    entries = [(entry.name, entry.version) for entry in rich_service.entries]
    assert entries == [("similarity_model", None), ("ranking_factorization_model", None)]


def test_default_defaults_apply_where_the_model_has_the_column(
    rich_service: LoadedModels,
) -> None:
    assert rich_service.defaults == {"period": "Night", "month": 8}


def test_an_absent_model_tells_why(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE_MODELS / "similarity_model", tmp_path / "similarity_model")
    service = load_models(Settings(models_dir=tmp_path))
    with pytest.raises(ModelUnavailableError, match="no ranking model is loaded: no model"):
        service.recommend(RecommendQuery([{"visitorid": 6000}], choice="ranking"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"models_dir": Path("/nowhere")},
            "no model found: no model 'similarity_model' in /nowhere",
        ),
        ({"similarity_model": "other"}, "RECOMMENDER_SIMILARITY_MODEL: no model 'other'"),
        ({"ranking_model": "ranking_factorization_model:2"}, "no version '2' of model"),
        ({"ranking_model": "/nowhere/x.model"}, "/nowhere/x.model is not a model directory"),
        ({"side_data_defaults": {"colour": "red"}}, "has no side column colour (it has month, "),
        ({"side_data_defaults": {"month": "May"}}, "month: expected a number, got str"),
    ],
)
def test_what_stops_the_start(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_models(Settings(**settings))
    assert message in str(caught.value)


def test_models_of_different_columns_do_not_go_together(tmp_path: Path) -> None:
    path = unpack_model("similarity_jaccard_strings", tmp_path)
    with pytest.raises(
        ConfigurationError, match=r"differ in their user column: .* user_id \(string"
    ):
        load_models(Settings(similarity_model=str(path)))


def test_a_damaged_model_stops_the_start(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE_MODELS / "similarity_model", tmp_path / "similarity_model")
    objects = tmp_path / "similarity_model" / "6" / "recommendation_s.model" / "objects.bin"
    objects.write_bytes(objects.read_bytes()[:-1])
    with pytest.raises(ModelFormatError, match=r"objects\.bin, byte"):
        load_models(Settings(models_dir=tmp_path))


def test_a_missing_id_is_nullable_and_no_example(tmp_path: Path) -> None:
    whole = unpack_model("similarity_jaccard", tmp_path / "whole")
    missing = with_missing_ids(unpack_model("similarity_jaccard", tmp_path / "missing"))
    without = load_models(Settings(similarity_model=str(whole), models_dir=tmp_path))
    service = load_models(Settings(similarity_model=str(missing), models_dir=tmp_path))
    assert (service.user_column.nullable, without.user_column.nullable) == (True, False)
    schemas = build_schemas(service, Settings(), Examples(service, hides_users=False))
    user = service.user_column.name
    schemas.recommend_request.model_validate({"users": [{user: None}], "items": [None]})
    strict = build_schemas(without, Settings(), Examples(without, hides_users=False))
    with pytest.raises(ValidationError):
        strict.recommend_request.model_validate({"users": [{user: None}]})
    document = schemas.recommend_request.model_json_schema()
    assert document["examples"]
    assert None not in [row[user] for body in document["examples"] for row in body["users"]]
    _, answer = service.recommend(RecommendQuery([{user: None}], k=1000, exclude_known=False))
    assert None in answer.rankings[0].items
    old, new = without.need("similarity").model, service.need("similarity").model
    with pytest.raises(RefusedVersionError, match="an id is missing"):
        check_successor("similarity", old, new, {})
    check_successor("similarity", new, old, {})


@pytest.mark.parametrize(
    ("role", "name", "spoil", "reason"),
    [
        ("similarity", SIMILARITY, put_ranking, "must have no side columns"),
        (
            "ranking",
            RANKING,
            put_similarity,
            "must be a factorization model, but this is item_similarity",
        ),
        ("ranking", RANKING, put_not_finite, "not finite"),
        ("ranking", RANKING, put_other_ids, "differ in their user column"),
        ("similarity", SIMILARITY, put_other_similarity_ids, "differ in their user column"),
    ],
)
def test_what_is_refused_while_serving_is_no_start_either(
    tmp_path: Path, role: Any, name: str, spoil: Callable[[Path], None], reason: str
) -> None:
    for each in (SIMILARITY, RANKING):
        shutil.copytree(SAMPLE_MODELS / each, tmp_path / each)
    (good,) = (int(folder.name) for folder in (tmp_path / name).iterdir())
    spoil(tmp_path / name / f"{good + 1}")
    service = load_models(Settings(models_dir=tmp_path))
    assert service.need(role).version == str(good)
    assert list(service.slots[role].refused) == [str(good + 1)]
    assert reason in service.slots[role].refused[str(good + 1)]
    assert len(service.entries) == 2
    pinned: Any = {f"{role}_model": f"{name}:{good + 1}"}
    if "differ" in reason:
        with pytest.raises(ConfigurationError, match="differ in their user column"):
            load_models(Settings(models_dir=tmp_path, **pinned))
    else:  # whoever names a version gets it
        assert load_models(Settings(models_dir=tmp_path, **pinned)).need(role).version == str(
            good + 1
        )


def test_versions_that_go_together_are_fit_whatever_was_tried_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for each in (SIMILARITY, RANKING):
        shutil.copytree(SAMPLE_MODELS / each, tmp_path / each)
    put_other_similarity_ids(tmp_path / SIMILARITY / "7")
    service = load_models(Settings(models_dir=tmp_path))
    assert service.need("similarity").version == "6"
    assert [slot.unfit for slot in service.slots.values()] == ["", ""]
    assert "is fit" not in caplog.text


def test_where_no_version_is_fit_the_highest_serves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for version in ("1", "2"):
        put_ranking(tmp_path / SIMILARITY / version)
    service = load_models(Settings(models_dir=tmp_path))
    assert service.need("similarity").version == "2"
    assert "no version of model similarity_model is fit: 2: the similarity model" in caplog.text


@pytest.mark.parametrize(
    ("name", "role", "put", "reason"),
    [
        (
            SIMILARITY,
            "similarity",
            put_ranking,
            "similarity model must have no side columns, but this",
        ),
        (RANKING, "ranking", put_similarity, "a factorization model, but this is item_similarity"),
    ],
)
def test_a_version_that_serves_for_want_of_a_better_one_is_said_to_be_unfit(
    tmp_path: Path, name: str, role: Any, put: Callable[[Path], None], reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    put(tmp_path / name / "1")
    service = load_models(Settings(models_dir=tmp_path))
    assert service.need(role).version == "1"
    assert reason in service.slots[role].unfit
    ModelReport(service, Metrics()).start()
    assert f"{role}: {name} version 1 does not suit the role (" in caplog.text
    caplog.clear()
    samples = load_models(Settings())
    ModelReport(samples, Metrics()).start()
    assert [slot.unfit for slot in samples.slots.values()] == ["", ""]
    assert "does not suit" not in caplog.text


def test_a_wrong_default_is_no_fault_of_a_version(tmp_path: Path) -> None:
    for version in ("1", "2"):
        put_ranking(tmp_path / RANKING / version)
    with pytest.raises(ConfigurationError, match="month: expected a number, got str"):
        load_models(Settings(models_dir=tmp_path, side_data_defaults={"month": "May"}))


@pytest.mark.parametrize("versions", [1, 2])
def test_a_role_that_cannot_be_read_leaves_the_other_one(tmp_path: Path, versions: int) -> None:
    shutil.copytree(SAMPLE_MODELS / RANKING, tmp_path / RANKING)
    for version in range(versions):
        model = tmp_path / SIMILARITY / f"{version}" / "recommendation_s.model"
        shutil.copytree(SAMPLE_MODELS / SIMILARITY / "6" / "recommendation_s.model", model)
        (model / "objects.bin").write_bytes(b"damaged")
    service = load_models(Settings(models_dir=tmp_path))
    assert service.loaded_roles == ["ranking"]
    assert sorted(service.slots["similarity"].refused) == [str(each) for each in range(versions)]
    assert service.slots["similarity"].is_waiting
    assert "objects.bin, byte" in service.slots["similarity"].reason
    with pytest.raises(ModelUnavailableError, match=r"no similarity model is loaded: .*objects"):
        service.need("similarity")
    with pytest.raises(ModelFormatError, match=r"objects\.bin, byte"):  # asked for by name
        load_models(Settings(models_dir=tmp_path, similarity_model=SIMILARITY))
