from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from turi_recommender import errors


def test_the_tree() -> None:
    for error in (
        errors.ModelFormatError,
        errors.ModelUnreadableError,
        errors.ModelNotFoundError,
        errors.RegistrationError,
    ):
        assert issubclass(error, errors.ModelError)
        assert issubclass(error, errors.RecommenderError)
    assert issubclass(errors.QueryError, errors.RecommenderError)
    assert not issubclass(errors.QueryError, errors.ModelError)


def test_a_place_is_told_from_outside_in() -> None:
    error = errors.QueryError(("month",), "expected a number").within("users", 3)
    assert error.path == ("users", 3, "month")
    assert (error.field, error.message) == ("users.3.month", "expected a number")
    assert str(error) == "users.3.month: expected a number"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (errors.ModelFormatError(Path("a"), 7, "a tag", "3"), "a, byte 7: expected a tag, found 3"),
        (errors.ModelUnreadableError(Path("a"), 7, "gone"), "a, byte 7: gone"),
        (errors.QueryError(("k",), "must be 1 or more"), "k: must be 1 or more"),
    ],
)
def test_an_error_can_come_from_another_process(error: Exception, text: str) -> None:
    """Executors of Spark and process pools send their errors pickled."""
    assert str(error) == text
    sent = pickle.loads(pickle.dumps(error))
    assert type(sent) is type(error)
    assert str(sent) == text
    assert vars(sent) == vars(error)
