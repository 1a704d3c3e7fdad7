"""What Turi Create could not do, in one line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

_SHOWN = 500  # characters of what Turi Create says


class TrainingError(Exception):
    """Turi Create could not train, ask or save a model; the text is one line."""


def one_line(text: object) -> str:
    """Return a text without line breaks."""
    return " ".join(str(text).split())


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn an error of Turi Create into a `TrainingError`; its own have no common class."""
    try:
        yield
    except TrainingError:
        raise
    except Exception as error:
        text = one_line(error)[:_SHOWN]
        raise TrainingError(text or type(error).__name__) from error
