from __future__ import annotations

import pytest

from reliability import swaps

pytestmark = pytest.mark.slow


def test_no_request_notices_a_swap_and_no_bad_version_serves() -> None:
    report = swaps.run(swaps=8, bad_every=2, connections=4)
    assert not report.broken, (report.broken, report.figures)
    assert report.figures["swaps"] == 8
    assert report.figures["versions refused"] == 4
