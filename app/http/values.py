"""How many values a JSON body can hold, without parsing it.

Parsing and validating take their time by the value, and hold up everybody meanwhile.
"""

from __future__ import annotations

from ..errors import TooManyValuesError
from ..limits import FEW_BODY_BYTES, MAX_VALUES


def check_values(body: bytes) -> None:
    """Refuse a body of more values than any request within the other limits has.

    Raises
    ------
    TooManyValuesError
        If there are more than `MAX_VALUES` commas and brackets in it, some of which may be text.
    """
    if len(body) <= FEW_BODY_BYTES:
        return
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
        raise TooManyValuesError(MAX_VALUES)
