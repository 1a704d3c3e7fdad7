"""Further fields of a request's log line, which whoever answers adds with `note`."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

_noted: ContextVar[dict[str, Any] | None] = ContextVar("noted", default=None)


def begin_notes() -> dict[str, Any]:
    """Begin the notes of a request, in the current context."""
    notes: dict[str, Any] = {}
    _noted.set(notes)
    return notes


def note(**fields: Any) -> None:
    """Add to the notes of the request that is being answered, if one is."""
    notes = _noted.get()
    if notes is not None:
        notes.update(fields)
