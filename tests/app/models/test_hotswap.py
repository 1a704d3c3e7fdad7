"""New versions are taken up while the old ones answer; bad ones are refused, and said to be."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import shutil
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.errors import OverloadedError, RefusedVersionError
from app.limits import WAITING_SWAPS
from app.models.hotswap import HotSwap
from app.models.loaded import LoadedModels
from app.models.loading import load_models
from app.models.roles import Role
from app.models.slots import Slot
from app.models.successor import check_successor
from app.settings import SAMPLE_MODELS, Settings
from reliability import variants
from tests.support.serving import serving
from tests.support.waiting import wait_until
from tests.turi_recommender.scoring import synthetic
from turi_recommender import Recommender
from turi_recommender.errors import ModelError, ModelFormatError, ModelNotFoundError
from turi_recommender.format import ColumnMode, FactorModel, ValueType, read_model
from turi_recommender.scoring import make_recommender
from turi_recommender.versions import ModelEntry, Registry
from turi_recommender.versions.manifest import MANIFEST, write_manifest
from turi_recommender.versions.register import register
from turi_recommender.versions.sync import sync

SIMILARITY, RANKING = "similarity_model", "ranking_factorization_model"
SIMILARITY_SOURCE = SAMPLE_MODELS / SIMILARITY / "6" / "recommendation_s.model"
RANKING_SOURCE = SAMPLE_MODELS / RANKING / "1" / "recommendation_r.model"
BODY = {"users": [{"visitorid": 6000}]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a registry with version 1 of both models."""
    register(SIMILARITY_SOURCE, tmp_path / "models", SIMILARITY, 1)
    register(RANKING_SOURCE, tmp_path / "models", RANKING, 1)
    return tmp_path / "models"


class Watched:
    """A service, its swaps, and what they reported."""

    def __init__(self, root: Path, **settings: Any) -> None:
        given = Settings(models_dir=root, **settings)
        self.service: LoadedModels = load_models(given)
        self.reported: list[tuple[str, str]] = []
        self.swaps = HotSwap(self.service, given, lambda *attempt: self.reported.append(attempt))

    async def look(self) -> None:
        """Look twice: the first look only notes what is there."""
        await self.swaps.look()
        await self.swaps.look()

    def version(self, role: Any = "similarity") -> str | None:
        return self.service.need(role).version

    def refused(self, role: Any = "similarity") -> dict[str, str]:
        return dict(self.service.slots[role].refused)


pytestmark = pytest.mark.anyio


@pytest.fixture
def watched(root: Path) -> Watched:
    return Watched(root)


async def test_a_new_version_is_taken_when_it_has_stopped_changing(
    root: Path, watched: Watched
) -> None:
    await watched.look()
    assert watched.version() == "1"
    register(SIMILARITY_SOURCE, root, SIMILARITY)
    await watched.swaps.look()
    assert watched.version() == "1"
    await watched.swaps.look()
    assert watched.version() == "2"
    assert watched.version("ranking") == "1"
    await watched.look()
    assert watched.reported == [(SIMILARITY, "loaded")]


