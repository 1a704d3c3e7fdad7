"""CityHash64 of more than 32 bytes; recorded values are those of rows (test_rows.py)."""

from __future__ import annotations

import pytest

from turi_recommender.scoring.diversity.cityhash import cityhash64


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
