"""The report of a run: what it says, what hostile ids do to it, and how a browser shows it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from app.gate.page import decision_page
from app.gate.report import read_report, write_report
from tests.app.browser import browser
from tests.app.gate.test_page import told as decision
from tests.training.environment import Trainer, TrainerError
from training.report.markup import Markup, safe, table, tag

__all__ = ["browser"]

SECTIONS = {
    "summary": "In short",
    "decision": "What was published, and what was refused",
    "ratios": "Compared with plain models",
    "segments": "Who is served well",
    "curves": "How good the lists are",
    "examples": "Ten example visitors",
    "context": "What the moment of a visit tells",
    "breadth": "How much of the shop is shown",
    "findings": "Signs of a collapse",
    "trained": "What was trained",
    "tried": "Settings that were tried",
}
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&$\\frac{1}{2}$]]>--><!--"
MADE = """
import json
from tests.training.made_report import said
from training.report.page import as_json, page
made = said(**changes)
answer = (page(made), as_json(made))
"""


class Elements(HTMLParser):
    """The elements of a page, their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [value for each, value in self.attributes if each == name]


@pytest.fixture(scope="module")
def made(trainer: Trainer) -> tuple[str, dict[str, Any]]:
    """A page and its JSON, of a shop whose ids and titles are hostile."""
    page, text = trainer.run(MADE, changes={"name": HOSTILE, "title": "<b>Lamp & shade</b>"})
    return page, json.loads(text)


# -- what it says ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_it_has_every_section_and_nothing_from_elsewhere(made: tuple[str, Any]) -> None:
    page = Elements(made[0])
    assert set(SECTIONS) <= set(page.values("id"))
    assert all(title in page.text for title in SECTIONS.values())
    assert "script" not in page.tags
    assert not {"img", "link", "iframe", "object", "image"} & set(page.tags)
    assert page.values("src") == []
    assert not re.findall(r"(?:https?:)?//", made[0])
    links = page.values("href")
    assert all(link.startswith("#") and link[1:] in page.values("id") for link in links)
    assert len(set(page.values("id"))) == len(page.values("id"))


@pytest.mark.slow
def test_figures_have_titles_and_tables_beside_them(made: tuple[str, Any]) -> None:
    page = Elements(made[0])
    assert page.tags.count("svg") == 2
    named = [name for value in page.values("aria-labelledby") for name in value.split()]
    assert set(named) <= set(page.values("id"))
    assert page.tags.count("table") == page.tags.count("caption") >= 12
    assert "#0" not in "".join(re.findall(r"<svg.*?</svg>", made[0], re.DOTALL))  # the page's own


@pytest.mark.slow
def test_the_json_has_the_intervals(made: tuple[str, Any]) -> None:
    _, said = made
    for curve in said["curves"].values():
        assert set(curve) == {"recall", "NDCG", "precision", "MRR"}
        for values in curve.values():
            assert len(values) == 20
            assert all(each["low"] <= each["value"] <= each["high"] for each in values)
    assert [one["name"] for one in said["kinds"]] == ["known", "light", "unknown"]
    assert sum(one["visitors"] for one in said["periods"]) == 300
    assert {(one["role"], one["whom"]) for one in said["ratios"]} == {
        ("similarity", "returning"),
        ("ranking", "returning"),
        ("newcomer", "new"),
    }
    by_kind = {one["name"]: one["visitors"] for one in said["kinds"]}
    newcomers = [one["visitors"] for one in said["ratios"] if one["role"] == "newcomer"]
    assert newcomers == [by_kind["unknown"]] * 3


@pytest.mark.slow
def test_ten_visitors_of_each_kind_are_shown(made: tuple[str, Any]) -> None:
    examples = made[1]["examples"]
    assert [one["kind"] for one in examples] == ["known"] * 4 + ["light"] * 3 + ["unknown"] * 3
    for one in examples:
        assert len(one["history"]) == {"known": 10, "light": 2, "unknown": 0}[one["kind"]]
        days = [item["time"] for item in one["history"]]
        assert days == sorted(days, reverse=True)
        for items in one["lists"].values():
            did = {item["id"] for item in one["did"]}
            assert did >= {item["id"] for item in items if item["hit"]} or one["did_count"] > 10
    assert made[0].count("&lt;b&gt;Lamp &amp; shade&lt;/b&gt;") > 100


