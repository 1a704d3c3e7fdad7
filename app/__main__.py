"""Run the service: ``python -m app``."""

from __future__ import annotations

import logging
import sys
from typing import Any

import uvicorn

from app.main import create_app
from app.models.errors import RecommenderError
from app.settings import Settings, load_settings

KEEP_ALIVE_SECONDS = 65  # longer than a proxy's 60, so that it never meets a closed connection
GRACE_SECONDS = 20
CANNOT_START = 2


def main() -> None:
    """Load everything, then listen; exit status 2 with one line of reason if that cannot be."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(name)s: %(message)s")
    try:
        settings = load_settings()
        app = create_app(settings)
    except RecommenderError as error:
        print(f"cannot start: {error}", file=sys.stderr)
        sys.exit(CANNOT_START)
    uvicorn.run(app, **server_options(settings))


def server_options(settings: Settings) -> dict[str, Any]:
    """Return uvicorn's options."""
    return {
        "host": settings.host,
        "port": settings.port,
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        "timeout_graceful_shutdown": GRACE_SECONDS,
        "server_header": False,
        "access_log": False,
    }


if __name__ == "__main__":
    main()
