"""TCP ports on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

HOST = "127.0.0.1"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def taken_port(host: str = HOST) -> Iterator[int]:
    """Listen on a port until the block ends; yield the port."""
    with socket.socket() as taken:
        taken.bind((host, 0))
        taken.listen()
        port: int = taken.getsockname()[1]
        yield port
