"""What the command lines of the trainer have in common."""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
import threading
import time
from typing import Callable, NoReturn

Say = Callable[[str], None]


class Parser(argparse.ArgumentParser):
    """A command line whose errors are one line, as those of logs are."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and exit with status 2."""
        self.exit(2, "{}: {}\n".format(self.prog, one_line(message)))


def one_line(text: object) -> str:
    """Return a text without line breaks."""
    return " ".join(str(text).split())


def make_say() -> Say:
    """Return what prints lines of progress, each with the seconds since now."""
    # Ids and events may have characters that a terminal does not.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    started = time.monotonic()

    def say(text: str) -> None:
        print("[{:6.1f} s] {}".format(time.monotonic() - started, text), flush=True)

    return say


def counted(text: str) -> int:
    """Read an option: a whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("{} is less than 1".format(text))
    return number


def seed(text: str) -> int:
    """Read an option: a seed, of which NumPy and Turi Create take 0 to 2^31 - 1."""
    number = int(text)
    if not 0 <= number < 2**31 - 1000:
        raise argparse.ArgumentTypeError("{} is not from 0 to {}".format(text, 2**31 - 1001))
    return number


def minutes(text: str) -> float:
    """Read an option: a number of minutes, at least 0."""
    number = float(text)
    if not 0.0 <= number < math.inf:
        raise argparse.ArgumentTypeError("{} is no number of minutes".format(text))
    return number


def share(text: str) -> float:
    """Read an option: above 0, at most 1."""
    number = float(text)
    if not 0.0 < number <= 1.0:
        raise argparse.ArgumentTypeError("{} is not above 0 and at most 1".format(text))
    return number


def on_termination(clear: Callable[[], None]) -> None:
    """Clear up and end the process as soon as SIGTERM comes, with status 143.

    Python runs handlers of signals between two of its instructions, and the training of a model is
    one of them, of many minutes. A thread hears of the signal at once.

    Parameters
    ----------
    clear : callable
        Removes what is not finished.
    """
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)

    def wait() -> None:
        while os.read(heard, 1) != bytes([signal.SIGTERM]):
            pass
        clear()
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()
