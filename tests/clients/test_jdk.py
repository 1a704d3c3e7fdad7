"""The HttpClient of a real JDK, which offers to switch to HTTP/2 on every request."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from app.settings import Settings
from tests.support.serving import serving

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).parent / "Shop.java"
SECONDS = 120


def test_its_default_client_is_answered() -> None:
    java = shutil.which("java")
    if java is None or shutil.which("javac") is None:
        pytest.skip("no JDK here (Debian: default-jdk-headless)")
    with serving(Settings()) as client:
        ran = subprocess.run(
            [java, str(PROGRAM), str(client.base_url)],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    answered = Counter(ran.stdout.splitlines())
    assert answered == {
        "length 200 HTTP_1_1 true": 1,
        "chunked 200 HTTP_1_1 true": 1,
        "large 200 HTTP_1_1 true": 1,
        "get 200 HTTP_1_1 false": 1,
        "head 200 HTTP_1_1 false": 1,
        "together 200 HTTP_1_1 true": 40,
    }
