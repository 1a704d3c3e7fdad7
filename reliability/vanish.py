"""The disk goes away under a model that serves: ``python -m reliability.vanish``.

For every recorded model, in a process of its own: load it, then delete its directory, cut its
files off in place, or put others in their place, and ask. A mapped page that is gone would kill the
process (SIGBUS); what is read with ``pread`` raises an error that is answered with 503.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from reliability import damage, variants
from reliability.report import ROOT, Report, command_line
from reliability.service import RANKING, SIMILARITY, running
from tests.support.raw_http import get, post
from turi_recommender import load_model
from turi_recommender.errors import ModelUnreadableError

HOW = ("deleted", "cut off", "cut short", "replaced")


def vanish(path: Path, how: str) -> None:
    """Take a model's files away.

    Parameters
    ----------
    path : Path
        A saved model.
    how : str
        One of `HOW`.
    """
    match how:
        case "deleted":
            shutil.rmtree(path)
        case "cut off":
            for file in path.iterdir():
                os.truncate(file, 0)
        case "cut short":
            for file in path.iterdir():
                os.truncate(file, file.stat().st_size // 2)
        case "replaced":  # as `register`, rsync and cp --remove-destination do: a new file
            for file in path.iterdir():
                content = file.read_bytes()
                file.unlink()
                file.write_bytes(bytes(len(content)))


def _work(path: Path, how: str, *, asked: bool) -> None:
    """Load, take away, ask; print what came of it."""
    model = load_model(path)
    users = model.users.ids(range(min(3, model.num_users)))  # the one thing read through the map
    if asked:
        damage.ask(model)
    vanish(path, how)
    try:
        damage.ask(model, users)
    except ModelUnreadableError:
        print("refused")
    else:
        print("answered")


def run(only: tuple[str, ...] = ()) -> Report:
    """Take each model away in each way.

    Parameters
    ----------
    only : tuple of str
        Names of recorded models; all of them if empty.
    """
    report = Report("vanish")
    outcomes: dict[str, Counter[str]] = {how: Counter() for how in HOW}
    died: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source in damage.whole_models(folder):
            if only and source.parent.name not in only:
                continue
            for how in HOW:
                for asked in ("fresh", "warm"):
                    target = variants.copy(source, folder / "victim")
                    command = [sys.executable, "-m", "reliability.vanish", "--worker"]
                    done = subprocess.run(
                        [*command, str(target), how, asked],
                        cwd=ROOT,
                        capture_output=True,
                        text=True,
                        check=False,
                    )
                    outcome = done.stdout.strip() or f"died with {done.returncode}"
                    outcomes[how][outcome] += 1
                    if done.returncode:
                        died.append(f"{source.parent.name}, {how}, {asked}: {outcome}")
        statuses = _while_serving(folder)
    report.figures = {
        **{how: dict(found) for how, found in outcomes.items()},
        "died": died[:20],
        "statuses while serving": statuses,
    }
    report.promise("no process dies", not died)
    whole = (outcomes["deleted"], outcomes["replaced"])
    report.promise(
        "deleted or replaced, a model answers on", all(set(each) == {"answered"} for each in whole)
    )
    report.promise(
        "the service answers 200 when deleted, 503 when cut off, and 200 from a new version",
        statuses == {"deleted": [200, 200], "cut off": [503, 200], "reloaded": [200, 200]},
    )
    return report


def _while_serving(folder: Path) -> dict[str, list[int]]:
    """Take the files of a running service away; return statuses of a ranking and a probe."""
    models = folder / "serving"
    request = post(
        "/recommend/users", {"users": [{"visitorid": 6000, "period": "Night"}], "model": "ranking"}
    )
    probe = get("/healthz/live")
    statuses = {}
    for how in ("deleted", "cut off"):
        shutil.copytree(SIMILARITY.parent, models / "similarity_model" / "1")
        target = models / "ranking_factorization_model" / "1"
        shutil.copytree(RANKING.parent, target)
        with running(models, models_poll_seconds=0.1) as service:
            vanish(target / RANKING.name, how)
            statuses[how] = [service.ask(one).status for one in (request, probe)]
            if how == "cut off":
                shutil.copytree(RANKING.parent, models / "ranking_factorization_model" / "2")
                reload = post("/admin/models/ranking_factorization_model/reload", {})
                json.loads(service.ask(reload).body)
                statuses["reloaded"] = [service.ask(one).status for one in (request, probe)]
        shutil.rmtree(models)
    return statuses


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        _work(Path(sys.argv[2]), sys.argv[3], asked=sys.argv[4] == "warm")
    else:
        command_line(run, __doc__)
