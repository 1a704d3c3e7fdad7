"""Read arrays that somebody else wrote: what each declares is judged before it is read.

Of a ``.npz`` file a few kilobytes can declare terabytes. So the header of each array is read first,
and then no more than what it declares, some at a time.
"""

from __future__ import annotations

import io
import os
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from turi_recommender.errors import ModelFormatError
from turi_recommender.format.files import open_regular
from turi_recommender.wording import counted

from .errors import CandidateError

Ids = NDArray[Any]

MAX_PAIRS = 50_000_000  # of a visitor and an item: seventy times RetailRocket's
MAX_VISITORS = 100_000  # of the test part: twenty times what the trainer draws
MAX_HELD_OUT = 5_000_000  # items of these visitors; each takes a hundred bytes
_MAX_BYTES = 1 << 31  # of all arrays of a file
_MAX_CHARACTERS = 1000  # of an id or a value of context
_MAX_ARRAYS = 100
_MAX_HEADER = 1000  # characters; that of a list has less than a hundred
_AT_ONCE = 1 << 20  # bytes; the list of an archive's members takes no more, either
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others take memory as the file says
_TYPES = {"i": "integers", "U": "strings", "b": "booleans", "f": "floats"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an array may be.

    Attributes
    ----------
    kinds : str
        Kinds of its type, as NumPy names them: ``i``, ``U``, ``b`` and ``f``.
    most : int
        How many values it may have.
    may_be_absent : bool
        Whether the file need not have it.
    """

    kinds: str
    most: int
    may_be_absent: bool = False


def type_name(array: Ids) -> str:
    """Return in words what an array's values are."""
    return _TYPES.get(array.dtype.kind, str(array.dtype))


def read_arrays(
    path: Path, wanted: Mapping[str, Wanted], prefixes: Mapping[str, Wanted] | None = None
) -> dict[str, Ids]:
    """Read lists from a file as ``numpy.savez`` writes it.

    Parameters
    ----------
    path : Path
        The file.
    wanted : mapping of str to Wanted
        Which lists it must have. Others in it are not read.
    prefixes : mapping of str to Wanted, optional
        How the names of further lists begin, of which there may be any number.

    Raises
    ------
    CandidateError
        If it is no regular file, is damaged, or a list is not what it may be or too large. It names
        the file, and the list.
    """
    try:
        with os.fdopen(open_regular(path), "rb") as file, zipfile.ZipFile(_Small(file)) as archive:
            return _Reader(path, archive).read(wanted, prefixes or {})
    except ModelFormatError as error:
        raise CandidateError(f"{path}: expected {error.expected}, found {error.found}") from error
    except CandidateError:
        raise
    except Exception as error:  # whatever a damaged archive does to its parser
        raise CandidateError(f"{path}: no arrays: {_in_one_line(error)}") from error


class _Small(io.RawIOBase):
    """A file of which nobody reads much at once: a damaged archive may ask for gigabytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        if size > _AT_ONCE:
            raise zipfile.BadZipFile("it has too many members")
        return self._file.read(_AT_ONCE if size < 0 else size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


class _Reader:
    """Reads the lists of one archive, and counts their bytes."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive
        self._bytes = 0

    def read(self, wanted: Mapping[str, Wanted], prefixes: Mapping[str, Wanted]) -> dict[str, Ids]:
        members = self._members()
        named = dict(wanted)
        for name in members:
            for prefix, what in prefixes.items():
                if name.startswith(prefix):
                    named[name] = what
        arrays: dict[str, Ids] = {}
        for name, what in named.items():
            if name not in members:
                if what.may_be_absent:
                    continue
                raise CandidateError(f"{self._path}: {name}: expected a list, found nothing")
            arrays[name] = self._array(name, members[name], what)
        return arrays

    def _members(self) -> dict[str, zipfile.ZipInfo]:
        found = self._archive.infolist()
        members = {each.filename.removesuffix(".npy"): each for each in found}
        if len(found) > _MAX_ARRAYS or len(members) != len(found):
            raise CandidateError(
                f"{self._path}: expected at most {_MAX_ARRAYS} arrays, each of another name"
            )
        return members

    def _array(self, name: str, member: zipfile.ZipInfo, what: Wanted) -> Ids:
        try:
            if member.compress_type not in _PLAIN:
                raise zipfile.BadZipFile("it is compressed in another way than by deflate")
            with self._archive.open(member) as file:
                kind, count = _read_header(file)
                self._check(name, kind, count, what)
                array = _read_values(file, kind, count)
        except CandidateError:
            raise
        except Exception as error:  # of zlib, of the tokenizer, for the want of memory, ...
            raise CandidateError(
                f"{self._path}: {name}: cannot be read: {_in_one_line(error)}"
            ) from error
        if kind.kind == "U" and not _is_text(array):
            raise CandidateError(f"{self._path}: {name}: expected texts, found half characters")
        return array

    def _check(self, name: str, kind: np.dtype[Any], count: int, what: Wanted) -> None:
        """Refuse what is declared, before it is read."""
        if kind.kind not in what.kinds or kind.itemsize == 0 or not kind.isnative:
            expected = " or ".join(_TYPES[each] for each in what.kinds)
            raise CandidateError(f"{self._path}: {name}: expected {expected}, found {kind!s:.80}")
        if kind.kind == "U" and kind.itemsize > 4 * _MAX_CHARACTERS:
            raise CandidateError(
                f"{self._path}: {name}: expected at most {_MAX_CHARACTERS} characters each"
            )
        if count > what.most:
            raise CandidateError(
                f"{self._path}: {name}: expected at most {counted(what.most, 'value')}"
            )
        self._bytes += count * kind.itemsize
        if self._bytes > _MAX_BYTES:
            raise CandidateError(f"{self._path}: its arrays are larger than {_MAX_BYTES} bytes")


def _read_header(file: IO[bytes]) -> tuple[np.dtype[Any], int]:
    """Return type and length of a list; refuse a table, and what is no array."""
    if npy.read_magic(file) != (1, 0):  # those of other versions may be of 4 GiB
        raise ValueError("its header is of a version that no list needs")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shape, _, kind = npy.read_array_header_1_0(file, max_header_size=_MAX_HEADER)
    if len(shape) != 1 or type(shape[0]) is not int or shape[0] < 0:
        raise ValueError(f"it is no list, but of shape {shape!s:.80}")
    return kind, shape[0]


def _read_values(file: IO[bytes], kind: np.dtype[Any], count: int) -> Ids:
    """Read so many values and no more; memory is taken as they come."""
    raw = np.empty(count * kind.itemsize, np.uint8)
    low = 0
    while low < len(raw):
        some = file.read(min(_AT_ONCE, len(raw) - low))
        if len(some) == 0:
            raise ValueError("it ends too early")
        raw[low : low + len(some)] = np.frombuffer(some, np.uint8)
        low += len(some)
    if file.read(1) != b"":  # this checks the digest, too
        raise ValueError("it goes on after its end")
    return raw != 0 if kind.kind == "b" else raw.view(kind)


def _is_text(array: Ids) -> bool:
    """Tell whether all characters are such: not halves of pairs, and none beyond Unicode's."""
    codes = array.view(np.uint32)
    for low in range(0, len(codes), _AT_ONCE):
        some = codes[low : low + _AT_ONCE]
        if (some > 0x10FFFF).any() or ((some >= 0xD800) & (some < 0xE000)).any():
            return False
    return True


def _in_one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
