"""New versions are taken up while the old ones answer; bad ones are refused."""

from __future__ import annotations

import asyncio
import shutil
import time
import weakref
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.hotswap import HotSwap, RefusedVersionError
from app.models.errors import ModelError, ModelFormatError, ModelNotFoundError
from app.models.format import FactorModel, read_model
from app.models.publish import register
from app.service import load_service
from app.settings import Settings
from reliability.service import RANKING, SIMILARITY
from reliability.variants import halved, overwritten, renamed_column, truncated

NAME = "similarity_model"
RANKING_NAME = "ranking_factorization_model"


class Reports(list[tuple[str, str]]):
    def __call__(self, name: str, outcome: str) -> None:
        self.append((name, outcome))


class Stage:
    """A registry with version 1 of both models, served."""

    def __init__(self, root: Path) -> None:
        self.root = root
        register(SIMILARITY, root, NAME)
        register(RANKING, root, RANKING_NAME)
        settings = Settings(models_dir=root)
        self.service = load_service(settings)
        self.reports = Reports()
        self.swaps = HotSwap(self.service, settings, self.reports)

    def serving(self, role: Any = "similarity") -> str | None:
        return self.service.need(role).version

    def run(self, *steps: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        async def all_of_them() -> Any:
            result = None
            for step in steps:
                result = await step()
            return result

        return asyncio.run(all_of_them())

    def look(self) -> None:
        self.run(self.swaps.look)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "models")


def test_a_new_version_is_taken_when_it_has_stopped_changing(stage: Stage, tmp_path: Path) -> None:
    register(halved(SIMILARITY, tmp_path / "half.model"), stage.root, NAME)
    item = stage.service.item_column.sample(1)
    before = stage.service.similar_items(item)[1].rankings[0].scores
    stage.look()  # sees it for the first time
    assert stage.serving() == "1"
    stage.look()
    assert stage.serving() == "2"
    assert stage.reports == [(NAME, "loaded")]
    after = stage.service.similar_items(item)[1].rankings[0].scores
    assert max(after) < max(before)


