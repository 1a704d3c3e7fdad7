from __future__ import annotations

import pytest

from reliability import vanish

pytestmark = pytest.mark.slow


def test_no_process_dies_of_a_disk_that_goes_away() -> None:
    names = ("similarity_pearson", "ranking_everything_strings", "factorization_nmf")
    report = vanish.run((*names, "popularity_target"))
    assert not report.broken, (report.broken, report.figures)
    assert report.figures["cut off"]["refused"] == 6  # popularity reads nothing while it serves
