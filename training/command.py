"""What the command lines of the trainer have in common."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from typing import IO, Callable, NoReturn, Optional

from training.errors import TrainingError, one_line
from training.logs.errors import LogError, shown
from training.logs.numbers import finite, whole

Say = Callable[[str], None]
_LARGEST_SEED = 2**31 - 1001  # Turi Create takes 31 bits, and runs count up from their seed


class Parser(argparse.ArgumentParser):
    """A command line whose errors are one line, as those of logs are."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and exit with status 2."""
        self.exit(2, "{}: {}\n".format(self.prog, one_line(message)))

    def print_help(self, file: Optional[IO[str]] = None) -> None:
        """Print the help, as far as somebody reads it."""
        try:
            super().print_help(file)
            if sys.stdout is not None:
                sys.stdout.flush()
        except OSError:
            _write_nowhere()


def status_of(program: str, work: Callable[[], None]) -> int:
    """Do the work of a command line, and return its exit status.

    What cannot be is one line on standard error, with status 2.

    Parameters
    ----------
    program : str
        What the line begins with.
    work : callable
        May raise `LogError`, `TrainingError` and OSError.
    """
    try:
        work()
    except (LogError, TrainingError, OSError) as error:
        print("{}: {}".format(program, one_line(error)), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("{}: interrupted".format(program), file=sys.stderr)
        return 130
    return 0


def make_say() -> Say:
    """Return what prints lines of progress, each with the seconds since now.

    If nobody reads standard output any more, or its disk is full, that is said once on standard
    error, and the work goes on: it is the models that are wanted.
    """
    if sys.stdout is None:  # it was closed before Python began
        sys.stdout = open(os.devnull, "w")
    # Ids and events may have characters that a terminal does not.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    started = time.monotonic()

    def say(text: str) -> None:
        try:
            print("[{:6.1f} s] {}".format(time.monotonic() - started, text), flush=True)
        except OSError as error:
            _write_nowhere()
            print("no more lines of progress: {}".format(error.strerror), file=sys.stderr)

    return say


def _write_nowhere() -> None:
    """Let standard output lead nowhere: Python would try again at its end to write what is left."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def ranged(least: int, most: int) -> Callable[[str], int]:
    """Return what reads an option: a whole number.

    Parameters
    ----------
    least, most : int
        Between which it must be, both included.
    """

    def number(text: str) -> int:
        number = whole(text)
        if number is None:
            raise argparse.ArgumentTypeError("{} is no whole number".format(shown(text)))
        if number < least and least == 1:
            raise argparse.ArgumentTypeError("{} is less than 1".format(text))
        if not least <= number <= most:
            raise argparse.ArgumentTypeError("{} is not from {} to {}".format(text, least, most))
        return number

    return number


# A number of seeds, of which Turi Create takes 0 to 2^31 - 1.
counted = ranged(1, 1000)
seed = ranged(0, _LARGEST_SEED)


def minutes(text: str) -> float:
    """Read an option: a number of minutes, at least 0."""
    number = finite(text)
    if number is None or number < 0.0:
        raise argparse.ArgumentTypeError("{} is no number of minutes".format(text))
    return number


def share(text: str) -> float:
    """Read an option: above 0, at most 1."""
    number = finite(text)
    if number is None or not 0.0 < number <= 1.0:
        raise argparse.ArgumentTypeError("{} is not above 0 and at most 1".format(text))
    return number


def folder(text: str) -> str:
    """Read an option: a folder that is there, or can be made."""
    if text == "" or "\0" in text:
        raise argparse.ArgumentTypeError("{} is no name of a folder".format(shown(text)))
    there = os.path.abspath(text)
    while not os.path.lexists(there):
        there = os.path.dirname(there)
    if not os.path.isdir(there):
        raise argparse.ArgumentTypeError("{} is no folder".format(shown(there)))
    return text


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
