"""A version that was withdrawn: running services go back, and fresh ones do not take it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.errors import ConfigurationError, RefusedVersionError
from app.models.hotswap import HotSwap
from app.models.loaded import LoadedModels
from app.models.loading import load_models
from app.models.report import ModelReport
from app.observability.metrics import Metrics
from app.settings import SAMPLE_MODELS, Settings
from reliability import variants
from tests.support.problems import assert_problem
from tests.support.serving import serving
from tests.support.waiting import wait_until
from turi_recommender.versions.register import register
from turi_recommender.versions.retire import reinstate, retire

NAME, RANKING = "similarity_model", "ranking_factorization_model"
SOURCE = SAMPLE_MODELS / NAME / "6" / "recommendation_s.model"
RANKING_SOURCE = SAMPLE_MODELS / RANKING / "1" / "recommendation_r.model"
BODY = {"users": [{"visitorid": 6000}]}

pytestmark = pytest.mark.anyio


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a registry with two versions of the similarity model, and one of the other."""
    for _ in range(2):
        register(SOURCE, tmp_path / "models", NAME)
    register(RANKING_SOURCE, tmp_path / "models", RANKING)
    return tmp_path / "models"


class Watched:
    """A service and its swaps."""

    def __init__(self, root: Path, **settings: Any) -> None:
        given = Settings(models_dir=root, **settings)
        self.models: LoadedModels = load_models(given)
        self.swaps = HotSwap(self.models, given)

    async def look(self) -> None:
        """Look twice: the first look only notes what is there."""
        await self.swaps.look()
        await self.swaps.look()

    @property
    def version(self) -> str | None:
        return self.models.need("similarity").version

    @property
    def retired(self) -> str:
        return self.models.slots["similarity"].retired