@pytest.mark.slow
def test_it_is_the_same_each_time(trainer: Trainer) -> None:
    first = trainer.run(MADE, changes={"visitors": 40})
    assert trainer.run(MADE, changes={"visitors": 40}) == first


@pytest.mark.slow
@pytest.mark.parametrize("visitors", [1, 3])
def test_hardly_any_visitors_are_no_trouble(trainer: Trainer, visitors: int) -> None:
    page, text = trainer.run(MADE, changes={"visitors": visitors})
    said = json.loads(text)
    assert len(said["examples"]) == visitors
    assert {one["whom"] for one in said["ratios"]} <= {"all", "returning", "new"}
    assert "nan" not in Elements(page).text.lower().split()


@pytest.mark.slow
def test_a_run_without_context_says_so(trainer: Trainer) -> None:
    code = """
from tests.training.made_report import said
from training.report.page import page
answer = page(dict(said(40), context=[]))
"""
    text = Elements(trainer.run(code)).text
    assert "None of the models that were chosen learnt any context." in text


@pytest.mark.slow
def test_it_says_on_top_what_a_visitor_gets(made: tuple[str, Any]) -> None:
    said = made[1]["served"]
    text = Elements(made[0]).text
    for role, plain in (
        ("similarity", "jaccard"),
        ("ranking", "jaccard"),
        ("newcomer", "popularity of the last 20%"),
    ):
        whom = "new" if role == "newcomer" else "returning"
        assert (said[role]["whom"], said[role]["plain"]) == (whom, plain)
        ours, theirs = (said[role]["hit_rate"][name] for name in (role, plain))
        assert 0.0 < ours["low"] <= ours["value"] <= ours["high"] <= 1.0
        told = (
            f"Of 100 {whom} visitors, {100 * ours['value']:.0f} would have seen something among "
            f"the first ten of the {role} model that they then came for; with {plain}, "
            f"{100 * theirs['value']:.0f} "
        )
        assert told in text
        assert text.index(told) < text.index("recall@10")
    assert f"of {plain}, by " in text  # the newcomer's card has the gate's yardstick
    assert "of popularity, by " not in text


@pytest.mark.slow
def test_the_hit_rate_is_counted(trainer: Trainer) -> None:
    code = """
from tests.training.made_report import said
from training.report import content
from training.measures import find_hits
from types import SimpleNamespace
part = SimpleNamespace(kinds=["known", "light", "known", "unknown"])
truth = {1: {10}, 2: {20}, 3: {30}, 4: {40}}
lists = {1: [9, 10], 2: [8], 3: [*range(10), 30], 4: [40]}
hits = {name: find_hits(lists, truth, [1, 2, 3, 4]) for name in ("ranking", "newcomer")}
answer = [content._served(role, hits, part, 7) for role in hits]
"""
    ranking, newcomer = trainer.run(code)
    assert ranking["visitors"] == 3
    assert ranking["hit_rate"]["ranking"]["value"] == pytest.approx(1 / 3)
    assert newcomer["hit_rate"]["newcomer"]["value"] == 1.0


@pytest.mark.slow
def test_who_was_kept_is_counted_among_what_was_learnt(trainer: Trainer) -> None:
    code = """
from training.report.content import _kept
events = frame([(user, user % 7, time) for time, user in enumerate([*range(10), 9, 9, 8, 8])])
settings = [{"keep": "all"}, {"keep": "all", "recent": 0.5}, {"keep": "all", "most_events": 2}]
settings.append({"keep": "distinct-items:2", "recent": 0.5})
events.loc[13, "item"] = 5
answer = [(one["users"], one["items"]) for one in (_kept(events, each) for each in settings)]
"""
    everybody, recent, few, both = trainer.run(code)
    assert everybody == (10, 7)
    assert recent == (3, 4)  # 7, 8 and 9, of which 8 came for 5 at last
    assert few == (1, 2)
    assert both == (1, 2)


