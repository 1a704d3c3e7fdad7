"""Tell who a caller is and what they may do, by their key or token."""

from __future__ import annotations

from anyio import CapacityLimiter, to_thread

from ..errors import NotAuthenticatedError
from ..settings import Settings, variable_names
from .entries import digest_of
from .keys import KeySource
from .scopes import ADMIN, RECOMMEND, Caller
from .tokens import TokenChecker, is_token

# Threads that tokens are checked in, apart from those in which models score. At most one of them
# waits for an issuer; a check takes some 0.1 ms.
_TOKEN_THREADS = 4


class Authenticator:
    """Tell who a caller is and what they may do.

    Parameters
    ----------
    settings : Settings
        Keys, key files and the token issuers.

    Raises
    ------
    ConfigurationError
        If an entry is neither a digest nor a key, or a file cannot be read.
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
        self._threads = CapacityLimiter(_TOKEN_THREADS)

    @property
    def is_configured(self) -> bool:
        """Whether there is any key or issuer."""
        return self._tokens is not None or any(source.is_configured for source in self._keys)

    def identify(self, credential: str) -> Caller:
        """Return whose key or token this is. May block on the issuer's keys.

        Raises
        ------
        NotAuthenticatedError
            If it is not valid.
        NotVerifiedError
            If it is a token that cannot be checked at the moment.
        """
        caller = self._find_key(credential)
        if caller is not None:
            return caller
        return self._token_checker(credential).identify(credential)

    async def identify_async(self, credential: str) -> Caller:
        """Return whose key or token this is, without blocking the event loop; raises as `identify`.

        Keys are known at once. Tokens are checked in threads of their own.
        """
        caller = self._find_key(credential)
        if caller is not None:
            return caller
        checker = self._token_checker(credential)
        return await to_thread.run_sync(checker.identify, credential, limiter=self._threads)

    def scopes(self, credential: str) -> frozenset[str]:
        """Return what a key or token allows; blocks and raises as `identify`."""
        return self.identify(credential).scopes

    def _find_key(self, credential: str) -> Caller | None:
        digest = digest_of(credential)
        found: frozenset[str] = frozenset()
        for source in self._keys:  # all of them, whatever was found: the time taken tells nothing
            found |= source.scopes(digest)
        return Caller(f"key:{digest[:12].decode()}", found) if found else None

    def _token_checker(self, credential: str) -> TokenChecker:
        if self._tokens is None or not is_token(credential):
            raise NotAuthenticatedError("The key is not valid")
        return self._tokens
