"""SIGKILL and start again: ``python -m reliability.restart``.

Nothing is told beforehand and nothing is cleaned up after: the time until the next process on the
same port answers, and what is left in the directory of models. A ``register`` that is killed in the
middle must leave no version behind.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

from reliability.report import ROOT, Report, command_line, large_models
from reliability.service import RANKING, SAMPLES, running
from tests.support.ports import free_port
from tests.support.processes import APP
from tests.support.raw_http import post
from turi_recommender import load_model

_REQUEST = post("/recommend/users", {"users": [{"visitorid": 6000, "period": "Night"}]})


def listing(root: Path) -> dict[str, tuple[int, int]]:
    """Return length and time of every file."""
    return {
        path.relative_to(root).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def run(kills: int = 20, models: Path | None = None) -> Report:
    """Kill the service and start it again.

    Parameters
    ----------
    kills : int
        How many times to kill the service, and `register`.
    models : Path, optional
        What is served; copies of the sample models if absent.
    """
    report = Report("restart")
    times: list[float] = []
    statuses: list[int] = []
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        root = models or Path(shutil.copytree(SAMPLES, Path(folder) / "models"))
        before = listing(root)
        killed = time.perf_counter()
        for number in range(kills + 1):
            with running(root, port) as service:
                status = service.ask(_REQUEST).status
                if number:
                    times.append(time.perf_counter() - killed)
                    statuses.append(status)
                service.process.send_signal(signal.SIGKILL)
                killed = time.perf_counter()
                service.process.wait(10)
        left = listing(root)
        half, complete = _kill_registrations(Path(folder) / "registry", kills)
    report.figures = {
        "models": "sample models" if models is None else "of RetailRocket scale",
        "kills": kills,
        "from SIGKILL to the next answer, median s": median(times),
        "slowest s": max(times),
        "registrations killed": kills,
        "versions they left, whole": complete,
        "versions they left, not whole": half,
    }
    report.promise("the next process answers", statuses == [200] * kills)
    report.promise("nothing is left behind or changed in the models", left == before)
    report.promise("a killed `register` leaves a whole version or none", half == 0)
    return report


def _kill_registrations(root: Path, kills: int) -> tuple[int, int]:
    """Kill `register` at different moments; return the versions that cannot, and can, be loaded."""
    command = [*APP, "register", str(RANKING), "--name", "m"]
    command += ["--models-dir", str(root)]
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    whole = time.perf_counter() - started
    for number in range(kills):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(whole * (0.5 + number / kills / 1.8))
            process.kill()
    half = complete = 0
    for folder in (root / "m").iterdir():
        if folder.name.isdecimal():
            try:
                load_model(folder / RANKING.name)
                complete += 1
            except Exception:
                half += 1
    return half, complete


if __name__ == "__main__":
    command_line(run, __doc__, models=large_models())
