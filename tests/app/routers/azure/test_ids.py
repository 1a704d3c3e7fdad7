"""One id for each request of the drop-in: in every answer, and in the line of the log."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.security.keys import new_key
from app.settings import Settings
from tests.support.serving import serving

BODY = [{"visitorid": 6000}]
PATHS = ["/score", "/api/v1/service/shop/score"]
KEY, DIGEST = new_key()


def ask(path: str, settings: Settings, **options: Any) -> httpx.Response:
    with serving(settings) as client:
        return client.post(path, **options)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("given", [None, "mine", "two words"])
@pytest.mark.parametrize("status", [200, 400, 401, 413])
def test_the_answer_and_the_log_have_the_same_id(
    capsys: pytest.CaptureFixture[str], path: str, given: str | None, status: int
) -> None:
    content = b" " * 2000 if status == 413 else json.dumps(BODY if status == 200 else []).encode()
    headers = {"x-api-key": "nobody" if status == 401 else KEY, "x-ms-client-request-id": "shop-7"}
    if given is not None:
        headers["x-request-id"] = given
    settings = Settings(api_keys=DIGEST, max_body_bytes=1000, log_format="json")
    answer = ask(path, settings, content=content, headers=headers)
    assert answer.status_code == status
    (told,) = answer.headers.get_list("x-request-id")
    lines = [one for one in capsys.readouterr().out.splitlines() if one.startswith("{")]
    (line,) = [one for one in map(json.loads, lines) if one.get("request_id") == told]
    assert line["status"] == status
    assert line["client_request_id"] == "shop-7"
    assert answer.headers.get_list("x-ms-request-id") == ["shop-7"]
    assert answer.headers.get_list("x-ms-client-request-id") == ["shop-7"]
    if given is None:
        assert UUID(told).version == 4
    else:
        assert told == given


@pytest.mark.parametrize("name", ["x-request-id", "x-ms-client-request-id", "x-ms-request-id"])
def test_what_a_log_cannot_show_is_not_taken_over(client: httpx.Client, name: str) -> None:
    answer = client.post("/score", json=BODY, headers={name.encode(): b"\x9b31m\xe9"})
    assert answer.status_code == 200
    assert UUID(answer.headers["x-request-id"]).version == 4
    assert b"\x9b" not in b"".join(value for _, value in answer.headers.raw)


def test_words_of_a_text_log_cannot_be_forged(capsys: pytest.CaptureFixture[str]) -> None:
    headers = {"x-request-id": "mine status=500", "x-ms-client-request-id": 'a" b'}
    assert ask("/score", Settings(log_format="text"), json=BODY, headers=headers).status_code == 200
    (line,) = [one for one in capsys.readouterr().out.splitlines() if "route=/score" in one]
    assert 'request_id="mine status=500" ' in line
    assert 'client_request_id="a\\" b" ' in line
    assert " status=200 " in line
