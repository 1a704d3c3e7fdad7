"""Requests to endpoints of models, and what the answers say."""

from __future__ import annotations

from typing import Any

import httpx

from .problems import assert_problem


def answer_of(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    """Post a body, and return the answer: it must be one.

    Parameters
    ----------
    client : httpx.Client
        Of a running service.
    path : str
        The endpoint's.
    **body : any
        Its fields.
    """
    response = client.post(path, json=body)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    answer: dict[str, Any] = response.json()
    return answer


def refusal_of(client: httpx.Client, path: str, **body: Any) -> tuple[str, str]:
    """Post a body that is wrong, and return the first field that is, and what is wrong with it.

    Parameters
    ----------
    client : httpx.Client
        Of a running service.
    path : str
        The endpoint's.
    **body : any
        Its fields.
    """
    first = assert_problem(client.post(path, json=body), 422)["errors"][0]
    return first["field"], first["message"]
