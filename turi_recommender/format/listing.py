"""Which files of a directory belong to the model that was saved in it.

Source: docs/format.md, section 1.
"""

from __future__ import annotations

import re
from pathlib import Path

from turi_recommender.errors import ModelFormatError
from turi_recommender.format.archive import open_archive
from turi_recommender.format.files import unreadable
from turi_recommender.format.interactions import segment_names

# What Turi Create puts behind the prefix of a table: its index, its columns, and its segments.
_ENDING = re.compile(r"\.(sidx|frame_idx|[0-9]{4,9})", re.ASCII)


def saved_files(root: Path) -> tuple[list[str], list[str]]:
    """Tell what was saved in a model directory from what has come into it since.

    Parameters
    ----------
    root : Path
        The directory.

    Returns
    -------
    saved : list of str
        Names of the files that `dir_archive.ini` lists, of those of its tables, and of the segments
        that the last table names. They may be links, and need not be files.
    strays : list of str
        Names of everything else.

    Raises
    ------
    ModelFormatError
        If the directory is not a model archive, or cannot be read.
    """
    archive = open_archive(root)
    whole, tables = set(archive.prefixes[:2]), set(archive.prefixes[2:])
    whole.update(segment_names(root, archive.prefixes[-1]))
    try:
        names = sorted(entry.name for entry in root.iterdir())
    except OSError as error:
        raise unreadable(root, error) from error
    missing = sorted(whole.difference(names))
    if len(missing) > 0:
        raise ModelFormatError(root / missing[0], 0, "a file of the model", "none")
    saved = [name for name in names if name in whole or _table_of(name) in tables]
    return saved, sorted(set(names).difference(saved))


def _table_of(name: str) -> str | None:
    """Return the prefix of a table's file, None if the name is not formed like one."""
    stem, dot, ending = name.rpartition(".")
    return stem if _ENDING.fullmatch(dot + ending) else None
