"""Documents that are the same for everybody: made, compressed and given a tag once.

They are sent whole: a `Range` may be ignored (RFC 9110, section 14.2), and so none can be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import NamedTuple

from anyio import to_thread
from fastapi import Response
from starlette.types import Scope

from ..limits import COMPRESSED_FROM_BYTES
from ..models.rounds import Rounds
from .body import header
from .encoding import packed, takes_packed


class _Made(NamedTuple):
    plain: bytes
    packed: bytes | None
    tag: str


class Document:
    """A document, made when it is first asked for.

    Parameters
    ----------
    read : callable
        Returns its bytes; called in a thread.
    media_type : str
        Of what type it is.
    headers : mapping of str to str
        Further headers of each answer.
    """

    def __init__(
        self, read: Callable[[], bytes], media_type: str, headers: Mapping[str, str]
    ) -> None:
        self._read = read
        self._media_type = media_type
        self._headers = headers
        self._made: _Made | None = None
        self._rounds = Rounds(self._make_aside)

    async def answer(self, scope: Scope) -> Response:
        """Answer a request: in the coding that the client takes, or that it has the document."""
        made = self._made
        if made is None:
            made = await self._rounds.ask()
        headers = {**self._headers, "etag": made.tag}
        if made.packed is not None:
            headers["vary"] = "accept-encoding"
        if _has(made.tag, header(scope, b"if-none-match").decode("latin-1")):
            return Response(status_code=304, headers=headers)
        if made.packed is None or not takes_packed(scope):
            return Response(made.plain, headers=headers, media_type=self._media_type)
        headers["content-encoding"] = "gzip"
        return Response(made.packed, headers=headers, media_type=self._media_type)

    async def _make_aside(self) -> _Made:
        if self._made is None:
            self._made = await to_thread.run_sync(self._make)
        return self._made

    def _make(self) -> _Made:
        plain = self._read()
        is_long = len(plain) >= COMPRESSED_FROM_BYTES
        # A weak tag, because it is the same for both codings.
        tag = f'W/"{sha256(plain).hexdigest()[:32]}"'
        return _Made(plain, packed(plain) if is_long else None, tag)


def _has(tag: str, given: str) -> bool:
    """Tell whether an If-None-Match names a tag (RFC 9110, sections 8.8.3.2 and 13.1.2)."""
    bare = tag.removeprefix("W/")
    return any(
        one.strip() == "*" or bare == one.strip().removeprefix("W/") for one in given.split(",")
    )
