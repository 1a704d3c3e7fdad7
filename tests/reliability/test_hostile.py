from __future__ import annotations

import pytest

from reliability import hostile

pytestmark = pytest.mark.slow


def test_hostile_http_is_refused_and_holds_nothing() -> None:
    report = hostile.run(short=True)
    assert not report.broken, (report.broken, report.figures)
    assert report.figures["fuzzed requests"] == 480
