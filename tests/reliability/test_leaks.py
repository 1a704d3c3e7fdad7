from __future__ import annotations

from pathlib import Path

import pytest

from reliability import cycles, soak

pytestmark = pytest.mark.slow


def test_starting_and_stopping_leaves_nothing_open() -> None:
    report = cycles.run(count=6)
    assert not report.broken, (report.broken, report.figures)


def test_something_left_open_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    left = []
    monkeypatch.setattr(cycles, "cycle", lambda: left.append(Path("/dev/null").open()))  # noqa: SIM115
    assert cycles.run(count=6).broken == ["at most 2 more file descriptors"]
    for file in left:
        file.close()


def test_a_soak_notices_a_leak_and_nothing_else() -> None:
    report = soak.run(requests=12_000, control_requests=7_500)
    assert not report.broken, (report.broken, report.figures)
