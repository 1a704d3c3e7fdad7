"""Train what was chosen: once to be judged by the test part, and once, on all events, to serve."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Dict, List, Sequence, Tuple

import pandas as pd

from training.aside import Aside
from training.candidates import Settings, train, usual
from training.command import Say
from training.errors import TrainingError
from training.evaluation import Answers
from training.judged import Part, answers, recall_of, with_shuffled_context
from training.logs import Log, LogError
from training.roles import JACCARD, RECENT_POPULARITY
from training.tried import Tried

POPULARITY = "popularity"
REFERENCES = (POPULARITY, RECENT_POPULARITY, JACCARD, "cosine")


def references() -> List[Settings]:
    """Return what models are compared with."""
    known = {settings.label: settings for tries in usual(()).values() for settings in tries}
    return [known[label] for label in REFERENCES]


@dataclass
class Outcome:
    """What became of the roles.

    Attributes
    ----------
    answered : list of Answers
        Of each role's model, then of what it is compared with.
    shuffled : list of Answers
        Of the roles whose models learnt context, when they were told the context of other visits.
    seeds : dict of str to (dict of int to float)
        By role whose training is drawn: mean recall at 10 on the test part, by seed.
    paths : dict of str to (dict of str to str)
        By role: where its models are, `judged` and `final`.
    failed : dict of str to str
        By role that has no model: why.
    """

    answered: List[Answers] = field(default_factory=list)
    shuffled: List[Answers] = field(default_factory=list)
    seeds: Dict[str, Dict[int, float]] = field(default_factory=dict)
    paths: Dict[str, Dict[str, str]] = field(default_factory=dict)
    failed: Dict[str, str] = field(default_factory=dict)

    def all_answers(self) -> List[Answers]:
        """Return all answers, those to shuffled context under names of their own."""
        others = [
            replace(one, name="{}, context shuffled".format(one.name)) for one in self.shuffled
        ]
        return [*self.answered, *others]


class Finals:
    """Trains what was chosen.

    Parameters
    ----------
    log : Log
        All events.
    before : pandas.DataFrame
        Those before the test part.
    test : Part
        The test part's visitors.
    time_zone : str
        In which period, month and weekday are told.
    aside : Aside
        Where models go.
    say : callable
        Prints a line.
    """

    def __init__(
        self, log: Log, before: pd.DataFrame, test: Part, time_zone: str, aside: Aside, say: Say
    ) -> None:
        self._log = log
        self._before = replace(log, events=before)
        self._test = test
        self._time_zone = time_zone
        self._aside = aside
        self._say = say
        self.outcome = Outcome()
        self._by_label: Dict[str, Answers] = {}  # of settings without context

    def add(self, role: str, best: Tried, seeds: Sequence[int]) -> None:
        """Train and judge the best settings of a role; a role that fails is left out.

        Parameters
        ----------
        role : str
            The role.
        best : Tried
            What was chosen.
        seeds : sequence of int
            With which it is judged as well, where training is a lottery.
        """
        try:
            answered, shuffled = self._judge(role, best, seeds)
            self._say("training {} for {} on all events".format(best.settings.label, role))
            model = train(best.settings, self._log, self._time_zone, best.seed)
            self.outcome.paths[role]["final"] = self._aside.save(model, role, "final")
            self.outcome.answered.append(answered)
            self.outcome.shuffled += shuffled
        except (TrainingError, LogError) as error:
            self.leave_out(role, str(error))

    def leave_out(self, role: str, why: str) -> None:
        """Say that a role has no model, and why."""
        self._say("no model for {}: {}".format(role, why))
        self._aside.drop(role)
        self.outcome.failed[role] = why
        self.outcome.paths.pop(role, None)
        self.outcome.seeds.pop(role, None)

    def add_references(self) -> None:
        """Train what the models are compared with."""
        for settings in references():
            label = settings.label
            same = self._by_label.get(label)
            if same is not None:  # a role has these very settings
                self.outcome.answered.append(replace(same, name=label))
                continue
            self._say("training {} to compare with".format(label))
            model = train(settings, self._before, self._time_zone, 0)
            lists, scores = answers(model, self._test, with_context=False)
            self.outcome.answered.append(Answers(label, lists, scores))

    def _judge(self, role: str, best: Tried, seeds: Sequence[int]) -> Tuple[Answers, List[Answers]]:
        """Train and ask; return the answers, and those to shuffled context if it learnt any."""
        settings, test = best.settings, self._test
        self._say("judging {} for {}".format(settings.label, role))
        model = train(settings, self._before, self._time_zone, best.seed)
        self.outcome.paths[role] = {"judged": self._aside.save(model, role, "judged")}
        answered = Answers(role, *answers(model, test))
        shuffled = []
        if settings.context:
            shuffled = [Answers(role, *answers(model, with_shuffled_context(test, best.seed)))]
        else:
            self._by_label[settings.label] = answered
        if settings.is_drawn:
            recalls = {best.seed: float(recall_of(answered.lists, test).mean())}
            for seed in seeds:
                if seed not in recalls:
                    self._say("judging {}, seed {}".format(settings.label, seed))
                    try:
                        other = train(settings, self._before, self._time_zone, seed)
                        recalls[seed] = float(recall_of(answers(other, test)[0], test).mean())
                    except TrainingError as error:  # it is another seed's model that may serve
                        self._say("{}, seed {}: {}".format(settings.label, seed, error))
            self.outcome.seeds[role] = recalls
        return answered, shuffled
