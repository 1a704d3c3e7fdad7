"""Memory that requests share, held until they end."""

from __future__ import annotations

import contextvars

import pytest

from app.errors import OverloadedError
from app.models.budget import Budget, begin_holding, end_holding


def test_what_is_held_is_given_back_at_the_end() -> None:
    def run() -> None:
        budget = Budget(100)
        begin_holding()
        budget.hold(60)
        budget.hold(40)
        assert budget.used == 100
        with pytest.raises(OverloadedError):
            budget.hold(1)
        end_holding()
        assert budget.used == 0
        end_holding()
        assert budget.used == 0

    contextvars.copy_context().run(run)


def test_one_request_alone_may_take_more_than_there_is() -> None:
    def run() -> None:
        budget = Budget(100)
        begin_holding()
        budget.hold(150)
        end_holding()
        assert budget.used == 0

    contextvars.copy_context().run(run)


def test_requests_have_accounts_of_their_own() -> None:
    budget = Budget(100)
    one, other = contextvars.copy_context(), contextvars.copy_context()
    for context, amount in ((one, 30), (other, 50)):
        context.run(begin_holding)
        context.run(budget.hold, amount)
    assert budget.used == 80
    one.run(end_holding)
    assert budget.used == 50
    other.run(end_holding)
    assert budget.used == 0
