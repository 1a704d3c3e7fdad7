"""The draw against recorded ones, and against the plain loops of docs/queries.md, section 4.3."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.scoring.diversity import Likeness, draw
from turi_recommender.scoring.diversity import draw as draw_function
from turi_recommender.scoring.diversity.hashes import mix
from turi_recommender.scoring.selection.introsort import sort_like_library

SEEDS = st.integers(0, 2**64 - 1)
MASK = 2**64 - 1


def slow_draw(
    selected: int, count: int, seed: int, likeness: Likeness | None, bits: int = 64
) -> list[int]:
    """Draw step by step; hashes that count only by their first bits are often equal."""
    current, bonus = list(range(selected)), [0] * selected
    worth, total_bonus, times = selected * (selected + 1) // 2, 0, 1
    drawn = []
    for number in range(count):
        left = mix(seed, number) % (times * worth + total_bonus)
        place = 0
        while (weight := times * (selected - current[place]) + bonus[place]) <= left:
            left -= weight
            place += 1
        rank = current[place]
        drawn.append(rank)
        worth -= selected - rank
        total_bonus -= bonus[place]
        for values in (current, bonus):
            values[place] = values[-1]
            values.pop()
        size = len(current)
        if likeness is None:
            scores = [float(mix(seed, other) >> (64 - bits)) for other in range(size)]
        else:
            scores = likeness(rank, np.array(current, np.int64)).tolist()
        for value, at in enumerate(sort_like_library(-np.array(scores))):
            bonus[at] += value
        total_bonus += size * (size - 1) // 2
        times += 1
    return sorted(drawn)


def test_draws_what_the_library_draws() -> None:
    assert draw(30, 10, mix(7, 3)).tolist() == [1, 2, 4, 5, 8, 11, 12, 14, 18, 22]
    assert draw(6, 3, mix(0, 0)).tolist() == [1, 2, 3]


@given(SEEDS, st.integers(2, 80), st.data())
def test_draws_by_hashes(seed: int, selected: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, selected - 1))
    assert draw(selected, count, seed).tolist() == slow_draw(selected, count, seed, None)


@given(SEEDS, st.integers(2, 80), st.integers(1, 3), st.data())
def test_draws_by_likeness(seed: int, selected: int, levels: int, data: st.DataObject) -> None:
    """Also where many are equally alike."""
    count = data.draw(st.integers(1, selected - 1))

    def likeness(rank: int, others: np.ndarray) -> np.ndarray:
        return ((others * 7 + rank * 3) % levels - 1).astype(np.float64)

    expected = slow_draw(selected, count, seed, likeness)
    assert draw(selected, count, seed, likeness).tolist() == expected


def test_equal_hashes_are_sorted_as_the_library_sorts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are none to be found: these are made to count by few bits."""
    module = __import__(draw_function.__module__, fromlist=["mix_counts"])

    class FewBits(np.ndarray):
        def astype(self, kind: type) -> np.ndarray:  # type: ignore[override]
            return (self.view(np.ndarray) >> np.uint64(62)).astype(kind)

    original = module.mix_counts
    monkeypatch.setattr(module, "mix_counts", lambda *given: original(*given).view(FewBits))
    for seed in range(20):
        assert draw(40, 12, seed).tolist() == slow_draw(40, 12, seed, None, bits=2)


def test_likeness_decides() -> None:
    """Items like the first one drawn come more often: what follows is not chance alone."""
    alike = [0, 0]
    for seed in range(300):
        for way, sign in enumerate((1.0, -1.0)):

            def likeness(_: int, others: np.ndarray, sign: float = sign) -> np.ndarray:
                return sign * (others % 2)

            drawn = draw(30, 10, seed, likeness)
            alike[way] += int((drawn % 2).sum())
    assert alike[0] > 1.2 * alike[1]
