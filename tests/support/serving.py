"""The real service on a real uvicorn, for tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import uvicorn

from app.http.server import Server, server_options
from app.main import create_app
from app.settings import Settings
from tests.support.waiting import PATIENCE_SECONDS, wait_until


@contextmanager
def serving(settings: Settings | None = None) -> Iterator[httpx.Client]:
    """Serve until the block ends; yield a client of the service."""
    settings = settings or Settings()
    app = create_app(settings)
    options = {**server_options(settings), "port": 0, "log_level": "warning"}
    server = Server(uvicorn.Config(app, **options), app.lifecycle, 0)
    with (
        in_thread(server) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        yield client


@contextmanager
def in_thread(server: uvicorn.Server) -> Iterator[int]:
    """Run a server until the block ends; yield the port on which it listens."""
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive(), "the server did not start")
        assert server.started, "the server ended"
        port: int = server.servers[0].sockets[0].getsockname()[1]
        yield port
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), "the server did not stop"


@contextmanager
def another_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Run somebody else's server, such as a token issuer, on loopback; yield its address."""
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
