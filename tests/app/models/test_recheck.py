"""What was loaded without being hashed is hashed later, and damage is told."""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.models import recheck
from app.models.hotswap import HotSwap
from app.models.loaded import LoadedModels
from app.models.loading import load_models
from app.models.recheck import Rechecks
from app.settings import SAMPLE_MODELS, Settings
from tests.support.processes import app_process
from tests.support.serving import serving
from tests.support.waiting import wait_until
from tests.turi_recommender.versions.test_checked import damage
from turi_recommender.versions.checked import is_noted
from turi_recommender.versions.register import register

SIMILARITY, RANKING = "similarity_model", "ranking_factorization_model"
SOURCES = {
    SIMILARITY: SAMPLE_MODELS / SIMILARITY / "6" / "recommendation_s.model",
    RANKING: SAMPLE_MODELS / RANKING / "1" / "recommendation_r.model",
}
BODY = {"users": [{"visitorid": 6000}]}

pytestmark = pytest.mark.anyio


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, source in SOURCES.items():
        register(source, tmp_path / "models", name, 1)
    return tmp_path / "models"


def objects(root: Path, version: str = "1") -> Path:
    return root / SIMILARITY / version / SOURCES[SIMILARITY].name / "objects.bin"


class Loaded:
    """Models that were loaded from a registry, and what hashes them later."""

    def __init__(self, root: Path) -> None:
        settings = Settings(models_dir=root)
        self.models: LoadedModels = load_models(settings)
        self.rechecks = Rechecks(self.models, root)
        self.swaps = HotSwap(self.models, settings)

    def state(self, role: Any = "similarity") -> tuple[bool, bool]:
        """Return whether a role's files are still to be hashed, and whether they are damaged."""
        slot = self.models.slots[role]
        return slot.is_unhashed, slot.damaged != ""


async def test_what_is_in_order_is_hashed_once(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app.models.recheck")
    loaded = Loaded(root)
    assert [loaded.state(role) for role in ("similarity", "ranking")] == [(True, False)] * 2
    await loaded.rechecks.look()
    assert [loaded.state(role) for role in ("similarity", "ranking")] == [(False, False)] * 2
    await loaded.rechecks.look()
    assert [record.getMessage() for record in caplog.records] == [
        f"{role}: the files of {name} version 1 were hashed again, and are as the manifest says"
        for role, name in (("similarity", SIMILARITY), ("ranking", RANKING))
    ]


async def test_what_was_hashed_at_the_start_is_not_hashed_again(root: Path) -> None:
    shutil.copytree(root, root.with_name("copy"))  # where no note fits
    assert Loaded(root.with_name("copy")).state() == (False, False)


async def test_damage_is_found_and_the_model_serves_on(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage(objects(root))
    loaded = Loaded(root)
    await loaded.rechecks.look()
    assert loaded.state() == (False, True)
    assert loaded.state("ranking") == (False, False)
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "similarity: similarity_model version 1 is damaged on the disk" in record.getMessage()
    assert str(objects(root)) in record.getMessage()
    assert loaded.models.need("similarity").version == "1"


async def test_the_next_start_does_not_trust_what_was_found_damaged(root: Path) -> None:
    register(SOURCES[SIMILARITY], root, SIMILARITY, 2)
    damage(objects(root, "2"))
    first = Loaded(root)
    assert first.models.need("similarity").version == "2"
    await first.rechecks.look()
    assert not is_noted(root / SIMILARITY / "2")
    second = Loaded(root)
    assert second.models.need("similarity").version == "1"
    assert list(second.models.slots["similarity"].refused) == ["2"]


async def test_a_version_that_is_taken_up_is_hashed_too(root: Path) -> None:
    loaded = Loaded(root)
    await loaded.rechecks.look()
    register(SOURCES[SIMILARITY], root, SIMILARITY, 2)
    damage(objects(root, "2"))
    await loaded.swaps.take("similarity", "2")
    assert loaded.state() == (True, False)
    await loaded.rechecks.look()
    assert loaded.state() == (False, True)
    await loaded.swaps.take("similarity", "1")
    assert loaded.state() == (True, False)  # what was wrong with the other one is no matter now


async def test_what_is_gone_is_not_damaged(root: Path) -> None:
    loaded = Loaded(root)
    shutil.rmtree(root / SIMILARITY / "1")
    await loaded.rechecks.look()
    assert loaded.state() == (False, False)


async def test_what_was_found_of_a_version_is_not_said_of_another(root: Path) -> None:
    loaded = Loaded(root)
    old = loaded.models.need("similarity")
    register(SOURCES[SIMILARITY], root, SIMILARITY, 2)
    await loaded.swaps.take("similarity", "2")
    loaded.models.recheck("similarity", old, "damaged")
    assert loaded.state() == (True, False)


async def test_an_unforeseen_error_ends_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recheck, "RECHECK_SECONDS", 0.0)  # it takes longer
    loaded = Loaded(root)
    await loaded.rechecks.look()
    assert [loaded.state(role) for role in ("similarity", "ranking")] == [(False, False)] * 2
    assert "cannot hash the files of model similarity_model" in caplog.text


async def test_it_stops_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recheck, "RECHECK_REST", 1e9)
    monkeypatch.setattr(recheck, "RECHECK_REST_SECONDS", 1e6)  # each pause lasts for days
    loaded = Loaded(root)
    before = set(threading.enumerate())
    looking = asyncio.create_task(loaded.rechecks.look())
    while set(threading.enumerate()) == before:
        await asyncio.sleep(0)
    loaded.rechecks.close()
    await asyncio.wait_for(looking, 10)
    wait_until(lambda: set(threading.enumerate()) <= before)
    assert loaded.state() == (True, False)


def test_it_is_shown(root: Path) -> None:
    damage(objects(root))
    with serving(Settings(models_dir=root)) as client:
        assert_it_is_told(client)


@pytest.mark.slow
def test_a_process_finds_it_and_stops_in_order(root: Path) -> None:
    damage(objects(root))
    with (
        app_process(MODELS_DIR=root) as (running, url),
        httpx.Client(base_url=url) as client,
    ):
        assert_it_is_told(client)
        running.terminate()
        written, _ = running.communicate(timeout=20)
        assert running.returncode == 0
        assert "similarity_model version 1 is damaged on the disk" in written


def assert_it_is_told(client: httpx.Client) -> None:
    """Wait until a service tells that its similarity model is damaged; it serves on."""
    wait_until(
        lambda: 'recommender_model_damaged{role="similarity"} 1.0' in client.get("/metrics").text
    )
    similarity, ranking = client.get("/models").json()["models"][:2]
    path = f"{SIMILARITY}/1/{SOURCES[SIMILARITY].name}/objects.bin"
    assert similarity["damaged"].startswith(path)
    assert "as in the manifest" in similarity["damaged"]
    assert ranking["damaged"] is None
    assert 'recommender_model_damaged{role="ranking"} 0.0' in client.get("/metrics").text
    assert client.post("/recommend/users", json=BODY).status_code == 200
    assert client.get("/healthz/ready").status_code == 200
