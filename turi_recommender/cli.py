"""The command line of an installation: ``turi-recommender serve``, ``register``, ``probe`` ...

The commands belong to the service, which is an extra; a library alone says so.
"""

from __future__ import annotations

import sys
from importlib import import_module

from turi_recommender import __version__

_NEEDED = (
    "turi-recommender: the command line needs the service: "
    "pip install 'turi-recommender[service]' (CPython 3.11 or newer); here: {reason}"
)
_FAILED = 2


def main() -> None:
    """Run a command; exit with status 2 and one line of reason where the service is missing."""
    # The probe runs every few seconds, so it must not import what the other commands need.
    module = "probe" if sys.argv[1:] == ["probe"] else "__main__"
    try:
        command = import_module(f"turi_recommender.service.{module}")
        command.main()
    except ImportError as error:
        if sys.argv[1:] == ["--version"]:
            print(f"turi-recommender {__version__}")
            return
        print(_NEEDED.format(reason=error), file=sys.stderr)
        sys.exit(_FAILED)
