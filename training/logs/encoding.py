"""Files that are no text in UTF-8, told by how they begin."""

from __future__ import annotations

from typing import Optional

from training.logs.errors import LogError

_PACKED = {
    b"PK\x03\x04": "packed by zip, or a workbook of Excel",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "a workbook of Excel",
    b"BZh": "packed by bzip2",
    b"\xfd7zXZ\x00": "packed by xz",
    b"\x28\xb5\x2f\xfd": "packed by Zstandard",
    b"7z\xbc\xaf\x27\x1c": "packed by 7-Zip",
    b"\x04\x22\x4d\x18": "packed by LZ4",
}
_LOOKED_AT = 16  # bytes: the letters of a few names of columns


def require_text(head: bytes) -> None:
    """Refuse a file that is no text in UTF-8, if that can be told from its first bytes.

    Parameters
    ----------
    head : bytes
        The first bytes.

    Raises
    ------
    LogError
        If it is packed in another way than by gzip, or is text in UTF-16 or UTF-32.
    """
    for magic, what in _PACKED.items():
        if head.startswith(magic):
            raise LogError("row 1: the file is {}: make it text in UTF-8, or gzip".format(what))
    encoding = _other_encoding(head)
    if encoding is not None:
        what = "row 1: the file is {0}, not UTF-8: save it as UTF-8 (iconv -f {0} -t UTF-8)"
        raise LogError(what.format(encoding))


def _other_encoding(head: bytes) -> Optional[str]:
    """Return the encoding that a byte order mark tells, or zeros beside letters of ASCII."""
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "UTF-32"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    begin = head[:_LOOKED_AT]
    if len(begin) < _LOOKED_AT:
        return None
    for high, low, name in ((begin[1::2], begin[::2], "LE"), (begin[::2], begin[1::2], "BE")):
        if not any(high) and all(low):
            return "UTF-16" + name
    return None
