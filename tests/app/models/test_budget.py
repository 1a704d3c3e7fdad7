"""Memory that requests share, held until they end."""

from __future__ import annotations

import contextvars

import pytest

from app.errors import OverloadedError
from app.models.budget import Budget
from app.models.current import Current, begin


def test_what_is_held_is_given_back_at_the_end() -> None:
    def run() -> None:
        budget = Budget(100)
        request = Current()
        begin(request)
        budget.hold(60)
        budget.hold(40)
        assert budget.used == 100
        with pytest.raises(OverloadedError):
            budget.hold(1)
        request.release()
        assert budget.used == 0
        request.release()
        assert budget.used == 0

    contextvars.copy_context().run(run)


def test_one_request_alone_may_take_more_than_there_is() -> None:
    def run() -> None:
        budget = Budget(100)
        request = Current()
        begin(request)
        budget.hold(150)
        request.release()
        assert budget.used == 0

    contextvars.copy_context().run(run)


def test_requests_have_accounts_of_their_own() -> None:
    budget = Budget(100)
    one, other = contextvars.copy_context(), contextvars.copy_context()
    first, second = Current(), Current()
    for context, request, amount in ((one, first, 30), (other, second, 50)):
        context.run(begin, request)
        context.run(budget.hold, amount)
    assert budget.used == 80
    first.release()
    assert budget.used == 50
    second.release()
    assert budget.used == 0
