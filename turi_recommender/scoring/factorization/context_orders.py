"""Which contexts have an order of their own: those that were asked for last, and often enough."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from weakref import WeakMethod

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.context_order import ContextOrder
from turi_recommender.scoring.factorization.features import Others


class ContextOrders:
    """The orders that are kept; any number of threads may ask for them.

    Parameters
    ----------
    make : callable
        A bound method, which is not kept alive (see `remember`). It takes the features of a
        context, and returns its order, or None if it can have none.
    """

    def __init__(self, make: Callable[[Others], ContextOrder | None]) -> None:
        self._make = WeakMethod(make)
        self._lock = Lock()
        self._kept: OrderedDict[Others, _Kept] = OrderedDict()

    def of(self, others: Others) -> ContextOrder | None:
        """Return the order of a context, if it has one that helps.

        Parameters
        ----------
        others : Others
            Features of the context; the same object each time that the context is asked for.
        """
        with self._lock:
            kept = self._kept.get(others)
            if kept is None:
                kept = self._kept[others] = _Kept()
                if len(self._kept) > limits.CONTEXT_ORDERS:
                    self._kept.popitem(last=False)
            else:
                self._kept.move_to_end(others)
            kept.asked += 1
            if kept.asked > limits.CONTEXT_ASKED and kept.is_worth_it:
                if kept.order is None:
                    make = self._make()
                    kept.order = None if make is None else make(others)
                if kept.order is None or not kept.order.helps:
                    kept.order, kept.is_worth_it = None, False
            return kept.order


@dataclass(slots=True)
class _Kept:
    """What is known of a context.

    Attributes
    ----------
    asked : int
        By how many queries it was asked for.
    order : ContextOrder or None
        Its order, if it has been made.
    is_worth_it : bool
        Whether it has one that helps, as far as is known.
    """

    asked: int = 0
    order: ContextOrder | None = None
    is_worth_it: bool = True
