"""On whose behalf the service works at the moment; see `http.exchange`."""

from __future__ import annotations

from contextvars import ContextVar

_caller: ContextVar[str] = ContextVar("caller", default="")


def caller() -> str:
    """Return a name of the key, token or address that asks."""
    return _caller.get()


def set_caller(name: str) -> None:
    """Name the caller, in the current context."""
    _caller.set(name)
