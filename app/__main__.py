"""The command line: ``turi-recommender``, or ``python -m app`` in a checkout."""

from __future__ import annotations

import gc
import sys

_INTERRUPTED = 130  # as shells have it


def main(arguments: list[str] | None = None) -> None:
    """Run a command."""
    # Modules and models are made to stay: collections while they are would find nothing.
    gc.disable()
    try:
        from .commands import run  # noqa: PLC0415

        run(arguments)
    except KeyboardInterrupt:  # before there was a command to stop
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
