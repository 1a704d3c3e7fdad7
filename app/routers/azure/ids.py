"""The ids of a request, as the Azure ML server read them and sent them back."""

from __future__ import annotations

import re
from uuid import UUID

from starlette.types import Scope

from ...errors import LongIdError
from ...http.body import header
from ...http.identity import Identity, new_number
from ...limits import REQUEST_ID_LENGTH

_ID = b"x-request-id"
_CLIENT_ID = b"x-ms-client-request-id"
_LEGACY_ID = b"x-ms-request-id"
_PRINTABLE = re.compile(rb"[\x20-\x7e]*")


def identify(scope: Scope) -> Identity:
    """Return the ids of a request; of what is too long, nothing comes back."""
    given = header(scope, _ID)
    is_usable = given != b"" and _PRINTABLE.fullmatch(given) is not None
    if len(given) > REQUEST_ID_LENGTH:
        return Identity(_new_id(), [])
    request_id = given if is_usable else _new_id()
    headers = [(_ID, request_id)]
    client_id, legacy_id = _other_ids(scope)
    if max(len(client_id), len(legacy_id)) > REQUEST_ID_LENGTH:
        return Identity(request_id, headers)
    headers.append((_LEGACY_ID, legacy_id or request_id))
    if client_id == b"":
        return Identity(request_id, headers)
    headers.append((_CLIENT_ID, client_id))
    return Identity(request_id, headers, {"client_request_id": client_id.decode("ascii")})


def check_ids(scope: Scope) -> None:
    """Check the lengths of a request's ids.

    Raises
    ------
    LongIdError
        If one is longer than the server takes.
    """
    if len(header(scope, _ID)) > REQUEST_ID_LENGTH:
        raise LongIdError("x-request-id", REQUEST_ID_LENGTH)
    if max(map(len, _other_ids(scope))) > REQUEST_ID_LENGTH:
        raise LongIdError("x-ms-request-id and x-ms-client-request-id", REQUEST_ID_LENGTH)


def _other_ids(scope: Scope) -> tuple[bytes, bytes]:
    """Return the client's id and the older name's, each standing in for the other."""
    legacy_id = _printable(header(scope, _LEGACY_ID))
    client_id = _printable(header(scope, _CLIENT_ID)) or legacy_id
    return client_id, legacy_id or client_id


def _printable(value: bytes) -> bytes:
    """Return an id, empty if the log cannot show it as it is."""
    return value if _PRINTABLE.fullmatch(value) else b""


def _new_id() -> bytes:
    return str(UUID(int=new_number(), version=4)).encode()
