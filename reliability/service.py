"""The service as a process of its own, on loopback, and what can be seen of it from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reliability.report import ROOT
from tests.support.ports import HOST, free_port
from tests.support.processes import environment, server_process
from tests.support.raw_http import Answer, RawConnection

START_SECONDS = 60.0
SAMPLES = ROOT / "app" / "sample_models"
SIMILARITY = SAMPLES / "similarity_model" / "6" / "recommendation_s.model"
RANKING = SAMPLES / "ranking_factorization_model" / "1" / "recommendation_r.model"


@dataclass(frozen=True, slots=True)
class Service:
    """A running instance.

    Attributes
    ----------
    process : Popen
        Its process.
    port : int
        Where it listens.
    log : Path
        What it writes to standard output and error.
    """

    process: subprocess.Popen[str]
    port: int
    log: Path

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return f"http://{HOST}:{self.port}{path}"

    def get(self, path: str) -> bytes:
        """Return the answer to a GET request."""
        with urllib.request.urlopen(self.url(path), timeout=30) as answer:
            content: bytes = answer.read()
            return content

    def ask(self, request: bytes) -> Answer:
        """Send the bytes of one request on a connection of their own."""
        with RawConnection(self.port) as connection:
            connection.send(request)
            return connection.answer()

    def metric(self, line: str) -> float:
        """Return the value of a metric with its labels, 0 if it is not there."""
        for found in self.get("/metrics").decode().splitlines():
            if found.startswith(f"{line} "):
                return float(found.rpartition(" ")[2])
        return 0.0

    def models(self) -> dict[str, Any]:
        """Return what ``GET /models`` says of each role."""
        return {model["role"]: model for model in json.loads(self.get("/models"))["models"]}

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def resident(self) -> int:
        """Return the resident memory in bytes."""
        return _status(self.process.pid, "VmRSS:") * 1024

    def peak(self) -> int:
        """Return the highest resident memory so far, or since `reset_peak`, in bytes."""
        return _status(self.process.pid, "VmHWM:") * 1024

    def reset_peak(self) -> None:
        """Start the peak anew."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def threads(self) -> int:
        """Return the number of threads."""
        return _status(self.process.pid, "Threads:")

    def descriptors(self) -> int:
        """Return the number of open file descriptors."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))  # noqa: PTH208 - only counted

    def stop(self, seconds: float = 60.0) -> int:
        """Send SIGTERM and return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextmanager
def running(
    models: Path | None = None, port: int = 0, module: str = "app", **settings: Any
) -> Iterator[Service]:
    """Run the service until the block ends.

    Parameters
    ----------
    models : Path, optional
        Its models; the sample models if absent.
    port : int
        Where to listen; any free port if 0.
    module : str
        What to run with ``python -m``.
    **settings
        Settings of the service, in lower case.
    """
    port = port or free_port()
    settings = {"port": port, "models_dir": models or SAMPLES, "log_format": "json", **settings}
    with (
        tempfile.NamedTemporaryFile(suffix=".log") as log,
        server_process(
            [sys.executable, "-m", module],
            f"http://{HOST}:{port}/healthz/ready",
            environment=environment(**settings),
            output=log.file,
            seconds=START_SECONDS,
        ) as process,
    ):
        yield Service(process, port, Path(log.name))


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0
