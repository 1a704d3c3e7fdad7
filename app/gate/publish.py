"""Publish the candidates that passed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from turi_recommender.versions import register
from turi_recommender.versions.training import Training

from .candidates import Run
from .judge import Decision
from .told import told_errors


def training_of(run: Run, decision: Decision, forced: str | None) -> Training:
    """Return what the manifest of a candidate's version will say.

    Parameters
    ----------
    run, decision, forced
        As for `publish`.

    Raises
    ------
    CandidateError
        If a manifest cannot say it, such as for its size.
    """
    figures = replace(decision.figures, forced=None if decision.passed else forced)
    told: dict[str, Any] = {
        "trained": run.told["trained"],
        "settings": dict(decision.candidate.settings),
        "log": run.told["log"],
        "figures": figures.to_json(),
    }
    path = run.path / "run.json"
    with told_errors(path):
        return Training.from_json(told, path)


def publish(run: Run, decision: Decision, registry: Path, forced: str | None) -> Path:
    """Register the model that learnt from all events, with its figures.

    Parameters
    ----------
    run : Run
        The training run.
    decision : Decision
        About this candidate.
    registry : Path
        Where versions are published.
    forced : str or None
        Why it is published although it did not pass, if it did not.

    Returns
    -------
    Path
        The version's folder.
    """
    candidate = decision.candidate
    training = training_of(run, decision, forced)
    return register(candidate.final, registry, candidate.name, training=training)
