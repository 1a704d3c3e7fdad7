"""Arguments of the command line, checked as they are read."""

from __future__ import annotations

import argparse
import math
import threading
from pathlib import Path

from turi_recommender.versions import is_model_name, is_version

_DIGITS = 18  # of a version, and of other numbers on the command line


def whole_number(text: str) -> int:
    """Read a number of things, of which there is one at least."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _DIGITS
    if not is_number or int(text) < 1:
        raise argparse.ArgumentTypeError("a whole number, 1 or more, is needed")
    return int(text)


def some_path(text: str) -> Path:
    """Read a path; an empty one, such as of a variable that is not set, would mean this folder."""
    if not text:
        raise argparse.ArgumentTypeError("a path is needed")
    return Path(text)


def version_number(text: str) -> int:
    """Read a version."""
    if not is_version(text):
        raise argparse.ArgumentTypeError(
            f"a version is needed: 0, or up to {_DIGITS} digits of which the first is not 0"
        )
    return int(text)


def name_and_version(text: str) -> tuple[str, str]:
    """Read a version with its name, such as ``similarity_model:6``."""
    name, _, version = text.rpartition(":")
    if not is_model_name(name) or not is_version(version):
        raise argparse.ArgumentTypeError("NAME:VERSION is needed, such as similarity_model:6")
    return name, version


def seconds(text: str) -> float:
    """Read a time span."""
    try:
        span = float(text)
    except ValueError:
        span = math.nan
    if not 0 < span <= threading.TIMEOUT_MAX:
        raise argparse.ArgumentTypeError("a number of seconds, more than 0, is needed")
    return span
