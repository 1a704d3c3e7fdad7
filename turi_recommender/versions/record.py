"""JSON that somebody else wrote: bounded as a whole, and read field by field."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NoReturn

from turi_recommender.errors import ModelFormatError
from turi_recommender.format.files import read_regular
from turi_recommender.wording import counted

MAX_TEXT = 1000  # characters of a text or a name
_MAX_CHARACTERS = 1 << 15  # of all texts and names together: `GET /models` shows them
_MAX_VALUES = 1000
_MAX_DEPTH = 8
_MAX_INTEGER = 1 << 53  # up to here, every reader of JSON sees the same number
_SHOWN_NAME = 80
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


def read_json(path: Path, most: int) -> object:
    """Read a JSON file.

    Parameters
    ----------
    path : Path
        A regular file.
    most : int
        How many bytes it may have.

    Raises
    ------
    ModelFormatError
        If it cannot be read, is longer, or is not JSON.
    """
    data = read_regular(path, most + 1)
    if len(data) > most:
        raise ModelFormatError(path, 0, f"at most {counted(most, 'byte')} of JSON", "more")
    try:
        content: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelFormatError(path, 0, "JSON", f"something else ({error})") from error
    return content


def check_bounds(content: object, place: str, path: Path) -> None:
    """Refuse content that is too large or too deep, or has something that JSON cannot have.

    Parameters
    ----------
    content : object
        What a JSON document says, or is to say.
    place : str
        Where it stands in the document, for errors.
    path : Path
        The document, for errors.

    Raises
    ------
    ModelFormatError
        If there are more than 1,000 values, more than 32 Ki characters, lists and objects more than
        eight deep, a text of more than 1,000 characters or with one that cannot be printed, an
        integer beyond 2**53, or a number that is not finite.
    """
    waiting = [(content, place, 1)]
    values, characters = 1, 0
    while len(waiting) > 0:
        value, at, depth = waiting.pop()
        if isinstance(value, str):
            characters += _length_of_text(value, at, path)
        elif isinstance(value, Mapping | list | tuple):
            values += len(value)
            if values > _MAX_VALUES:
                _fail(path, place, f"at most {counted(_MAX_VALUES, 'value')}", "more")
            if depth > _MAX_DEPTH:
                _fail(path, at, f"lists and objects at most {_MAX_DEPTH} deep", "deeper ones")
            for name, inner in _members(value):
                characters += _length_of_text(name, at, path)
                waiting.append((inner, f"{at}.{name[:_SHOWN_NAME]}", depth + 1))
        else:
            _check_number(value, at, path)
        if characters > _MAX_CHARACTERS:
            _fail(path, place, f"at most {counted(_MAX_CHARACTERS, 'character')}", "more")


def _members(value: Mapping[Any, Any] | list[Any] | tuple[Any, ...]) -> list[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return list(value.items())
    return [(str(number), inner) for number, inner in enumerate(value)]


def _length_of_text(text: object, at: str, path: Path) -> int:
    if not isinstance(text, str):
        _fail(path, at, "names that are texts", repr(text))
    if len(text) > MAX_TEXT:
        _fail(path, at, f"texts of at most {MAX_TEXT} characters", "a longer one")
    if not text.isprintable():
        _fail(path, at, "printable characters", repr(text))
    return len(text)


def _check_number(value: object, at: str, path: Path) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, int):
        if abs(value) > _MAX_INTEGER:
            _fail(path, at, "an integer of at most 53 bits", "a larger one")
    elif not isinstance(value, float):
        _fail(path, at, "a value of JSON", type(value).__name__)
    elif not math.isfinite(value):
        _fail(path, at, "a finite number", str(value))


def _fail(path: Path, place: str, expected: str, found: str) -> NoReturn:
    raise ModelFormatError(path, 0, f"{place} to have {expected}", found)


@dataclass(frozen=True, slots=True)
class Record:
    """An object of a JSON document, read by name and type.

    A missing field or one of another type raises a `ModelFormatError` that names the document and
    the field.

    Attributes
    ----------
    content : mapping of str to value
        The object.
    place : str
        Where it stands in the document.
    path : Path
        The document.
    """

    content: Mapping[str, Any]
    place: str
    path: Path

    @classmethod
    def of(cls, content: object, place: str, path: Path) -> Record:
        """Take content for an object.

        Parameters
        ----------
        content : object
            What stands in the document.
        place : str
            Where that is.
        path : Path
            The document.

        Raises
        ------
        ModelFormatError
            If it is no object.
        """
        if not isinstance(content, Mapping):
            raise ModelFormatError(path, 0, f"{place} to be an object", _shown(content))
        return cls(content, place, path)

    def has(self, name: str) -> bool:
        """Tell whether a field is there, and not null."""
        return self.content.get(name) is not None

    def record(self, name: str) -> Record:
        """Return a field that is an object."""
        return Record.of(self._get(name), self._at(name), self.path)

    def text(self, name: str) -> str:
        """Return a field that is a text."""
        value = self._get(name)
        return value if isinstance(value, str) else self._wrong(name, "a text")

    def moment(self, name: str) -> datetime:
        """Return a field that is a moment, in UTC."""
        found = read_moment(self._get(name))
        if found is None:
            self._wrong(name, 'a time such as "2026-11-26T03:17:00Z"')
        return found

    def count(self, name: str) -> int:
        """Return a field that counts something."""
        value = self._get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self._wrong(name, "a whole number, 0 or more")
        return value

    def number(self, name: str) -> float | None:
        """Return a field that is a finite number, or null where there is nothing to measure."""
        value = self._get(name)
        if value is None and name in self.content:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):
            self._wrong(name, "a finite number or null")
        return float(value)

    def share(self, name: str) -> float | None:
        """Return a field that is a number from 0 to 1, or null where there is nothing."""
        value = self.number(name)
        if value is not None and not 0 <= value <= 1:
            self._wrong(name, "from 0 to 1, or null")
        return value

    def others(self, *known: str) -> dict[str, Any]:
        """Return the fields whose names are none of these."""
        return {name: value for name, value in self.content.items() if name not in known}

    def _get(self, name: str) -> Any:
        return self.content.get(name)

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}"

    def _wrong(self, name: str, expected: str) -> NoReturn:
        found = _shown(self.content[name]) if name in self.content else "nothing"
        raise ModelFormatError(self.path, 0, f"{self._at(name)} to be {expected}", found)


def _shown(value: object) -> str:
    if isinstance(value, Mapping | list | tuple):
        return "a list or an object"
    return "nothing" if value is None else f"{value!r:.80}"


def read_moment(text: object) -> datetime | None:
    """Return the moment that a text such as ``2026-11-26T03:17:00Z`` means; None if it is none."""
    if not isinstance(text, str) or _TIME.fullmatch(text) is None:
        return None
    form = "%Y-%m-%dT%H:%M:%S.%fZ" if "." in text else "%Y-%m-%dT%H:%M:%SZ"
    try:
        return datetime.strptime(text, form).replace(tzinfo=timezone.utc)
    except ValueError:  # such as a 30th of February
        return None


def write_moment(moment: datetime) -> str:
    """Return a moment as `read_moment` takes it."""
    return f"{moment.astimezone(timezone.utc).replace(tzinfo=None).isoformat()}Z"
