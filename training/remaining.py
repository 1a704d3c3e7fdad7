"""How long a run still takes, by what its tries took: nobody plans a night with a wrong number."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Optional, Sequence, Tuple

from training.candidates import Settings
from training.keep import learnt_share
from training.tried import Tried


def seconds_to_finish(
    tried: Mapping[str, Sequence[Tried]],
    references: Iterable[Settings],
    seeds: int,
    searched: int,
    events: int,
) -> float:
    """Return about how long training and judging what was chosen takes.

    Each role is trained for the test part, once more on all events, and for the test part with
    further seeds where training is drawn. What the models are compared with is trained once, unless
    a role has the same settings.

    Parameters
    ----------
    tried : mapping of str to sequence of Tried
        By role, the best first.
    references : iterable of Settings
        What the models are compared with.
    seeds : int
        How many seeds there are.
    searched, events : int
        How many events were learnt from in a try, and how many are.
    """
    every = [one for each in tried.values() for one in each]
    chosen = [each[0].settings for each in tried.values()]
    left = [one for one in chosen for _ in range(1 + (seeds if one.is_drawn else 1))]
    labels = {one.label for one in chosen if not one.context}
    left += [one for one in references if one.label not in labels]
    return sum((_of(one, every) or 0.0) * _growth(one, searched, events) for one in left)


def seconds_to_try(left: Iterable[Settings], tried: Sequence[Tried]) -> Optional[float]:
    """Return about how long it takes to try settings; None if nothing is known of one's kind.

    Parameters
    ----------
    left : iterable of Settings
        What is going to be tried.
    tried : sequence of Tried
        What was.
    """
    each = [_of(settings, tried) for settings in left]
    known = [seconds for seconds in each if seconds is not None]
    return sum(known) if len(known) == len(each) else None


def _of(settings: Settings, tried: Sequence[Tried]) -> Optional[float]:
    """Return the mean time of the same settings, or else what those alike make likely."""
    worked = [one for one in tried if not one.failed]
    same = [one.seconds for one in worked if one.settings.label == settings.label]
    alike = same or [
        one.seconds * _factors(settings) / _factors(one.settings)
        for one in worked
        if _kind(one.settings) == _kind(settings)
    ]
    return sum(alike) / len(alike) if alike else None


def _kind(settings: Settings) -> Tuple[str, Any]:
    """Return class and solver: one solver may take many times as long as another."""
    return settings.model, dict(settings.options).get("solver")


def _factors(settings: Settings) -> int:
    """Return the number of factors, with which the time grows."""
    return int(dict(settings.options).get("num_factors", 1))


def _growth(settings: Settings, searched: int, events: int) -> float:
    """Return how many times as many events these settings learn from at the end."""

    def learnt(count: int) -> float:
        return count * learnt_share(count, settings.recent, settings.most_events)

    return learnt(events) / max(learnt(searched), 1.0)
