"""JSON that somebody else wrote."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from turi_recommender.errors import ModelFormatError
from turi_recommender.versions.record import read_json, read_moment


def test_a_file_of_json(tmp_path: Path) -> None:
    (tmp_path / "x").write_text('{"a": [1, 2.5, null]}')
    assert read_json(tmp_path / "x", 100) == {"a": [1, 2.5, None]}
    with pytest.raises(ModelFormatError, match="at most 20 bytes of JSON, found more"):
        read_json(tmp_path / "x", 20)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xff", b"[" * 100_000, b"9" * 5000])
def test_what_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ModelFormatError, match=r"x, byte 0: expected JSON"):
        read_json(tmp_path / "x", 1 << 20)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ".", "nowhere"):
        with pytest.raises(ModelFormatError, match=r"a regular file|a readable file"):
            read_json(tmp_path / name, 100)


@pytest.mark.parametrize("text", ["2026-11-26T03:17:00Z", "2026-11-26T03:17:00.5Z"])
def test_moments(text: str) -> None:
    assert read_moment(text) is not None


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-26", "2026-11-26T03:17:00", "2026-11-26T03:17:00+00:00", "2026-13-26T03:17:00Z",
     "2026-11-26T03:17:00.1234567Z", "٢٠٢٦-11-26T03:17:00Z", "2026-11-26T25:17:00Z", None, 5],
)  # fmt: skip
def test_what_is_no_moment(text: object) -> None:
    assert read_moment(text) is None
