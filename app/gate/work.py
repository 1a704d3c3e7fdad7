"""What ``turi-recommender gate`` does: judge, publish, keep and tell."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from turi_recommender.errors import RecommenderError

from ..settings import load_settings
from ..version_commands import refuse_samples
from .account import complete_report
from .candidates import ROLES, Run, only, read_run
from .decide import Rules
from .errors import RefusedCandidateError
from .judge import Judge
from .kept import keep
from .metrics import check_place, tell_metrics
from .next_steps import next_steps
from .outcome import Outcome
from .places import check_kept, check_registry, check_target
from .publish import publish, training_of
from .stopping import stopped_by_sigterm
from .tell import FORMS, Form


def judge_and_publish(args: argparse.Namespace) -> None:
    """Judge and publish; whatever becomes of it, the metrics say so.

    Parameters
    ----------
    args : Namespace
        What the parser of the command has read (`command`).

    Raises
    ------
    RefusedCandidateError
        If a candidate was refused.
    RecommenderError, OSError
        If something could not be done.
    """
    path: Path | None = args.metrics_file
    if path is not None:
        check_place(path)
    outcome = Outcome(args.force)
    with stopped_by_sigterm():
        try:
            _judge(args, outcome)
        except BaseException:
            tell_metrics(path, outcome, failed=True)
            raise
        is_told = tell_metrics(path, outcome, failed=False)
    if len(outcome.refused) > 0:
        raise RefusedCandidateError(f"refused: {', '.join(outcome.refused)}")
    if not is_told:
        sys.exit(2)


def _judge(args: argparse.Namespace, outcome: Outcome) -> None:
    settings = load_settings()
    root: Path = args.models_dir or settings.models_dir
    refuse_samples(root, "--models-dir, or RECOMMENDER_MODELS_DIR")
    check_registry(root, args.candidates)
    form = FORMS["json" if args.json else "log" if settings.log_format == "json" else "text"]
    form.begin(settings)
    outcome.run = run = only(read_run(args.candidates), args.role or ROLES)
    if args.keep_in is not None:
        names = [each.name for each in run.candidates]
        check_kept(args.keep_in, run.path, root, names)
    rules = Rules(args.margin, args.least_log, args.least_visitors, args.least_recall)
    try:
        judge = Judge(run, root, rules, settings, told=not args.without_context)
        outcome.judge = judge
        outcome.decisions += [judge.decide(candidate) for candidate in run.candidates]
        wanted = [each for each in outcome.decisions if each.passed or args.force is not None]
        for each in wanted:  # nothing is published before all is checked
            training_of(run, each, args.force)
            check_target(root, each.candidate.name)
        for each in wanted:
            outcome.folders[each.candidate.role] = publish(run, each, root, args.force)
    except (RecommenderError, OSError) as error:
        outcome.failed = str(error)
        complete_report(run, outcome, _keep(args, run, outcome, form), form)
        raise
    for each in outcome.decisions:
        form.decision(each, outcome.folders.get(each.candidate.role), args.force)
    complete_report(run, outcome, _keep(args, run, outcome, form), form)
    for words in next_steps(settings, outcome.folders):
        form.next_step(words)


def _keep(args: argparse.Namespace, run: Run, outcome: Outcome, form: Form) -> list[Path]:
    """Keep the run, where that is wanted, and what was not published; return where the run is."""
    if args.keep_in is None:
        return [run.path]
    told = {"failed": outcome.failed, "decisions": outcome.described()}
    kept = keep(run, outcome.left, told, args.keep_in, args.keep)
    form.kept(kept)
    return [run.path, kept]
