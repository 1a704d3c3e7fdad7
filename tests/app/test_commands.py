"""`python -m app` as a process: starts, refusals, signals."""

from __future__ import annotations

import hashlib
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.ports import taken_port
from tests.support.processes import APP, ROOT, app_process, environment, run_app
from tests.support.waiting import PATIENCE_SECONDS, wait_until
from turi_recommender.versions.register import register

pytestmark = pytest.mark.slow


def test_it_starts_answers_and_stops() -> None:
    with app_process() as (running, url):
        assert httpx.get(f"{url}/").text == "Healthy"
        answer = httpx.post(f"{url}/recommend/users", json={"users": [{"visitorid": 6000}]})
        assert len(answer.json()["recommendations"]) == 10
        assert "server" not in answer.headers
        running.send_signal(signal.SIGTERM)
        log, _ = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 0
    assert "similarity: similarity_model version 6, item_similarity, " in log
    assert "ranking: ranking_factorization_model version 1" in log
    assert "Traceback" not in log


def test_the_last_request_is_logged() -> None:
    with app_process() as (running, url):
        httpx.get(f"{url}/models", headers={"x-request-id": "the-last-one"}).raise_for_status()
        running.send_signal(signal.SIGTERM)
        log, _ = running.communicate(timeout=PATIENCE_SECONDS)
    assert '"request_id":"the-last-one"' in log


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"MODELS_DIR": "/nowhere"}, "no model found: no model 'similarity_model' in /nowhere"),
        ({"MAX_K": "many"}, "RECOMMENDER_MAX_K: Input should be a valid integer"),
        ({"SIMILARTY_MODEL": "x"}, "did you mean RECOMMENDER_SIMILARITY_MODEL?"),
        ({"RANKING_MODEL": "nothing:7"}, "RECOMMENDER_RANKING_MODEL: no version '7'"),
        ({"SIDE_DATA_DEFAULTS": '{"mouth": 8}'}, "no side column mouth"),
    ],
)
def test_it_refuses_to_start_in_one_line(settings: dict[str, str], reason: str) -> None:
    done = run_app(**settings)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert re.match("cannot start: ", line)
    assert reason in line


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "similarity_model" / "1" / "m.model"
    folder.mkdir(parents=True)
    (folder / "dir_archive.ini").write_text("nonsense")
    done = run_app(MODELS_DIR=tmp_path)
    assert done.returncode == 2
    assert f"cannot start: {folder}/dir_archive.ini, byte 0: expected an INI file" in done.stderr


def test_a_taken_port_is_an_error() -> None:
    with taken_port() as port:
        done = run_app(PORT=port)
    assert done.returncode != 0
    assert "address already in use" in done.stdout


def test_it_drains_before_it_stops() -> None:
    body = {"users": [{"visitorid": 6000}]}
    with app_process(DRAIN_SECONDS=1) as (running, url), httpx.Client(base_url=url) as client:
        assert "connection" not in client.post("/recommend/users", json=body).headers
        running.send_signal(signal.SIGTERM)
        wait_until(lambda: client.get("/healthz/ready").status_code == 503)
        ready = client.get("/healthz/ready")
        assert ready.status_code == 503
        assert ready.json()["detail"] == "The service is about to stop."
        assert client.get("/healthz/live").status_code == 200
        answer = client.post("/recommend/users", json=body)
        assert answer.status_code == 200
        assert answer.headers["connection"] == "close"
        assert running.wait(timeout=10) == 0


def test_a_second_signal_does_not_wait() -> None:
    with app_process(DRAIN_SECONDS=60) as (running, url):
        running.send_signal(signal.SIGTERM)
        wait_until(lambda: httpx.get(f"{url}/healthz/ready").status_code == 503)
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=10) == 0


def test_a_signal_while_it_starts_stops_it() -> None:
    """As the first process of a container, too, for which SIGTERM has no effect by default."""
    with subprocess.Popen(
        ["/bin/sh", "-c", 'trap "" TERM; exec "$0" -m app', sys.executable],
        cwd=ROOT,
        env=environment(PORT=0),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            wait_until(lambda: _handles_sigterm(running.pid), interval=0.001)
            running.send_signal(signal.SIGTERM)  # its imports and models take longer than that
            assert running.wait(timeout=PATIENCE_SECONDS) == 0
            assert running.stdout is not None
            assert "Uvicorn running" not in running.stdout.read()
        finally:
            running.kill()


def _handles_sigterm(pid: int) -> bool:
    """Tell whether a process has a handler for the signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    (caught,) = re.findall(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def test_it_does_not_listen_to_others_without_keys() -> None:
    def start(**settings: object) -> subprocess.CompletedProcess[str]:
        return run_app(HOST="0.0.0.0", **settings)

    done = start()
    assert done.returncode == 2
    assert "listening on 0.0.0.0 needs keys" in done.stderr
    assert "RECOMMENDER_AUTH=none" in done.stderr
    with taken_port("0.0.0.0") as port:  # so that it gets past that check and no further
        assert "auth: none" in start(AUTH="none", PORT=port).stdout
        digest = "sha256:" + 64 * "0"
        assert "auth: none" not in start(API_KEYS=digest, PORT=port).stdout


def test_commands(tmp_path: Path) -> None:
    key, digest = (line.split()[-1] for line in run_app("key").stdout.splitlines())
    assert digest == "sha256:" + hashlib.sha256(key.encode()).hexdigest()
    source = "app/sample_models/similarity_model/6/recommendation_s.model"
    registry = ("--name", "similarity_model", "--models-dir", str(tmp_path))
    assert run_app("register", source, *registry).stdout.strip() == f"{tmp_path}/similarity_model/1"
    done = run_app("register", source, *registry, "--version", "1")
    assert done.returncode == 2
    assert done.stderr == f"cannot register: {tmp_path}/similarity_model/1 exists already\n"
    assert run_app("register", "/nowhere", *registry).stderr.startswith("cannot register: /nowhere")
    nowhere = run_app("register", source, "--name", "similarity_model")
    assert nowhere.stderr.startswith("cannot register: say where: --models-dir")  # no samples
    assert [entry.name for entry in (tmp_path / "similarity_model").iterdir()] == ["1"]


def test_following_a_share_stops_when_told(tmp_path: Path) -> None:
    sample = ROOT / "app" / "sample_models" / "similarity_model" / "6" / "recommendation_s.model"
    register(sample, tmp_path / "share", "similarity_model")
    command = [*APP, "sync", str(tmp_path / "share"), "--every", "0.1"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(MODELS_DIR=tmp_path / "local"),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        for version in ("1", "2"):
            copy = tmp_path / "local" / "similarity_model" / version
            wait_until(copy.exists, f"{copy} does not appear")
            register(sample, tmp_path / "share", "similarity_model")
        running.send_signal(signal.SIGTERM)
        log, _ = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 0
    assert "copied " in log
    assert "Traceback" not in log


def test_nothing_to_follow(tmp_path: Path) -> None:
    done = run_app("sync", str(tmp_path), MODELS_DIR=tmp_path / "local")
    assert done.returncode == 2
    assert done.stderr.startswith("cannot sync: no model 'similarity_model' in")
