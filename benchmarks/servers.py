"""The servers that are measured, each a process of its own on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.large_models import ROOT

START_SECONDS = 120.0
# The Azure ML server binds all interfaces; its own start with another host keeps it on loopback.
_AZURE = (
    "import azureml_inference_server_http.amlserver as a; a.DEFAULT_HOST = '127.0.0.1'; a.run()"
)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes
    ----------
    name : str
        What it is.
    port : int
        Where it listens, on 127.0.0.1.
    pid : int
        Its process.
    """

    name: str
    port: int
    pid: int

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def service(models: Path, root: Path = ROOT) -> Iterator[Server]:
    """Run the service.

    Parameters
    ----------
    models : Path
        Directory of models.
    root : Path
        The checkout whose service it is; this one if absent.
    """
    port = free_port()
    environment = {"RECOMMENDER_MODELS_DIR": str(models), "RECOMMENDER_PORT": str(port)}
    command = [sys.executable, "-m", "app"]
    with _run("service", command, port, environment, "/healthz/ready", root) as server:
        yield server


@contextmanager
def empty_route() -> Iterator[Server]:
    """Run the baseline: a plain FastAPI route."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.empty_route", str(port)]
    with _run("empty route", command, port, {}, "/openapi.json") as server:
        yield server


@contextmanager
def original(models: Path) -> Iterator[Server]:
    """Run the original: its ``score.py`` under the Azure ML server, on real Turi Create."""
    port = free_port()
    script = str(ROOT / "training" / "original_score.py")
    command = [server_python(), "-c", _AZURE, "--entry_script", script, "--port", str(port)]
    environment = {"AZUREML_MODEL_DIR": str(models)}
    with _run("original", command, port, environment, "/") as server:
        yield server


def server_python() -> str:
    """Return a CPython 3.8 with Turi Create and the Azure ML server; set it up if need be."""
    given = os.environ.get("ORIGINAL_PYTHON")
    if given:
        return given
    script = str(ROOT / "scripts" / "training-env")
    done = subprocess.run([script, "server"], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def resident_megabytes(pid: int) -> float:
    """Return the resident memory of a process and its children."""
    total = 0.0
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            total += int(line.split()[1]) / 1024
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return total + sum(resident_megabytes(int(child)) for child in children)


@contextmanager
def _run(
    name: str,
    command: list[str],
    port: int,
    environment: dict[str, str],
    probe: str,
    root: Path = ROOT,
) -> Iterator[Server]:
    with subprocess.Popen(
        command,
        cwd=root,
        env={**os.environ, **environment, "PYTHONPATH": str(root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        server = Server(name, port, process.pid)
        try:
            wait_until_ready(server.url(probe), process)
            yield server
        finally:
            process.terminate()


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return as soon as an address answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with status {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"{url} does not answer")
