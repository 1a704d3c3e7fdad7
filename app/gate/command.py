"""``turi-recommender gate``: publish what a training run left aside, or say why not."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from ..arguments import some_path
from ..errors import ConfigurationError
from ..settings import load_settings
from ..version_commands import refuse_samples
from .candidates import read_run
from .decide import Rules
from .errors import RefusedCandidateError
from .judge import Decision, Judge
from .publish import lines_of, publish

Add = Callable[[str, Callable[[argparse.Namespace], None], str, str, str], argparse.ArgumentParser]

_HELP = """\
Each model is asked as the service would ask it, about visitors of the test part, which it did not
learn from. It passes if its recall is not worse, beyond the margin, than that of a plain item
similarity over all visitors (for newcomers: popularity) and than that of the version that serves
now, if its log is not suspiciously smaller, and if the trainer found no sign of a collapse. What
passes is registered with its figures. What does not stays where it is.

The status is 0 if every model passed, and 2 if one was refused; those that passed are registered.

  turi-recommender gate candidates/2026-11-26 --models-dir models
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
    root: Path = args.models_dir or load_settings().models_dir
    refuse_samples(root, "--models-dir, or RECOMMENDER_MODELS_DIR")
    if args.force is not None and args.force.strip() == "":
        raise ConfigurationError("--force needs a reason")
    run = read_run(args.candidates)
    rules = Rules(args.margin, args.least_log, args.least_visitors)
    judge = Judge(run, root, rules, told=args.with_context)
    decisions = [judge.decide(candidate) for candidate in run.candidates]
    folders = {
        each.candidate.role: publish(run, each, root, args.force)
        for each in decisions
        if each.passed or args.force is not None
    }
    for each in decisions:
        folder = folders.get(each.candidate.role)
        print(_as_json(each, folder) if args.json else _as_text(each, folder))
    refused = [each.candidate.role for each in decisions if each.candidate.role not in folders]
    if refused:
        raise RefusedCandidateError(f"refused: {', '.join(refused)}; see above")


def _as_text(decision: Decision, folder: Path | None) -> str:
    told = "not published" if folder is None else f"published as {folder}"
    return "\n".join([*lines_of(decision), f"  {told}"])


def _as_json(decision: Decision, folder: Path | None) -> str:
    return json.dumps(
        {
            "role": decision.candidate.role,
            "name": decision.candidate.name,
            "passed": decision.passed,
            "published": None if folder is None else str(folder),
            "rules": [
                {"rule": each.rule, "passed": each.passed, "words": each.words}
                for each in decision.verdicts
            ],
            "figures": decision.figures.to_json(),
        }
    )
