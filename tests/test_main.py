"""`python -m app` as a process: starts, refusals, signals."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(**settings: object) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECOMMENDER")}
    return {**kept, **{f"RECOMMENDER_{name}": str(value) for name, value in settings.items()}}


@contextmanager
def process(**settings: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    command = [sys.executable, "-m", "app"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(PORT=port, **settings), stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 20
            while True:
                try:
                    httpx.get(f"{url}/healthz/ready").raise_for_status()
                    break
                except httpx.TransportError:
                    assert running.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            yield running, url
        finally:
            running.kill()


def test_it_starts_answers_and_stops() -> None:
    with process() as (running, url):
        assert httpx.get(f"{url}/").text == "Healthy"
        answer = httpx.post(f"{url}/recommend/users", json={"users": [{"visitorid": 6000}]})
        assert len(answer.json()["recommendations"]) == 10
        assert "server" not in answer.headers
        running.send_signal(signal.SIGTERM)
        _, log = running.communicate(timeout=20)
    assert running.returncode in (0, -signal.SIGTERM)
    assert "similarity: similarity_model version 6, item_similarity, " in log
    assert "ranking: ranking_factorization_model version 1" in log
    assert "Traceback" not in log


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
    done = subprocess.run(
        [sys.executable, "-m", "app"],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert re.match("cannot start: ", line)
    assert reason in line


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "similarity_model" / "1" / "m.model"
    folder.mkdir(parents=True)
    (folder / "dir_archive.ini").write_text("nonsense")
    done = subprocess.run(
        [sys.executable, "-m", "app"],
        cwd=ROOT,
        env=environment(MODELS_DIR=tmp_path),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert f"cannot start: {folder}/dir_archive.ini, byte 0: expected an INI file" in done.stderr


def test_a_taken_port_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "app"],
            cwd=ROOT,
            env=environment(PORT=taken.getsockname()[1]),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert done.returncode != 0
    assert "address already in use" in done.stderr
