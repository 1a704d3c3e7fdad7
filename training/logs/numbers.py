"""Numbers as texts write them, in logs and on command lines."""

from __future__ import annotations

import math
from typing import Optional


def finite(text: str) -> Optional[float]:
    """Return the number that a text writes; None if it writes none, or one that is not finite.

    A number is digits of ASCII, perhaps with a sign, a point and an exponent, and with blanks of
    ASCII around it. Python reads more than that: ``1_0``, digits of other scripts, and numbers
    among blanks that do not break, which in a log are damage.
    """
    if not text.isascii() or "_" in text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def whole(text: str) -> Optional[int]:
    """Return the whole number that a text writes in digits of ASCII; None if it writes none.

    With more than a hundred digits it writes none, because to read them takes time.
    """
    digits = text[1:] if text[:1] in ("+", "-") else text
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) <= 100 else None
