"""The fair queue."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.models.fair import FairQueue


def test_callers_take_turns() -> None:
    queue: FairQueue[int] = FairQueue()
    for number, caller in enumerate("aaaabcb"):
        queue.put(caller, number)
    assert [queue.pop() for _ in range(8)] == [0, 4, 5, 1, 6, 2, 3, None]


@given(st.lists(st.one_of(st.sampled_from("abc"), st.none()), max_size=60))
def test_nothing_is_lost_and_each_callers_order_is_kept(steps: list[str | None]) -> None:
    queue: FairQueue[tuple[str, int]] = FairQueue()
    put: Counter[str] = Counter()
    popped: Counter[str] = Counter()
    for step in [*steps, *[None] * len(steps)]:
        if step is not None:
            queue.put(step, (step, put[step]))
            put[step] += 1
            continue
        first = queue.peek()
        item = queue.pop()
        assert item == first
        if item is not None:
            caller, number = item
            assert number == popped[caller]
            popped[caller] += 1
    assert queue.pop() is None
    assert popped == put
