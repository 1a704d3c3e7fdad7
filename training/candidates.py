"""What is tried: the settings of a model, and the model that real Turi Create makes of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import pandas as pd
import turicreate as tc

from training import keep
from training.divergence import require_finite, require_finite_scores
from training.errors import in_one_line
from training.limits import SIMILARITY_BUFFERS, VISIT_EVENTS
from training.logs import DERIVED, Log, LogError
from training.measures import LONGEST
from training.prepare import PrepareOptions, prepare
from training.roles import NEWCOMER, RANKING, SIMILARITY

Lists = Dict[Any, List[Any]]
Scores = Dict[Any, List[float]]

_DRAWS = ("ranking_factorization_recommender", "factorization_recommender")
# A shop may not send the context of a visit, and one that hardly beats popularity among the few
# strangers of a validation part is refused on the next ones.
_NEEDS_CONTEXT = 1.15


@dataclass(frozen=True)
class Settings:
    """How a model is trained.

    Attributes
    ----------
    label : str
        What reports call it; unique among those that are compared.
    role : str
        The role of the service that it is for: similarity, ranking or newcomer.
    model : str
        The class, a module of Turi Create.
    options : tuple of (str, value)
        Options of its `create`.
    context : tuple of str
        Context columns that it learns.
    has_target : bool
        Whether it learns the weights of the events, and not only that they happened.
    keep : str
        Which visitors and items it learns from, a rule of `training.keep`.
    recent : float
        The share of the events that it learns from, the latest ones.
    most_events : int, optional
        How many of the latest events it learns from at most.
    margin : float
        By how many times its recall has to be above that of others to be chosen.
    """

    label: str
    role: str
    model: str
    options: Tuple[Tuple[str, Any], ...] = ()
    context: Tuple[str, ...] = ()
    has_target: bool = False
    keep: str = keep.DEFAULT
    recent: float = 1.0
    most_events: Optional[int] = None
    margin: float = 1.0

    @property
    def is_drawn(self) -> bool:
        """Whether training depends on a seed."""
        return self.model in _DRAWS

    def to_json(self) -> Dict[str, Any]:
        """Return what a manifest says of it."""
        told: Dict[str, Any] = {"model": self.model, "keep": self.keep, **dict(self.options)}
        if self.context:
            told["context"] = list(self.context)
        if self.has_target:
            told["target"] = True
        if self.recent != 1.0:
            told["recent"] = self.recent
        if self.most_events is not None:
            told["most_events"] = self.most_events
        return told


def train(settings: Settings, log: Log, time_zone: str, seed: int) -> Any:
    """Train a model.

    Parameters
    ----------
    settings : Settings
        How.
    log : Log
        The events to learn from.
    time_zone : str
        In which period, month and weekday are told.
    seed : int
        Equal seeds give nearly equal models: Turi Create's threads race.

    Returns
    -------
    turicreate recommender

    Raises
    ------
    LogError
        If nobody is kept.
    TrainingError
        If Turi Create cannot learn from who is, or the training diverges.
    """
    events = keep.latest(log.events, settings.recent, settings.most_events)
    options = PrepareOptions(settings.keep, settings.context, time_zone)
    rows = prepare(replace(log, events=events), options)
    target = "target" if settings.has_target else None
    columns = [log.user_name, log.item_name, *settings.context, *([target] if target else [])]
    arguments = dict(settings.options)
    if settings.is_drawn:
        arguments["random_seed"] = seed
    if settings.role == SIMILARITY:
        arguments["target_memory_usage"] = SIMILARITY_BUFFERS
    with in_one_line():
        model = getattr(tc, settings.model).create(
            tc.SFrame(rows[columns].drop_duplicates()),
            user_id=log.user_name,
            item_id=log.item_name,
            target=target,
            verbose=False,
            **arguments,
        )
        require_finite(model)
    return model


def ask(model: Any, visits: pd.DataFrame, k: int = LONGEST) -> Tuple[Lists, Scores]:
    """Return what a model recommends.

    Parameters
    ----------
    model : turicreate recommender
        The model.
    visits : pandas.DataFrame
        One row per visitor: the user column first, then context columns; those that the model did
        not learn are left out.
    k : int
        How many items.

    Returns
    -------
    (dict of visitor to list of items, dict of visitor to list of scores)
        Every visitor has an entry.

    Raises
    ------
    TrainingError
        If Turi Create cannot answer, or a score is no finite number.
    """
    user, *context = visits.columns
    known = [name for name in context if name in _columns(model)]
    if known:
        asked: Any = tc.SFrame(visits[[user, *known]])
    else:
        asked = visits[user].tolist()
    with in_one_line():
        answers = model.recommend(asked, k=k, verbose=False).to_dataframe()
    require_finite_scores(answers["score"].tolist())
    lists: Lists = {visitor: [] for visitor in visits[user].tolist()}
    scores: Scores = {visitor: [] for visitor in lists}
    answers = answers.sort_values("rank", kind="stable")
    item = model.item_id
    columns = (answers[user].tolist(), answers[item].tolist(), answers["score"].tolist())
    for visitor, thing, score in zip(*columns):
        lists[visitor].append(thing)
        scores[visitor].append(score)
    return lists, scores


def _columns(model: Any) -> Sequence[str]:
    return model.observation_data_column_names  # type: ignore[no-any-return]


def usual(context: Tuple[str, ...] = DERIVED) -> Mapping[str, List[Settings]]:
    """Return what is tried, by role; the first of each role is what the others must beat.

    These were the best on real logs of a shop, of films and of short sessions.

    Parameters
    ----------
    context : tuple of str
        Context columns that a newcomer model may learn.
    """
    jaccard = (("similarity_type", "jaccard"),)
    cosine = (("similarity_type", "cosine"),)
    similarity = "item_similarity_recommender"
    return {
        SIMILARITY: [
            Settings("jaccard", SIMILARITY, similarity, jaccard, keep="all"),
            Settings("jaccard, two items or more", SIMILARITY, similarity, jaccard),
            Settings("cosine", SIMILARITY, similarity, cosine, keep="all"),
        ],
        RANKING: [
            _ials(32, 1),
            _ials(64, 10),
            _ials(64, 40),
            replace(_ials(32, 1), label="ials, 32 factors, all visitors", keep="all"),
        ],
        NEWCOMER: [
            _popularity(0.2),  # the gate's yardstick, which plain popularity seldom reaches
            _popularity(1.0),
            _popularity(0.05),
            *([_machine(context)] if context else []),
        ],
    }


def named(name: str, context: Tuple[str, ...]) -> Mapping[str, List[Settings]]:
    """Return what is tried, by role, under a name of the command line.

    Parameters
    ----------
    name : {"usual", "author", "context"}
        What `usual` returns, `author` as the ranking model, or the factorization machine of the
        visit as the newcomer's.
    context : tuple of str
        Context columns that models may learn.

    Raises
    ------
    LogError
        If the model needs context, and there is none.
    """
    if name == "author":
        return {RANKING: [author(context)]}
    if name == "context":
        if len(context) == 0:
            raise LogError("--settings context needs columns (--context)")
        return {NEWCOMER: [_machine(context)]}
    return usual(context)


def _ials(factors: int, scaling: int) -> Settings:
    label = "ials, {} factors".format(factors)
    options: Dict[str, Any] = {
        "solver": "ials",
        "num_factors": factors,
        "regularization": 1e-4,
        "max_iterations": 25,
    }
    if scaling != 1:
        label += ", confidence {}".format(scaling)
        options["ials_confidence_scaling_factor"] = scaling
    return Settings(label, RANKING, "ranking_factorization_recommender", tuple(options.items()))


def _popularity(recent: float) -> Settings:
    label = "popularity" if recent == 1.0 else "popularity of the last {:.0%}".format(recent)
    return Settings(label, NEWCOMER, "popularity_recommender", keep="all", recent=recent)


def _machine(context: Tuple[str, ...]) -> Settings:
    options = {
        "solver": "adagrad",
        "sgd_step_size": 0.1,
        "init_random_sigma": 0.1,
        "regularization": 1e-5,
        "max_iterations": 25,
        "num_factors": 32,
    }
    # A month that training has not seen says nothing.
    named = tuple(name for name in context if name != "month")
    return Settings(
        "factorization machine of the visit",
        NEWCOMER,
        "ranking_factorization_recommender",
        tuple(options.items()),
        context=named or context,
        keep="all",
        most_events=VISIT_EVENTS,
        margin=_NEEDS_CONTEXT,
    )


def author(context: Tuple[str, ...] = DERIVED) -> Settings:
    """Return the settings of the original deployment's ranking model."""
    return Settings(
        "the original deployment's",
        RANKING,
        "ranking_factorization_recommender",
        (("num_factors", 32), ("solver", "sgd")),
        context=context,
        has_target=True,
        keep="quantiles:0.8,0.5",
    )
