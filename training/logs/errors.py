"""What is wrong with a log, in one line that names column, row and value."""

from __future__ import annotations

import re

_SHOWN_CHARACTERS = 60


class LogError(Exception):
    """A log, or an option about it, that cannot be; its text is one line for whoever made it."""


class WrongValueError(Exception):
    """One of several values is wrong; whoever knows column and rows makes a `LogError` of it.

    Parameters
    ----------
    place : int
        Which one.
    what : str
        What is wrong with it.
    """

    def __init__(self, place: int, what: str) -> None:
        self.place = place
        self.what = what
        super().__init__(what)


def shown(value: object) -> str:
    """Return a value as a message shows it: quoted if it is text, on one line, and not long."""
    text = repr(value)
    if len(text) > _SHOWN_CHARACTERS:
        text = text[: _SHOWN_CHARACTERS - 3] + "..."
    return text


def column_name(name: str) -> str:
    """Return the name of a column as a message shows it: quoted unless it is a plain word."""
    return name if re.fullmatch(r"\w{1,60}", name) else shown(name)


def at(column: str, row: int, value: object, what: str) -> LogError:
    """Return the error about a value.

    Parameters
    ----------
    column : str
        Name of its column.
    row : int
        Its line in the file; the header is line 1.
    value : object
        What stands there.
    what : str
        What is wrong with it, as the sentence goes on after the value.
    """
    return LogError("column {}, row {}: {} {}".format(column_name(column), row, shown(value), what))
