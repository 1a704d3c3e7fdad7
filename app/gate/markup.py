"""HTML of the gate's own, from text that others wrote: whatever is not `Markup` is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def safe(text: str) -> Markup:
    """Return text as HTML, with a replacement for characters that cannot stand in a page.

    Browsers do not take controls as text, and half of a surrogate pair cannot be encoded.
    """
    if isinstance(text, Markup):
        return text
    return Markup(escape("".join(c if c.isprintable() else "\ufffd" for c in text)))


def join(*parts: str) -> Markup:
    """Return parts, one after the other."""
    return Markup("".join(map(safe, parts)))


def tag(name: str, *inner: str, **attributes: str) -> Markup:
    """Return an element.

    Parameters
    ----------
    name : str
        Its name.
    *inner : str or Markup
        What it holds.
    **attributes : str
        Its attributes. An underscore at the end is dropped, and others become hyphens.
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{safe(value)}"' for key, value in attributes.items()
    )
    return Markup(f"<{name}{told}>{join(*inner)}</{name}>")


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """Return a table whose first column names its rows, and which scrolls where it is too wide.

    Parameters
    ----------
    caption : str
        What it shows.
    head : sequence of str or Markup
        The names of its columns.
    rows : iterable of sequence of str or Markup
        Its cells.
    """
    names = [tag("th", name, scope="col") for name in head]
    body = [
        tag("tr", tag("th", first, scope="row"), *(tag("td", cell) for cell in cells))
        for first, *cells in rows
    ]
    whole = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *names)),
        tag("tbody", *body),
    )
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)
