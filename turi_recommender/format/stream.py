"""A bounds-checked cursor over a memory-mapped file of little-endian fields.

Every read says what it expects; a read past the end of the file, or of a count that the rest of
the file cannot hold, raises `ModelFormatError` before a single byte is used. Bulk data comes back
as numpy views of the map: nothing is copied, and pages that nobody looks at are never loaded.

Source: docs/format.md, section 2.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import DTypeLike, NDArray

from turi_recommender.errors import ModelFormatError
from turi_recommender.format.rows import OpenFile, Rows
from turi_recommender.wording import counted

_U8 = struct.Struct("<B")
_I32 = struct.Struct("<i")
_U64 = struct.Struct("<Q")
_I64 = struct.Struct("<q")
_F64 = struct.Struct("<d")


def map_file(file: OpenFile) -> mmap.mmap:
    """Map a whole file into memory, read only.

    Raises
    ------
    ModelFormatError
        If the file cannot be mapped or is empty.
    """
    path = file.path
    try:
        return mmap.mmap(file.descriptor, 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise ModelFormatError(path, 0, "a readable file", error.strerror or str(error)) from error
    except ValueError as error:  # what mmap says of an empty file
        raise ModelFormatError(path, 0, "a file with content", "an empty file") from error


class Stream:
    """Read fields one after the other from a mapped file.

    Parameters
    ----------
    path : Path
        The file; errors name it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = OpenFile(path)
        self.map = map_file(self.file)
        self.size = len(self.map)
        self.offset = 0

    @property
    def remaining(self) -> int:
        """Bytes between the cursor and the end of the file."""
        return self.size - self.offset

    def fail(self, expected: str, found: str, offset: int | None = None) -> NoReturn:
        """Raise an error that names the file.

        Parameters
        ----------
        expected, found : str
            What the format calls for, and what stands there.
        offset : int, optional
            Byte offset of the trouble; that of the cursor if absent.

        Raises
        ------
        ModelFormatError
            Always.
        """
        raise ModelFormatError(
            self.path, self.offset if offset is None else offset, expected, found
        )

    def skip(self, length: int, what: str) -> int:
        """Move the cursor, and return where it was.

        Parameters
        ----------
        length : int
            Bytes to move over.
        what : str
            What they are, for errors.

        Raises
        ------
        ModelFormatError
            If the file ends before, or `length` is negative.
        """
        start = self.offset
        if not 0 <= length <= self.size - start:
            left = counted(self.size - start, "byte")
            self.fail(f"{what} ({counted(length, 'byte')})", f"{left} to the end of file")
        self.offset = start + length
        return start

    def _scalar(self, layout: struct.Struct, what: str) -> Any:
        return layout.unpack_from(self.map, self.skip(layout.size, what))[0]

    def u8(self, what: str) -> int:
        """Read one unsigned byte."""
        value: int = self._scalar(_U8, what)
        return value

    def i32(self, what: str) -> int:
        """Read a signed 32-bit integer."""
        value: int = self._scalar(_I32, what)
        return value

    def u64(self, what: str) -> int:
        """Read an unsigned 64-bit integer."""
        value: int = self._scalar(_U64, what)
        return value

    def i64(self, what: str) -> int:
        """Read a signed 64-bit integer."""
        value: int = self._scalar(_I64, what)
        return value

    def f64(self, what: str) -> float:
        """Read a float64."""
        value: float = self._scalar(_F64, what)
        return value

    def boolean(self, what: str) -> bool:
        """Read a byte that must be 0 or 1."""
        start = self.offset
        value = self.u8(what)
        if value > 1:
            self.fail(f"{what} (0 or 1)", str(value), start)
        return value == 1

    def string(self, what: str) -> str:
        """Read a u64 length and that many bytes of UTF-8."""
        length = self.u64(f"length of {what}")
        start = self.skip(length, what)
        try:
            return self.map[start : start + length].decode()
        except UnicodeDecodeError as error:
            self.fail(f"{what} in UTF-8", error.reason, start + error.start)

    def count(self, what: str, element_size: int) -> int:
        """Read a u64 count of elements that follow.

        Parameters
        ----------
        what : str
            What the elements are, for errors.
        element_size : int
            Least size of one of them, in bytes.

        Raises
        ------
        ModelFormatError
            If the rest of the file cannot hold that many.
        """
        start = self.offset
        count = self.u64(f"number of {what}")
        if count * element_size > self.remaining:
            self.fail(
                f"{what} ({count} of at least {counted(element_size, 'byte')} each)",
                f"{counted(self.remaining, 'byte')} to the end of file",
                start,
            )
        return count

    def array(self, dtype: DTypeLike, count: int, what: str) -> NDArray[Any]:
        """Return a view of the elements at the cursor and move behind them.

        Parameters
        ----------
        dtype : dtype-like
            Type of an element, with its byte order.
        count : int
            Number of elements.
        what : str
            What they are, for errors.

        Returns
        -------
        ndarray, shape (count,)
            Read-only; it may be unaligned.

        Raises
        ------
        ModelFormatError
            If the file ends before.
        """
        layout = np.dtype(dtype)
        start = self.skip(count * layout.itemsize, f"{count} {what}")
        return np.frombuffer(self.map, layout, count, start)

    def counted_array(self, dtype: DTypeLike, what: str) -> NDArray[Any]:
        """Read a u64 count and return a view of that many elements, as `array` does.

        Parameters
        ----------
        dtype : dtype-like
            Type of an element, with its byte order.
        what : str
            What they are, for errors.

        Raises
        ------
        ModelFormatError
            If the rest of the file cannot hold that many.
        """
        return self.array(dtype, self.count(what, np.dtype(dtype).itemsize), what)

    def expect_u64(self, value: int, what: str) -> None:
        """Read a u64 that must have one value.

        Parameters
        ----------
        value : int
            That value.
        what : str
            What it is, for errors.

        Raises
        ------
        ModelFormatError
            If it is another one.
        """
        start = self.offset
        found = self.u64(what)
        if found != value:
            self.fail(f"{what} {value:#x}", f"{found:#x}", start)

    def expect_version(self, supported: tuple[int, ...], what: str) -> int:
        """Read a u64 version number and return it.

        Parameters
        ----------
        supported : tuple of int
            The versions that can be read.
        what : str
            What it is the version of, for errors.

        Raises
        ------
        ModelFormatError
            If it is another version.
        """
        start = self.offset
        found = self.u64(what)
        if found not in supported:
            self.fail(f"{what} {' or '.join(map(str, supported))}", str(found), start)
        return found

    def rows(self, view: NDArray[Any]) -> Rows:
        """Return access to the rows of a contiguous view of this file, to be used while serving."""
        start = np.frombuffer(self.map, np.uint8).ctypes.data
        return Rows(view, self.file, view.ctypes.data - start)

    def release_pages(self) -> None:
        """Give the pages touched so far back to the system; they come back when they are used.

        Reading a model touches every page once, serving it only a few.
        """
        if hasattr(mmap, "MADV_DONTNEED"):
            self.map.madvise(mmap.MADV_DONTNEED)

    def repeats(self, start: int, length: int) -> bool:
        """Tell whether the next `length` bytes equal those at `start`.

        A parse is a function of the bytes alone, so where they repeat, so would its result.

        Parameters
        ----------
        start, length : int
            Where the bytes to compare with begin, and how many there are.
        """
        if length > self.remaining:
            return False
        here = memoryview(self.map)[self.offset : self.offset + length]
        there = memoryview(self.map)[start : start + length]
        return np.array_equal(np.frombuffer(here, np.uint8), np.frombuffer(there, np.uint8))
