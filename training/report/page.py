"""The page: sections, one after the other, in a file that needs no other one and no script."""

from __future__ import annotations

import json
from typing import Any, Mapping

from training.report import sections
from training.report.markup import Markup, join, tag
from training.report.people import people
from training.report.style import STYLE
from training.report.wording import day

# Nothing is loaded and nothing runs, whatever an id or a title of the shop may hold.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_CONTENTS = (
    ("summary", "In short"),
    ("decision", "Decision"),
    ("ratios", "Comparison"),
    ("segments", "Segments"),
    ("curves", "Curves"),
    ("examples", "Examples"),
    ("context", "Context"),
    ("breadth", "Coverage"),
    ("findings", "Collapse"),
    ("trained", "Training"),
    ("tried", "Settings"),
)


def page(said: Mapping[str, Any]) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    said : mapping
        As `training.report.content.content` returns it, and as ``report.json`` holds it.
    """
    made = {
        "summary": sections.summary(said),
        "decision": sections.decision(),
        "ratios": sections.ratios(said),
        "segments": sections.segments(said),
        "curves": sections.curves(said),
        "examples": _examples(said),
        "context": sections.context(said),
        "breadth": sections.breadth(said),
        "findings": sections.findings(said),
        "trained": sections.trained(said),
        "tried": sections.tried(said),
    }
    title = "Training report of {}".format(day(said["run"]["trained"]))
    links = [tag("li", tag("a", words, href="#" + name)) for name, words in _CONTENTS]
    log = said["run"]["log"]
    told = "Learnt from {:,} events of {:,} visitors, {} to {}".format(
        log["events"], log["users"], day(log["first"]), day(log["last"])
    )
    head = join(
        [
            Markup('<meta charset="utf-8">'),
            Markup('<meta http-equiv="Content-Security-Policy" content="{}">'.format(_POLICY)),
            Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Markup('<meta name="referrer" content="no-referrer">'),
            tag("title", title),
            tag("style", Markup(STYLE)),
        ]
    )
    body = join(
        [
            tag(
                "header",
                tag("h1", title),
                tag("p", told, class_="soft"),
                tag("nav", tag("ul", *links), aria_label="Contents"),
            ),
            tag("main", *(made[name] for name, _ in _CONTENTS)),
            tag("footer", tag("p", "The same figures for programs: ", tag("code", "report.json"))),
        ]
    )
    html = tag("html", tag("head", head), tag("body", body), lang="en")
    return "<!DOCTYPE html>\n{}\n".format(html)


def _examples(said: Mapping[str, Any]) -> Markup:
    told = (
        "Visitors who were drawn at random, some of each kind, with the lists of the new models "
        "that are for such visitors, and of plain ones. A tick and a tint mark items that the "
        "visitor went on to."
    )
    shown = people(said["examples"], list(said["run"]["roles"]))
    return sections.section("examples", "Ten example visitors", tag("p", told), *shown)


def as_json(said: Mapping[str, Any]) -> str:
    """Return the report for programs."""
    return json.dumps(said, indent=1, sort_keys=False, allow_nan=False) + "\n"
