"""The Dockerfiles, as far as they can be read: what they promise is tested in tests/image."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from app import __version__
from tests.image.container import USER

ROOT = Path(__file__).parent.parent
FILES = [ROOT / "Dockerfile", ROOT / "training" / "Dockerfile"]


def instructions(path: Path, name: str) -> list[str]:
    text = path.read_text().replace("\\\n", " ")
    return re.findall(rf"^{name} +(.*)$", text, re.MULTILINE)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_version_user_and_entry(path: Path) -> None:
    assert f"VERSION={__version__}" in instructions(path, "ARG")
    assert instructions(path, "USER") == [USER]
    (entry,) = instructions(path, "ENTRYPOINT")
    assert entry.startswith("[")  # no shell
    for image in instructions(path, "FROM"):
        assert ":latest" not in image
        assert re.match(r"docker\.io/library/python:\S+-slim|dependencies AS", image)


def test_documents_name_the_version_that_is_built() -> None:
    for path in (ROOT / "README.md", ROOT / "training" / "README.md"):
        tags = re.findall(r"turi-recommender(?:-trainer)?:(\d\S*)", path.read_text())
        assert set(tags) == {__version__}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_everything_installed_is_locked(path: Path) -> None:
    for command in " && ".join(instructions(path, "RUN")).split("&&"):
        if re.search(r"pip\b.* install ", command):
            assert "--no-deps" in command
            assert "--require-hashes" in command or "--no-index" in command, command


def test_the_wheel_is_made_by_what_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["dependency-groups"]["build"] == project["build-system"]["requires"]
    assert "hatchling==" in (ROOT / "requirements" / "build.txt").read_text()


@pytest.mark.parametrize("folder", [ROOT, ROOT / "training"], ids=str)
def test_the_build_sees_what_it_copies_and_no_more(folder: Path) -> None:
    lines = (folder / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    seen = {rule[1:] for rule in rules if rule.startswith("!")}
    copies = [line for line in instructions(folder / "Dockerfile", "COPY") if "--from" not in line]
    copied = {name for line in copies for name in line.split()[:-1]}
    assert seen == copied
    assert not {name for name in seen if not list(folder.glob(name))}


def test_the_trainer_runs_each_of_its_modules() -> None:
    file = ROOT / "training" / "Dockerfile"
    assert instructions(file, "ENTRYPOINT") == ['["python", "-m"]']
    (command,) = instructions(file, "CMD")
    assert json.loads(command) == ["training.run", "--help"]


@pytest.mark.parametrize("module", ["training.run", "training.train"])
def test_modules_that_are_run_in_the_image_are_there(module: str) -> None:
    """The steps of the CronJob, and what training/README.md shows."""
    name = module.rpartition(".")[2]
    assert 'if __name__ == "__main__":' in (ROOT / "training" / f"{name}.py").read_text()
    shown = (ROOT / "training" / "README.md").read_text()
    assert re.search(rf"turi-recommender-trainer:\S+ {re.escape(module)} ", shown)


def test_the_cron_job_asks_for_what_the_images_have() -> None:
    job = yaml.safe_load((ROOT / "k8s/components/training/cron-job.yaml").read_text())
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (train,), (gate,) = pod["initContainers"], pod["containers"]
    assert "command" not in {*train, *gate}  # the entry points of the images
    module, *_ = train["args"]
    assert (ROOT / f"{module.replace('.', '/')}.py").is_file()
    assert (gate["args"][0], "--keep-in" in gate["args"]) == ("gate", True)
    assert instructions(ROOT / "Dockerfile", "ENTRYPOINT") == ['["turi-recommender"]']
