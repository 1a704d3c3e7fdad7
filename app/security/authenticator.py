"""Decide what a request may do, by its key or token."""

from __future__ import annotations

from ..errors import NotAuthenticatedError
from ..settings import Settings, variable_names
from .entries import digest_of
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
        names = variable_names()
        self._keys = [
            KeySource(
                settings.api_keys,
                settings.api_key_files,
                (RECOMMEND,),
                (names["api_keys"], names["api_key_files"]),
            ),
            KeySource(
                settings.admin_keys,
                settings.admin_key_files,
                (RECOMMEND, ADMIN),
                (names["admin_keys"], names["admin_key_files"]),
            ),
        ]
        self._tokens = TokenChecker(settings) if settings.jwt_issuer else None

    @property
    def is_configured(self) -> bool:
        """Whether there is any key or issuer."""
        return self._tokens is not None or any(source.is_configured for source in self._keys)

    def scopes(self, credential: str) -> frozenset[str]:
        """Return what a key or token allows. May block on the issuer's keys.

        Raises
        ------
        NotAuthenticatedError
            If it is not valid.
        """
        digest = digest_of(credential)
        found: frozenset[str] = frozenset()
        for source in self._keys:  # all of them, whatever was found: the time taken tells nothing
            found |= source.scopes(digest)
        if found:
            return found
        if self._tokens is not None and credential.count(".") == 2:
            return self._tokens.scopes(credential)
        raise NotAuthenticatedError("The key is not valid")

    def may_block(self, credential: str) -> bool:
        """Tell whether `scopes` may wait for the network."""
        return self._tokens is not None and credential.count(".") == 2
