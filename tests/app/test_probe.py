"""`python -m app.probe`, the health check of the container."""

from __future__ import annotations

import signal
import subprocess
import sys

import httpx
import pytest

from tests.support.ports import free_port
from tests.support.processes import ROOT, app_process, environment
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


def probe(port: int | str, host: str = "0.0.0.0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", "probe"],
        cwd=ROOT,
        env=environment(HOST=host, PORT=port),
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


def test_ready(client: httpx.Client) -> None:
    port = client.base_url.port
    assert port is not None
    for host in ("0.0.0.0", "127.0.0.1", ""):
        done = probe(port, host)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_settings_as_files_of_variables_have_them(client: httpx.Client) -> None:
    done = probe(f' "{client.base_url.port}"\r', "'127.0.0.1' ")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("port", "host"),
    [
        ("abc", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("70000", "127.0.0.1"),
        (80, "a..b"),
        (80, "a\nb"),
        ("9" * 5000, "h"),
    ],
)
def test_settings_that_cannot_be_used(port: int | str, host: str) -> None:
    done = probe(port, host)
    assert done.returncode == 1
    assert done.stderr.startswith("not ready: ")
    assert done.stderr.count("\n") == 1


def test_nobody_listens() -> None:
    done = probe(free_port())
    assert done.returncode == 1
    assert done.stderr.startswith("not ready: ")
    assert done.stderr.count("\n") == 1


def test_about_to_stop() -> None:
    with app_process(DRAIN_SECONDS=60) as (running, url):
        running.send_signal(signal.SIGTERM)
        wait_until(lambda: httpx.get(f"{url}/healthz/ready").status_code == 503)
        done = probe(int(url.rpartition(":")[2]))
    assert (done.returncode, done.stderr) == (1, "not ready: status 503\n")


def test_it_imports_nothing_of_the_service() -> None:
    code = "import sys, app.probe; print(sorted(m for m in sys.modules if m.startswith('app')))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "['app', 'app.probe']\n"
