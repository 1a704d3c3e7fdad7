"""``turi-recommender gate``: publish what a training run left aside, or say why not."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from turi_recommender.errors import RecommenderError

from ..arguments import some_path, whole_number
from ..errors import ConfigurationError
from ..models.roles import Role
from ..settings import load_settings
from ..version_commands import refuse_samples
from .account import Outcome, complete_report
from .candidates import ROLES, Run, only, read_run
from .decide import Rules
from .errors import RefusedCandidateError
from .judge import Decision, Judge
from .kept import keep
from .publish import publish
from .tell import FORMS, Form, described, name_broken

Add = Callable[[str, Callable[[argparse.Namespace], None], str, str, str], argparse.ArgumentParser]

_HELP = """\
Each model is asked as the service would ask it, about visitors of the test part, which it did not
learn from. It passes if its recall is not worse, beyond the margin, than that of a plain item
similarity over all visitors (for newcomers: popularity) and than that of the version that serves
now, if its log is not suspiciously smaller, and if the trainer found no sign of a collapse. What
passes is registered with its figures. What does not stays where it is; with --keep-in, each run is
kept in a folder, too: its report, the decisions, and the models that were not published. The
report shows what was decided, in the folder and, unless it is read-only, in DIR.

The status is 0 if every model passed, and 2 if one was refused; those that passed are registered.
With RECOMMENDER_LOG_FORMAT=json, each decision is one line of JSON in the log.

  turi-recommender gate candidates/2026-11-26 --models-dir models
  turi-recommender gate candidates/2026-11-26 --role ranking --force "the shop has changed"
"""


def add_gate_command(add: Add) -> None:
    """Add the command to a parser.

    Parameters
    ----------
    add : callable
        Makes the parser of a command; see `add_version_commands`.
    """
    gate = add("gate", _run, "pass", "judge what was trained, and publish what passes", _HELP)
    gate.set_defaults(prints=True)
    gate.add_argument(
        "candidates", type=some_path, metavar="DIR", help="what the trainer left aside"
    )
    gate.add_argument(
        "--models-dir", type=some_path, help="the registry (default: RECOMMENDER_MODELS_DIR)"
    )
    gate.add_argument(
        "--role", action="append", choices=ROLES, help="judge this candidate (default: all)"
    )
    gate.add_argument(
        "--keep-in",
        type=some_path,
        metavar="FOLDER",
        help="keep the last runs, and what was decided, in this folder",
    )
    gate.add_argument(
        "--keep",
        type=whole_number,
        default=5,
        metavar="N",
        help="how many runs are kept there (default: 5)",
    )
    gate.add_argument("--margin", type=_share, default=Rules().margin, help="by how much worse")
    gate.add_argument(
        "--least-log", type=_share, default=Rules().least_log, help="share of the log before"
    )
    gate.add_argument("--least-visitors", type=int, default=Rules().least_visitors)
    gate.add_argument(
        "--with-context",
        action="store_true",
        help="tell models the true side data of each visit, as shops do that send it; else the "
        "defaults",
    )
    gate.add_argument("--force", metavar="REASON", help="publish what does not pass, too, and why")
    gate.add_argument("--json", action="store_true", help="for programs")


def _share(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not a share: at least 0, and below 1")
    return value


def _run(args: argparse.Namespace) -> None:
    settings = load_settings()
    root: Path = args.models_dir or settings.models_dir
    refuse_samples(root, "--models-dir, or RECOMMENDER_MODELS_DIR")
    if args.force is not None and args.force.strip() == "":
        raise ConfigurationError("--force needs a reason")
    form = FORMS["json" if args.json else "log" if settings.log_format == "json" else "text"]
    form.begin(settings)
    run = only(read_run(args.candidates), args.role or ROLES)
    decisions: list[Decision] = []
    folders: dict[Role, Path] = {}
    judge: Judge | None = None
    try:
        judge = Judge(
            run,
            root,
            Rules(args.margin, args.least_log, args.least_visitors),
            told=args.with_context,
        )
        decisions += [judge.decide(candidate) for candidate in run.candidates]
        for each in decisions:
            if each.passed or args.force is not None:
                folders[each.candidate.role] = publish(run, each, root, args.force)
    except (RecommenderError, OSError) as error:
        kept = _keep(args, run, decisions, folders, form, str(error))
        outcome = Outcome(run, judge, decisions, folders, args.force, str(error))
        complete_report(outcome, kept, form)
        raise
    for each in decisions:
        form.decision(each, folders.get(each.candidate.role), args.force)
    kept = _keep(args, run, decisions, folders, form)
    complete_report(Outcome(run, judge, decisions, folders, args.force, None), kept, form)
    refused = [name_broken(each) for each in decisions if each.candidate.role not in folders]
    if refused:
        raise RefusedCandidateError(f"refused: {', '.join(refused)}")


def _keep(
    args: argparse.Namespace,
    run: Run,
    decisions: list[Decision],
    folders: dict[Role, Path],
    form: Form,
    failed: str | None = None,
) -> list[Path]:
    """Keep the run, where that is wanted, and what was not published; return where the run is."""
    if args.keep_in is None:
        return [run.path]
    left = [each for each in run.candidates if each.role not in folders]
    told = {
        "failed": failed,
        "decisions": [
            described(each, folders.get(each.candidate.role), args.force) for each in decisions
        ],
    }
    kept = keep(run, left, told, args.keep_in, args.keep)
    form.kept(kept)
    return [run.path, kept]
