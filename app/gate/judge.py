"""Judge the candidates of a training run by what visitors would get from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from turi_recommender.versions import Training
from turi_recommender.versions.record import read_moment
from turi_recommender.versions.training import Comparison, Figures, LogFacts

from ..models.loaded import LoadedModels
from ..models.roles import Role
from ..settings import Settings
from .before import comparable, judge_figures, judge_log
from .candidates import KINDS, Candidate, Run, TestPart
from .decide import (
    Rules,
    Verdict,
    judge_against,
    judge_columns,
    judge_findings,
    judge_visitors,
    not_checked,
)
from .intervals import Ratio, paired_ratio
from .loading import load_judged, load_serving
from .matching import check_models
from .served import (
    Lists,
    Values,
    lists_of_jaccard,
    lists_of_popularity,
    lists_of_role,
    recall,
)
from .told import findings_of

SERVING = "the serving version"
JACCARD, POPULARITY, RECENT = "jaccard", "popularity", "recent popularity"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one candidate.

    Attributes
    ----------
    candidate : Candidate
        Which.
    verdicts : list of Verdict
        One for each rule.
    figures : Figures
        What its version's manifest will say.
    ours : ndarray of float64, shape (visitors,)
        Its recall, by visitor of the test part.
    theirs : ndarray of float64, shape (visitors,), or str
        That of the version that serves, or why that cannot be compared.
    before : Figures or None
        What the manifest of that version says of the same measure and split, if it does.
    """

    candidate: Candidate
    verdicts: list[Verdict]
    figures: Figures
    ours: Values
    theirs: Values | str
    before: Figures | None

    @property
    def passed(self) -> bool:
        """Whether it keeps every rule."""
        return all(verdict.passed for verdict in self.verdicts)


class Judge:
    """Asks the models about the visitors of the test part.

    Parameters
    ----------
    run : Run
        The candidates, and who judges them.
    registry : Path
        Where versions are published.
    rules : Rules
        What a candidate must keep.
    settings : Settings
        Those of the service, by which models answer; which models serve is not taken from them.
    told : bool
        Whether models are told the true side data of the visits.
    """

    def __init__(
        self, run: Run, registry: Path, rules: Rules, settings: Settings, *, told: bool
    ) -> None:
        self._run = run
        self._rules = rules
        self._told = told
        self._log = LogFacts.from_json(run.told["log"], run.path / "run.json", "log")
        self._judged = load_judged(run.candidates, run.path, settings)
        check_models(run, self._judged)
        self._serving = load_serving(run.candidates, registry, settings)
        visitors = run.test.users.tolist()
        popular = lists_of_popularity(run.users, run.items, visitors, run.recent)
        plain = recall(lists_of_jaccard(run.users, run.items, visitors), run.test)
        newcomer = POPULARITY if run.recent is None else RECENT
        self._yardsticks: Mapping[Role, tuple[str, Values]] = {
            "similarity": (JACCARD, plain),
            "ranking": (JACCARD, plain),
            "newcomer": (newcomer, recall(popular, run.test)),
        }

    def decide(self, candidate: Candidate) -> Decision:
        """Judge one candidate.

        Parameters
        ----------
        candidate : Candidate
            One of the run.
        """
        run, rules, role = self._run, self._rules, candidate.role
        ours = recall(self._lists(self._judged, role), run.test)
        theirs = self._serving_recall(role)
        served = [kind for kind in KINDS if (kind == "unknown") == (role == "newcomer")]
        mine = np.isin(run.test.kinds, served)
        yardstick, reached = self._yardsticks[role]
        against = {yardstick: _compared(ours[mine], reached[mine])}
        if not isinstance(theirs, str):
            against["serving"] = _compared(ours[mine], theirs[mine])
        figures = self._figures(ours, against)
        training = self._training_before(role)
        before = comparable(training, figures)
        verdicts = [
            judge_visitors(int(mine.sum()), rules),
            judge_log(self._log, None if training is None else training.log, rules),
            judge_figures(figures, before, served, rules),
            judge_findings(findings_of(run.told, role)),
            *self._judge_columns(role),
            judge_against(yardstick, ours[mine], reached[mine], rules, must_hit=True),
            not_checked(f"against {SERVING}", theirs)
            if isinstance(theirs, str)
            else judge_against(SERVING, ours[mine], theirs[mine], rules),
        ]
        return Decision(candidate, verdicts, figures, ours, theirs, before)

    def serving_version(self, role: Role) -> str | None:
        """Return the version that serves a role as NAME:VERSION; None if none does."""
        entry = self._serving.entry(role)
        return None if entry is None else f"{entry.name}:{entry.version}"

    def show(self, role: Role, test: TestPart) -> tuple[Lists, Lists | None]:
        """Return the lists of the candidate and of the version that serves.

        Parameters
        ----------
        role : {"similarity", "ranking", "newcomer"}
            Whose models are asked.
        test : TestPart
            The visitors.

        Returns
        -------
        tuple
            Both lists, one for each visitor; the second is None if no version serves the role.
        """
        ours = lists_of_role(self._judged, role, test, told=self._told)
        models = self._serving.models.get(role)
        if models is None:
            return ours, None
        return ours, lists_of_role(models, role, test, told=self._told)

    def _judge_columns(self, role: Role) -> list[Verdict]:
        """Judge the columns of a candidate; the newcomer's may change from version to version."""
        if role == "newcomer":
            return []
        entry = self._serving.entry(role)
        if entry is None:
            return [not_checked("columns", f"no columns to compare with: {self._why_none(role)}")]
        return [judge_columns(entry.model, self._judged.need(role).model)]

    def _lists(self, models: LoadedModels, role: Role) -> Lists:
        return lists_of_role(models, role, self._run.test, told=self._told)

    def _training_before(self, role: Role) -> Training | None:
        entry = self._serving.entry(role)
        return None if entry is None else entry.training

    def _why_none(self, role: Role) -> str:
        """Return why there is no version that serves a role."""
        trouble = self._serving.troubles.get(role)
        if trouble is None:
            return "no version serves this role"
        return f"the version that serves could not be read, so nothing is compared: {trouble}"

    def _serving_recall(self, role: Role) -> Values | str:
        """Return what the serving version reaches, or why that cannot be compared."""
        entry = self._serving.entry(role)
        if entry is None:
            return self._why_none(role)
        if entry.training is None or entry.training.log.last is None:
            return f"{entry.name}:{entry.version} does not say what it learnt from"
        start = read_moment(self._run.told.get("test_from"))
        if start is None or entry.training.log.last >= start:
            return f"{entry.name}:{entry.version} has learnt from the test part already"
        return recall(self._lists(self._serving.models[role], role), self._run.test)

    def _figures(self, ours: Values, against: Mapping[str, Comparison]) -> Figures:
        kinds = self._run.test.kinds
        masks = {"all": np.ones(len(kinds), np.bool_), **{kind: kinds == kind for kind in KINDS}}
        return Figures(
            measure="recall@10",
            split=self._run.told["split"],
            visitors={kind: int(mask.sum()) for kind, mask in masks.items()},
            values={
                kind: float(ours[mask].mean()) if mask.any() else None
                for kind, mask in masks.items()
            },
            against=against,
            forced=None,
        )


def _compared(ours: Values, theirs: Values) -> Comparison:
    ratio = paired_ratio(ours, theirs) if len(ours) else Ratio(np.nan, 0.0, np.inf)
    value, low, high = (_finite(each) for each in (ratio.value, ratio.low, ratio.high))
    return Comparison(value, low, high, {"visitors": len(ours)})


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
