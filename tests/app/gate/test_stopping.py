"""SIGTERM in the middle of the work."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.app.gate.runs import make_run
from tests.app.gate.test_command import gate
from turi_recommender.versions import register as publishing
from turi_recommender.versions.checked import CHECKED


def test_sigterm_leaves_nothing_half_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, registry = make_run(tmp_path / "run", "similarity", "ranking"), tmp_path / "models"
    file = tmp_path / "gate.prom"
    seen: list[str] = []
    write = publishing.__globals__["hash_and_write"]

    def interrupted(staging: Path, training: object) -> object:
        seen.extend(path.name for path in staging.parent.iterdir())
        if staging.parent.name == "ranking_factorization_model":
            os.kill(os.getpid(), signal.SIGTERM)
        return write(staging, training)

    monkeypatch.setitem(publishing.__globals__, "hash_and_write", interrupted)
    before = signal.getsignal(signal.SIGTERM)
    arguments = ["--models-dir", str(registry), "--metrics-file", str(file), "--force", "try"]
    status, _, err = gate(capsys, str(folder), *arguments)
    assert (status, err) == (143, "cannot pass: stopped by SIGTERM\n")
    assert sum(name.startswith(".registering-") for name in seen) == 2
    assert {path.name for path in registry.iterdir()} == {"similarity_model", CHECKED}
    assert not list(registry.rglob(".registering-*"))
    samples = {
        (sample.name.removeprefix("recommender_gate_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(file.read_text())
        for sample in family.samples
    }
    assert samples["failed",] == 1
    assert samples["published", "similarity"] == 1
    assert samples["published", "ranking"] == 0
    assert signal.getsignal(signal.SIGTERM) is before
