"""Words that messages have in common."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text that can be written as UTF-8: names of files may have bytes that cannot."""
    return text if is_printable(text) else text.encode("utf-8", "backslashreplace").decode()


def is_printable(text: str) -> bool:
    """Tell whether a text can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: ``1 row``, ``2 rows``, ``0 rows``.

    Parameters
    ----------
    number : int
        How many there are.
    noun : str
        What there is, in the singular; words before the noun may come with it.
    plural : str, optional
        The plural, where it is not the singular and an ``s``.
    """
    if number == 1:
        return f"{number} {noun}"
    return f"{number} {plural or noun + 's'}"


def text_that_is_no_id(text: str) -> str:
    """Return what a string is that is no integer id: those of up to 19 digits are."""
    if text == "":
        return "an empty string"
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit():
        return "a string of more than 19 digits"
    return "a string that is not all digits"
