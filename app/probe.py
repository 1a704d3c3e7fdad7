"""Ask the service of this machine whether it is ready: ``turi-recommender probe``, status 0 or 1.

This is for a health check inside a container, where there is no curl. It runs every few seconds, so
it reads the two settings itself and imports nothing of the service.
"""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException

_SECONDS = 3.0
_EVERY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound


def main() -> None:
    """Exit with status 0 if the service is ready; else say why not, and exit with 1."""
    host = os.environ.get("RECOMMENDER_HOST", "")
    port = int(os.environ.get("RECOMMENDER_PORT", "8000"))
    connection = HTTPConnection(_EVERY_ADDRESS.get(host, host), port, timeout=_SECONDS)
    try:
        connection.request("GET", "/healthz/ready")
        answer = connection.getresponse()
        reason = "" if answer.status == 200 else f"status {answer.status}"
    except (OSError, HTTPException) as error:
        reason = str(error) or type(error).__name__
    finally:
        connection.close()
    if reason:
        sys.exit(f"not ready: {reason}")


if __name__ == "__main__":
    main()
