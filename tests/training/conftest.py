"""What tests of the trainer have in common."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.training.reader import Reader


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    one = Reader(tmp_path_factory.mktemp("logs"))
    yield one
    one.close()
