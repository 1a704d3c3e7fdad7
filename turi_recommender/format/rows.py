"""Rows of a large array, read from the file when they are asked for.

While a model is loaded its file is mapped into memory; while it serves, it is not touched through
the map. A row read with ``pread`` costs about a microsecond, shares the system's page cache with
every other process, does not add to this one's memory, and if the disk has gone away it raises an
error, where a mapped page would kill the process (SIGBUS).
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.errors import ModelUnreadableError
from turi_recommender.format.files import open_regular


class OpenFile:
    """A file that stays open for reading until nobody refers to it any more.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    ModelFormatError
        If it is not a regular file, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = open_regular(path)
        weakref.finalize(self, os.close, self.descriptor)

    def read(self, offset: int, length: int) -> bytes:
        """Read a part of the file, without moving a cursor that threads would share.

        Parameters
        ----------
        offset, length : int
            Where the part begins, and how long it is, in bytes.

        Raises
        ------
        ModelUnreadableError
            If they cannot be read, or are not there any more.
        """
        try:
            data = os.pread(self.descriptor, length, offset)
        except OSError as error:
            raise self._unreadable(error, offset) from error
        if len(data) != length:
            raise self._shorter(offset)
        return data

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Read a part of the file into memory that is there already.

        Parameters
        ----------
        offset : int
            Where the part begins.
        buffer : memoryview
            As long as the part.

        Raises
        ------
        ModelUnreadableError
            As for `read`.
        """
        try:
            found = os.preadv(self.descriptor, [buffer], offset)
        except OSError as error:
            raise self._unreadable(error, offset) from error
        if found != len(buffer):
            raise self._shorter(offset)

    def _unreadable(self, error: OSError, offset: int) -> ModelUnreadableError:
        return ModelUnreadableError(self.path, offset, error.strerror or str(error))

    def _shorter(self, offset: int) -> ModelUnreadableError:
        return ModelUnreadableError(self.path, offset, "the file has become shorter")


class Rows:
    """Access to the rows of an array.

    Parameters
    ----------
    array : ndarray, shape (n, ...), C-contiguous
        All rows; a view of the file if there is one, and not touched then.
    file : OpenFile, optional
        Where they are; without it, rows are taken from `array`.
    offset : int
        Byte offset of the first row in the file.
    """

    def __init__(self, array: NDArray[Any], file: OpenFile | None = None, offset: int = 0) -> None:
        self._array = array
        self._file = file
        self._offset = offset
        self._dtype = array.dtype
        self._shape = array.shape[1:]
        self._stride = array.dtype.itemsize * int(np.prod(self._shape, dtype=np.int64))

    def __len__(self) -> int:
        return len(self._array)

    def changed(self, found: str) -> ModelUnreadableError:
        """Return the error for rows that hold what was refused when the model was loaded."""
        path = Path() if self._file is None else self._file.path
        return ModelUnreadableError(path, self._offset, f"the file has changed: {found}")

    def row(self, index: int) -> NDArray[Any]:
        """Return one row."""
        if self._file is None:
            row: NDArray[Any] = self._array[index]
            return row
        data = self._file.read(self._offset + index * self._stride, self._stride)
        values = np.frombuffer(data, self._dtype)
        return values if len(self._shape) == 1 else values.reshape(self._shape)

    def slice(self, low: int, high: int) -> NDArray[Any]:
        """Return rows [low, high).

        Parameters
        ----------
        low, high : int
            Row numbers, 0 <= low <= high <= number of rows.

        Returns
        -------
        ndarray, shape (high - low, ...)
            Read-only where it comes from a file.

        Raises
        ------
        ModelUnreadableError
            If the file can no longer be read.
        """
        if self._file is None:
            return self._array[low:high]
        rows = np.frombuffer(self.raw(low, high), self._dtype)
        return rows.reshape(-1, *self._shape) if self._shape else rows

    def read_into(self, low: int, rows: NDArray[Any]) -> None:
        """Read rows into an array, which spares the memory of a new one.

        Parameters
        ----------
        low : int
            Number of the first row.
        rows : ndarray of the same dtype, shape (m, ...), C-contiguous
            Overwritten by rows [low, low + m).

        Raises
        ------
        ModelUnreadableError
            If the file can no longer be read.
        """
        if self._file is None:
            rows[...] = self._array[low : low + len(rows)]
        elif rows.size:
            self._file.read_into(self._offset + low * self._stride, rows.data.cast("B"))

    def raw(self, low: int, high: int) -> bytes:
        """Return the bytes of rows [low, high).

        Parameters
        ----------
        low, high : int
            Row numbers, as for `slice`.

        Raises
        ------
        ModelUnreadableError
            If the file can no longer be read.
        """
        if self._file is None:
            return self._array[low:high].tobytes()
        return self._file.read(self._offset + low * self._stride, (high - low) * self._stride)
