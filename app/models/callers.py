"""The caller for whom the service is working at the moment; see `http.exchange`."""

from __future__ import annotations

from contextvars import ContextVar

_caller: ContextVar[str] = ContextVar("caller", default="")


def caller() -> str:
    """Return a name for the key, token or address that asks."""
    return _caller.get()


def set_caller(name: str) -> None:
    """Set the caller in the current context."""
    _caller.set(name)
