"""The errors of this package, one tree.

::

    RecommenderError
    ├── ModelError              something is wrong with a model, not with the question
    │   ├── ModelFormatError    a damaged, truncated, foreign or unsupported model directory
    │   └── ModelNotFoundError  no model of that name, version or path
    └── QueryError              a question that this model cannot be asked
"""

from __future__ import annotations

from pathlib import Path


class RecommenderError(Exception):
    """Base class of every error that `app.models` raises on purpose."""


class ModelError(RecommenderError):
    """Something is wrong with a model."""


class ModelFormatError(ModelError):
    """A model directory that cannot be read.

    Parameters
    ----------
    path : Path
        The file (or directory) in which the trouble was found.
    offset : int
        Byte offset in that file; 0 where the file as a whole is meant.
    expected, found : str
        What the format calls for at that place, and what stands there.
    """

    def __init__(self, path: Path, offset: int, expected: str, found: str) -> None:
        self.path = path
        self.offset = offset
        self.expected = expected
        self.found = found
        super().__init__(f"{path}, byte {offset}: expected {expected}, found {found}")


class ModelNotFoundError(ModelError):
    """No model answers to a name, a version or a path."""


class QueryError(RecommenderError):
    """A query that the model cannot be asked.

    Parameters
    ----------
    field : str
        The column or argument at fault.
    message : str
        What is wrong with it.
    index : int or None
        Position of the row at fault in the query, if it is one row's fault.
    """

    def __init__(self, field: str, message: str, index: int | None = None) -> None:
        self.field = field
        self.message = message
        self.index = index
        where = field if index is None else f"row {index}, {field}"
        super().__init__(f"{where}: {message}")
