"""What the gate decided, as metrics: a file for node_exporter's textfile collector."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from turi_recommender.errors import RecommenderError
from turi_recommender.versions.record import read_moment

from ..errors import ConfigurationError
from .judge import Decision
from .outcome import Outcome

_Sample = tuple[tuple[str, ...], float]
_KINDS = ("role", "kind")
_OTHERS = ("role", "against")


def check_place(path: Path) -> None:
    """Refuse a place for the file that cannot be one, before any work is done.

    Parameters
    ----------
    path : Path
        Where it is to be.

    Raises
    ------
    ConfigurationError
        If that is in no folder, or something is there that is no regular file: it would be
        replaced.
    """
    try:
        is_free = not os.path.lexists(path) or stat.S_ISREG(path.stat().st_mode)
    except OSError:  # such as a link to nowhere
        is_free = False
    if not is_free or not path.parent.is_dir():
        raise ConfigurationError(f"--metrics-file {path}: not a file in a folder that is there")


def tell_metrics(path: Path | None, outcome: Outcome, *, failed: bool) -> bool:
    """Write the metrics; if they cannot be, say so, for what was decided stays decided.

    Parameters
    ----------
    path : Path or None
        The file; None if none is wanted.
    outcome, failed
        As for `write_metrics`.

    Returns
    -------
    bool
        Whether all that is wanted is written.
    """
    if path is None:
        return True
    try:
        check_place(path)
        write_metrics(path, outcome, failed=failed)
    except (OSError, RecommenderError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        print(f"the metrics are not written: {path}: {reason}", file=sys.stderr)
        return False
    return True


def write_metrics(path: Path, outcome: Outcome, *, failed: bool) -> None:
    """Write the metrics of a run of the gate, in Prometheus' text format, whole or not at all.

    Parameters
    ----------
    path : Path
        The file.
    outcome : Outcome
        What was decided so far.
    failed : bool
        Whether the gate could not do its work; to refuse a candidate is no failure.
    """
    from prometheus_client import (  # noqa: PLC0415 - only here is it needed
        CollectorRegistry,
        Gauge,
        write_to_textfile,
    )

    registry = CollectorRegistry()

    def put(name: str, says: str, labels: tuple[str, ...], samples: Iterator[_Sample]) -> None:
        gauge = Gauge(f"recommender_gate_{name}", says, labels, registry=registry)
        for values, number in samples:
            (gauge.labels(*values) if labels else gauge).set(number)

    put("run_timestamp_seconds", "When the gate ended", (), iter([((), time.time())]))
    put("failed", "Whether the gate could not do its work", (), iter([((), float(failed))]))
    told = None if outcome.run is None else read_moment(outcome.run.told.get("trained"))
    if told is not None:
        trained = "When the candidates were trained"
        put("trained_timestamp_seconds", trained, (), iter([((), told.timestamp())]))
    put("passed", "Whether the candidate kept all rules", ("role",), _passed(outcome))
    put("published", "Whether the candidate was published", ("role",), _published(outcome))
    decisions = outcome.decisions
    put("recall", "Recall@10, by kind of visitor", _KINDS, _recalls(decisions))
    put("ratio", "Recall@10 as a multiple of another's", _OTHERS, _ratios(decisions, "ratio"))
    low = "Lower bound of that multiple, which decides"
    put("ratio_low", low, _OTHERS, _ratios(decisions, "low"))
    write_to_textfile(os.path.realpath(path), registry)  # a link stays one


def _passed(outcome: Outcome) -> Iterator[_Sample]:
    passed = {each.candidate.role for each in outcome.decisions if each.passed}
    for candidate in outcome.candidates:
        yield (candidate.role,), float(candidate.role in passed)


def _published(outcome: Outcome) -> Iterator[_Sample]:
    for candidate in outcome.candidates:
        yield (candidate.role,), float(candidate.role in outcome.folders)


def _recalls(decisions: list[Decision]) -> Iterator[_Sample]:
    for each in decisions:
        for kind, value in each.figures.values.items():
            if value is not None:
                yield (each.candidate.role, kind), value


def _ratios(decisions: list[Decision], which: str) -> Iterator[_Sample]:
    for each in decisions:
        for other, comparison in each.figures.against.items():
            value = comparison.to_json()[which]
            if value is not None:
                yield (each.candidate.role, other), value
