"""CityHash64 of rows: recorded values of real Turi Create's, short and long."""

from __future__ import annotations

import pytest

from turi_recommender.scoring.diversity.cityhash import cityhash64
from turi_recommender.scoring.diversity.rows import key_of_row

PERIOD, HOUR = (2, 1, 1.0), (3, 0, 7.5)


def test_hashes_rows_as_the_library_does() -> None:
    assert key_of_row(5, [], []) == 0xE2F4E4416AEC3E78
    assert key_of_row(5, [PERIOD], []) == 0xD2B7A4E125A17B71
    assert key_of_row(5, [PERIOD, HOUR], []) == 0x97F6374A6E9C4997
    assert key_of_row(5, [PERIOD], [HOUR]) == 0x97F6374A6E9C4997


def test_every_byte_counts() -> None:
    """Whatever the length: those of one block, of two, and of whole blocks."""
    for length in (33, 48, 64, 65, 72, 127, 128, 129, 240):
        data = bytes(range(length))
        hashes = {cityhash64(data)}
        for place in range(length):
            hashes.add(cityhash64(data[:place] + b"\xff" + data[place + 1 :]))
        assert len(hashes) == length + 1


def test_short_data_have_another_function() -> None:
    with pytest.raises(ValueError, match="at least 33 bytes are needed, not 32"):
        cityhash64(bytes(32))
