"""Answers say which model is meant, and not where the service keeps its files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.models.shown import ShownPaths
from app.security.keys import new_key
from app.settings import SAMPLE_MODELS, Settings
from tests.support.serving import serving
from tests.support.waiting import wait_until

RANKING = "ranking_factorization_model"
SIMILARITY = "similarity_model"
SHOWN = ShownPaths(Path("/srv/models"), [Path("/opt/shop/a.model"), Path("b/c.model")])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/srv/models/x/7/m.model/objects.bin, byte 3: no", "x/7/m.model/objects.bin, byte 3: no"),
        ("no model 'x' in /srv/models (looked for x)", "no model 'x' in MODELS_DIR (looked for x)"),
        ("it is gone: /srv/models", "it is gone: MODELS_DIR"),
        ("PosixPath('/srv/models/x')", "PosixPath('x')"),
        ("/mnt/srv/models/x: no", "/mnt/srv/models/x: no"),
        ("/srv/models2/x and /srv/models.old", "/srv/models2/x and /srv/models.old"),
        ("/opt/shop/a.model/objects.bin is cut", "a.model/objects.bin is cut"),
        ("/opt/shop/a.model: no", "a.model: no"),
        ("/opt/shop/z and /opt/shop", "z and ..."),
        ("b/c.model is relative", "b/c.model is relative"),
        ("nothing to see", "nothing to see"),
    ],
)
def test_texts(text: str, wanted: str) -> None:
    assert SHOWN.text(text) == wanted


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/srv/models/x/7/m.model", "x/7/m.model"),
        ("/opt/shop/a.model", "a.model"),
        ("b/c.model", "c.model"),
    ],
)
def test_paths(path: str, wanted: str) -> None:
    assert SHOWN.path(Path(path)) == wanted


def test_a_root_stands_for_nothing() -> None:
    assert ShownPaths(Path("/"), [Path("/m.model")]).text("a / b, /m.model") == "a / b, m.model"


def test_names_that_are_not_utf_8() -> None:
    shown = ShownPaths(Path("/srv/m\udcff"), [Path("/opt/\udcfe/a.model")])
    assert shown.path(Path("/srv/m\udcff/x\udcff")) == r"x\udcff"
    assert shown.path(Path("/opt/\udcfe/a\udcff")) == r"a\udcff"
    assert shown.text("/srv/m\udcff/x is gone: /opt/\udcfe/a.model") == "x is gone: a.model"
    assert shown.text(r"no model in /srv/m\udcff") == "no model in MODELS_DIR"


def test_no_answer_has_the_path_of_the_service(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key, digest = new_key()
    for version in ("6", "7"):
        shutil.copytree(SAMPLE_MODELS / SIMILARITY / "6", tmp_path / SIMILARITY / version)
    objects = tmp_path / SIMILARITY / "7" / "recommendation_s.model" / "objects.bin"
    objects.write_bytes(objects.read_bytes()[:-1])
    where = str(tmp_path)
    with serving(
        Settings(models_dir=tmp_path, api_keys=digest, models_poll_seconds=0.02)
    ) as client:
        client.headers["x-api-key"] = key
        body = {"users": [{"visitorid": 6000}], "model": "ranking"}
        answer = client.post("/recommend/users", json=body)
        assert answer.status_code == 503
        assert f"no model '{RANKING}' in MODELS_DIR" in answer.json()["detail"]
        listed = client.get("/models")
        similarity, ranking = listed.json()["models"]
        assert similarity["path"] == f"{SIMILARITY}/6/recommendation_s.model"
        assert similarity["refused_versions"]["7"].startswith(f"{SIMILARITY}/7/")
        assert "in MODELS_DIR" in ranking["reason"]
        assert where not in listed.text + answer.text
        shutil.copytree(SAMPLE_MODELS / RANKING / "1", tmp_path / RANKING / "1")
        arrived = f"since the start, {RANKING}/1 is new or has changed"
        wait_until(lambda: arrived in client.get("/models").json()["models"][1]["reason"])
        answer = client.post("/recommend/users", json=body)
        assert arrived in answer.json()["detail"]
        assert where not in answer.text
        (tmp_path / SIMILARITY / "6").rename(tmp_path / "away")
        wait_until(lambda: client.get("/models").json()["models"][0]["missing"] is not None)
        gone = client.get("/models")
        told = gone.json()["models"][0]["missing"]
        assert told == f"the folder of version 6 is gone: {SIMILARITY}/6"
        assert where not in gone.text
    assert where in caplog.text
