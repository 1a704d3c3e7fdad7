"""The scripts on machines that lack something: one line that names it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ("sh", "dirname", "basename", "cut", "cmp", "rm", "cp", "cat", "cksum")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Make a PATH with a few tools and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (folder / tool).symlink_to(found)
    return folder


def run(
    script: str, path: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    # A copy, so that no environment of this checkout is found.
    copy = path.parent / "checkout"
    shutil.copytree(ROOT / "scripts", copy / "scripts", dirs_exist_ok=True)
    shutil.copytree(ROOT / "requirements", copy / "requirements", dirs_exist_ok=True)
    shutil.copytree(ROOT / "training", copy / "training", dirs_exist_ok=True)
    return subprocess.run(
        ["/bin/sh", str(copy / "scripts" / script), *arguments],
        env={"PATH": str(path), "HOME": "/nonexistent", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def fake_python(folder: Path, name: str, body: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)


def assert_one_line(done: subprocess.CompletedProcess[str], text: str) -> None:
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert text in done.stderr


@pytest.mark.parametrize("script", ["serve", "test", "check", "check-manifests"])
def test_no_python(bare: Path, script: str) -> None:
    assert_one_line(run(script, bare), f"{script}: Python 3.11 or newer is needed, and there is no")


@pytest.mark.parametrize("script", ["serve", "test"])
def test_too_old_a_python(bare: Path, script: str) -> None:
    fake_python(bare, "python3", '[ "$1" = -V ] && echo "Python 3.9.2"; [ "$1" = -V ]')
    assert_one_line(run(script, bare), "Python 3.11 or newer is needed, python3 is 3.9.2")


def test_no_venv_module(bare: Path) -> None:
    body = f'case "$2" in *ensurepip*) exit 1;; esac; exec {sys.executable} "$@"'
    fake_python(bare, "python3", body)
    assert_one_line(run("serve", bare), "the Python module venv is missing")


def test_a_python_that_is_none(bare: Path) -> None:
    done = run("serve", bare, PYTHON="/nonexistent/python")
    assert_one_line(done, "PYTHON=/nonexistent/python is not a Python of version 3.11")


PIP = """
case "$*" in
*"pip install"*)
    number=0
    while [ $number -lt 25 ]; do number=$((number + 1)); echo "Collecting package-$number"; done
    [ -z "${BROKEN:-}" ] || { echo "ERROR: no such package"; exit 1; }
    echo "Installing collected packages: all of them" ;;
*) echo "python $*" ;;
esac"""


@pytest.fixture
def with_pip(bare: Path) -> Path:
    """Make the Python of a PATH create environments whose pip installs nothing."""
    template = bare / "template"
    fake_python(bare, template.name, PIP)
    copy = "import pathlib, shutil, sys; (pathlib.Path(sys.argv[1]) / 'bin').mkdir(parents=True)\n"
    copy += f"shutil.copy({str(template)!r}, sys.argv[1] + '/bin/python')"
    creates = f'[ "$2" = venv ] && exec {sys.executable} -c "{copy}" "$3"'
    fake_python(bare, "python3", f'{creates}\nexec {sys.executable} "$@"')
    return bare


def test_setting_up_is_not_silent(with_pip: Path) -> None:
    done = run("test", with_pip)
    assert done.returncode == 0, done.stderr
    first, *progress, last = done.stderr.splitlines()
    tag = f"{sys.version_info.major}.{sys.version_info.minor}"
    count = len(re.findall("^[a-z].*==", (ROOT / "requirements" / "dev.txt").read_text(), re.M))
    for line in (first, last):
        assert f".venv-dev-{tag}: CPython {sys.version.split()[0]} at " in line
        assert line.endswith(f", {count} packages of requirements/dev.txt")
    assert progress == [
        f"test: 10 of {count} packages",
        f"test: 20 of {count} packages",
        "test: installing them",
        f"test: .venv-dev-{tag} is ready",
    ]
    assert run("test", with_pip).stderr == last + "\n"  # it is there


def test_what_pip_says_is_kept_when_it_fails(with_pip: Path) -> None:
    done = run("test", with_pip, BROKEN="yes")
    assert done.returncode == 3
    error, last = done.stderr.splitlines()[-2:]
    assert error == "ERROR: no such package"
    assert "could not install" in last
    assert "Collecting package-25\n" in Path(last.rpartition("see ")[2]).read_text()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [((), ""), (("-x",), " -x"), (("--quick", "-x", "tests"), " -m not slow -x tests")],
)
def test_arguments_go_to_pytest(with_pip: Path, arguments: tuple[str, ...], expected: str) -> None:
    assert run("test", with_pip, *arguments).stdout == f"python -m pytest{expected}\n"


def test_no_python_38_for_the_trainer(bare: Path) -> None:
    assert_one_line(run("training-env", bare), "no CPython 3.8 found (set PYTHON38 to one)")


def test_no_python_310_for_the_library(bare: Path) -> None:
    assert_one_line(run("test-library", bare), "no CPython 3.10 found (set PYTHON310 to one)")


@pytest.mark.parametrize("script", ["build-image", "test-image"])
def test_no_container_engine(bare: Path, script: str) -> None:
    fake_python(bare, "podman", "exit 125")  # there, but it does not work
    assert_one_line(run(script, bare), "no container engine works here (looked for: podman docker)")


def test_locks_name_no_host() -> None:
    locks = {*(ROOT / "requirements").glob("*.txt"), *(ROOT / "training").glob("*.txt")}
    written = re.findall(r"-o (\S+\.txt)", (ROOT / "scripts" / "lock").read_text())
    assert locks == {ROOT / name for name in written}
    for lock in locks:
        text = lock.read_text()
        assert "://" not in text
        assert "index-url" not in text
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert text.count("--hash=sha256:") >= len(pins) > 0


def test_scripts_are_executable() -> None:
    for script in (ROOT / "scripts").iterdir():
        assert os.access(script, os.X_OK) is not script.name.startswith("_"), script
