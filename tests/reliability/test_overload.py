from __future__ import annotations

import pytest

from reliability import overload

pytestmark = pytest.mark.slow


def test_what_is_too_much_is_refused_at_once_and_the_rest_is_answered() -> None:
    # An unbounded queue would make the p99 some thirty times that at capacity.
    report = overload.run(seconds=3, times=3, flat=15, patience=20)
    assert not report.broken, (report.broken, report.figures)
