"""What a model's name and a version may be: the one rule, for everything that reads or makes them.

A name is a folder's name that can stand in ``name:version``, in a log line and in a metric. A
version is a whole number as it is usually written, so that no two folders mean the same one.
"""

from __future__ import annotations

import re
from pathlib import Path

_LONGEST_NAME = 255  # bytes: what file systems take
VERSION_PATTERN = "0|[1-9][0-9]{0,17}"  # up to 18 digits: 64 bits hold them
_VERSION = re.compile(VERSION_PATTERN, re.ASCII)
_FORBIDDEN = frozenset("/\\:")


def is_model_name(name: object) -> bool:
    """Tell whether this can be the name of a model.

    It is printable and at most 255 bytes long, has no slash, backslash or colon, does not begin
    with a dot, and neither begins nor ends with a space.
    """
    return (
        isinstance(name, str)
        and name != ""
        and name.isprintable()
        and not name.startswith(".")
        and name == name.strip()
        and not _FORBIDDEN.intersection(name)
        and len(name.encode(errors="replace")) <= _LONGEST_NAME
    )


def is_version(version: str) -> bool:
    """Tell whether this is a version: 0, or up to 18 digits of which the first is not 0."""
    return _VERSION.fullmatch(version) is not None


def is_path(reference: str) -> bool:
    """Tell whether a reference is a path: it has a slash in it, or is absolute."""
    return "/" in reference or Path(reference).is_absolute()


def is_name(reference: object) -> bool:
    """Tell whether a reference is a bare name, which stands for the highest version."""
    return isinstance(reference, str) and not is_path(reference) and ":" not in reference
