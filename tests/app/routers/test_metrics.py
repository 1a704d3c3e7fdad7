"""The page of metrics, asked for by many at once."""

from __future__ import annotations

import asyncio

import pytest

from app.observability.metrics import Metrics
from app.routers.metrics import Shared

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_who_asks_at_the_same_moment_gets_the_same_page() -> None:
    metrics = Metrics()
    made = []

    def make() -> bytes:
        made.append(metrics.page())
        return made[-1]

    shared = Shared(make)

    async def ask() -> bytes:
        return shared.page()

    pages = await asyncio.gather(*(ask() for _ in range(50)))
    assert len(made) == 1
    assert set(pages) == set(made)
    metrics.count("m", 0.5)
    await asyncio.sleep(0)
    assert b'model="m"' in shared.page()
    assert len(made) == 2
