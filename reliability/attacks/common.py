"""What the attacks share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reliability.service import Service

MEBIBYTE = 1 << 20

USER = {"users": [{"visitorid": 6000}]}

JSON_HEADER = b"Content-Type: application/json\r\n"


@contextmanager
def peak_of(service: Service, figures: dict[str, Any], name: str) -> Iterator[None]:
    """Note by how much the memory peaks above what it is at the start.

    Parameters
    ----------
    service : Service
        Whose memory it is.
    figures : dict
        Where the figure goes, in MiB.
    name : str
        The figure's name.
    """
    service.reset_peak()
    before = service.resident()
    yield
    figures[name] = round(max(service.peak() - before, 0) / MEBIBYTE, 2)
