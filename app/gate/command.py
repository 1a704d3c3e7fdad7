"""``turi-recommender gate``: publish what a training run left aside, or say why not."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from turi_recommender.versions.record import MAX_TEXT

from ..arguments import some_path, whole_number
from .decide import Rules
from .told import ROLES

Add = Callable[[str, Callable[[argparse.Namespace], None], str, str, str], argparse.ArgumentParser]

_HELP = """\
Each model is asked as the service would ask it, about visitors of the test part, which it did not
learn from. It passes if its recall is not worse, beyond the margin, than that of a plain item
similarity over all visitors (for newcomers: recent popularity, or popularity where the run does not
say what is recent) and than that of the version that serves now, if its log is not suspiciously
smaller or older, if its recall is not far below the one that the manifest of that version tells,
and if the trainer found no sign of a collapse. A rule that cannot be checked keeps nothing back;
the output says so. What passes is registered with its figures. What does not stays where it is;
with --keep-in, each run is kept in a folder, too: its report, the decisions, and the models that
were not published. The report shows what was decided, in the folder and, unless it is read-only,
in DIR.

The status is 0 if every model was published, 3 if one was refused (those that passed are
registered), 2 if something could not be done, and 143 after SIGTERM, which leaves nothing half
copied. With RECOMMENDER_LOG_FORMAT=json, each decision is one line of JSON in the log. With
--metrics-file, what was decided is in a file for node_exporter's textfile collector, too.

Models answer by the service's settings, such as RECOMMENDER_SIDE_DATA_DEFAULTS: give the gate the
same.

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
        "--least-log",
        type=_share,
        default=Rules().least_log,
        help="share of the serving version's events that the log must have (default: 0.8)",
    )
    gate.add_argument(
        "--least-recall",
        type=_share,
        default=Rules().least_recall,
        help="share of the recall in the serving version's manifest that it must have "
        "(default: 0.5)",
    )
    gate.add_argument(
        "--least-visitors",
        type=whole_number,
        default=Rules().least_visitors,
        metavar="N",
        help="how many visitors must judge it",
    )
    gate.add_argument(
        "--without-context",
        action="store_true",
        help="judge models by the defaults of side data, as visitors of shops are answered that "
        "send none; else by the true side data of each visit",
    )
    gate.add_argument(
        "--force", type=_reason, metavar="REASON", help="publish what does not pass, too, and why"
    )
    gate.add_argument(
        "--metrics-file",
        type=some_path,
        metavar="PATH",
        help="write what was decided as metrics, in Prometheus' text format",
    )
    gate.add_argument("--json", action="store_true", help="for programs")


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value < 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not a share: at least 0, and below 1")
    return value


def _reason(text: str) -> str:
    """Read why a candidate is published by force: the version's manifest will say it."""
    if text.strip() == "" or not text.isprintable() or len(text) > MAX_TEXT:
        raise argparse.ArgumentTypeError(
            f"--force needs a reason: one line of at most {MAX_TEXT} characters"
        )
    return text


def _run(args: argparse.Namespace) -> None:
    from .work import judge_and_publish  # noqa: PLC0415 - a service that starts does not need it

    judge_and_publish(args)
