"""The state that the whole application shares while it runs."""

from __future__ import annotations


class Lifecycle:
    """Where the service is between its start and its end.

    Attributes
    ----------
    draining : bool
        Whether the service is about to stop.
    in_flight : int
        Requests that are being answered.
    """

    __slots__ = ("draining", "in_flight")

    def __init__(self) -> None:
        self.draining = False
        self.in_flight = 0