async def test_whoever_follows_goes_back_and_comes_again(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(root)
    assert watched.version == "2"
    done = retire(root, NAME, 2, "half of the visitors are missing")
    await watched.swaps.look()
    assert (watched.version, watched.retired) == ("2", str(done))
    assert f"similarity: {NAME} version 2 was {done}; it serves on, until another" in caplog.text
    await watched.swaps.look()
    assert (watched.version, watched.retired) == ("1", "")
    await watched.look()
    assert watched.version == "1"
    reinstate(root, NAME, 2)
    await watched.look()
    assert (watched.version, watched.retired) == ("2", "")


async def test_a_new_version_is_taken_past_a_retired_one(root: Path) -> None:
    watched = Watched(root)
    retire(root, NAME, 2, "no")
    register(SOURCE, root, NAME)
    await watched.look()
    assert watched.version == "3"
    register(SOURCE, root, NAME)
    retire(root, NAME, 4, "before anybody saw it")
    await watched.look()
    assert watched.version == "3"


async def test_a_damaged_version_is_passed_over_on_the_way_back(root: Path) -> None:
    register(SOURCE, root, NAME)
    watched = Watched(root)
    assert watched.version == "3"
    variants.truncated(SOURCE, root / NAME / "2" / SOURCE.name)
    retire(root, NAME, 3, "no")
    await watched.look()
    assert watched.version == "1"
    assert list(watched.models.slots["similarity"].refused) == ["2"]


async def test_the_only_version_serves_on_and_is_said_to_be_retired(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(root)
    for version in (1, 2):
        retire(root, NAME, version, "no")
    await watched.look()
    await watched.look()
    assert watched.version == "2"
    assert watched.retired.startswith("retired on ")
    assert caplog.text.count("version 2 was retired") == 1
    with pytest.raises(RefusedVersionError, match=r"every version .* retired; version 2 serves on"):
        await watched.swaps.reload(NAME)
    assert watched.version == "2"


async def test_a_pin_holds_and_is_said(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(root)
    await watched.swaps.activate(NAME, "2")
    retire(root, NAME, 2, "no")
    await watched.look()
    assert watched.version == "2"
    assert "it serves on, pinned by activate" in caplog.text
    assert (await watched.swaps.reload(NAME)).version == "1"
    assert watched.models.slots["similarity"].pin is None
    assert (await watched.swaps.activate(NAME, "2")).version == "2"
    assert watched.retired.endswith(": no")
    await watched.look()
    assert watched.version == "2"
    reinstate(root, NAME, 2)
    await watched.look()
    assert watched.retired == ""


def test_a_fresh_start_takes_the_highest_one_that_is_not_retired(root: Path) -> None:
    retire(root, NAME, 2, "no")
    watched = Watched(root)
    assert (watched.version, watched.retired) == ("1", "")
    assert watched.models.slots["similarity"].refused == {}


@pytest.mark.parametrize("how", ["version", "path"])
def test_a_fresh_start_takes_a_retired_one_that_a_setting_names(
    root: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    done = retire(root, NAME, 2, "no")
    reference = f"{NAME}:2" if how == "version" else str(root / NAME / "2" / SOURCE.name)
    models = load_models(Settings(models_dir=root, similarity_model=reference))
    assert models.slots["similarity"].retired == str(done)
    ModelReport(models, Metrics()).start()
    [warning] = [one for one in caplog.messages if "retired" in one]
    assert warning.startswith(f"similarity: {NAME} version 2 was {done}; it serves because it was")


def test_a_fresh_start_without_another_version_refuses_in_words(root: Path) -> None:
    for version in (1, 2):
        retire(root, NAME, version, "no good")
    with pytest.raises(ConfigurationError, match=r"RECOMMENDER_SIMILARITY_MODEL: every version .*"):
        load_models(Settings(models_dir=root, similarity_model=NAME))
    models = load_models(Settings(models_dir=root))
    slot = models.slots["similarity"]
    assert slot.entry is None
    assert slot.is_waiting
    assert "every version of model 'similarity_model'" in slot.reason
    assert "no good" in slot.reason
    retire(root, RANKING, 1, "neither")
    with pytest.raises(ConfigurationError, match="no model found: every version"):
        load_models(Settings(models_dir=root))


async def test_one_that_is_reinstated_for_an_empty_role_needs_a_restart(root: Path) -> None:
    for version in (1, 2):
        retire(root, NAME, version, "no")
    watched = Watched(root)
    await watched.look()
    assert watched.models.slots["similarity"].arrived == ""
    reinstate(root, NAME, 1)
    await watched.look()
    assert f"{NAME}/1 is new" in watched.models.slots["similarity"].arrived


# Through HTTP


@pytest.fixture
def polling(root: Path) -> Iterator[httpx.Client]:
    with serving(Settings(models_dir=root, models_poll_seconds=0.1)) as client:
        client.headers["x-requested-with"] = "tests"
        yield client


def test_a_running_service_rolls_back(root: Path, polling: httpx.Client) -> None:
    def answered() -> str:
        answer = polling.post("/recommend/users", json=BODY)
        assert answer.status_code == 200
        version: str = answer.json()["model"]["version"]
        return version

    def retired() -> str | None:
        found: str | None = polling.get("/models").json()["models"][0]["retired"]
        return found

    assert (answered(), retired()) == ("2", None)
    done = retire(root, NAME, 2, "no")
    wait_until(lambda: answered() == "1")
    assert retired() is None
    retire(root, NAME, 1, "neither")
    wait_until(lambda: retired() is not None)
    assert answered() == "1"
    problem = assert_problem(polling.post(f"/admin/models/{NAME}/reload", json={}), 409)
    assert "every version of model 'similarity_model' is retired" in problem["detail"]
    answer = polling.post(f"/admin/models/{NAME}/activate", json={"version": "2"})
    assert answer.status_code == 200
    assert (answered(), retired()) == ("2", str(done))
    with serving(Settings(models_dir=root, similarity_model=f"{NAME}:2")) as fresh:
        [similarity, _] = fresh.get("/models").json()["models"]
    assert (similarity["version"], similarity["retired"]) == ("2", str(done))


def test_a_reason_shows_no_paths(root: Path, polling: httpx.Client) -> None:
    for version in (1, 2):
        retire(root, NAME, version, f"see {root}/report.html")
    wait_until(lambda: polling.get("/models").json()["models"][0]["retired"] is not None)
    assert str(root) not in polling.get("/models").text
