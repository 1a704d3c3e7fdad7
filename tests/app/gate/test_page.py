"""What was decided, as HTML: what it says, and what hostile ids and titles do to it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gate.page import decision_page

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&]]>--><!--"
ANYTHING = st.text(st.characters(), max_size=40) | st.sampled_from(
    [HOSTILE, "\ud800", "\x00\x1b[2J"]
)
PLAIN = {
    *("p", "h3", "h4", "span", "small", "strong", "code", "ul", "ol", "li", "div", "article"),
    *("details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td"),
}


class Elements(HTMLParser):
    """The elements of a page, their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.comments: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        self.text += data


def told(text: str = "x", **changes: Any) -> dict[str, Any]:
    """Return what the gate tells of one role that was refused, with a text in all places."""
    item = {"id": text, "title": text, "hit": True, "time": text}
    ratio = {"value": 0.9, "low": 0.8, "high": 0.95}
    kinds = [
        {"kind": kind, "visitors": 1234, "candidate": 0.5, "serving": 0.25, "ratio": ratio}
        for kind in ("all", "known", "light", "unknown")
    ]
    role = {
        "role": "ranking",
        "name": text,
        "outcome": "refused",
        "forced": None,
        "version": None,
        "rules": [{"rule": text, "passed": False, "checked": True, "words": text}],
        "serving": {"version": f"{text}:1", "why_not": None, "kinds": kinds, "manifest": None},
    }
    lists = [{"role": "ranking", "candidate": [item], "serving": [item, {"id": "7", "hit": False}]}]
    return {
        "failed": None,
        "not_judged": [],
        "roles": [role | changes],
        "examples": [{"visitor": text, "kind": "known", "history": [item], "lists": lists}],
    }


def shown(made: dict[str, Any]) -> str:
    """Return the text of a page, in ASCII but for what matters."""
    text = Elements(decision_page(made)).text
    return text.replace("\N{MULTIPLICATION SIGN}", "x").replace("\N{EN DASH}", "-")


def test_it_says_what_was_decided_and_why() -> None:
    text = shown(told("x"))
    assert "refused; not published" in text
    assert "broken: x" in text
    assert "known (3 items and more)1,2340.50000.25000.90x 0.80x to 0.95xworse" in text
    assert "rankingnew" not in text
    assert "ranking new" in text
    assert "ranking serving: x:1" in text
    assert "Visitor x · known" in text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"outcome": "passed", "version": "m:2"}, "passed; published as m:2"),
        (
            {"outcome": "forced", "forced": "a <new> shop", "version": "m:2"},
            "published by force: a <new> shop; published as m:2",
        ),
        ({"outcome": "passed"}, "passed; not published"),
    ],
)
def test_each_outcome(changes: dict[str, Any], says: str) -> None:
    assert says in Elements(decision_page(told(**changes))).text


@pytest.mark.parametrize(
    ("ratio", "says"),
    [
        (None, "--"),
        ({"value": None, "low": None, "high": None}, "no ratio ∞ to ∞better"),
        ({"value": None, "low": 0.0, "high": None}, "no ratio 0.00x to ∞no clear difference"),
        ({"value": 2.0, "low": 1.5, "high": 3.0}, "2.00x 1.50x to 3.00xbetter"),
        ({"value": 1.0, "low": 0.5, "high": 3.0}, "1.00x 0.50x to 3.00xno clear difference"),
    ],
)
def test_each_ratio(ratio: dict[str, float | None] | None, says: str) -> None:
    made = told()
    for row in made["roles"][0]["serving"]["kinds"]:
        row["ratio"] = ratio
    assert says in shown(made)


def test_without_a_serving_version_it_says_why() -> None:
    made = told()
    made["roles"][0]["serving"] |= {"version": None, "why_not": "no version serves this role"}
    made["examples"][0]["lists"][0]["serving"] = None
    page = decision_page(made)
    text = Elements(page).text
    assert "ranking: not compared, because no version serves this role." in text
    assert "0.5000" in text
    assert "0.2500" not in text
    assert "details" not in Elements(page).tags  # the new lists are further below already


def test_figures_of_another_test_part_stand_beside_the_new_ones() -> None:
    made = told("m")
    kinds = ("all", "known", "light", "unknown")
    made["roles"][0]["serving"] |= {
        "why_not": "m:1 has learnt from the test part already",
        "manifest": {kind: {"visitors": 4321, "recall": 0.0812} for kind in kinds},
    }
    text = shown(made)
    assert "not compared, because m:1 has learnt from the test part already." in text
    assert "in the manifest of m:1: measured on another test part" in text
    assert "known (3 items and more)1,2340.50000.08124,321" in text
    assert "0.2500" not in text


def test_a_rule_that_could_not_be_checked_is_not_called_kept() -> None:
    made = told()
    rule = {"rule": "log", "passed": True, "checked": False, "words": "nobody knows"}
    made["roles"][0]["rules"] = [rule]
    page = decision_page(made)
    assert '<span class="soft">not checked</span>: nobody knows' in page
    assert "kept" not in Elements(page).text


def test_what_could_not_be_decided() -> None:
    made = {"failed": "<disk> full", "not_judged": ["ranking"], "roles": [], "examples": []}
    text = Elements(decision_page(made)).text
    assert "could not come to its end: <disk> full" in text
    assert "Not judged this time: ranking." in text


@given(text=ANYTHING)
def test_text_stays_text(text: str) -> None:
    outcome = {"outcome": "forced", "forced": text, "version": text}
    page = decision_page(told(text, **outcome) | {"failed": text})
    page.encode()  # no half of a surrogate pair
    elements = Elements(page)
    assert elements.tags <= PLAIN
    assert elements.attributes <= {"class", "scope", "tabindex", "role", "aria-label"}
    assert elements.comments == []