@pytest.mark.slow
def test_settings_are_shown_with_the_mean_that_decides(trainer: Trainer) -> None:
    code = """
from tests.training.made_report import said
from training.report.page import page
made = said(40)
role = made["run"]["roles"]["newcomer"]
role["tried"] = [
    {"label": "popular", "seed": 7, "seconds": 1.0, "recall@10": 0.0979},
    {"label": "machine", "seed": 7, "seconds": 1.0, "recall@10": 0.0940, "margin": 1.15},
    {"label": "machine", "seed": 8, "seconds": 1.0, "recall@10": 0.1160, "margin": 1.15},
    {"label": "broken", "seed": 7, "seconds": 1.0, "failed": "no rows"},
]
answer = page(made)
"""
    page = trainer.run(code)
    shown = re.sub(r"<[^>]+>", " ", page[page.index("newcomer: settings tried") :]).split()
    text = " ".join(shown)
    assert "popular 0.0979 7 0.0979" in text
    assert "machine 0.1050 / 1.15 = 0.0913 7 0.0940" in text
    assert "machine 0.1050 / 1.15 = 0.0913 8 0.1160" in text
    assert "broken \u2013 7 no rows" in text
    assert "it is the mean over seeds that decides" in Elements(page).text


@pytest.mark.slow
def test_it_says_why_the_gates_ratios_differ(made: tuple[str, Any]) -> None:
    assert "The gate's ratios differ a little from these" in Elements(made[0]).text


# -- hostile ids -----------------------------------------------------------------------------------

ANYTHING = st.text(st.characters(), max_size=40) | st.sampled_from(
    [HOSTILE, "\ud800", "\x00\x1b[2J"]
)


@given(text=ANYTHING)
def test_text_stays_text(text: str) -> None:
    shown = safe(text)
    shown.encode()  # no half of a surrogate pair
    page = Elements(tag("p", text, title=text))
    assert page.tags == ["p"]
    assert page.attributes == [("title", page.text)]
    assert len(page.text) == len(text)
    assert safe(shown) == shown


def test_a_table_escapes_all_its_cells() -> None:
    shown = table(HOSTILE, [HOSTILE, HOSTILE], [[HOSTILE, Markup("<b>1</b>")]])
    page = Elements(shown)
    assert page.tags == [
        "div",
        "table",
        "caption",
        "thead",
        "tr",
        "th",
        "th",
        "tbody",
        "tr",
        "th",
        "td",
        "b",
    ]
    assert page.text.count(HOSTILE) == 4


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(visitor=ANYTHING, item=ANYTHING, title=ANYTHING, kind=st.sampled_from(["known", "unknown"]))
def test_people_with_any_ids(
    trainer: Trainer, visitor: str, item: str, title: str, kind: str
) -> None:
    thing = {"id": item, "title": title, "hit": True, "time": "2026-01-01"}
    one = {
        "visitor": visitor,
        "kind": kind,
        "items_before": 1,
        "history": [thing],
        "did": [thing],
        "did_count": 3,
        "lists": {"ranking": [thing], "newcomer": [thing], "jaccard": []},
    }
    code = """
from training.report.people import people
answer = str(people([one], ["ranking", "newcomer"])[0])
"""
    page = Elements(trainer.run(code, one=one))
    assert set(page.tags) <= {"article", "h3", "h4", "span", "div", "ul", "ol", "li", "small", "p"}
    assert set(dict(page.attributes)) == {"class"}


# -- titles ----------------------------------------------------------------------------------------

READ = """
from training.report.titles import read_titles
answer = read_titles(path, "itemid", "name", {"1", "2"})
"""


@pytest.mark.slow
@pytest.mark.parametrize("is_packed", [False, True])
def test_titles_are_read(trainer: Trainer, tmp_path: Path, is_packed: bool) -> None:
    text = '\ufeffitemid,price,name\r\n1,2.5,"Lamp, red"\r\n3,1,Other\r\n2\r\n'.encode()
    path = tmp_path / "items"
    path.write_bytes(gzip.compress(text) if is_packed else text)
    assert trainer.run(READ, path=str(path)) == {"1": "Lamp, red"}


