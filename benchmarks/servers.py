"""The servers that are measured, each a process of its own on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.large_models import ROOT
from tests.support.ports import HOST, free_port
from tests.support.processes import APP, server_process

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
        return f"http://{HOST}:{self.port}{path}"


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
    environment = {
        "RECOMMENDER_MODELS_DIR": str(models),
        "RECOMMENDER_PORT": str(port),
        "PYTHONSAFEPATH": "1",  # what the path below says is imported, wherever this runs
        "PYTHONPATH": str(root),
    }
    with _run("service", APP, port, environment, "/healthz/ready") as server:
        yield server


@contextmanager
def empty_route(types: Mapping[str, str]) -> Iterator[Server]:
    """Run the baseline: a plain FastAPI route.

    Parameters
    ----------
    types : mapping of str to str
        The type of each column of a request; see `benchmarks.asked`.
    """
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.empty_route", str(port), json.dumps(dict(types))]
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
    name: str, command: Sequence[str], port: int, environment: dict[str, str], probe: str
) -> Iterator[Server]:
    server_url = f"http://{HOST}:{port}{probe}"
    given = {**os.environ, **environment}
    with server_process(
        command,
        server_url,
        environment=given,
        output=subprocess.DEVNULL,
        seconds=START_SECONDS,
    ) as process:
        try:
            yield Server(name, port, process.pid)
        finally:
            process.terminate()  # the Azure ML server has children to end
            process.wait()
