"""The errors of the service: one tree, in which each error says how it is answered.

::

    RecommenderError                 turi_recommender: the root
    ├── ModelError, QueryError ...   turi_recommender: see `LIBRARY_ERRORS` below
    └── ServiceError
        ├── ConfigurationError       a setting that cannot be honoured; it stops the start
        ├── InvalidBodyError         422  a body that does not validate
        ├── TooManyValuesError       422  a body of too many values to look at
        ├── ScoreError               400  a payload that the drop-in cannot score
        ├── LongIdError              431  an id of a request that is longer than the drop-in takes
        ├── NotAuthenticatedError    401  no key or token, or none that is valid
        │   └── PersonNotAuthenticatedError    the same on a page for people
        ├── NotAllowedError          403  a valid key or token without the scope that is needed
        │   └── OriginNotAllowedError    the same for a page whose origin may not call the service
        ├── RefusedVersionError      409  a version that did not pass its checks
        ├── ClientGoneError          499  a request whose client has gone; seen in the log only
        ├── NotReceivedError         408  a request that took too long to arrive
        ├── NotAnsweredError         503  a request that took too long to answer
        ├── StoppingError            503  a request that was not done when the service stopped
        ├── NotVerifiedError         503  a token whose issuer's keys are not there yet
        ├── OverloadedError          503  more requests than the service takes at once
        └── ModelUnavailableError    503  the model that a request needs is not loaded

`http/problems.py` turns them into answers. A new error needs a class here, and no change there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic_core import ErrorDetails

from turi_recommender.errors import (
    ModelError,
    ModelFormatError,
    ModelNotFoundError,
    ModelUnreadableError,
    QueryError,
    RecommenderError,
)
from turi_recommender.wording import counted

_RETRY = {"retry-after": "1"}


class ServiceError(RecommenderError):
    """An error of the service, with its answer.

    Attributes
    ----------
    status : int
        HTTP status of the answer.
    kind : str or None
        Last part of the problem's `type`; None where the status says it all (``about:blank``).
    headers : mapping of str to str
        Further headers of the answer.
    """

    status: ClassVar[int] = 500
    kind: ClassVar[str | None] = None
    headers: ClassVar[Mapping[str, str]] = {}


class ConfigurationError(ServiceError):
    """A setting that cannot be honoured; it stops the start."""


class InvalidBodyError(ServiceError):
    """A request body that does not validate.

    Parameters
    ----------
    errors : sequence of ErrorDetails
        What pydantic found, one entry for each field.
    """

    status = 422
    kind = "validation"

    def __init__(self, errors: Sequence[ErrorDetails]) -> None:
        self.errors = errors
        super().__init__(counted(len(errors), "error"))


class TooManyValuesError(ServiceError):
    """A body of too many values to look at.

    Parameters
    ----------
    most : int
        How many it may have.
    """

    status = 422
    kind = "too-many-values"

    def __init__(self, most: int) -> None:
        counting = "each comma, [ and { counts as one"
        super().__init__(
            f"The body has more than {counted(most, 'value')} ({counting}): split the request."
        )


class ScoreError(ServiceError):
    """A payload that the drop-in cannot score."""

    status = 400


class LongIdError(ServiceError):
    """An id of a request that is longer than the drop-in takes.

    Parameters
    ----------
    names : str
        Of the headers.
    most : int
        Characters that they may have.
    """

    status = 431

    def __init__(self, names: str, most: int) -> None:
        super().__init__(f"{names} must not exceed {counted(most, 'character')}")


class NotAuthenticatedError(ServiceError):
    """No key or token, or none that is valid."""

    status = 401
    kind = "unauthenticated"
    headers = {"www-authenticate": 'Bearer realm="recommender"'}  # noqa: RUF012 - a ClassVar


class PersonNotAuthenticatedError(NotAuthenticatedError):
    """The same on a page: a browser may ask for the key, as a password."""

    headers = {  # noqa: RUF012 - a ClassVar
        "www-authenticate": 'Basic realm="recommender", charset="UTF-8", Bearer realm="recommender"'
    }


class NotAllowedError(ServiceError):
    """A valid key or token without the scope that is needed."""

    status = 403
    kind = "not-allowed"


class OriginNotAllowedError(NotAllowedError):
    """A page of another origin that may not call the service."""


class RefusedVersionError(ServiceError, ModelError):
    """A version that did not pass its checks."""

    status = 409
    kind = "version-refused"


class ClientGoneError(ServiceError):
    """A request whose client went away, while it sent the body or waited for the answer.

    The log and the metrics have this status, which is no official one but widely known.
    """

    status = 499

    def __init__(self) -> None:
        super().__init__("The client went away before it was answered.")


class NotReceivedError(ServiceError):
    """A request that took too long to arrive."""

    status = 408
    headers = {"connection": "close"}  # noqa: RUF012 - a ClassVar

    def __init__(self) -> None:
        super().__init__("The request took too long to arrive.")


class NotAnsweredError(ServiceError):
    """A request that took too long to answer."""

    status = 503
    headers = _RETRY

    def __init__(self) -> None:
        super().__init__("The request took too long to answer.")


class StoppingError(ServiceError):
    """A request that had not arrived whole, or was not answered, when the service had to stop."""

    status = 503
    headers = {**_RETRY, "connection": "close"}  # noqa: RUF012 - a ClassVar

    def __init__(self) -> None:
        super().__init__("The service is stopping, and no longer waits for this request.")


class NotVerifiedError(ServiceError):
    """A token that cannot be checked yet: its issuer's keys are being fetched, or could not be."""

    status = 503
    headers = _RETRY

    def __init__(self) -> None:
        super().__init__(
            "The keys of the token's issuer are being fetched, or could not be fetched yet."
        )


class OverloadedError(ServiceError):
    """More requests than the service takes at once."""

    status = 503
    kind = "overloaded"
    headers = _RETRY

    def __init__(self) -> None:
        super().__init__("More requests are being answered than the service takes at once.")


class ModelUnavailableError(ServiceError):
    """The model that a request needs is not loaded."""

    status = 503
    kind = "model-unavailable"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an error of the library means over HTTP.

    Attributes
    ----------
    status : int
        HTTP status of the answer.
    kind : str
        Last part of the problem's `type`.
    detail : str or None
        What callers read in place of the error's own text. That text then goes to the log, because
        paths of files are only for whoever runs the service.
    """

    status: int
    kind: str
    detail: str | None = None


# The library knows nothing of HTTP, so this table says what its errors mean there.
LIBRARY_ERRORS: dict[type[RecommenderError], Meaning] = {
    QueryError: Meaning(422, "validation"),
    ModelFormatError: Meaning(409, "version-refused"),
    ModelNotFoundError: Meaning(404, "model-not-found"),
    ModelUnreadableError: Meaning(503, "model-unreadable", "The model's files cannot be read."),
}
