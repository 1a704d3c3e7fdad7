"""The ids of a request, as the Azure ML server read them and sent them back."""

from __future__ import annotations

import uuid

from fastapi import Request, Response

from .answers import message

_MAX_LENGTH = 100


def request_ids(request: Request) -> dict[str, str] | Response:
    """Return the id headers of the answer, or the whole answer if an id is too long."""
    given = request.headers.get
    request_id = given("x-request-id") or str(uuid.uuid4())
    client_id = given("x-ms-client-request-id") or given("x-ms-request-id") or ""
    legacy_id = given("x-ms-request-id") or client_id or request_id
    if len(request_id) > _MAX_LENGTH:
        return message(431, f"x-request-id must not exceed {_MAX_LENGTH} characters", {})
    ids = {"x-request-id": request_id}
    if max(len(client_id), len(legacy_id)) > _MAX_LENGTH:
        names = "x-ms-request-id and x-ms-client-request-id"
        return message(431, f"{names} must not exceed {_MAX_LENGTH} characters", ids)
    ids["x-ms-request-id"] = legacy_id
    if client_id:
        ids["x-ms-client-request-id"] = client_id
    return ids
