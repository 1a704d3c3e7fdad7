"""The nightly Job's two steps, as processes with the arguments of the CronJob."""

from __future__ import annotations

import json
import subprocess
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.support.processes import APP, environment
from tests.training.environment import ROOT, run_python, training_python
from turi_recommender.versions import Registry

pytestmark = pytest.mark.slow

CRON_JOB = ROOT / "k8s" / "components" / "training" / "cron-job.yaml"
ROLES = {"similarity", "ranking", "newcomer"}


class Night(NamedTuple):
    """What a night brought: the status of the gate, what it decided, and its last words."""

    status: int
    judged: dict[str, dict[str, Any]]
    kept: Path
    words: str


class Pod:
    """Directories in the place of the pod's volumes; the share outlives a night.

    Parameters
    ----------
    folder : Path
        Where they are made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("events", "models"):
            (folder / name).mkdir()
        job = yaml.safe_load(CRON_JOB.read_text())
        spec = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        self._train, self._gate = spec["initContainers"][0], spec["containers"][0]

    def run(self, night: str, visitors: int) -> Night:
        """Train on a log of so many visitors, and judge."""
        (self.folder / night).mkdir()
        code = (
            "from training.events import make_events;"
            f"make_events({visitors}, 200, 7).to_csv({str(self._path('/events/events.csv', ''))!r},"
            "index=False)"
        )
        run_python("-c", code)
        train = self._arguments(self._train, night)
        done = self._process([training_python(), "-m", *train, "--seeds", "1"])
        assert done.returncode == 0, done.stderr
        done = self._process([*APP, *self._arguments(self._gate, night)])
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        judged = {each["role"]: each for each in lines if each["event"] == "candidate judged"}
        [kept] = [Path(each["folder"]) for each in lines if each["event"] == "candidates kept"]
        return Night(done.returncode, judged, kept, done.stderr)

    def _arguments(self, container: dict[str, Any], night: str) -> list[str]:
        paths = (str(self._path(each, night)) for each in container["args"])
        return [
            path if each.startswith("/") else each
            for path, each in zip(paths, container["args"], strict=True)
        ]

    def _path(self, path: str, night: str) -> Path:
        return self.folder / path.replace("/work", f"/{night}").removeprefix("/")

    def _process(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        settings = {each["name"]: each["value"] for each in self._gate["env"]}
        return subprocess.run(
            command,
            cwd=ROOT,
            env=environment() | settings,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pod, Night, Night]:
    """A usual night, and one of which the log has lost most of its events."""
    pod = Pod(tmp_path_factory.mktemp("pod"))
    return pod, pod.run("usual", 4000), pod.run("short", 1000)


def test_what_passes_is_published_and_nothing_else(nights: tuple[Pod, Night, Night]) -> None:
    pod, usual, _ = nights
    assert set(usual.judged) == ROLES
    assert usual.judged["similarity"]["outcome"] == "passed"
    refused = {role for role, each in usual.judged.items() if each["outcome"] != "passed"}
    assert usual.status == (3 if refused else 0)
    for role, each in usual.judged.items():
        assert (each["published"] is None) == (role in refused)
        assert (usual.kept / role).is_dir() == (role in refused)
        assert (len(each["broken"]) > 0) == (role in refused)
        assert (f"{role} (broken: " in usual.words) == (role in refused)
    entry = Registry(pod.folder / "models").load("similarity_model")
    assert entry.training is not None
    assert entry.training.figures is not None
    assert entry.training.figures.values["all"] == usual.judged["similarity"]["recall"]


def test_a_log_that_lost_events_publishes_nothing(nights: tuple[Pod, Night, Night]) -> None:
    pod, usual, short = nights
    assert short.status == 3
    before = [role for role, each in usual.judged.items() if each["outcome"] == "passed"]
    assert len(before) > 0
    for role in before:
        assert "log" in short.judged[role]["broken"]
        assert (short.kept / role / "final").is_dir()
        assert (pod.folder / "models" / usual.judged[role]["name"] / "1").is_dir()
        assert not (pod.folder / "models" / usual.judged[role]["name"] / "2").exists()
    assert {"run.json", "gate.json"} <= {path.name for path in short.kept.iterdir()}
    assert short.kept.parent == pod.folder / "models" / "candidates"
    assert short.words.startswith("cannot pass: refused: ")


def test_the_kept_report_shows_what_was_decided(nights: tuple[Pod, Night, Night]) -> None:
    for night in nights[1:]:
        told = json.loads((night.kept / "report.json").read_text())["decision"]
        page = (night.kept / "report.html").read_text()
        assert {one["role"]: one["outcome"] for one in told["roles"]} == {
            role: each["outcome"] for role, each in night.judged.items()
        }
        assert len(told["examples"]) == 10
        assert "Nothing has been decided yet" not in page
        for words in (words for each in night.judged.values() for words in each["broken"].values()):
            assert escape(words) in page
    served = {one["role"]: one["serving"] for one in told["roles"]}
    usual = nights[1]
    for role, each in usual.judged.items():
        version = f"{each['name']}:1" if each["outcome"] == "passed" else None
        assert served[role]["version"] == version
    assert f"serving: {usual.judged['similarity']['name']}:1" in page