@pytest.mark.slow
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_titles_are_parted_as_logs_are(trainer: Trainer, tmp_path: Path, separator: str) -> None:
    path = tmp_path / "items"
    rows = ("itemid", "name"), ("1", "Lamp, red")
    path.write_text("".join(separator.join(row) + "\n" for row in rows))
    assert trainer.run(READ, path=str(path)) == {"1": "Lamp, red"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"itemid,title\n1,x\n", "there is no column name; it has itemid, title"),
        (b"id,name\n1,x\n", r"there is no column itemid \(--titles-id\); it has id, name"),
        (b"", "there is no column itemid"),
        (b"itemid,name\n1,\xff\n", "cannot be read"),
        (b"\x1f\x8bno", "cannot be read"),
        (b"itemid,name\n1," + b"x" * 200_000, "cannot be read"),
        (None, "No such file"),
    ],
)
def test_titles_that_cannot_be(
    trainer: Trainer, tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    path = tmp_path / "items"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TrainerError, match=f"^LogError: --titles: .*{complaint}") as raised:
        trainer.run(READ, path=str(path))
    assert len(str(raised.value).splitlines()) == 1


# -- with the decision of the gate -----------------------------------------------------------------


@pytest.fixture(scope="module")
def decided(made: tuple[str, Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page with a decision, as the gate completes it; ids and titles are hostile."""
    folder = tmp_path_factory.mktemp("decided")
    (folder / "report.html").write_text(made[0], encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(made[1]), encoding="utf-8")
    told = decision(HOSTILE * 2)
    write_report(read_report(folder), told, decision_page(told), [folder])
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_gate_finds_its_place(made: tuple[str, Any], decided: str) -> None:
    before, after = Elements(made[0]), Elements(decided)
    assert "Nothing has been decided yet" in before.text
    assert "Nothing has been decided yet" not in after.text
    assert "refused; not published" in after.text
    assert set(SECTIONS) <= set(after.values("id"))
    assert after.values("id") == before.values("id")
    assert set(after.tags) <= set(before.tags)
    assert not re.findall(r"(?:https?:)?//", decided)


# -- in a browser ----------------------------------------------------------------------------------


@pytest.fixture(params=["light", "dark", "print", "narrow"])
def look(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.slow
def test_a_browser_shows_it_offline(
    made: tuple[str, Any], browser: Browser, tmp_path: Path, look: str
) -> None:
    with opened(browser, tmp_path, made[0], look) as page:
        for title in SECTIONS.values():
            assert page.get_by_role("heading", name=title, exact=True).is_visible(), title
        for name in SECTIONS:
            assert page.locator(f"section#{name}").is_visible()
        assert page.get_by_role("img", name="Ratios to plain models").is_visible()
        assert page.get_by_role("table", name="recall, with 95 % intervals").is_visible()
        assert page.locator("article.visitor").count() == 10


@pytest.mark.slow
def test_a_browser_shows_the_decision(
    decided: str, browser: Browser, tmp_path: Path, look: str
) -> None:
    with opened(browser, tmp_path, decided, look) as page:
        section = page.locator("section#decision")
        assert section.get_by_text("refused", exact=True).is_visible()
        assert section.get_by_role("heading", name="New against serving").is_visible()
        compared = section.get_by_role("table", name="ranking: recall@10 by kind of visitor")
        assert compared.is_visible()
        assert compared.bounding_box()["height"] < 700  # type: ignore[index]
        examples = section.locator("article.visitor")
        if look != "print":  # which shows what is folded
            assert not examples.first.is_visible()
            section.locator("summary").click()
        assert examples.first.is_visible()
        assert examples.get_by_text("serving: ").first.is_visible()


@contextmanager
def opened(browser: Browser, folder: Path, made: str, look: str) -> Iterator[Page]:
    """Open a page, and assert that it fits, asks nobody for anything and has no complaints."""
    path = folder / "report.html"
    path.write_text(made, encoding="utf-8")
    context = browser.new_context(
        offline=True,
        color_scheme="dark" if look == "dark" else "light",
        viewport={"width": 375 if look == "narrow" else 1200, "height": 900},
    )
    page = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.emulate_media(media="print" if look == "print" else "screen")
    page.goto(path.as_uri())
    yield page
    wide, seen = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= seen
    ink, paper = page.evaluate(
        "[getComputedStyle(document.querySelector('svg text')).fill,"
        " getComputedStyle(document.body).backgroundColor]"
    )
    assert ink != paper
    assert (paper == "rgb(18, 22, 28)") == (look == "dark")
    assert asked == [path.as_uri()]
    assert complaints == []
    context.close()
