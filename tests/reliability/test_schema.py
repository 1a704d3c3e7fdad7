from __future__ import annotations

import pytest

from reliability import schema

pytestmark = pytest.mark.slow


def test_every_answer_is_as_the_openapi_document_says() -> None:
    report = schema.run(examples=20)
    assert not report.broken, (report.broken, report.figures)
    assert report.figures["requests"] > 300
