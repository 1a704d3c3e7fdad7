"""The ids of a request, as the Azure ML server read them and sent them back."""

from __future__ import annotations

from fastapi import Request

from ...errors import LongIdError
from ...http.exchange import exchange_of

_MAX_LENGTH = 100


def request_ids(request: Request) -> dict[str, str]:
    """Return the id headers of the answer.

    The request's id is the one that the log has, so that both can be found by either.

    Raises
    ------
    LongIdError
        If an id is longer than the server takes.
    """
    given = request.headers.get
    exchange = exchange_of(request.scope)
    made = "" if exchange is None else exchange.request_id.decode("ascii", "replace")
    request_id = given("x-request-id") or made
    client_id = given("x-ms-client-request-id") or given("x-ms-request-id") or ""
    legacy_id = given("x-ms-request-id") or client_id or request_id
    if len(request_id) > _MAX_LENGTH:
        raise LongIdError("x-request-id", _MAX_LENGTH, {})
    ids = {"x-request-id": request_id}
    if max(len(client_id), len(legacy_id)) > _MAX_LENGTH:
        raise LongIdError("x-ms-request-id and x-ms-client-request-id", _MAX_LENGTH, ids)
    ids["x-ms-request-id"] = legacy_id
    if client_id:
        ids["x-ms-client-request-id"] = client_id
    return ids
