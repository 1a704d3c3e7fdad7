"""`turi-recommender versions` and `retire`, and `register` with figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.commands import run
from app.settings import SAMPLE_MODELS
from tests.turi_recommender.trained import a_training, training_json
from turi_recommender.versions import Registry, read_training, register

NAME = "similarity_model"
SOURCE = SAMPLE_MODELS / NAME / "6" / "recommendation_s.model"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a registry with two versions, which the settings name."""
    root = tmp_path / "models"
    for _ in range(2):
        register(SOURCE, root, NAME)
    monkeypatch.setenv("RECOMMENDER_MODELS_DIR", str(root))
    return root


Output = pytest.CaptureFixture[str]


def refusal(capsys: Output, *arguments: str) -> str:
    """Return the one line with which a command is refused."""
    with pytest.raises(SystemExit) as caught:
        run(list(arguments))
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (2, "")
    assert err.count("\n") == 1
    return err


def test_a_roll_back_is_one_command(root: Path, capsys: Output) -> None:
    run(["retire", f"{NAME}:2", "--reason", "half of the visitors are missing"])
    said = capsys.readouterr().out
    assert said.startswith(f"{NAME}:2 is retired on ")
    assert said.endswith("are missing; the highest version that is not retired is 1\n")
    assert Registry(root).find(NAME).version == "1"
    run(["versions"])
    second, first = [line for line in capsys.readouterr().out.splitlines() if NAME in line][:2]
    assert "half of the visitors are missing" in second
    assert first.endswith("similarity")
    run(["retire", f"{NAME}:2", "--undo", "--models-dir", str(root)])
    said = capsys.readouterr().out
    assert said.startswith(f"{NAME}:2 is not retired any more; the highest version that")
    assert Registry(root).find(NAME).version == "2"


def test_the_last_one_is_said_to_be_that(root: Path, capsys: Output) -> None:
    run(["retire", f"{NAME}:1", "--reason", "no"])
    run(["retire", f"{NAME}:2", "--reason", "no"])
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.endswith("services that run keep theirs, and none starts with it")


def test_what_cannot_be_retired(root: Path, capsys: Output) -> None:
    said = refusal(capsys, "retire", f"{NAME}:7", "--reason", "no")
    assert said == f"cannot retire: no version '7' of model '{NAME}' in {root}\n"
    assert "a reason is needed" in refusal(capsys, "retire", f"{NAME}:2", "--reason", "")
    said = refusal(capsys, "retire", f"{NAME}:2", "--undo")
    assert said == f"cannot retire: {NAME}:2 is not retired\n"


def test_samples_stay_as_they_are(capsys: Output) -> None:
    assert "say where" in refusal(capsys, "retire", f"{NAME}:6", "--reason", "no")
    run(["versions"])
    assert "not evaluated" in capsys.readouterr().out


def test_versions_for_programs(root: Path, capsys: Output) -> None:
    run(["versions", NAME, "--json"])
    content = json.loads(capsys.readouterr().out)
    assert [row["version"] for row in content["versions"]] == ["2", "1"]
    assert content["versions"][0]["serves"] == ["similarity"]
    said = refusal(capsys, "versions", "nothing")
    assert said == f"cannot list versions: no version of model 'nothing' in {root}\n"


def test_a_model_is_registered_with_its_figures(root: Path, capsys: Output) -> None:
    figures = root.parent / "figures.json"
    figures.write_text(json.dumps(training_json()))
    run(["register", str(SOURCE), "--name", NAME, "--figures", str(figures), "--require-figures"])
    folder = Path(capsys.readouterr().out.strip())
    assert folder == root / NAME / "3"
    assert read_training(folder) == a_training()


def test_figures_that_are_none_are_refused(root: Path, capsys: Output) -> None:
    register_it = ("register", str(SOURCE), "--name", NAME)
    assert "figures are required" in refusal(capsys, *register_it, "--require-figures")
    figures = root.parent / "figures.json"
    for content, says in (
        ("{", f"--figures {figures}: expected JSON, found something else (Expecting"),
        ("{}", f"--figures {figures}: expected training.trained to be a time such as"),
        (
            json.dumps(training_json()).replace("0.051", "5.1"),
            f"--figures {figures}: expected training.figures.values.all to be from 0 to 1, or "
            "null, found 5.1",
        ),
        (json.dumps(training_json()).replace("0.051", "NaN"), "training.figures.values.all to hav"),
        (" " * 300_000, "at most 262144 bytes of JSON"),
    ):
        figures.write_text(content)
        assert says in refusal(capsys, *register_it, "--figures", str(figures))
    missing = refusal(capsys, *register_it, "--figures", str(root / "nowhere.json"))
    assert "nowhere.json: expected a readable file, found No such file or directory" in missing
    figures.write_text(json.dumps({**training_json(), "figures": None}))
    said = refusal(capsys, *register_it, "--figures", str(figures), "--require-figures")
    assert "figures are required" in said
    assert Registry(root).versions(NAME) == ["1", "2"]
