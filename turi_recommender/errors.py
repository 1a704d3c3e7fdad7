"""The errors of this package, one tree.

::

    RecommenderError
    ├── ModelError                something is wrong with a model, not with the question
    │   ├── ModelFormatError      a damaged, truncated, foreign or unsupported model directory
    │   ├── ModelUnreadableError  a loaded model whose file can no longer be read
    │   ├── ModelNotFoundError    no model of that name, version or path
    │   └── RegistrationError     a version that cannot be registered, copied or retired
    └── QueryError                a question that this model cannot be asked

All can be pickled, since executors and process pools send them to another process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from turi_recommender.wording import printable

_Pickled = tuple[type[Exception], tuple[Any, ...]]
_LONGEST_TEXT = 1000


class RecommenderError(Exception):
    """Base class of every error that this package raises on purpose."""

    def __str__(self) -> str:
        return printable(super().__str__())


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
        What the format calls for at that place, and what stands there; long texts are cut.
    """

    def __init__(self, path: Path, offset: int, expected: str, found: str) -> None:
        self.path = path
        self.offset = offset
        self.expected = _short(expected)
        self.found = _short(found)
        super().__init__(f"{path}, byte {offset}: expected {self.expected}, found {self.found}")

    def __reduce__(self) -> _Pickled:
        return type(self), (self.path, self.offset, self.expected, self.found)


def _short(text: str) -> str:
    """Return a text that a log takes, whatever the file says that it quotes."""
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} ..."


class ModelUnreadableError(ModelError):
    """A model that was loaded, and whose file has gone or changed since.

    Parameters
    ----------
    path : Path
        The file.
    offset : int
        Byte offset at which it was read.
    reason : str
        What the system says.
    """

    def __init__(self, path: Path, offset: int, reason: str) -> None:
        self.path = path
        self.offset = offset
        self.reason = reason
        super().__init__(f"{path}, byte {offset}: {reason}")

    def __reduce__(self) -> _Pickled:
        return type(self), (self.path, self.offset, self.reason)


class ModelNotFoundError(ModelError):
    """No model answers to a name, a version or a path."""


class RegistrationError(ModelError):
    """A version that cannot be registered, copied or retired."""


class QueryError(RecommenderError):
    """A query that the model cannot be asked.

    Parameters
    ----------
    path : tuple of str or int
        Where in the query, such as ``("users", 3, "month")``.
    message : str
        What is wrong there.
    """

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        self.path = path
        self.message = message
        super().__init__(f"{self.field}: {message}")

    def __reduce__(self) -> _Pickled:
        return type(self), (self.path, self.message)

    @property
    def field(self) -> str:
        """The path with dots, such as ``users.3.month``."""
        return ".".join(map(str, self.path))

    def within(self, *path: str | int) -> QueryError:
        """Return the same error with the path of the part of the query that encloses it."""
        return QueryError((*path, *self.path), self.message)
