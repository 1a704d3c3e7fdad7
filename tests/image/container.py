"""Run containers as they are run in earnest: read-only, without capabilities, with limits."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.ports import free_port
from tests.support.waiting import wait_until

ENGINE = os.environ.get("CONTAINER_ENGINE") or "podman"
IMAGE = os.environ.get("IMAGE", "")
TRAINER_IMAGE = os.environ.get("TRAINER_IMAGE", "")
NO_IMAGE = "no image given: IMAGE names one (scripts/test-image does)"
START_SECONDS = 60.0
PORT = 8000
USER = "10001:10001"  # of both images
LIMITS = ["--memory", "1g", "--memory-swap", "1g", "--cpus", "1", "--pids-limit", "256"]
HARDENED = [
    *("--read-only", "--tmpfs", "/tmp:rw,size=64m,mode=1777"),
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *LIMITS,
]


def engine(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command of the container engine."""
    done = subprocess.run(
        [ENGINE, *arguments],
        cwd=tempfile.gettempdir(),  # where podman leaves a file `oom` if it came to that
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if check:
        assert done.returncode == 0, done.stderr
    return done


def run(
    image: str, *arguments: str, options: tuple[str, ...] = (), check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a container to its end."""
    return engine("run", "--rm", *HARDENED, *options, image, *arguments, check=check)


def inspect(kind: str, name: str) -> Any:
    """Return what the engine knows of an image or a container."""
    return json.loads(engine(kind, "inspect", name).stdout)[0]


@dataclass(frozen=True, slots=True)
class Container:
    """A running service.

    Attributes
    ----------
    id : str
        The container's.
    client : httpx.Client
        Of the port it publishes.
    """

    id: str
    client: httpx.Client

    def execute(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command inside."""
        return engine("exec", self.id, *command, check=check)

    def evaluate(self, code: str) -> Any:
        """Run Python code inside; return what it prints as JSON."""
        return json.loads(self.execute("python", "-c", code).stdout)

    def signal(self, name: str) -> None:
        """Send a signal to the service."""
        engine("kill", "--signal", name, self.id)

    def wait(self) -> int:
        """Wait for the end; return the exit status."""
        return int(engine("wait", self.id).stdout)

    def logs(self) -> str:
        """Return what the service wrote."""
        done = engine("logs", self.id)
        return done.stdout + done.stderr


@contextmanager
def serving(image: str, *options: str, **settings: object) -> Iterator[Container]:
    """Serve until the block ends."""
    for name, value in settings.items():
        options = (*options, "--env", f"RECOMMENDER_{name}={value}")
    port = free_port()
    publish = f"127.0.0.1:{port}:{settings.get('PORT', PORT)}"
    started = engine("run", "--detach", *HARDENED, "--publish", publish, *options, image)
    identity = started.stdout.strip()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            container = Container(identity, client)
            _wait_until_ready(container)
            yield container
    finally:
        engine("kill", identity, check=False)  # without the wait that `rm` grants
        engine("rm", "--force", identity)


def _wait_until_ready(container: Container) -> None:
    def is_ready() -> bool:
        try:
            return container.client.get("/healthz/ready").status_code == 200
        except httpx.TransportError:
            state = inspect("container", container.id)["State"]
            assert state["Running"], container.logs()
            return False

    wait_until(is_ready, container.logs, seconds=START_SECONDS)
