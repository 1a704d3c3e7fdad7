"""Reads logs as it is asked to, on the trainer's Python (tests/training/worker.py calls it)."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

keep = import_module("training.keep")
logs = import_module("training.logs")
log_options = import_module("training.logs.options")
prepare = import_module("training.prepare")


def read(path: str, arguments: list[str], is_prepared: bool) -> dict[str, Any]:
    """Return the table and what was assumed, or the error.

    Parameters
    ----------
    path : str
        The log.
    arguments : list of str
        Those of a command line.
    is_prepared : bool
        Whether training rows are wanted rather than events.
    """
    try:
        return _read(path, arguments, is_prepared)
    except logs.LogError as error:
        return {"error": str(error)}


def _read(path: str, arguments: list[str], is_prepared: bool) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", default=keep.DEFAULT)
    log_options.add_arguments(parser)
    args = parser.parse_args(arguments)
    options = log_options.from_arguments(args)
    log = logs.read_log(path, options)
    table = log.events.astype({"time": str})
    if is_prepared:
        how = prepare.PrepareOptions(args.keep, options.context, options.time_zone)
        table = prepare.prepare(log, how)
    return {
        "columns": table.to_dict("list"),
        "types": {name: str(kind) for name, kind in log.events.dtypes.items()},
        "names": [log.user_name, log.item_name],
        "digest": log.digest,
        "notes": list(log.notes),
    }
