from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.training.environment import Trainer, training_python


@pytest.fixture(scope="session")
def trainer() -> Iterator[Trainer]:
    """The trainer's Python, which has pandas; skips where there is no CPython 3.8."""
    running = Trainer(training_python())
    yield running
    running.close()
