from __future__ import annotations

import pytest

from tests.training.environment import Trainer, TrainerError

IMPORT = (
    "import warnings\n"
    "with warnings.catch_warnings():\n"
    "    warnings.simplefilter('ignore')  # what Turi Create imports is too old not to warn\n"
    "    from training.candidates import named\n"
)


@pytest.mark.parametrize(
    ("name", "roles"),
    [
        ("usual", ["similarity", "ranking", "newcomer"]),
        ("author", ["ranking"]),
        ("context", ["newcomer"]),
    ],
)
def test_names_stand_for_what_is_tried(trainer: Trainer, name: str, roles: list[str]) -> None:
    code = (
        f"{IMPORT}answer = {{r: [s.label for s in t] for r, t in named(name, ('period',)).items()}}"
    )
    found = trainer.run(code, name=name)
    assert list(found) == roles
    labels = [label for tries in found.values() for label in tries]
    assert len(labels) == len(set(labels)) > 0


def test_a_model_of_the_visit_needs_its_columns(trainer: Trainer) -> None:
    with pytest.raises(TrainerError, match="--settings context needs columns"):
        trainer.run(f"{IMPORT}answer = named('context', ())")
