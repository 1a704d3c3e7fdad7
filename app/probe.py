"""Ask the service of this machine whether it is ready: ``turi-recommender probe``, status 0 or 1.

This is for a health check inside a container, where there is no curl. It runs every few seconds, so
it reads the two settings itself and imports nothing of the service.
"""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException

_SECONDS = 3.0
_PORT_DIGITS = 9  # more are no port, and int() takes no more than some thousand
_EVERY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound


def main() -> None:
    """Exit with status 0 if the service is ready; else say why not, and exit with 1."""
    host, port = _setting("HOST", ""), _setting("PORT", "8000")
    if not (port.isascii() and port.isdecimal() and len(port) <= _PORT_DIGITS):
        sys.exit("not ready: RECOMMENDER_PORT: it must be a whole number")
    connection = None
    try:
        connection = HTTPConnection(_EVERY_ADDRESS.get(host, host), int(port), timeout=_SECONDS)
        connection.request("GET", "/healthz/ready")
        answer = connection.getresponse()
        reason = "" if answer.status == 200 else f"status {answer.status}"
    except (OSError, OverflowError, UnicodeError, HTTPException) as error:
        reason = str(error) or type(error).__name__
    except KeyboardInterrupt:
        reason = "stopped by SIGINT"
    finally:
        if connection is not None:
            connection.close()
    if reason:
        sys.exit(f"not ready: {reason}")


def _setting(name: str, default: str) -> str:
    """Return a setting, without what files of variables leave around it; see `Settings`."""
    return os.environ.get(f"RECOMMENDER_{name}", default).strip().strip("\"'").strip()


if __name__ == "__main__":
    main()
