"""Decide what a request may do, by its key or token."""

from __future__ import annotations

import hashlib

from ..errors import NotAuthenticatedError
from ..settings import Settings
from .keys import KeySource
from .scopes import ADMIN, RECOMMEND
from .tokens import TokenChecker


class Authenticator:
    """Decide what a request may do.

    Parameters
    ----------
    settings : Settings
        Keys, key files and the token issuer.

    Raises
    ------
    ConfigurationError
        If a key is neither a digest nor long enough, or a file cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self._keys = [
            KeySource(settings.api_keys, settings.api_key_files, (RECOMMEND,)),
            KeySource(settings.admin_keys, settings.admin_key_files, (RECOMMEND, ADMIN)),
        ]
        self._tokens = TokenChecker(settings) if settings.jwt_issuer else None

    @property
    def is_configured(self) -> bool:
        """Whether any key or issuer is configured."""
        return self._tokens is not None or any(source.is_configured for source in self._keys)

    def scopes(self, credential: str) -> frozenset[str]:
        """Return what a key or token allows. This may block until the issuer's keys arrive.

        Raises
        ------
        NotAuthenticatedError
            If it is not valid.
        """
        digest = hashlib.sha256(credential.encode(errors="surrogateescape")).hexdigest().encode()
        found: frozenset[str] = frozenset()
        for source in self._keys:  # always all of them, so that the time taken tells nothing
            found |= source.scopes(digest)
        if found:
            return found
        if self._tokens is not None and credential.count(".") == 2:
            return self._tokens.scopes(credential)
        raise NotAuthenticatedError("The key is not valid")

    def may_block(self, credential: str) -> bool:
        """Tell whether `scopes` may wait for the network."""
        return self._tokens is not None and credential.count(".") == 2
