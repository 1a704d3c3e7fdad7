"""What a form of logs is: how to tell it from others, and how to read it."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, NamedTuple

from training.logs.files import Source
from training.logs.options import LogOptions


class Chunk(NamedTuple):
    """Some rows of a log, as texts, column by column."""

    rows: List[int]  # each row's line in the file
    texts: Dict[str, List[str]]


class Table(NamedTuple):
    """A log whose columns are known and whose rows are still to be read."""

    columns: List[str]
    chunks: Callable[[List[str]], Iterator[Chunk]]  # the rows, of the columns that are named


class Form(NamedTuple):
    """One form of logs."""

    name: str
    sniff: Callable[[bytes], bool]  # whether a file that begins like this has the form
    read: Callable[[Source, LogOptions], Table]
