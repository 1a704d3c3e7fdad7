"""Processes: the service's command line run to its end, and servers run until a block ends."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.support.ports import HOST, free_port
from tests.support.waiting import PATIENCE_SECONDS, wait_until

ROOT = Path(__file__).parent.parent.parent
APP = (sys.executable, "-m", "app")


def environment(**settings: object) -> dict[str, str]:
    """Return this process's environment with these settings of the service, and no others."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("RECOMMENDER_")}
    given = {f"RECOMMENDER_{name.upper()}": str(value) for name, value in settings.items()}
    return {**kept, **given}


def run_app(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run the service's command line to its end.

    Parameters
    ----------
    *arguments : str
        A command and its arguments; none starts the service.
    **settings
        Settings of the service, without the prefix of their variables.
    """
    return subprocess.run(
        [*APP, *arguments],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@contextmanager
def server_process(
    command: Sequence[str],
    url: str,
    *,
    environment: Mapping[str, str],
    output: int | IO[bytes] = subprocess.PIPE,
    seconds: float = PATIENCE_SECONDS,
) -> Iterator[subprocess.Popen[str]]:
    """Run a server until the block ends, when it is killed; yield its process.

    Parameters
    ----------
    command : sequence of str
        Run in the root of the checkout.
    url : str
        An address that answers with a status below 400 as soon as the server is ready.
    environment : mapping of str to str
        All of its variables.
    output : int or file
        Where standard output and error go.
    seconds : float
        How long the start may take.

    Raises
    ------
    RuntimeError
        If the process ends before it is ready.
    TimeoutError
        If it is not ready in time.
    """
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:

        def is_ready() -> bool:
            if process.poll() is not None:
                written = _written(process, output)[-2000:]
                raise RuntimeError(f"{command} ended with {process.returncode}: {written}")
            return answers(url)

        try:
            wait_until(is_ready, f"{url} does not answer", seconds=seconds)
            yield process
        finally:
            process.kill()


def _written(process: subprocess.Popen[str], output: int | IO[bytes]) -> str:
    """Return what a process that has ended has written, as far as it was kept."""
    if process.stdout is not None:
        return process.stdout.read()
    return "" if isinstance(output, int) else Path(output.name).read_text()


def answers(url: str) -> bool:
    """Return whether an address answers with a status below 400 within a second."""
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False


@contextmanager
def app_process(**settings: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the service as a process of its own; yield the process and the service's address.

    Its output is captured. It does not drain when it stops, unless the settings say so.
    """
    port = free_port()
    url = f"http://{HOST}:{port}"
    given = {"DRAIN_SECONDS": 0, **settings, "PORT": port}
    ready = f"{url}/healthz/ready"
    with server_process(APP, ready, environment=environment(**given)) as process:
        yield process, url
