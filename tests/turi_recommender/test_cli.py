"""The command line where the service is not installed; tests/test_wheel.py has it as a program."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from turi_recommender import __version__, cli


@pytest.mark.parametrize("arguments", [["serve"], ["probe"], []])
def test_a_library_alone_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["turi-recommender", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "pip install 'turi-recommender[service]'" in printed.err
    assert "No module named 'turi_recommender.service'" in printed.err


@pytest.mark.parametrize(
    ("arguments", "module"), [(["probe"], "probe"), (["serve"], "__main__"), ([], "__main__")]
)
def test_the_service_runs_where_it_is(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], module: str
) -> None:
    """The probe is a module of its own, so that it imports little."""
    ran = []
    package = ModuleType("turi_recommender.service")
    package.__path__ = []
    monkeypatch.setitem(sys.modules, package.__name__, package)
    for name in ("probe", "__main__"):
        part = ModuleType(f"{package.__name__}.{name}")
        part.__dict__["main"] = lambda name=name: ran.append(name)
        monkeypatch.setitem(sys.modules, part.__name__, part)
    monkeypatch.setattr(sys, "argv", ["turi-recommender", *arguments])
    cli.main()
    assert ran == [module]


def test_a_library_alone_tells_its_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["turi-recommender", "--version"])
    cli.main()
    assert capsys.readouterr().out == f"turi-recommender {__version__}\n"
