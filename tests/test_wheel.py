"""The wheel, installed beside NumPy and lz4 alone: the library works, the service is missing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.turi_recommender.golden import SAMPLE_MODELS, read_answers, unpack_model
from turi_recommender import __version__, load_model

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
CASES = ["similarity_jaccard_strings", "ranking_everything", "popularity_target"]
UNREACHABLE = re.compile(
    "NewConnectionError|Max retries|Connection refused|timed out|Name or service|name resolution"
)
ASK = """
import importlib.util, json, sys
import turi_recommender
assert importlib.util.find_spec("app") is None
assert importlib.util.find_spec("pydantic") is None
model = turi_recommender.load_model(sys.argv[1])
answers = []
for users, asked in json.loads(sys.stdin.read()):
    rows = model.recommend(users, **asked).rows()
    answers.append([[user, item, score.hex(), rank] for user, item, score, rank in rows])
print(json.dumps([turi_recommender.__version__, turi_recommender.__file__, answers]))
"""


def run(*command: Any, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )


def pip(python: Path, *arguments: Any) -> None:
    done = run(python, "-m", "pip", "--disable-pip-version-check", *arguments)
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr


def make_venv(folder: Path) -> Path:
    done = run(sys.executable, "-m", "venv", folder)
    assert done.returncode == 0, done.stderr
    return folder / "bin" / "python"


def locked(*names: str) -> str:
    """Return the locked versions of some packages, with their hashes."""
    lock = (ROOT / "requirements" / "runtime.txt").read_text()
    found = [re.search(rf"^{name}==(.+\n)( .+\n)*", lock, re.MULTILINE) for name in names]
    return "".join(match.group() for match in found if match is not None)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    python = make_venv(folder / "builder")
    pip(python, "install", "--require-hashes", "-r", ROOT / "requirements" / "build.txt")
    options = ("--no-deps", "--no-build-isolation", "--wheel-dir", folder)
    pip(python, "wheel", *options, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment with the wheel, NumPy and lz4."""
    folder = tmp_path_factory.mktemp("clean")
    python = make_venv(folder / "venv")
    (folder / "needed.txt").write_text(locked("numpy", "lz4"))
    pip(python, "install", "--require-hashes", "--no-deps", "-r", folder / "needed.txt")
    pip(python, "install", "--no-deps", "--no-index", wheel)
    pip(python, "check")
    return python


def ask(python: Path, model: Path, queries: list[Any], cwd: Path) -> Any:
    done = run(python, "-I", "-c", ASK, model, input=json.dumps(queries), cwd=cwd)
    assert done.returncode == 0, done.stderr
    version, file, answers = json.loads(done.stdout)
    assert version == __version__
    assert Path(file).is_relative_to(python.parent.parent)
    return answers


def with_hex(rows: Any) -> list[list[Any]]:
    return [[user, item, float(score).hex(), rank] for user, item, score, rank in rows]


def test_it_claims_one_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(f"turi_recommender-{__version__}.dist-info/METADATA").decode()
    assert wheel.name == f"turi_recommender-{__version__}-py3-none-any.whl"
    assert {name.partition("/")[0] for name in names} == {
        "turi_recommender",
        f"turi_recommender-{__version__}.dist-info",
    }
    assert {"turi_recommender/py.typed", "turi_recommender/service/__main__.py"} <= set(names)
    needed = re.findall(r"^Requires-Dist: ([^\s<>=;]+)[^;\n]*$", metadata, re.MULTILINE)
    assert sorted(needed) == ["lz4", "numpy"]


@pytest.mark.parametrize("name", CASES)
def test_it_answers_as_recorded(clean: Path, tmp_path: Path, name: str) -> None:
    recorded = [query for query in read_answers(name)["recommend"] if query["k"] <= 10]
    arguments = ("k", "exclude_known", "items", "exclude")
    queries = [
        [query["users"], {argument: query[argument] for argument in arguments}]
        for query in recorded
    ]
    answers = ask(clean, unpack_model(name, tmp_path), queries, tmp_path)
    assert answers == [with_hex(query["rows"]) for query in recorded]
    assert sum(map(len, answers)) > 100


def test_it_reads_the_sample_models(clean: Path, tmp_path: Path) -> None:
    paths = sorted(SAMPLE_MODELS.glob("*/*/*.model"))
    assert len(paths) == 3
    for path in paths:
        model = load_model(path)
        users = model.users.ids(range(20))
        (answers,) = ask(clean, path, [[users, {"k": 5}]], tmp_path)
        assert answers == with_hex(model.recommend(users, k=5).rows())


def test_the_command_line_names_the_extra(clean: Path, tmp_path: Path) -> None:
    for command in ([clean.parent / "turi-recommender"], [clean, "-m", "turi_recommender"]):
        done = run(*command, "serve", cwd=tmp_path)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert "pip install 'turi-recommender[service]'" in done.stderr
