from __future__ import annotations

import threading

import pytest

from turi_recommender.versions.threads import map_in_threads


def test_results_come_in_order() -> None:
    assert map_in_threads(lambda number: number * number, range(100)) == [n * n for n in range(100)]
    assert map_in_threads(str, []) == []
    assert map_in_threads(lambda _: None, [1, 2]) == [None, None]


def test_an_error_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        map_in_threads(lambda number: 1 / number, [2, 1, 0, 1])


def test_no_thread_keeps_the_process() -> None:
    def is_daemon(_: int) -> bool:
        return threading.current_thread().daemon

    assert map_in_threads(is_daemon, range(8)) == [True] * 8
