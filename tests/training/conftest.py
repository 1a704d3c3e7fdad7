"""What tests of the trainer have in common."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.training.environment import Trainer, training_python
from tests.training.reader import Reader


@pytest.fixture(scope="session")
def trainer() -> Iterator[Trainer]:
    """The trainer's Python, which has pandas; skips where there is no CPython 3.8."""
    running = Trainer(training_python())
    yield running
    running.close()


@pytest.fixture(scope="session")
def reader(trainer: Trainer, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Reads logs on the trainer's Python; skips likewise."""
    return Reader(trainer, tmp_path_factory.mktemp("logs"))
