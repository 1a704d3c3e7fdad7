"""The keys that an issuer signs tokens with: fetched when needed, kept through an outage.

Whoever sends a token with the name of an unknown key has proved nothing yet, so at most one thread
waits for an issuer, at most every half minute; all others are answered at once.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import NotAuthenticatedError, NotVerifiedError

log = logging.getLogger(__name__)

_FRESH_SECONDS = 3600.0
_COOL_DOWN_SECONDS = 30.0  # between fetches that an unknown key or a failure asks for
_TIMEOUT_SECONDS = 5.0
_MAX_BYTES = 1 << 20

Fetch = Callable[[str], dict[str, Any]]
Clock = Callable[[], float]


class IssuerKeys:
    """The keys (JWKS) at one address.

    Parameters
    ----------
    address : str
        Where they are.
    fetch : callable
        Takes the address and returns the JWKS document.
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, address: str, fetch: Fetch, clock: Clock) -> None:
        self._address = address
        self._fetch = fetch
        self._clock = clock
        self._keys: Mapping[str, Any] = {}
        self._fetched = -math.inf
        self._tried = -math.inf
        self._asking = threading.Lock()

    def find(self, name: str) -> Any:
        """Return a key. May block on the network, if no other thread does.

        Raises
        ------
        NotAuthenticatedError
            If the issuer does not list it, as far as is known.
        NotVerifiedError
            If it is not known, and another thread is asking for the keys, or no keys of this
            issuer could be fetched so far.
        """
        if self._is_due(name) and self._asking.acquire(blocking=False):
            try:
                if self._is_due(name):  # another thread may have asked in between
                    self._refresh()
            finally:
                self._asking.release()
        if name in self._keys:
            return self._keys[name]
        if self._asking.locked() or not self._keys:  # who has no keys cannot tell what is listed
            raise NotVerifiedError
        raise NotAuthenticatedError("The token is signed with a key that its issuer does not list")

    def _is_due(self, name: str) -> bool:
        now = self._clock()
        is_wanted = name not in self._keys or now - self._fetched > _FRESH_SECONDS
        return is_wanted and now - self._tried > _COOL_DOWN_SECONDS

    def _refresh(self) -> None:
        import jwt  # noqa: PLC0415 - only where tokens are configured

        self._tried = now = self._clock()
        try:
            found = jwt.PyJWKSet.from_dict(self._fetch(self._address))
            keys = {key.key_id: key for key in found.keys if key.key_id}
            if not keys:
                raise ValueError("none of its keys has a name")
        except Exception as error:
            log.error(
                "the issuer's keys cannot be fetched from %s: %s; %s",
                self._address,
                error,
                "the last ones stay valid" if self._keys else "none of its tokens can be checked",
            )
            return
        self._keys = keys
        self._fetched = now


def fetch_jwks(address: str) -> dict[str, Any]:
    """Return the JWKS document at an address.

    Raises
    ------
    Exception
        If it cannot be fetched whole, in time and in size, or is not JSON.
    """
    import httpx  # noqa: PLC0415

    deadline = time.monotonic() + _TIMEOUT_SECONDS
    content = bytearray()
    with httpx.stream("GET", address, timeout=_TIMEOUT_SECONDS) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > _MAX_BYTES:
                raise ValueError(f"more than {_MAX_BYTES} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError(f"not complete after {_TIMEOUT_SECONDS:g} s")
    document: dict[str, Any] = json.loads(content)
    return document
