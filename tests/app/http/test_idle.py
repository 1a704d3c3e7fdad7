"""Idle connections: the front door closes them, unless nobody is there any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.http import protocol
from app.settings import Settings
from tests.support.raw_http import RawConnection, get
from tests.support.serving import serving
from tests.support.waiting import wait_until

HEADER_SECONDS, KEEP_ALIVE_SECONDS = 0.2, 1
# What proxies and balancers keep an idle connection for, by their documentation.
FRONT_DOORS = {
    "Envoy": 3600,
    "Google Cloud": 600,
    "Traefik": 90,
    "Azure Front Door": 90,
    "nginx": 60,
}


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", HEADER_SECONDS)
    with serving(Settings(keep_alive_seconds=KEEP_ALIVE_SECONDS)) as client:
        port = client.base_url.port
        assert port is not None
        yield port


def test_by_default_the_front_door_closes_first() -> None:
    assert Settings.model_fields["keep_alive_seconds"].default > max(FRONT_DOORS.values())


def test_a_connection_that_was_not_used_yet_is_idle(port: int) -> None:
    """Envoy opens some before it needs them."""
    with RawConnection(port) as connection:
        assert connection.seconds_until_closed() > 0.9 * KEEP_ALIVE_SECONDS
    with RawConnection(port) as connection:
        connection.send(get("/"))
        assert connection.answer().status == 200
        assert connection.seconds_until_closed() > 0.9 * KEEP_ALIVE_SECONDS


@pytest.mark.parametrize("before", [b"", get("/")])
def test_a_request_that_has_begun_must_go_on(port: int, before: bytes) -> None:
    with RawConnection(port) as connection:
        if before:
            connection.send(before)
            connection.answer()
        connection.send(b"G")
        assert connection.seconds_until_closed() < 0.9 * KEEP_ALIVE_SECONDS


def test_the_system_asks_whether_the_other_side_is_there() -> None:
    with serving() as client:
        client.get("/")
        port = client.base_url.port
        with RawConnection(port or 0) as connection:
            connection.send(get("/"))
            connection.answer()
            wait_until(lambda: _timers(port or 0) == {"02"}, lambda: str(_timers(port or 0)))


def _timers(port: int) -> set[str]:
    """Return the kinds of timers that run for the server's connections: 02 is for keeping alive."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    entries = [line.split() for line in lines]
    ours = [each for each in entries if each[1].endswith(f":{port:04X}") and each[3] == "01"]
    return {each[5].partition(":")[0] for each in ours}
