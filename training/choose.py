"""Choose settings on the validation part: what is tried, for how long, and what was best."""

from __future__ import annotations

import time
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from training.candidates import Settings, train
from training.command import Say
from training.errors import TrainingError
from training.judged import Part, answers, means_by_kind, recall_of
from training.logs import Log, LogError
from training.remaining import seconds_to_try
from training.roles import audience_of
from training.tried import Tried

_CLOSE = 0.9  # of the best recall, from which on settings are tried with further seeds
_FEW = 20  # visitors of a kind, below which another kind must do


def wanted_of(role: str, part: Part) -> np.ndarray:
    """Tell which visitors of a part a role is for, shape (visitors,).

    Strangers are the newcomer role's, and all others the others'. Where there are fewer than twenty
    of them, everybody counts: a mean over so few would choose by chance.

    Parameters
    ----------
    role : str
        The role.
    part : Part
        The visitors.
    """
    return audience_of(role, part.kinds, least=_FEW).rows


def choose(
    tries: Sequence[Settings],
    learned: Log,
    part: Part,
    time_zone: str,
    seeds: Sequence[int],
    end: Optional[float],
    say: Say,
    earlier: Sequence[Tried] = (),
) -> List[Tried]:
    """Try settings of one role, and those that come close to the best of them with further seeds.

    Training is a lottery: one draw of good settings may be worse than a lucky one of others. So the
    two best settings, if they are close, are compared by their means over the seeds. What is served
    is the best draw of the better ones.

    Parameters
    ----------
    tries : sequence of Settings
        What is tried; the first is always, the others as long as there is time.
    learned : Log
        The events to learn from, and no others.
    part : Part
        The validation part's visitors.
    time_zone : str
        In which period, month and weekday are told.
    seeds : sequence of int
        The first is everybody's; the others are for settings that come close to the best.
    end : float, optional
        When there is no more time, by `time.monotonic`.
    say : callable
        Prints a line.
    earlier : sequence of Tried
        What was tried for other roles, which tells how long models take.

    Returns
    -------
    list of Tried
        The best first. At least one has not failed.

    Raises
    ------
    TrainingError
        If none could be trained.
    """
    tried: List[Tried] = []
    for number, settings in enumerate(tries):
        if not _is_time(tried, end):
            say("no time left for {}".format(settings.label))
            continue
        say(_progress(tries, number, tried, earlier, len(seeds) - 1))
        tried.append(_try(settings, learned, part, time_zone, seeds[0]))
        say(_told(tried[-1]))
    close = _close(tried)
    if close[0].failed:
        raise TrainingError(close[0].failed)
    again = [(one, seed) for seed in seeds[1:] for one in close if one.settings.is_drawn]
    for number, (one, seed) in enumerate(again):
        if not _is_time(tried, end):
            say("no further seeds: there is no time left")
            break
        told = "trying again {} of {}: {}, seed {}; {}"
        left = seconds_to_try([each.settings for each, _ in again[number:]], tried) or 0.0
        say(told.format(number + 1, len(again), one.settings.label, seed, _left(left)))
        tried.append(_try(one.settings, learned, part, time_zone, seed))
        say(_told(tried[-1]))
    return ranked(tried, [one.settings.label for one in close])


def _close(tried: Sequence[Tried]) -> List[Tried]:
    """Return the best settings, and the second best if they come close."""
    best, *others = ranked(tried)
    return [best, *(one for one in others[:1] if one.compared >= _CLOSE * best.compared)]


def _is_time(tried: Sequence[Tried], end: Optional[float]) -> bool:
    """Tell whether there is time for as long a try as the longest was."""
    if end is None or not tried:
        return True
    return time.monotonic() + max(one.seconds for one in tried) <= end


def _progress(
    tries: Sequence[Settings],
    number: int,
    tried: Sequence[Tried],
    earlier: Sequence[Tried],
    further: int,
) -> str:
    """Return what is tried now, and how long it takes from here if the best stay the best."""
    told = "trying {} of {}: {}".format(number + 1, len(tries), tries[number].label)
    again = [one.settings for one in _close(tried) if not one.failed] if tried else []
    left = [*tries[number:], *(one for one in again for _ in range(further) if one.is_drawn)]
    seconds = seconds_to_try(left, [*earlier, *tried])
    return told if seconds is None else "{}; {}".format(told, _left(seconds))


def _left(seconds: float) -> str:
    return "about {:.0f} s left for this role".format(seconds)


def _try(settings: Settings, log: Log, part: Part, time_zone: str, seed: int) -> Tried:
    started = time.monotonic()
    try:
        model: Any = train(settings, log, time_zone, seed)
        lists, _ = answers(model, part)
    except (TrainingError, LogError) as error:
        return Tried(settings, seed, -1.0, time.monotonic() - started, str(error))
    values = recall_of(lists, part)
    mean = float(values[wanted_of(settings.role, part)].mean())
    kinds = means_by_kind(values, part)
    seconds = time.monotonic() - started
    return Tried(settings, seed, mean, seconds, kinds=kinds, visitors=part.counts())


def ranked(tried: Sequence[Tried], close: Sequence[str] = ()) -> List[Tried]:
    """Return tries by the mean recall of their settings, and those of the same settings by theirs.

    A recall counts less by the margin of its settings.

    Parameters
    ----------
    tried : sequence of Tried
        In the order of the tries, in which equal ones stay.
    close : sequence of str
        The labels of the settings that come before all others: they were tried with more seeds.
    """
    recalls: Dict[str, List[float]] = {}
    for one in tried:
        recalls.setdefault(one.settings.label, []).append(one.compared)

    def key(one: Tried) -> Tuple[bool, float, float]:
        label = one.settings.label
        return label not in close, -float(np.mean(recalls[label])), -one.compared

    return sorted(tried, key=key)


def _told(one: Tried) -> str:
    if one.failed:
        return "{}: {}".format(one.settings.label, one.failed)
    seed = ", seed {}".format(one.seed) if one.settings.is_drawn else ""
    return "{}{}: recall@10 {:.4f} on the validation part ({:.1f} s)".format(
        one.settings.label, seed, one.recall, one.seconds
    )
