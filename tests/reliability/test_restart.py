from __future__ import annotations

from reliability import restart


def test_a_kill_leaves_nothing_behind() -> None:
    report = restart.run(kills=3)
    assert not report.broken, (report.broken, report.figures)
