from __future__ import annotations

import pytest

from tests.training.environment import Trainer

RANK = (
    "import warnings\n"
    "with warnings.catch_warnings():\n"
    "    warnings.simplefilter('ignore')  # what Turi Create imports is too old not to warn\n"
    "    from training.candidates import Settings\n"
    "    from training.choose import Tried, ranked\n"
    "tries = [Tried(Settings(label, 'ranking', ''), seed, recall, 1.0, '' if recall >= 0 else 'x')"
    " for label, seed, recall in tries]\n"
    "answer = [(one.settings.label, one.seed) for one in ranked(tries, close)]\n"
)


@pytest.mark.parametrize(
    ("tries", "close", "expected"),
    [
        ([("a", 1, 0.1), ("b", 1, 0.2), ("c", 1, 0.2)], [], [("b", 1), ("c", 1), ("a", 1)]),
        # One lucky draw does not make settings better.
        (
            [("a", 1, 0.20), ("b", 1, 0.19), ("a", 2, 0.10), ("b", 2, 0.18)],
            ["a", "b"],
            [("b", 1), ("b", 2), ("a", 1), ("a", 2)],
        ),
        # Those that were tried once only do not come before those that were tried again.
        ([("a", 1, 0.20), ("b", 1, 0.17), ("a", 2, 0.12)], ["a"], [("a", 1), ("a", 2), ("b", 1)]),
        # What failed once may still be served with another seed.
        ([("a", 1, 0.2), ("a", 2, -1.0), ("b", 1, -1.0)], ["a"], [("a", 1), ("a", 2), ("b", 1)]),
    ],
)
def test_settings_are_ranked_by_their_means_over_seeds(
    trainer: Trainer,
    tries: list[tuple[str, int, float]],
    close: list[str],
    expected: list[tuple[str, int]],
) -> None:
    assert trainer.run(RANK, tries=tries, close=close) == expected
