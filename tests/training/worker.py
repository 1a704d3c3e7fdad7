"""Runs on the trainer's Python (3.8), and evaluates code for the tests, again and again.

A message is a pickle of code and variables. The answer is one of what the code left in `answer`, or
of the error that it raised. Values are plain, for the two Pythons have different versions of NumPy.
"""

from __future__ import annotations

import pickle
import sys
import warnings
from importlib import import_module
from typing import Any

import pandas as pd  # type: ignore[import-untyped]


def frame(rows: list[tuple[Any, Any, int]]) -> Any:
    """Return events as a DataFrame, from tuples of user, item and time in ns."""
    times = pd.Series([time for _, _, time in rows], dtype="int64")
    return pd.DataFrame(
        {
            "user": [user for user, _, _ in rows],
            "item": [item for _, item, _ in rows],
            "time": pd.to_datetime(times, unit="ns"),
        }
    )


def load_turicreate() -> None:
    """Import Turi Create, whose own code has warnings."""
    warnings.filterwarnings("ignore", module=r"turicreate\.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_module("turicreate")


def main() -> None:
    warnings.simplefilter("error")
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    while True:
        try:
            code, variables = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        namespace = dict(variables, frame=frame, load_turicreate=load_turicreate)
        try:
            exec(code, namespace)
            answer = (True, namespace["answer"])
        except Exception as error:
            answer = (False, f"{type(error).__name__}: {error}")
        pickle.dump(answer, answers, protocol=4)
        answers.flush()


if __name__ == "__main__":
    main()
