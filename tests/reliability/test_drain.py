from __future__ import annotations

import pytest

from reliability import drain

pytestmark = pytest.mark.slow


def test_no_request_notices_a_sigterm() -> None:
    report = drain.run(requests=600, rate=100, instances=2)
    assert not report.broken, (report.broken, report.figures)
    assert report.figures["requests"] == 600
