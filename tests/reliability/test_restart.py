from __future__ import annotations

import pytest

from reliability import restart

pytestmark = pytest.mark.slow


def test_a_kill_leaves_nothing_behind() -> None:
    report = restart.run(kills=3)
    assert not report.broken, (report.broken, report.figures)
