"""Which contexts have an order."""

from __future__ import annotations

from typing import Any, cast

import pytest

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.context_order import ContextOrder
from turi_recommender.scoring.factorization.context_orders import ContextOrders
from turi_recommender.scoring.factorization.features import Others


class Order:
    """An order that helps until somebody says otherwise."""

    helps = True


class Maker:
    """Makes orders, and counts them."""

    def __init__(self) -> None:
        self.made: list[Others] = []

    def make(self, others: Others) -> ContextOrder | None:
        self.made.append(others)
        return cast(ContextOrder, Order())


def contexts(count: int) -> list[Others]:
    return [Others((), 0) for _ in range(count)]


def test_an_order_is_made_once_when_a_context_is_asked_for_again() -> None:
    make = Maker()
    orders, (one,) = ContextOrders(make.make), contexts(1)
    for _ in range(limits.CONTEXT_ASKED):
        assert orders.of(one) is None
    assert make.made == []
    order = orders.of(one)
    assert order is not None
    assert orders.of(one) is order
    assert make.made == [one]


def test_contexts_that_are_asked_for_in_turn_make_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONTEXT_ORDERS", 3)
    make = Maker()
    orders = ContextOrders(make.make)
    for _ in range(5):
        for each in contexts(4):
            assert orders.of(each) is None
    assert make.made == []


def test_the_context_that_nobody_has_asked_for_longest_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "CONTEXT_ORDERS", 2)
    monkeypatch.setattr(limits, "CONTEXT_ASKED", 1)
    make = Maker()
    orders, (one, two, three) = ContextOrders(make.make), contexts(3)
    for each in (one, one, two, two, one, three):
        orders.of(each)
    assert orders.of(one) is not None
    assert orders.of(two) is None


def test_an_order_that_does_not_help_is_not_made_again() -> None:
    make = Maker()
    orders, (one,) = ContextOrders(make.make), contexts(1)
    for _ in range(limits.CONTEXT_ASKED + 1):
        order: Any = orders.of(one)
    order.helps = False
    for _ in range(10):
        assert orders.of(one) is None
    assert make.made == [one]


def test_a_context_that_can_have_no_order_is_not_tried_again() -> None:
    class Refuser:
        def __init__(self) -> None:
            self.tried: list[Others] = []

        def make(self, others: Others) -> None:
            self.tried.append(others)

    make = Refuser()
    orders, (one,) = ContextOrders(make.make), contexts(1)
    for _ in range(limits.CONTEXT_ASKED + 10):
        assert orders.of(one) is None
    assert make.tried == [one]
