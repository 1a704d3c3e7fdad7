"""docs/library.md does what it says: its examples run, in order, on the sample models."""

from __future__ import annotations

import doctest
import re
import shutil
from pathlib import Path

import pytest

import turi_recommender
from tests.turi_recommender.golden import SAMPLE_MODELS

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "library.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_example_gives_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(SAMPLE_MODELS, tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    parser = doctest.DocTestParser()
    examples = []
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1))
        found = parser.get_examples(block.group(1), f"{PAGE.name}, line {line + 1}")
        assert found, f"a block without an example: line {line + 1}"
        for example in found:
            example.lineno += line
        examples += found
    assert len(examples) > 40
    page = doctest.DocTest(examples, {}, PAGE.name, str(PAGE), 0, None)
    runner = doctest.DocTestRunner()
    report: list[str] = []
    runner.run(page, out=report.append)
    assert runner.summarize(verbose=False) == (0, len(examples)), "".join(report)


def test_the_example_of_the_readme_runs_in_a_checkout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## As a library\n")[1]
    (example,) = BLOCK.findall(section.split("\n## ")[0])
    exec(compile(example, "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert all(line.startswith("6000 ") for line in lines)


def test_every_public_function_and_error_is_described() -> None:
    text = PAGE.read_text(encoding="utf-8")
    public = [name for name in turi_recommender.__all__ if name.islower() or name.endswith("Error")]
    described = [name for name in public if re.search(rf"\b{name}\b", text)]
    assert sorted(set(public) - set(described)) == ["__version__"]
