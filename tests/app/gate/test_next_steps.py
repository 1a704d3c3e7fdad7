from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.gate.next_steps import next_steps
from app.models.roles import Role
from app.settings import Settings
from tests.app.gate.runs import make_run
from tests.app.gate.test_command import gate

SIMILARITY, NEWCOMER = Path("models/similarity_model/7"), Path("models/newcomer_model/2")


@pytest.mark.parametrize(
    ("settings", "published", "says"),
    [
        ({"auto": "measured"}, {"similarity": SIMILARITY}, []),
        ({"auto": "ranking"}, {"similarity": SIMILARITY}, []),
        ({}, {}, []),
        ({}, {"similarity": SIMILARITY}, ["RECOMMENDER_AUTO=measured asks for each visitor"]),
        (
            {"auto": "measured"},
            {"similarity": SIMILARITY, "newcomer": NEWCOMER},
            ["newcomer_model is asked only where RECOMMENDER_NEWCOMER_MODEL=newcomer_model, which"],
        ),
        ({"auto": "measured", "newcomer_model": "newcomer_model"}, {"newcomer": NEWCOMER}, []),
        (
            {"auto": "measured", "similarity_model": "also_bought"},
            {"similarity": SIMILARITY},
            ["RECOMMENDER_SIMILARITY_MODEL=similarity_model; here it is also_bought"],
        ),
        (
            {"auto": "measured", "similarity_model": "similarity_model:6"},
            {"similarity": SIMILARITY},
            ["here it is similarity_model:6, which follows no new versions"],
        ),
    ],
)
def test_what_keeps_versions_from_being_asked(
    settings: dict[str, Any], published: dict[Role, Path], says: list[str]
) -> None:
    steps = next_steps(Settings(**settings), published)
    assert len(steps) == len(says)
    for step, words in zip(steps, says, strict=True):
        assert words in step
        assert "\n" not in step


def test_people_are_told_the_next_step_after_publishing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run(tmp_path / "run", "similarity")
    arguments = [str(folder), "--models-dir", str(tmp_path / "models")]
    _, out, _ = gate(capsys, *arguments)
    assert "next: RECOMMENDER_AUTO=measured asks for each visitor" in out
    assert "next: " not in gate(capsys, *arguments, "--json")[1]
    monkeypatch.setenv("RECOMMENDER_AUTO", "measured")
    assert "next: " not in gate(capsys, *arguments)[1]
