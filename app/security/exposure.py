"""Whether the service may listen where it is told to: without keys, on loopback only."""

from __future__ import annotations

import logging
from ipaddress import ip_address

from ..errors import ConfigurationError
from ..settings import Settings
from .authenticator import Authenticator

log = logging.getLogger(__name__)


def check_exposure(settings: Settings, authenticator: Authenticator) -> None:
    """Refuse to listen beyond loopback without keys, unless the settings ask for exactly that.

    Parameters
    ----------
    settings : Settings
        The address to listen on, and `AUTH`.
    authenticator : Authenticator
        Says whether keys or an issuer are configured.

    Raises
    ------
    ConfigurationError
        If the address is not loopback, nothing is configured, and `AUTH` is not ``none``.
    """
    if authenticator.is_configured:
        return
    if settings.auth == "none":
        log.warning(
            "auth: none - whoever reaches %s may ask, and may change which models serve",
            settings.host,
        )
        return
    if not is_loopback(settings.host):
        raise ConfigurationError(
            f"listening on {settings.host} needs keys (RECOMMENDER_API_KEYS, _API_KEY_FILES), a "
            "token issuer (RECOMMENDER_JWT_ISSUER), or RECOMMENDER_AUTH=none"
        )


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
