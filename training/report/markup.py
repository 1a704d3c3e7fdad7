"""HTML, from text that others wrote: whatever is not `Markup` is escaped."""

from __future__ import annotations

from html import escape
from typing import Iterable, Sequence, Union


class Markup(str):
    """Text that is HTML already."""


Text = Union[str, Markup]


def safe(text: Text) -> Markup:
    """Return text as HTML; what cannot stand in a page is replaced.

    Controls would not be parsed as text, and half of a surrogate pair could not be written.
    """
    if isinstance(text, Markup):
        return text
    shown = "".join(char if char.isprintable() or char == " " else "\ufffd" for char in text)
    return Markup(escape(shown))


def tag(name: str, *inner: Text, **attributes: str) -> Markup:
    """Return an element.

    Parameters
    ----------
    name : str
        Its name.
    *inner : str or Markup
        What it holds.
    **attributes : str
        Its attributes; an underscore at the end is dropped, others become hyphens.
    """
    told = "".join(
        ' {}="{}"'.format(key.rstrip("_").replace("_", "-"), safe(value))
        for key, value in attributes.items()
    )
    return Markup("<{}{}>{}</{}>".format(name, told, join(inner), name))


def join(parts: Iterable[Text], between: str = "") -> Markup:
    """Return parts, one after the other."""
    return Markup(between.join(safe(part) for part in parts))


def table(caption: Text, head: Sequence[Text], rows: Iterable[Sequence[Text]]) -> Markup:
    """Return a table whose first column names its rows.

    Parameters
    ----------
    caption : str or Markup
        What it shows.
    head : sequence of str or Markup
        The names of its columns.
    rows : iterable of sequence of str or Markup
        Its cells.
    """
    names = join(tag("th", name, scope="col") for name in head)
    body = join(
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:]))
        for row in rows
    )
    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption),
            tag("thead", tag("tr", names)),
            tag("tbody", body),
        ),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=caption,
    )
