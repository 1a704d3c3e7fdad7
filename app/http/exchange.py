"""One request on its way through the entrance, and what is known of it so far."""

from __future__ import annotations

from typing import Any

from starlette.types import Scope

from .declaration import Declaration

_KEY = "recommender.exchange"


class Exchange:
    """A request and its answer.

    Attributes
    ----------
    declaration : Declaration
        Of the route that answers.
    request_id : bytes
        Its id, from the client or made here.
    notes : dict
        Further fields of the log line.
    started : float
        When it arrived, in seconds of a clock that never goes back.
    caller : str
        Who asks: a name for the key or token, else the client's address.
    received : bool
        Whether it has arrived completely.
    status : int
        Status of the answer; 0 until it begins.
    """

    __slots__ = ("caller", "declaration", "notes", "received", "request_id", "started", "status")

    def __init__(
        self, declaration: Declaration, request_id: bytes, notes: dict[str, Any], started: float
    ) -> None:
        self.declaration = declaration
        self.request_id = request_id
        self.notes = notes
        self.started = started
        self.caller = ""
        self.received = False
        self.status = 0

    def attach(self, scope: Scope) -> None:
        """Make `exchange_of` find this exchange."""
        scope[_KEY] = self


def exchange_of(scope: Scope) -> Exchange | None:
    """Return the exchange of a request; None for a connection that the entrance lets pass."""
    found: Exchange | None = scope.get(_KEY)
    return found
