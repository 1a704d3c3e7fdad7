"""Whether the service can listen where it is told to, in words that name the setting."""

from __future__ import annotations

import errno
import socket

from .errors import ConfigurationError
from .settings import variable_names

EVERY_ADDRESS = "::"
"""Means all addresses of both families, IPv6 and IPv4."""


def check_address(host: str, port: int) -> None:
    """Bind an address for a moment.

    Parameters
    ----------
    host : str
        A name or an address; a name may stand for several, of which one must do.
    port : int
        The port; 0 is always free.

    Raises
    ------
    ConfigurationError
        If the host is not known, or none of its addresses can be bound.
    """
    names = variable_names()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a host name"
        raise ConfigurationError(f"{names['host']}: {host} is not known: {reason}") from None
    failures = [_bind(family, address) for family, _, _, _, address in found]
    if None in failures:
        return
    failure = next(filter(None, failures), OSError("it has no address"))
    match failure.errno:
        case errno.EADDRINUSE:
            reason = f"{names['port']}: address already in use: {port} on {host}"
        case errno.EACCES | errno.EPERM:
            reason = f"{names['port']}: {port} on {host} needs a right that this process lacks"
        case errno.EADDRNOTAVAIL:
            reason = f"{names['host']}: {host} is not an address of this machine"
        case _:
            reason = (
                f"{names['host']}, {names['port']}: {host}, {port}: {failure.strerror or failure}"
            )
    raise ConfigurationError(reason)


def _bind(family: int, address: tuple[object, ...]) -> OSError | None:
    """Return why an address cannot be bound, None if it can."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6 and address[0] != EVERY_ADDRESS:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            trial.bind(address)
    except OSError as error:
        return error
    return None
