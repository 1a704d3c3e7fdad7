"""Every kind of problem that there is, with its status: what callers may rely on.

A new error needs a line here.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException

from app import errors
from app.errors import LIBRARY_ERRORS, ServiceError
from app.http.problems import problem_of
from turi_recommender import errors as library

SERVICE = {
    "ClientGoneError": (499, None),
    "ConfigurationError": (500, None),
    "InvalidBodyError": (422, "validation"),
    "LongIdError": (431, None),
    "ModelUnavailableError": (503, "model-unavailable"),
    "PersonNotAuthenticatedError": (401, "unauthenticated"),
    "NotAllowedError": (403, "not-allowed"),
    "OriginNotAllowedError": (403, "not-allowed"),
    "NotAnsweredError": (503, None),
    "NotAuthenticatedError": (401, "unauthenticated"),
    "NotReceivedError": (408, None),
    "NotVerifiedError": (503, None),
    "OverloadedError": (503, "overloaded"),
    "RefusedVersionError": (409, "version-refused"),
    "ScoreError": (400, None),
    "StoppingError": (503, None),
    "TooManyValuesError": (422, "too-many-values"),
}
LIBRARY = {
    "ModelFormatError": (409, "version-refused"),
    "ModelNotFoundError": (404, "model-not-found"),
    "ModelUnreadableError": (503, "model-unreadable"),
    "QueryError": (422, "validation"),
}

ROOT = Path(__file__).parents[2]
# What the framework and the server's framing answer themselves, and what is answered to an error
# that nobody foresaw.
FRAMEWORK = {(404, None), (405, None), (500, None), (501, None)}


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    for one in kind.__subclasses__():
        yield one
        yield from subclasses(one)


def test_every_error_of_the_service_is_listed() -> None:
    found = {
        kind.__name__: (kind.status, kind.kind)
        for kind in subclasses(ServiceError)
        if issubclass(kind, ServiceError)
    }
    assert found == SERVICE
    assert all(f"{name} " in (errors.__doc__ or "") for name in found)


def test_every_error_of_the_library_has_a_meaning_or_is_never_answered() -> None:
    found = {kind.__name__: (it.status, it.kind) for kind, it in LIBRARY_ERRORS.items()}
    assert found == LIBRARY
    own = {
        kind.__name__
        for kind in subclasses(library.RecommenderError)
        if kind.__module__ == library.__name__
    }
    # Registering is a command, and the base class is never raised itself.
    assert own - set(found) == {"ModelError", "RegistrationError"}


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (errors.OverloadedError(), 503, "More requests are being answered"),
        (errors.NotReceivedError(), 408, "took too long to arrive"),
        (errors.NotAnsweredError(), 503, "took too long to answer"),
        (errors.NotVerifiedError(), 503, "issuer are being fetched"),
        (errors.NotAllowedError("no"), 403, "no"),
        (errors.RefusedVersionError("why"), 409, "why"),
        (library.QueryError(("users", 1), "bad"), 422, "users.1: bad"),
        (library.ModelNotFoundError("none"), 404, "none"),
        (library.ModelUnreadableError(Path("/secret"), 7, "gone"), 503, "cannot be read"),
        (library.RegistrationError("secret"), 500, "the reason is in its log"),
        (HTTPException(413, "large"), 413, "large"),
        (KeyError("secret"), 500, "the reason is in its log"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_answers(error: Exception, status: int, detail: str) -> None:
    answer = problem_of(error, "/path")
    assert answer.status_code == status
    body = json.loads(bytes(answer.body))
    assert body["status"] == status
    assert detail in body["detail"]
    assert "secret" not in bytes(answer.body).decode()


def test_headers_come_with_the_error() -> None:
    assert problem_of(errors.OverloadedError(), "/").headers["retry-after"] == "1"
    assert problem_of(errors.NotReceivedError(), "/").headers["connection"] == "close"
    challenge = problem_of(errors.NotAuthenticatedError("x"), "/").headers["www-authenticate"]
    assert challenge.startswith("Bearer ")


def problems_of_the_page() -> list[tuple[int, str | None]]:
    """Return the status and the kind of each row of the table in docs/operations.md."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page.split("\n## Problems\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([\w:-]+)` \| (\d+) \|", section, re.M)
    return [(int(status), None if kind == "about:blank" else kind) for kind, status in rows]


def plain_statuses() -> Iterator[int]:
    """Yield the statuses of the errors that have no class of their own, and of refusals."""
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            if ast.unparse(node.func) == "HTTPException":
                status = ast.literal_eval(node.args[0])
                assert isinstance(status, int)
                yield status
            elif ast.unparse(node.func) == "Refusal":
                yield HTTPStatus[ast.unparse(node.args[0]).removeprefix("HTTPStatus.")]


def test_every_problem_has_a_row_in_the_documentation() -> None:
    # The one stops the start, and nobody is there to read the other.
    never_answered = {"ConfigurationError", "ClientGoneError"}
    answered = {meaning for name, meaning in SERVICE.items() if name not in never_answered}
    answered |= set(LIBRARY.values()) | {(status, None) for status in plain_statuses()}
    rows = problems_of_the_page()
    assert len(rows) == len(set(rows))
    assert set(rows) == answered | FRAMEWORK
