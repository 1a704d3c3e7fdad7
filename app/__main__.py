"""The command line: ``turi-recommender``, or ``python -m app`` in a checkout."""

from __future__ import annotations

import gc


def main(arguments: list[str] | None = None) -> None:
    """Run a command."""
    # Modules and models are made to stay: collections while they are would find nothing.
    gc.disable()
    from .commands import run  # noqa: PLC0415

    run(arguments)


if __name__ == "__main__":
    main()
