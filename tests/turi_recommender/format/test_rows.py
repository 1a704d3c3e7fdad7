from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.errors import ModelFormatError, ModelUnreadableError
from turi_recommender.format.rows import OpenFile, Rows

RECORD = np.dtype([("item", "<u8"), ("value", "<i8")])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> OpenFile:
    path = tmp_path_factory.mktemp("rows") / "data"
    path.write_bytes(bytes(3) + np.arange(48, dtype="<f4").tobytes())
    return OpenFile(path)


@given(st.sampled_from([(48,), (12, 4), (16, 3), (6, 2, 4)]), st.data())
def test_the_file_gives_what_the_array_gives(
    file: OpenFile, shape: tuple[int, ...], data: st.DataObject
) -> None:
    array = np.arange(48, dtype="<f4").reshape(shape)
    from_array, from_file = Rows(array), Rows(array, file, 3)
    low = data.draw(st.integers(0, shape[0]))
    high = data.draw(st.integers(low, shape[0]))
    assert len(from_file) == len(from_array) == shape[0]
    for rows in (from_array, from_file):
        part = rows.slice(low, high)
        assert part.shape == (high - low, *shape[1:])
        assert part.tolist() == array[low:high].tolist()
        assert rows.raw(low, high) == array[low:high].tobytes()
        rows.read_into(low, read := np.empty_like(part))
        assert read.tobytes() == part.tobytes()
    if low < shape[0] and len(shape) > 1:
        assert from_file.row(low).tolist() == from_array.row(low).tolist() == array[low].tolist()


def test_records_are_rows_too(tmp_path: Path) -> None:
    records = np.array([(1, -1), (2, -2), (3, -3)], RECORD)
    (tmp_path / "data").write_bytes(records.tobytes())
    rows = Rows(records, OpenFile(tmp_path / "data"))
    assert rows.slice(1, 3)["value"].tolist() == [-2, -3]


def test_a_file_that_was_cut_off_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(bytes(64))
    rows = Rows(np.zeros((4, 4), "<f4"), OpenFile(path))
    with path.open("r+b") as file:
        file.truncate(40)
    assert rows.row(1).tolist() == [0.0] * 4
    with pytest.raises(ModelUnreadableError, match="the file has become shorter"):
        rows.read_into(1, np.empty((2, 4), "<f4"))
    with pytest.raises(ModelUnreadableError, match="the file has become shorter") as caught:
        rows.row(2)
    assert (caught.value.path, caught.value.offset) == (path, 32)


def test_a_file_that_is_gone_can_still_be_read(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(np.arange(4, dtype="<f4").tobytes())
    rows = Rows(np.zeros((2, 2), "<f4"), OpenFile(path))
    path.unlink()
    assert rows.row(1).tolist() == [2.0, 3.0]


def test_a_file_that_never_was(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match="a readable file"):
        OpenFile(tmp_path / "nothing")
