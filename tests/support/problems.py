"""The shape that every error of the service has."""

from __future__ import annotations

from typing import Any

import httpx


def assert_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """Check that an answer is problem details, and return the problem.

    Parameters
    ----------
    response : httpx.Response
        The answer.
    status : int
        The status that is expected.
    """
    assert response.status_code == status, response.text
    media_type = response.headers["content-type"]
    assert media_type == "application/problem+json", media_type
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status, problem
    assert all(problem[name] for name in ("type", "title", "detail")), problem
    assert "Traceback" not in response.text, response.text
    return problem
