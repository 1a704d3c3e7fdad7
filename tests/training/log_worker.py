"""Reads logs as it is asked to; run by the trainer's Python, so that each test need not start one.

A question is a line of JSON: path, arguments, and whether training rows are wanted rather than
events. So is the answer: the table and what was assumed, or the error.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
import warnings
from importlib import import_module
from typing import Any

keep = import_module("training.keep")
logs = import_module("training.logs")
log_options = import_module("training.logs.options")
prepare = import_module("training.prepare")


def read(path: str, arguments: list[str], is_prepared: bool) -> dict[str, Any]:
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


def answer(question: dict[str, Any]) -> dict[str, Any]:
    try:
        return read(**question)
    except logs.LogError as error:
        return {"error": str(error)}
    except BaseException:
        return {"traceback": traceback.format_exc()}


def main() -> None:
    warnings.simplefilter("error")
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
