"""Content codings: gzip for bodies of requests, and for large answers (RFC 9110, section 8.4)."""

from __future__ import annotations

import zlib

from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException
from starlette.types import Scope

from turi_recommender.wording import counted

from ..limits import (
    ADMIN_BODY_BYTES,
    CODED_AT_ONCE_BYTES,
    CODING_THREADS,
    MAX_ACCEPTED_CODINGS_BYTES,
    UNPACKED_AT_ONCE_BYTES,
)
from .body import header

_GZIP = 31  # zlib's number for the gzip format with the largest window
_GZIP_NAMES = (b"gzip", b"x-gzip")  # RFC 9110, section 8.4.1.3: the same
_FAST = 1  # five times as fast as the usual level, for a fifth more bytes


class Coder:
    """Packs and unpacks, off the event loop where it takes long."""

    def __init__(self) -> None:
        self._threads: CapacityLimiter | None = None

    async def unpack(self, packed: bytes, limit: int) -> bytes:
        """Return an unpacked body, of which no more than the limit is ever in memory.

        Parameters
        ----------
        packed : bytes
            One gzip member.
        limit : int
            Largest body, in bytes, unpacked.

        Raises
        ------
        HTTPException
            Status 413 if it is larger, 400 if it is not gzip.
        """
        work = zlib.decompressobj(_GZIP)
        at_once = min(limit + 1, CODED_AT_ONCE_BYTES)
        # Blocks that unpack to nothing take their time, too.
        if len(packed) > UNPACKED_AT_ONCE_BYTES:
            body = await to_thread.run_sync(
                _decompressed, work, packed, at_once, limiter=self._limiter()
            )
        else:
            body = _decompressed(work, packed, at_once)
        if len(body) == at_once <= limit and not work.eof:
            rest = work.unconsumed_tail
            body += await to_thread.run_sync(
                _decompressed, work, rest, limit + 1 - len(body), limiter=self._limiter()
            )
        if len(body) > limit:
            raise too_large(limit)
        if not work.eof or work.unused_data:
            raise HTTPException(400, "The body is not a single, complete gzip member.")
        return body

    async def pack(self, body: bytes) -> bytes:
        """Return an answer in the gzip format."""
        if len(body) <= CODED_AT_ONCE_BYTES:
            return packed(body)
        return await to_thread.run_sync(packed, body, limiter=self._limiter())

    def _limiter(self) -> CapacityLimiter:
        if self._threads is None:  # needs a running event loop
            self._threads = CapacityLimiter(CODING_THREADS)
        return self._threads


def too_large(limit: int) -> HTTPException:
    """Return the error of a body that is larger than the limit in bytes.

    That is the setting's, but for requests to administrators, whose limit is far below it.
    """
    setting = "" if limit == ADMIN_BODY_BYTES else " (MAX_BODY_BYTES)"
    message = f"The body is larger than {counted(limit, 'byte')}{setting}"
    return HTTPException(413, message, {"connection": "close"})


def not_gzip() -> HTTPException:
    """Return the error of a body that is not what its header says."""
    return HTTPException(400, "The body is not gzip, as its Content-Encoding says.")


def other_coding() -> HTTPException:
    """Return the error of a body of another coding than gzip."""
    message = "The body may have the Content-Encoding gzip, or none"
    return HTTPException(415, message, {"accept-encoding": "gzip"})


def is_packed(scope: Scope) -> bool:
    """Tell whether the body of a request is gzip.

    Raises
    ------
    HTTPException
        Status 415 if it has another coding.
    """
    coding = header(scope, b"content-encoding")
    if coding == b"":  # nearly always
        return False
    coding = coding.strip().lower()
    if coding in _GZIP_NAMES:
        return True
    if coding in (b"", b"identity"):
        return False
    raise other_coding()


def takes_packed(scope: Scope) -> bool:
    """Tell whether the client takes gzip (RFC 9110, section 12.5.3)."""
    accepted = header(scope, b"accept-encoding")
    if accepted == b"" or len(accepted) > MAX_ACCEPTED_CODINGS_BYTES:
        return False
    weights = dict(map(_weight, accepted.lower().split(b",")))
    for name in (*_GZIP_NAMES, b"*"):
        if name in weights:
            return weights[name] > 0
    return False


def _weight(part: bytes) -> tuple[bytes, float]:
    name, _, parameter = part.partition(b";")
    key, _, value = parameter.partition(b"=")
    if key.strip() != b"q":
        return name.strip(), 1.0
    try:
        return name.strip(), float(value)
    except ValueError:
        return name.strip(), 0.0


def _decompressed(work: zlib._Decompress, packed: bytes, most: int) -> bytes:
    try:
        return work.decompress(packed, most)
    except zlib.error:
        raise not_gzip() from None


def packed(body: bytes) -> bytes:
    """Return a body in the gzip format; takes some 10 ms for each mebibyte."""
    return zlib.compress(body, _FAST, _GZIP)
