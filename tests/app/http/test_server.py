"""Where the server listens."""

from __future__ import annotations

import asyncio
import resource
import socket
from contextlib import ExitStack

import httpx
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from app.http.lifecycle import Lifecycle
from app.http.protocol import make_protocol
from app.http.server import Server
from app.settings import Settings
from tests.support.ports import taken_port
from tests.support.processes import app_process, run_app
from tests.support.raw_http import RawConnection, get
from tests.support.serving import serving

FEW = 128  # file descriptors
BODY = {"users": [{"visitorid": 6000}], "k": 1}


@pytest.fixture
def _ipv6() -> None:
    """Skip the test on a machine without IPv6."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


@pytest.mark.usefixtures("_ipv6")
def test_two_colons_are_every_address_of_both_families() -> None:
    with serving(Settings(host="::", auth="none")) as client:
        for address in ("127.0.0.1", "[::1]"):
            url = f"http://{address}:{client.base_url.port}"
            answer = httpx.post(f"{url}/recommend/users", json=BODY)
            assert answer.status_code == 200
            assert len(answer.json()["recommendations"]) == 1


@pytest.mark.usefixtures("_ipv6")
def test_an_ipv6_address_is_that_address_alone() -> None:
    with serving(Settings(host="::1")) as client:
        port = client.base_url.port
        assert httpx.get(f"http://[::1]:{port}/").text == "Healthy"
        with pytest.raises(httpx.ConnectError):
            client.get("/")


@pytest.mark.slow
@pytest.mark.usefixtures("_ipv6")
@pytest.mark.parametrize("taken", ["0.0.0.0", "127.0.0.1"])
def test_a_port_that_is_taken_in_one_family_is_an_error(taken: str) -> None:
    with taken_port(taken) as port:
        done = run_app(HOST="::", PORT=port, AUTH="none")
    assert done.returncode != 0
    assert "address already in use" in (done.stdout + done.stderr).lower()
    assert "Traceback" not in done.stdout + done.stderr


def test_requests_that_have_arrived_at_the_end_are_answered() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        _ = scope, receive
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def stop_at_once(clients: ExitStack) -> list[RawConnection]:
        config = uvicorn.Config(
            app, port=0, http=make_protocol(16_384, 10.0), lifespan="off", log_level="error"
        )
        config.load()
        server = Server(config, Lifecycle(), 0)
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        port = server.servers[0].sockets[0].getsockname()[1]
        connections = [clients.enter_context(RawConnection(port)) for _ in range(50)]
        while len(server.server_state.connections) < len(connections) // 2:
            await asyncio.sleep(0)
        for connection in connections:
            connection.send(get("/"))
        await server.shutdown()
        return connections

    with ExitStack() as clients:
        connections = asyncio.run(stop_at_once(clients))
        assert [connection.answer().status for connection in connections] == [204] * 50


@pytest.mark.slow
def test_idle_connections_make_room_for_others() -> None:
    """One client that takes all file descriptors does not keep others out."""
    with app_process(AUTH="none") as (process, url), ExitStack() as stack:
        port = int(url.rpartition(":")[2])
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (FEW, FEW))
        for _ in range(2 * FEW):
            stack.enter_context(RawConnection(port))
        with RawConnection(port, source="127.0.0.2") as connection:
            for path in ("/healthz/live", "/models", "/metrics", "/docs"):
                connection.send(get(path))
                assert connection.answer().status == 200
