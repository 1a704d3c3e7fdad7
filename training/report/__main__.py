"""Make the page of a run once more, with what the gate decided since.

python -m training.report candidates/2026-11-26
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any, List, Mapping, Optional

from training.report.page import page

_MOST_BYTES = 1 << 26


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", metavar="DIR", help="a training run's directory")
    folder = parser.parse_args(arguments).run
    try:
        made = page(_read(folder, "report.json"), _decision(folder))
        _write(os.path.join(folder, "report.html"), made)
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        what = "{}: {}".format(type(error).__name__, error)
        print("report: {}: {}".format(folder, " ".join(what.split())), file=sys.stderr)
        return 2
    return 0


def _decision(folder: str) -> Optional[List[Mapping[str, Any]]]:
    """Return what the gate decided: a list of what ``gate --json`` prints of each role."""
    if not os.path.exists(os.path.join(folder, "decision.json")):
        return None
    made = _read(folder, "decision.json")
    if not isinstance(made, list):
        raise ValueError("decision.json is no list")
    return made


def _read(folder: str, name: str) -> Any:
    path = os.path.join(folder, name)
    if os.path.getsize(path) > _MOST_BYTES:
        raise ValueError("{} is larger than {} bytes".format(name, _MOST_BYTES))
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _write(path: str, text: str) -> None:
    """Replace a file as a whole."""
    new = path + ".new"
    with open(new, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(new, path)


if __name__ == "__main__":
    sys.exit(main())
