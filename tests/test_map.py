"""The map of the code in CONTRIBUTING.md is the tree that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PACKAGES = ("app", "turi_recommender")
NAME = re.compile(r"[\w.]+/?")  # a folder ends with a slash


def read_map(page: str) -> Iterator[str]:
    """Yield the paths that the map names: two spaces are a level, a comma joins files."""
    block = page.split("## Map of the code", 1)[1].split("```")[1]
    folders: list[str] = []
    for line in block.strip("\n").splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        if depth > len(folders):
            continue  # a description that goes on
        names = line.strip().split("  ")[0].split(", ")
        assert all(NAME.fullmatch(name) for name in names), line
        del folders[depth:]
        yield from ("".join(folders) + name for name in names)
        if names[0].endswith("/"):
            folders.append(names[0])


MAP = list(read_map(PAGE))


def modules() -> Iterator[str]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.name != "__init__.py":
                yield path.relative_to(ROOT).as_posix()


def is_on(paths: list[str], module: str) -> bool:
    """Tell whether a map has a module: by its name, or by its folder if that is shown as a whole.

    A folder of which one module is named must name them all.
    """
    folder = module.rpartition("/")[0]
    is_whole = folder not in PACKAGES and not any(
        path.endswith(".py") and path.rpartition("/")[0] == folder for path in paths
    )
    return module in paths or (is_whole and f"{folder}/" in paths)


def test_the_map_is_read_whole() -> None:
    assert {"app/main.py", "app/http/middleware/", "turi_recommender/cli.py", "docs/"} <= set(MAP)
    assert len(MAP) == len(set(MAP)) > 80


@pytest.mark.parametrize("name", MAP)
def test_what_the_map_names_is_there(name: str) -> None:
    path = ROOT / name
    assert path.is_dir() if name.endswith("/") else path.is_file()


@pytest.mark.parametrize("module", list(modules()))
def test_every_module_is_on_the_map(module: str) -> None:
    assert is_on(MAP, module)


@pytest.mark.parametrize(
    "module",
    ["app/new.py", "app/new/main.py", "app/http/new.py", "turi_recommender/a/b.py"],
)
def test_a_module_that_nobody_named_is_missed(module: str) -> None:
    assert not is_on(MAP, module)


def test_paths_in_the_text_are_there() -> None:
    named = set(re.findall(r"`((?:app|docs|requirements|tests|turi_recommender)/[\w./-]+)`", PAGE))
    assert len(named) > 15
    for path in named:
        assert (ROOT / path).exists(), path