async def test_a_version_is_left_alone_while_somebody_writes_it(
    root: Path, watched: Watched
) -> None:
    target = root / SIMILARITY / "2" / "m.model"
    target.mkdir(parents=True)
    files = sorted(SIMILARITY_SOURCE.iterdir(), key=lambda path: path.suffix != ".ini")
    for path in files:  # what makes it a model comes first
        half = path.read_bytes()[: path.stat().st_size // 2]
        (target / path.name).write_bytes(half)
        await watched.swaps.look()
        (target / path.name).write_bytes(path.read_bytes())
        await watched.swaps.look()
    assert watched.reported == []
    assert watched.refused() == {}
    await watched.swaps.look()
    assert watched.version() == "2"


async def test_the_highest_of_several_new_versions(root: Path, watched: Watched) -> None:
    for version in (2, 9, 10):
        register(SIMILARITY_SOURCE, root, SIMILARITY, version)
    await watched.look()
    assert watched.version() == "10"
    assert watched.reported == [(SIMILARITY, "loaded")]


async def test_a_lower_version_that_comes_later_is_not_taken(root: Path) -> None:
    shutil.move(root / SIMILARITY / "1", root / SIMILARITY / "5")
    watched = Watched(root)
    register(SIMILARITY_SOURCE, root, SIMILARITY, 4)
    await watched.look()
    assert watched.version() == "5"


def truncated(target: Path) -> None:
    variants.truncated(RANKING_SOURCE, target / "m.model")


def foreign(target: Path) -> None:
    variants.foreign(RANKING_SOURCE, target / "m.model")


def other_columns(target: Path) -> None:
    variants.renamed_column(RANKING_SOURCE, target / "m.model", "visitorid", "visiterid")


def other_side_columns(target: Path) -> None:
    variants.renamed_column(RANKING_SOURCE, target / "m.model", "weekday", "weekend")


def not_finite(target: Path) -> None:
    details = read_model(RANKING_SOURCE).details
    assert isinstance(details, FactorModel)
    variants.overwritten(RANKING_SOURCE, target / "m.model", details.weights, np.nan)


def another_manifest(target: Path) -> None:
    variants.copy(RANKING_SOURCE, target / "m.model")
    write_manifest(target)
    manifest = target / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"bytes": 1', '"bytes": 2'))


def a_file_too_many(target: Path) -> None:
    variants.copy(RANKING_SOURCE, target / "m.model")
    write_manifest(target)
    (target / "more").write_bytes(b"")


def another_kind(target: Path) -> None:
    variants.copy(SIMILARITY_SOURCE, target / "m.model")


BAD: list[tuple[Callable[[Path], None], str]] = [
    (truncated, "objects.bin"),
    (foreign, "objects.bin"),
    (other_columns, "column"),
    (other_side_columns, "column"),
    (not_finite, "not finite"),
    (another_manifest, "as in the manifest"),
    (a_file_too_many, "nothing that the manifest does not list"),
    (another_kind, "side columns changed: "),
]


@pytest.mark.parametrize(("spoil", "reason"), BAD, ids=lambda value: getattr(value, "__name__", ""))
async def test_a_bad_version_is_refused_once_and_the_old_one_stays(
    root: Path,
    watched: Watched,
    spoil: Callable[[Path], None],
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = watched.service.need("ranking")
    spoil(root / RANKING / "2")
    await watched.look()
    await watched.look()
    assert watched.service.need("ranking") is before
    assert watched.reported == [(RANKING, "refused")]
    assert list(watched.refused("ranking")) == ["2"]
    assert reason in watched.refused("ranking")["2"]
    assert f"model {RANKING} version 2 refused: " in caplog.text
    assert watched.refused("similarity") == {}


async def test_a_refused_version_that_is_mended_is_taken(root: Path, watched: Watched) -> None:
    truncated(root / RANKING / "2")
    await watched.look()
    assert list(watched.refused("ranking")) == ["2"]
    variants.copy(RANKING_SOURCE, root / RANKING / "2" / "m.model")
    await watched.look()
    assert watched.version("ranking") == "2"
    assert watched.refused("ranking") == {}, "it serves, and is said to be refused"
    assert watched.reported == [(RANKING, "refused"), (RANKING, "loaded")]


async def test_below_a_bad_version_a_good_one_is_found(root: Path, watched: Watched) -> None:
    register(RANKING_SOURCE, root, RANKING, 2)
    truncated(root / RANKING / "3")
    await watched.look()
    assert watched.version("ranking") == "2"
    assert list(watched.refused("ranking")) == ["3"]


async def test_one_models_odd_folder_does_not_hold_up_the_other(
    root: Path, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.model", "b.model"):  # which of them is version 2?
        variants.copy(SIMILARITY_SOURCE, root / SIMILARITY / "2" / name)
    register(RANKING_SOURCE, root, RANKING)
    await watched.look()
    assert "holds more than one model: a.model, b.model" in caplog.text
    assert watched.version("similarity") == "1"
    assert watched.version("ranking") == "2"


async def test_a_pinned_model_is_not_overtaken(root: Path) -> None:
    watched = Watched(root, similarity_model=f"{SIMILARITY}:1")
    register(SIMILARITY_SOURCE, root, SIMILARITY)
    await watched.look()
    assert watched.version() == "1"
    variable = f"RECOMMENDER_SIMILARITY_MODEL={SIMILARITY}:1"
    for version in ("1", "2"):
        with pytest.raises(RefusedVersionError) as caught:
            await watched.swaps.reload(SIMILARITY)
        assert f"{variable} pins model '{SIMILARITY}'; version {version} serves" in str(
            caught.value
        )
        assert watched.version() == version
        await watched.swaps.activate(SIMILARITY, "2")
    register(SIMILARITY_SOURCE, root, SIMILARITY)
    await watched.look()
    assert watched.version() == "2"
    assert watched.service.slots["similarity"].pin == "setting"


async def test_the_log_speaks_of_pins_where_somebody_asked(
    root: Path, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    register(SIMILARITY_SOURCE, root, SIMILARITY)
    await watched.look()
    await watched.swaps.activate(SIMILARITY, "1")
    await watched.swaps.reload(SIMILARITY)
    model = f"model {SIMILARITY}:"
    assert [each for each in caplog.messages if "serves now" in each] == [
        f"{model} version 2 serves now (before: 1)",
        f"{model} version 1 serves now (before: 2); pinned, new versions are not followed",
        f"{model} version 2 serves now (before: 1); new versions are followed",
    ]


async def test_a_reload_takes_the_highest_version_that_passes(root: Path, watched: Watched) -> None:
    register(RANKING_SOURCE, root, RANKING, 2)
    truncated(root / RANKING / "3")
    await watched.swaps.activate(RANKING, "1")
    assert (await watched.swaps.reload(RANKING)).version == "2"
    assert watched.service.slots["ranking"].pin is None
    assert list(watched.refused("ranking")) == ["3"]


async def test_a_reload_that_is_refused_says_what_stays(root: Path, watched: Watched) -> None:
    register(RANKING_SOURCE, root, RANKING, 2)
    truncated(root / RANKING / "3")
    await watched.swaps.activate(RANKING, "2")
    with pytest.raises(
        RefusedVersionError, match=r"version 2 serves on, and .* still pinned to it"
    ):
        await watched.swaps.reload(RANKING)
    assert watched.service.slots["ranking"].pin == "activate"
    register(RANKING_SOURCE, root, RANKING, 4)
    await watched.look()
    assert watched.version("ranking") == "2"
    assert (await watched.swaps.reload(RANKING)).version == "4"
    truncated(root / RANKING / "5")
    with pytest.raises(RefusedVersionError, match=r"version 4 serves on$"):
        await watched.swaps.reload(RANKING)


async def test_a_reload_goes_down_if_the_serving_version_is_gone(
    root: Path, watched: Watched
) -> None:
    register(SIMILARITY_SOURCE, root, SIMILARITY, 2)
    await watched.look()
    shutil.rmtree(root / SIMILARITY / "2")
    truncated(root / SIMILARITY / "3")
    assert (await watched.swaps.reload(SIMILARITY)).version == "1"


async def test_what_takes_the_place_of_an_unfit_version_is_said_to_be_so_too(
    tmp_path: Path,
) -> None:
    register(SIMILARITY_SOURCE, tmp_path, RANKING, 1)
    watched = Watched(tmp_path)
    assert "a factorization model, but this is item_sim" in watched.service.slots["ranking"].unfit
    register(SIMILARITY_SOURCE, tmp_path, RANKING, 2)
    await watched.look()
    assert watched.version("ranking") == "2"
    assert "a factorization model, but this is item_sim" in watched.service.slots["ranking"].unfit


async def test_a_model_that_comes_for_an_empty_role_needs_a_restart(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = root / SIMILARITY / "1"
    kept = root.parent / "kept"
    shutil.move(whole, kept)
    truncated(whole)
    watched = Watched(root)

    def slot() -> Slot:
        return watched.service.slots["similarity"]

    assert list(slot().refused) == ["1"]
    await watched.look()
    assert slot().is_waiting
    assert slot().arrived == ""
    with pytest.raises(ModelNotFoundError, match="once it is there, a restart is needed"):
        await watched.swaps.reload(SIMILARITY)
    register(SIMILARITY_SOURCE, root, SIMILARITY, 2)
    await watched.look()
    says = f"{root / SIMILARITY / '2'} is new or has changed"
    assert slot().arrived == says
    assert caplog.text.count(f"similarity: {says}; a restart is needed to load it") == 1
    assert "restart is needed" in slot().why_absent
    shutil.rmtree(root / SIMILARITY / "2")
    shutil.rmtree(whole)
    await watched.look()
    assert slot().arrived == ""
    shutil.move(kept, whole)
    for ask in (watched.swaps.reload, lambda name: watched.swaps.activate(name, "1")):
        with pytest.raises(ModelNotFoundError, match=r"1 is new or has changed: a restart is need"):
            await ask(SIMILARITY)


async def test_a_role_for_which_nothing_was_meant_waits_for_nothing(root: Path) -> None:
    shutil.rmtree(root / SIMILARITY)
    watched = Watched(root)
    await watched.look()
    assert not watched.service.slots["similarity"].is_waiting
    variants.copy(SIMILARITY_SOURCE, root / f"{SIMILARITY}.model")
    await watched.look()
    assert watched.service.slots["similarity"].is_waiting


async def test_a_roll_back_holds_until_a_reload(root: Path, watched: Watched) -> None:
    register(SIMILARITY_SOURCE, root, SIMILARITY)
    await watched.look()
    assert (await watched.swaps.activate(SIMILARITY, "1")).version == "1"
    register(SIMILARITY_SOURCE, root, SIMILARITY)
    await watched.look()
    assert watched.version() == "1"
    assert (await watched.swaps.reload(SIMILARITY)).version == "3"


async def test_a_roll_back_that_is_refused_pins_nothing(root: Path, watched: Watched) -> None:
    truncated(root / RANKING / "2")
    with pytest.raises(ModelFormatError):
        await watched.swaps.activate(RANKING, "2")
    not_finite(root / RANKING / "3")
    with pytest.raises(RefusedVersionError):
        await watched.swaps.reload(RANKING)
    register(RANKING_SOURCE, root, RANKING, 4)
    await watched.look()
    assert watched.version("ranking") == "4"


async def test_who_began_on_the_old_model_ends_on_it_and_then_it_is_freed(
    root: Path, watched: Watched
) -> None:
    old = watched.service.need("similarity")
    before = list(old.model.recommend([{"visitorid": 6000}], k=5).rows())
    gone = weakref.ref(old.model)
    variants.halved(SIMILARITY_SOURCE, root / SIMILARITY / "2" / "m.model")
    await watched.look()
    assert watched.version() == "2"
    new = watched.service.need("similarity").model
    assert list(new.recommend([{"visitorid": 6000}], k=5).rows()) != before
    shutil.rmtree(root / SIMILARITY / "1")
    assert list(old.model.recommend([{"visitorid": 6000}], k=5).rows()) == before
    del old
    gc.collect()
    assert gone() is None


def a_pipe(target: Path) -> None:
    model = variants.copy(SIMILARITY_SOURCE, target / "m.model")
    (model / "objects.bin").unlink()
    os.mkfifo(model / "objects.bin")


def infinite_segments(target: Path) -> None:
    model = variants.copy(SIMILARITY_SOURCE, target / "m.model")
    (index,) = model.glob("*.sidx")
    index.write_text('{"sarray": {"num_segments": Infinity}, "segment_files": {}}')


def two_models(target: Path) -> None:
    variants.copy(SIMILARITY_SOURCE, target / "a.model")
    variants.copy(SIMILARITY_SOURCE, target / "b.model")


def a_name_in_no_encoding(target: Path) -> None:
    variants.copy(SIMILARITY_SOURCE, target / "m.model")
    write_manifest(target)
    (target / os.fsdecode(b"\xff")).touch()


def folders_in_folders(target: Path) -> None:
    variants.copy(SIMILARITY_SOURCE, target / "m.model")
    write_manifest(target)
    target.joinpath(*["a"] * 100).mkdir(parents=True)


def larger_than_any_model(target: Path) -> None:
    model = variants.copy(SIMILARITY_SOURCE, target / "m.model")
    write_manifest(target)
    content = json.loads((target / MANIFEST).read_text())
    os.truncate(model / "objects.bin", 1 << 43)
    content["files"]["m.model/objects.bin"]["bytes"] = 1 << 43
    (target / MANIFEST).write_text(json.dumps(content))


SPOILS = [
    a_pipe,
    infinite_segments,
    two_models,
    a_name_in_no_encoding,
    folders_in_folders,
    larger_than_any_model,
]


@pytest.mark.parametrize("spoil", SPOILS)
async def test_roles_and_versions_do_not_suffer_from_one_that_is_broken(
    root: Path, watched: Watched, spoil: Callable[[Path], None]
) -> None:
    register(SIMILARITY_SOURCE, root, SIMILARITY, 2)
    spoil(root / SIMILARITY / "3")
    register(RANKING_SOURCE, root, RANKING, 2)
    await watched.look()
    await watched.look()
    assert (watched.version("similarity"), watched.version("ranking")) == ("2", "2")
    assert list(watched.refused("similarity")) == ["3"]
    assert watched.reported.count((SIMILARITY, "refused")) == 1
    with pytest.raises(ModelError) as caught:
        await watched.swaps.reload(SIMILARITY)
    assert not isinstance(caught.value, ModelNotFoundError), "that is answered 404, not 409"
    again = Watched(root)
    assert (again.version("similarity"), again.version("ranking")) == ("2", "2")
    assert list(again.refused("similarity")) == ["3"]


async def test_whatever_goes_wrong_with_one_role_the_other_is_looked_at(
    root: Path, watched: Watched, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = watched.swaps._newer

    def fail_for_similarity(entry: ModelEntry) -> list[str]:
        if entry.name == SIMILARITY:
            raise ZeroDivisionError("nobody thought of it")
        return whole(entry)

    monkeypatch.setattr(watched.swaps, "_newer", fail_for_similarity)
    register(RANKING_SOURCE, root, RANKING)
    await watched.look()
    assert watched.version("ranking") == "2"
    assert "nobody thought of it" in caplog.text


async def test_a_pin_holds_against_a_version_that_was_found_before_it(
    root: Path, watched: Watched
) -> None:
    for version in (5, 7):
        register(SIMILARITY_SOURCE, root, SIMILARITY, version)
    await watched.swaps.look()
    async with watched.swaps._one_at_a_time:  # the roll-back waits first, then what the look found
        pin = asyncio.create_task(watched.swaps.activate(SIMILARITY, "5"))
        await asyncio.sleep(0)
        look = asyncio.create_task(watched.swaps.look())
        while len(watched.swaps._one_at_a_time._waiters or ()) < 2:
            await asyncio.sleep(0)
    assert (await pin).version == "5"
    await look
    assert watched.version() == "5"


async def test_a_vector_of_another_length_is_another_column() -> None:
    def model(length: int) -> Recommender:
        vector = replace(
            synthetic.column("taste", length, ColumnMode.NUMERIC),
            mode=ColumnMode.NUMERIC_VECTOR,
            value_type=ValueType.VECTOR,
        )
        saved = synthetic.factor_model(1, item_side=False)
        details = saved.details
        assert isinstance(details, FactorModel)
        columns = (*saved.metadata.columns, vector)
        total = sum(column.size for column in columns)
        more = length
        metadata = replace(saved.metadata, columns=columns)
        rows = [details.factors, np.ones((more, details.num_factors), np.float32)]
        changed = replace(
            details,
            sizes=[column.size for column in columns],
            offsets=[*details.offsets, total - more],
            shifts=np.append(details.shifts, np.zeros(more)),
            scales=np.append(details.scales, np.ones(more)),
            weights=np.append(details.weights, np.zeros(more, np.float32)),
            factors=np.concatenate(rows),
        )
        return make_recommender(replace(saved, metadata=metadata, details=changed))

    check_successor("similarity", model(3), model(3), {})
    with pytest.raises(RefusedVersionError, match="side columns changed"):
        check_successor("similarity", model(3), model(4), {})


@pytest.fixture
def polling(root: Path) -> Iterator[httpx.Client]:
    with serving(Settings(models_dir=root, models_poll_seconds=0.1)) as client:
        yield client


def test_a_running_service_follows_and_reports(root: Path, polling: httpx.Client) -> None:
    def versions() -> dict[str, Any]:
        models = polling.get("/models").json()["models"]
        return {model["role"]: (model["version"], model["refused_versions"]) for model in models}

    def answered() -> str:
        answer = polling.post("/recommend/users", json=BODY)
        assert answer.status_code == 200
        version: str = answer.json()["model"]["version"]
        return version

    assert answered() == "1"
    register(SIMILARITY_SOURCE, root, SIMILARITY)
    truncated(root / RANKING / "2")
    wait_until(lambda: answered() == "2")
    wait_until(lambda: "2" in versions()["ranking"][1])
    assert versions()["similarity"] == ("2", {})
    assert versions()["ranking"][0] == "1"
    metrics = polling.get("/metrics").text
    info = 'recommender_model_info{name="%s",role="%s",version="%s"} 1.0'
    assert info % (SIMILARITY, "similarity", "2") in metrics
    assert info % (SIMILARITY, "similarity", "1") not in metrics
    assert info % (RANKING, "ranking", "1") in metrics
    swaps = 'recommender_model_swaps_total{name="%s",outcome="%s"} 1.0'
    assert swaps % (SIMILARITY, "loaded") in metrics
    assert swaps % (RANKING, "refused") in metrics


def test_a_running_service_tells_what_is_gone(root: Path, polling: httpx.Client) -> None:
    def missing() -> list[str | None]:
        return [model["missing"] for model in polling.get("/models").json()["models"]]

    assert missing() == [None, None]
    shutil.rmtree(root / SIMILARITY)
    gone = f"the folder of model 'similarity_model' is gone: {root / SIMILARITY}"
    shown = f"the folder of model 'similarity_model' is gone: {SIMILARITY}"
    wait_until(lambda: missing() == [shown, None])
    answer = polling.post(
        f"/admin/models/{SIMILARITY}/reload", headers={"content-type": "application/json"}
    )
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith(gone)
    assert polling.post("/recommend/users", json=BODY).status_code == 200


@pytest.mark.parametrize("place", ["flat", "a path"])
async def test_what_has_no_versions_cannot_be_changed_while_it_serves(
    tmp_path: Path, place: str
) -> None:
    variants.copy(SIMILARITY_SOURCE, tmp_path / f"{SIMILARITY}.model")
    named = {} if place == "flat" else {"similarity_model": f"{tmp_path / SIMILARITY}.model"}
    root = tmp_path if place == "flat" else tmp_path / "elsewhere"
    watched = Watched(root, **named)
    for ask in (watched.swaps.reload(SIMILARITY), watched.swaps.activate(SIMILARITY, "1")):
        with pytest.raises(ModelNotFoundError, match=r"without versions, .*<version>/, or restart"):
            await ask
    register(SIMILARITY_SOURCE, root, SIMILARITY)
    assert (await watched.swaps.reload(SIMILARITY)).version == "1"


def remove(path: Path) -> None:
    shutil.rmtree(path)


def replace_by_file(path: Path) -> None:
    shutil.rmtree(path)
    path.touch()


@pytest.mark.parametrize(
    ("vanish", "which", "says"),
    [
        (remove, ".", "the directory of models is gone: {root}"),
        (remove, SIMILARITY, "the folder of model 'similarity_model' is gone: {root}/"),
        (replace_by_file, SIMILARITY, "'similarity_model' is not a folder any more: {root}/"),
        (remove, f"{SIMILARITY}/1", "the folder of version 1 is gone: {root}/"),
        (remove, f"{SIMILARITY}/1/recommendation_s.model", "the model directory is gone: {root}/"),
    ],
)
async def test_folders_that_vanish_while_their_model_serves(
    root: Path, watched: Watched, caplog: pytest.LogCaptureFixture,
    vanish: Callable[[Path], None], which: str, says: str,
) -> None:  # fmt: skip
    caplog.set_level("INFO")
    vanish(root / which)
    says = says.format(root=root)
    for ask in (watched.swaps.reload, lambda name: watched.swaps.activate(name, "1")):
        with pytest.raises(ModelNotFoundError) as caught:
            await ask(SIMILARITY)
        assert says in str(caught.value)
        assert "version 1, which was loaded before, serves on" in str(caught.value)
    await watched.look()
    assert says in watched.service.slots["similarity"].missing
    assert caplog.text.count(says) == (2 if which == "." else 1)  # for each role, and once
    assert "Traceback" not in caplog.text
    shutil.rmtree(root / SIMILARITY, ignore_errors=True)
    (root / SIMILARITY).unlink(missing_ok=True)
    register(SIMILARITY_SOURCE, root, SIMILARITY, 1)
    await watched.look()
    assert watched.service.slots["similarity"].missing == ""
    assert "the folders of model similarity_model are there again" in caplog.text


async def test_a_new_version_is_taken_though_the_serving_one_has_vanished(
    root: Path, watched: Watched
) -> None:
    shutil.rmtree(root / SIMILARITY / "1")
    await watched.look()
    assert watched.service.slots["similarity"].missing != ""
    register(SIMILARITY_SOURCE, root, SIMILARITY, 2)
    await watched.look()
    assert watched.version() == "2"
    assert watched.service.slots["similarity"].missing == ""


async def test_a_folder_without_its_model_is_told(root: Path, watched: Watched) -> None:
    (root / SIMILARITY / "3").mkdir()
    (root / SIMILARITY / "4").touch()
    with pytest.raises(ModelNotFoundError, match=r"similarity_model/3 holds no model\)"):
        await watched.swaps.activate(SIMILARITY, "3")
    with pytest.raises(ModelNotFoundError, match=r"similarity_model/4 is not a folder\)"):
        await watched.swaps.activate(SIMILARITY, "4")


async def test_a_version_that_serves_is_not_removed(root: Path, tmp_path: Path) -> None:
    """Not even after a roll-back, of which whoever follows the share knows nothing."""
    share = Registry(tmp_path / "share")
    for version in (1, 2, 3):
        register(SIMILARITY_SOURCE, share.root, SIMILARITY, version)
    sync(share, Registry(root), [f"{SIMILARITY}:2"])
    watched = Watched(root)
    await watched.swaps.activate(SIMILARITY, "1")
    sync(share, Registry(root), [SIMILARITY], keep=1)
    assert sorted(folder.name for folder in (root / SIMILARITY).iterdir()) == ["1", "3"]


async def test_one_version_is_loaded_at_a_time_whoever_gives_up(
    root: Path, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that runs out of time cannot stop the thread that loads for it."""
    swaps, load = watched.swaps, watched.swaps._load
    may_end, counts = threading.Event(), Counter[str]()

    def slowly(role: Role, old: ModelEntry, version: str) -> Any:
        counts["running"] += 1
        counts["most"] = max(counts["most"], counts["running"])
        counts["begun"] += 1
        may_end.wait(30)
        counts["running"] -= 1
        return load(role, old, version)

    monkeypatch.setattr(swaps, "_load", slowly)
    register(SIMILARITY_SOURCE, root, SIMILARITY, 2)
    first = asyncio.create_task(swaps.activate(SIMILARITY, "2"))
    await asyncio.to_thread(wait_until, lambda: counts["begun"] == 1)
    others = [asyncio.create_task(swaps.activate(RANKING, "1")) for _ in range(WAITING_SWAPS + 3)]
    first.cancel()
    waiting: Any = others
    while len(waiting) > WAITING_SWAPS:  # which of them are refused is a matter of chance
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert {type(each.exception()) for each in done} == {OverloadedError}
    assert counts == {"running": 1, "most": 1, "begun": 1}
    may_end.set()
    await asyncio.gather(*waiting)
    assert (counts["most"], counts["begun"]) == (1, 1 + WAITING_SWAPS)
    assert watched.service.need("similarity").version == "2"
    await swaps.look()
    await swaps.look()
    register(SIMILARITY_SOURCE, root, SIMILARITY, 3)
    await swaps.look()
    await swaps.look()
    assert watched.service.need("similarity").version == "2"  # pinned, though nobody waited
