"""`GET /metrics`: made once for all who ask at the same time, and never old."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.observability.metrics import Metrics
from app.settings import Settings
from tests.support.serving import serving


def test_a_page_shows_what_was_answered_before_it_was_asked_for() -> None:
    with serving(Settings()) as client:
        client.get("/metrics")
        for number in range(1, 4):
            client.get("/models")
            line = 'recommender_requests_total{method="GET",route="/models",status="200"} '
            found = [each for each in client.get("/metrics").text.splitlines() if line in each]
            assert found == [f"{line}{number}.0"]


def test_many_who_ask_share_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    pages: Counter[str] = Counter()
    write = Metrics.page

    def counted(metrics: Metrics) -> bytes:
        pages["made"] += 1
        return write(metrics)

    monkeypatch.setattr(Metrics, "page", counted)
    with (
        serving(Settings()) as client,
        ThreadPoolExecutor(16) as threads,
    ):
        answers = list(threads.map(lambda _: client.get("/metrics"), range(64)))
    assert {answer.status_code for answer in answers} == {200}
    assert pages["made"] < 64
