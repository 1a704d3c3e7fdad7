"""The id of a request: in its answer and in its log line, whatever comes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import NamedTuple

from starlette.types import Scope

from ..limits import REQUEST_ID_LENGTH
from .body import header

_RANDOM = Random()  # noqa: S311 - an id is no secret, and need only differ from all others
_ID = re.compile(rb"[\x21-\x7e]{1,%d}" % REQUEST_ID_LENGTH)


class Identity(NamedTuple):
    """Who a request is.

    Attributes
    ----------
    request_id : bytes
        Its id in the log, visible ASCII.
    headers : list of (bytes, bytes)
        What every answer to it carries.
    noted : mapping of str to str
        Further fields of its log line.
    """

    request_id: bytes
    headers: list[tuple[bytes, bytes]]
    noted: Mapping[str, str] = {}


def new_number() -> int:
    """Return 128 bits that no other request has.

    They are not the system's: at a call of it, threads that calculate may take their turn, and
    requests that arrive together would wait for all of these turns.
    """
    return _RANDOM.getrandbits(128)


def identify(scope: Scope) -> Identity:
    """Take over the id that the client gives, or make one."""
    given = header(scope, b"x-request-id")
    is_given = given != b"" and _ID.fullmatch(given) is not None
    request_id = given if is_given else b"%032x" % new_number()
    return Identity(request_id, [(b"x-request-id", request_id)])
