"""What identifies a row that has a context: recorded hashes of Turi Create, short and long."""

from __future__ import annotations

from turi_recommender.scoring.diversity.rows import key_of_row

PERIOD, HOUR = (2, 1, 1.0), (3, 0, 7.5)


def test_hashes_rows_as_the_library_does() -> None:
    assert key_of_row(5, [], []) == 0xE2F4E4416AEC3E78
    assert key_of_row(5, [PERIOD], []) == 0xD2B7A4E125A17B71
    assert key_of_row(5, [PERIOD, HOUR], []) == 0x97F6374A6E9C4997
    assert key_of_row(5, [PERIOD], [HOUR]) == 0x97F6374A6E9C4997
