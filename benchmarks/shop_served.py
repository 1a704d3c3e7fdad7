"""What the service would answer the visitors of a training run's test part, and the yardsticks.

The models that are asked have learnt from what was before the test part. Which of them answers
whom follows from the figures of the validation part, so the test part decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np

from app.gate.candidates import KINDS, Candidate, Run, TestPart
from app.gate.decide import Rules
from app.gate.judge import Decision, Judge
from app.gate.served import (
    CUTOFF,
    Lists,
    Values,
    lists_of_jaccard,
    lists_of_popularity,
    lists_of_role,
    recall,
)
from app.models.loading import load_models
from app.models.roles import Role
from app.settings import Settings
from tests.support.serving import serving
from turi_recommender.versions import register
from turi_recommender.versions.training import Training

_AT_ONCE = 200  # visitors per request


@dataclass(frozen=True, slots=True)
class Served:
    """What was measured of one run.

    Attributes
    ----------
    users : list of int or str
        The visitors of the test part.
    is_cold : ndarray of bool, shape (visitors,)
        Whether nothing was known of them.
    recalls : mapping of str to ndarray, shape (visitors,)
        Recall at 10 of what the service answers (``measured``), of the model of each role by
        itself, and of ``jaccard``, ``popularity`` and ``recent popularity``.
    answered : mapping of str to mapping of str to int
        How many visitors of each kind each model of the service answered.
    """

    users: list[Any]
    is_cold: np.ndarray[Any, np.dtype[np.bool_]]
    recalls: Mapping[str, Values]
    answered: Mapping[str, Mapping[str, int]]


def measure(run: Run) -> Served:
    """Ask the service, with `auto` as `measured`, and what it is compared with.

    Parameters
    ----------
    run : Run
        Of the usual settings, with all three roles.
    """
    test = run.test
    visitors = test.users.tolist()
    lists, names = _ask_service(run)
    with_roles = load_models(_settings(run.path, run.candidates))
    all_lists: dict[str, Lists] = {
        "measured": lists,
        **{
            each.role: lists_of_role(with_roles, each.role, test, told=False)
            for each in run.candidates
        },
        "jaccard": lists_of_jaccard(run.users, run.items, visitors),
        "popularity": lists_of_popularity(run.users, run.items, visitors),
        "recent popularity": lists_of_popularity(run.users, run.items, visitors, run.recent),
    }
    return Served(
        visitors,
        test.kinds == "unknown",
        {name: recall(each, test) for name, each in all_lists.items()},
        {kind: dict(Counter(_of_kind(names, test, kind))) for kind in KINDS},
    )


def decide(run: Run) -> list[Decision]:
    """Return what the gate decides where nothing serves yet."""
    with TemporaryDirectory() as empty:
        judge = Judge(run, Path(empty), Rules(), Settings(), told=False)
        return [judge.decide(candidate) for candidate in run.candidates]


def context_recalls(run: Run, candidate: Candidate, seed: int) -> Mapping[str, Values]:
    """Return recall at 10 of a model that is told the true context, another one, or the default.

    Parameters
    ----------
    run : Run
        Who is asked about.
    candidate : Candidate
        Whose model is asked, in the ranking role, to which alone callers can tell context.
    seed : int
        Of the order in which visits get the context of others.
    """
    test = run.test
    models = load_models(Settings(models_dir=run.path, ranking_model=str(candidate.judged)))
    order = np.random.default_rng(seed).permutation(len(test.users))
    mixed = {name: each[order] for name, each in test.context.items()}
    shuffled = TestPart(test.users, test.kinds, test.truth, mixed)
    asked = {"true": (test, True), "shuffled": (shuffled, True), "default": (test, False)}
    return {
        name: recall(lists_of_role(models, "ranking", part, told=told), test)
        for name, (part, told) in asked.items()
    }


def _ask_service(run: Run) -> tuple[Lists, list[str]]:
    """Return what the service recommends to each visitor, and the name of the model it took."""
    with TemporaryDirectory() as folder:
        registry = Path(folder)
        for each in run.candidates:
            register(each.judged, registry, each.name, training=_by_validation(run, each.role))
        names: dict[str, Any] = {f"{each.role}_model": each.name for each in run.candidates}
        settings = Settings(
            models_dir=registry, auto="measured", access_log=False, log_level="error", **names
        )
        with serving(settings) as client:
            return _ask(client, run)


def _ask(client: httpx.Client, run: Run) -> tuple[Lists, list[str]]:
    user, item = run.told["columns"]["user"], run.told["columns"]["item"]
    visitors = run.test.users.tolist()
    found: dict[Any, list[Any]] = {visitor: [] for visitor in visitors}
    names: list[str] = []
    for low in range(0, len(visitors), _AT_ONCE):
        users = [{user: visitor} for visitor in visitors[low : low + _AT_ONCE]]
        answer = client.post("/recommend/users", json={"users": users, "k": CUTOFF})
        answer.raise_for_status()
        told = answer.json()
        for row in told["recommendations"]:
            found[row[user]].append(row[item])
        names += [str(one["model"]).partition(":")[0] for one in told["answered"]]
    return [found[visitor] for visitor in visitors], names


def _by_validation(run: Run, role: Role) -> Training:
    """Return what the manifest says, with the figures of the validation part."""
    told = run.told["roles"][role]
    values = {kind: told["validation"].get(kind) for kind in ("all", *KINDS)}
    figures = {
        "measure": "recall@10",
        "split": run.told["split"],
        "visitors": told["validation_visitors"],
        "values": values,
    }
    return Training.from_json(
        {
            "trained": run.told["trained"],
            "settings": told["settings"],
            "log": run.told["log"],
            "figures": figures,
        }
    )


def _settings(path: Path, candidates: Sequence[Candidate]) -> Settings:
    references: dict[str, Any] = {f"{each.role}_model": str(each.judged) for each in candidates}
    return Settings(models_dir=path, **references)


def _of_kind(names: Sequence[str], test: TestPart, kind: str) -> list[str]:
    return [name for name, one in zip(names, test.kinds.tolist(), strict=True) if one == kind]
