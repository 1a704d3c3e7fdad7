"""Complete the report of a training run: the trainer makes it before anything is decided.

The page has a place between two comments, and its JSON a field, for what the gate decided. Both
files come from outside, so sizes are bounded and types are checked before anything is used.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from turi_recommender.errors import ModelFormatError
from turi_recommender.format.files import read_regular
from turi_recommender.versions.staging import write_whole
from turi_recommender.wording import counted

from .errors import ReportError

PAGE = "report.html"
CONTENT = "report.json"
BEGIN = "<!-- the gate's decision begins -->"  # as training/report/sections.py has them
END = "<!-- the gate's decision ends -->"
FORMAT = 1
EXAMPLES = 10
_MOST_PAGE_BYTES = 1 << 26
_MOST_CONTENT_BYTES = 1 << 24  # parsed, it takes 30 times as much memory at worst
_MOST_ITEMS = 10
_LONGEST = 120  # characters of a title, as training/report/titles.py cuts them
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a visitor's history.

    Attributes
    ----------
    id : str
        Its id, as text.
    day : str
        When the visitor had it.
    """

    id: str
    day: str


@dataclass(frozen=True, slots=True)
class Example:
    """An example visitor.

    Attributes
    ----------
    visitor : str
        The id, as text.
    history : list of Item
        The latest items, the last first.
    """

    visitor: str
    history: list[Item]


@dataclass(frozen=True, slots=True)
class Report:
    """A report without its decision.

    Attributes
    ----------
    before, after : str
        The page before and after the place of the decision, with the comments.
    content : mapping
        What the JSON says.
    examples : list of Example
        The example visitors.
    titles : mapping of str to str
        The titles that are in the report, by item id.
    """

    before: str
    after: str
    content: Mapping[str, Any]
    examples: list[Example]
    titles: Mapping[str, str] = field(default_factory=dict)


def read_report(folder: Path) -> Report:
    """Read the report of a run.

    Parameters
    ----------
    folder : Path
        The run's directory.

    Raises
    ------
    ReportError
        If there is none, or it is damaged; names the file, in one line.
    """
    page = _text(folder / PAGE, _MOST_PAGE_BYTES)
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(END) < page.index(BEGIN):
        raise ReportError(f"{folder / PAGE}: has no place for the decision")
    content = _parsed(folder / CONTENT)
    reader = _Reader(folder / CONTENT)
    examples = [reader.example(each) for each in reader.list_of(content, "examples")[:EXAMPLES]]
    return Report(
        page[: page.index(BEGIN) + len(BEGIN)],
        page[page.index(END) :],
        content,
        examples,
        reader.titles,
    )


def write_report(
    report: Report, decision: Mapping[str, Any], page: str, folders: Iterable[Path]
) -> None:
    """Write a report with its decision into some folders.

    Parameters
    ----------
    report : Report
        The report. If it has a decision already, that one is replaced.
    decision : mapping
        What was decided, as values of JSON.
    page : str
        The same as HTML.
    folders : iterable of Path
        Where it is written. Folders that are read-only are passed over, unless all are.

    Raises
    ------
    ReportError
        If it cannot be written.
    """
    try:
        content = json.dumps({**report.content, "decision": decision}, indent=1, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{CONTENT}: cannot be written again: {error}") from error
    written = False
    refused: OSError | None = None
    for folder in folders:
        try:
            write_whole(folder / CONTENT, f"{content}\n")
            write_whole(folder / PAGE, f"{report.before}{page}{report.after}")
            written = True
        except OSError as error:
            if error.errno not in _READ_ONLY:
                raise ReportError(f"{folder}: {error.strerror or error}") from error
            refused = error
    if refused is not None and not written:
        raise ReportError(f"{refused.filename}: {refused.strerror}") from refused


def cut(text: str) -> str:
    """Return text that is no longer than titles are."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


class _Reader:
    """Takes from JSON what is needed, and refuses what is not as the trainer writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.titles: dict[str, str] = {}

    def example(self, told: Any) -> Example:
        """Return an example visitor, and remember the titles of all its items."""
        visitor = self.text_of(told, "visitor")
        history = self.list_of(told, "history")
        lists = told.get("lists")
        if not isinstance(lists, dict):
            self._refuse("lists")
        for name in lists:
            self._learn(self.list_of(lists, name))
        self._learn(self.list_of(told, "did"))
        self._learn(history)
        items = [Item(self.text_of(one, "id"), self.text_of(one, "time")) for one in history]
        return Example(visitor, items[:_MOST_ITEMS])

    def list_of(self, told: Any, name: str) -> list[Any]:
        """Return a field that must be a list."""
        found = told.get(name) if isinstance(told, dict) else None
        if not isinstance(found, list):
            self._refuse(name)
        return found

    def text_of(self, told: Any, name: str) -> str:
        """Return a field that must be text."""
        found = told.get(name) if isinstance(told, dict) else None
        if not isinstance(found, str):
            self._refuse(name)
        return found

    def _learn(self, items: list[Any]) -> None:
        for one in items:
            name = self.text_of(one, "id")
            if "title" in one:
                self.titles[name] = cut(self.text_of(one, "title"))

    def _refuse(self, name: str) -> NoReturn:
        raise ReportError(f"{self._path}: {cut(name)!r} is not what a report has there")


def _parsed(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(_text(path, _MOST_CONTENT_BYTES))
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{path}: no JSON: {error}") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise ReportError(f"{path}: not a report of format {FORMAT}")
    return told


def _text(path: Path, most: int) -> str:
    """Return the text of a regular file; a pipe would never end."""
    try:
        found = read_regular(path, most + 1)
    except ModelFormatError as error:
        raise ReportError(f"{path}: not {error.expected}: {error.found}") from error
    if len(found) > most:
        raise ReportError(f"{path}: larger than {counted(most, 'byte')}")
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ReportError(f"{path}: not in UTF-8") from error
