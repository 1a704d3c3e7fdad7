"""Requests leave nothing behind that only the garbage collector would find."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from app.http.exchange import Exchange
from app.settings import Settings
from tests.support.serving import serving

REQUESTS = [
    ("GET", "/models", {}),
    ("GET", "/nothing", {}),
    ("POST", "/recommend/users", {"json": {"users": [{"visitorid": 1}]}}),
    ("POST", "/similar/items", {"json": {"items": "wrong"}}),
    ("POST", "/similar/items", {"content": b"\xff"}),
]


@contextmanager
def garbage() -> Iterator[Counter[type]]:
    """Count what only the collector finds, by type, from the beginning of the block to its end."""
    found: Counter[type] = Counter()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found.update(map(type, gc.garbage))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving(Settings()) as client:
        yield client


@pytest.mark.parametrize(("method", "path", "given"), REQUESTS)
def test_a_request_that_has_ended_is_free(
    client: httpx.Client, method: str, path: str, given: dict[str, object]
) -> None:
    client.request(method, path, **given)  # type: ignore[arg-type]
    with garbage() as found:
        for _ in range(10):
            client.request(method, path, **given)  # type: ignore[arg-type]
        client.get("/healthz/live")  # then the task of the last one has ended
    assert found[Exchange] == 0
