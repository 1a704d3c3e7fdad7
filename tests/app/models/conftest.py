"""What all tests of the models' modules share."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Run coroutines where the service runs them."""
    return "asyncio"