def test_a_folder_that_is_being_written_is_left_alone(stage: Stage) -> None:
    folder = stage.root / NAME / "2"
    shutil.copytree(SIMILARITY, folder / "s.model")
    whole = (folder / "s.model" / "objects.bin").read_bytes()
    for part in (len(whole) // 3, len(whole) // 2):
        (folder / "s.model" / "objects.bin").write_bytes(whole[:part])
        stage.look()
        assert stage.serving() == "1"
        assert stage.reports == []
    (folder / "s.model" / "objects.bin").write_bytes(whole)
    stage.look()
    stage.look()
    assert stage.serving() == "2"


def diverged(source: Path, target: Path) -> Path:
    details = read_model(source).details
    assert isinstance(details, FactorModel)
    return overwritten(source, target, details.weights, np.nan)


@pytest.mark.parametrize(
    ("name", "source", "spoil", "reason"),
    [
        (NAME, SIMILARITY, truncated, "expected"),
        (
            NAME,
            SIMILARITY,
            lambda source, target: renamed_column(source, target, "itemid", "itemno"),
            "item column changed",
        ),
        (
            RANKING_NAME,
            RANKING,
            lambda source, target: renamed_column(source, target, "weekday", "weekend"),
            "side columns changed",
        ),
        (RANKING_NAME, RANKING, diverged, "not finite"),
    ],
)
def test_a_bad_version_is_refused_once(
    stage: Stage, name: str, source: Path, spoil: Callable[[Path, Path], Path], reason: str
) -> None:
    spoil(source, stage.root / name / "2" / "bad.model")
    for _ in range(4):
        stage.look()
    role = stage.swaps.role_of(name)
    assert stage.serving(role) == "1"
    assert stage.reports == [(name, "refused")]
    assert reason in stage.service.slots[role].refused["2"]
    with pytest.raises(ModelError, match=reason):
        stage.run(lambda: stage.swaps.reload(name))


def test_a_refused_version_that_was_mended_is_taken(stage: Stage) -> None:
    bad = truncated(SIMILARITY, stage.root / NAME / "2" / "s.model")
    for _ in range(2):
        stage.look()
    assert "2" in stage.service.slots["similarity"].refused
    shutil.copyfile(SIMILARITY / "objects.bin", bad / "objects.bin")
    for _ in range(2):
        stage.look()
    assert stage.serving() == "2"
    assert stage.service.slots["similarity"].refused == {}


def test_a_bad_version_does_not_hide_a_good_one_below(stage: Stage) -> None:
    register(SIMILARITY, stage.root, NAME)
    truncated(SIMILARITY, stage.root / NAME / "3" / "s.model")
    for _ in range(2):
        stage.look()
    assert stage.serving() == "2"
    assert stage.reports == [(NAME, "refused"), (NAME, "loaded")]


def test_a_version_that_is_not_as_its_manifest_says(stage: Stage) -> None:
    target = register(SIMILARITY, stage.root, NAME)
    objects = target / SIMILARITY.name / "objects.bin"
    objects.write_bytes(objects.read_bytes() + b"x")
    with pytest.raises(ModelFormatError, match="says the manifest"):
        stage.run(lambda: stage.swaps.reload(NAME))
    assert stage.serving() == "1"


def test_a_roll_back_stays_until_a_reload(stage: Stage) -> None:
    register(SIMILARITY, stage.root, NAME)
    stage.run(lambda: stage.swaps.reload(NAME))
    assert stage.serving() == "2"
    stage.run(lambda: stage.swaps.activate(NAME, "1"))
    register(SIMILARITY, stage.root, NAME)
    for _ in range(3):
        stage.look()
    assert stage.serving() == "1"
    entry = stage.run(lambda: stage.swaps.reload(NAME))
    assert entry.version == stage.serving() == "3"
    register(SIMILARITY, stage.root, NAME)
    for _ in range(2):
        stage.look()
    assert stage.serving() == "4"


def test_what_is_not_there(stage: Stage) -> None:
    for step in (
        lambda: stage.swaps.reload("other"),
        lambda: stage.swaps.activate("other", "1"),
        lambda: stage.swaps.activate(NAME, "9"),
    ):
        with pytest.raises(ModelNotFoundError):
            stage.run(step)
    assert stage.reports == []


def test_who_asked_before_keeps_the_old_model_and_nobody_else_does(stage: Stage) -> None:
    asked = stage.service.need("similarity")
    old = weakref.ref(asked.model)
    register(SIMILARITY, stage.root, NAME)
    stage.run(lambda: stage.swaps.reload(NAME))
    assert asked.version == "1"
    assert asked.model.recommend(asked.model.users.ids(range(1))).rankings[0].items
    del asked
    deadline = time.monotonic() + 20
    while old() is not None:  # the thread that loaded may just be ending
        assert time.monotonic() < deadline, "the old model stays in memory"
        time.sleep(0.01)


def test_watching_goes_on_after_a_failure(tmp_path: Path) -> None:
    root = tmp_path / "models"
    register(SIMILARITY, root, NAME)
    settings = Settings(models_dir=root, models_poll_seconds=0.02)
    service = load_service(settings)
    swaps = HotSwap(service, settings)

    async def watch() -> None:
        task = asyncio.create_task(swaps.watch())
        shutil.move(root, tmp_path / "away")
        await asyncio.sleep(0.2)
        shutil.move(tmp_path / "away", root)
        register(SIMILARITY, root, NAME)
        async with asyncio.timeout(20):
            while service.need("similarity").version != "2":
                await asyncio.sleep(0.02)
        task.cancel()

    asyncio.run(watch())


def test_refusals_are_model_errors() -> None:
    assert issubclass(RefusedVersionError, ModelError)
