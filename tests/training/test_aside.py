from __future__ import annotations

from pathlib import Path

from tests.training.environment import Trainer


def test_pairs_are_recent_if_any_of_their_events_is(trainer: Trainer, tmp_path: Path) -> None:
    rows = [("a", 1, 1), ("a", 2, 2), ("b", 1, 3), ("b", 1, 4), ("c", 3, 5)]
    rows += [("a", 1, 9), ("c", 3, 6), ("b", 2, 7), ("d", 1, 8), ("d", 4, 10)]
    pairs = trainer.run(
        "import warnings\n"
        "import numpy as np\n"
        "with warnings.catch_warnings():\n"
        "    warnings.simplefilter('ignore')  # what Turi Create imports is too old not to warn\n"
        "    from training.aside import Aside\n"
        "aside = Aside(path)\n"
        "aside.write_pairs(frame(rows))\n"
        "aside.publish()\n"
        "with np.load(path + '/pairs.npz') as loaded:\n"
        "    kept = [loaded[name].tolist() for name in ('users', 'items', 'recent')]\n"
        "answer = sorted(zip(*kept))\n",
        rows=rows,
        path=str(tmp_path / "run"),
    )
    recent = {("a", 1), ("d", 4)}  # the latest fifth of ten events
    assert pairs == sorted((user, item, (user, item) in recent) for user, item, _ in _first(rows))


def _first(rows: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    return list({(user, item): (user, item, time) for user, item, time in rows}.values())
