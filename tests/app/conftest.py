from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.models.loaded import LoadedModels
from app.models.loading import load_models
from app.settings import SAMPLE_MODELS, Settings
from tests.support.serving import serving
from tests.turi_recommender.golden import unpack_model
from turi_recommender import Recommender
from turi_recommender.versions.locations import Registry


@pytest.fixture(scope="session")
def client() -> Iterator[httpx.Client]:
    """Serve the sample models."""
    with serving() as running:
        yield running


@pytest.fixture(scope="session")
def service() -> LoadedModels:
    """Return the sample models, without HTTP: what answers are held against."""
    return load_models(Settings())


@pytest.fixture(scope="session")
def similarity(service: LoadedModels) -> Recommender:
    return service.need("similarity").model


@pytest.fixture(scope="session")
def ranking(service: LoadedModels) -> Recommender:
    return service.need("ranking").model


@pytest.fixture(scope="session")
def samples() -> Registry:
    return Registry(SAMPLE_MODELS)


@pytest.fixture(scope="session")
def rich_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory of models with string ids and side columns of every mode, flat layout."""
    root = tmp_path_factory.mktemp("rich")
    unpack_model("similarity_jaccard_strings", root).rename(root / "recommendation_s.model")
    unpack_model("ranking_everything_strings", root).rename(root / "recommendation_r.model")
    return root


@pytest.fixture(scope="session")
def rich_client(rich_models: Path) -> Iterator[httpx.Client]:
    """Serve them."""
    with serving(Settings(models_dir=rich_models)) as running:
        yield running


@pytest.fixture(scope="session")
def rich_service(rich_models: Path) -> LoadedModels:
    return load_models(Settings(models_dir=rich_models))


@pytest.fixture(scope="session")
def rich(rich_service: LoadedModels) -> Recommender:
    return rich_service.need("ranking").model
