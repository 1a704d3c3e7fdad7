"""What code and pages cite is there: sections of documents, files, and headings.

A section is cited as ``<page>, section 7.4`` or ``<page>, sections 7.1, 7.2 and 8``, where the page
is named by its path from the root. A numbered page cites itself by ``section 7.4`` alone; after a
comma that means a section of something else, such as a standard.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parent.parent
NOT_OURS = {"build", "dist", "sample_models", "static"}
OLD_NAME = "format " + "document"  # what the code called docs/format.md before it was a page

_NUMBER = r"\d+(?:\.\d+)*"
_NUMBERS = rf"({_NUMBER}(?:(?:, and | and | to | - |, ){_NUMBER})*)"
_CITATION = re.compile(rf"(docs/[\w/-]+\.md), sections? {_NUMBERS}")
_OWN_CITATION = re.compile(rf"(?<!, )\bsections? {_NUMBERS}", re.IGNORECASE)
_NAMED_FILE = re.compile(r"(?<![\w/.-])(?:tests|docs)/[\w./-]+\.(?:py|md)\b")
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)|^\[[^\]]+\]:\s*(\S+)|\b(?:src|href)=\"([^\"]+)\"", re.M)
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.M)
_SPAN = re.compile(r"`(?:[^`\n]|\n(?!\n))*`")
_FENCE = re.compile(r"^( *)(```|~~~).*?^ *\2 *$", re.M | re.S)


def files(ending: str) -> list[Path]:
    """Return our own files with this ending, without environments and caches."""
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [each for each in folders if each[0] != "." and each not in NOT_OURS]
        found += [Path(folder, name) for name in names if name.endswith(ending)]
    return sorted(found)


PAGES = files(".md")
MODULES = [path for path in files(".py") if path != Path(__file__)]  # examples stand here


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def in_one_line(text: str) -> str:
    """Join lines, so that a citation may be wrapped; comment and quotation marks go."""
    return re.sub(r"\s*\n\s*(?:[#>]+ )?", " ", text)


def without_code(text: str) -> str:
    """Leave out code blocks and code spans of a page."""
    return _SPAN.sub("", _FENCE.sub("", text))


def cited_sections(text: str) -> list[tuple[str, str]]:
    """Return (page, number) of each section that a text cites."""
    found = _CITATION.findall(in_one_line(text))
    return [(page, number) for page, numbers in found for number in re.findall(_NUMBER, numbers)]


def own_sections(text: str) -> list[str]:
    """Return the numbers of the sections of itself that a numbered page cites."""
    found = _OWN_CITATION.findall(in_one_line(without_code(text)))
    return [number for numbers in found for number in re.findall(_NUMBER, numbers)]


def headings(text: str) -> list[str]:
    return _HEADING.findall(_FENCE.sub("", text))


def section_numbers(text: str) -> set[str]:
    """Return the numbers of a page's headings: ``7`` of ``7. Title``, ``7.4`` of ``7.4 Title``."""
    found = (re.match(rf"({_NUMBER})\.? ", heading) for heading in headings(text))
    return {match[1] for match in found if match}


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings."""
    found: list[str] = []
    for heading in headings(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        again = sum(re.fullmatch(rf"{re.escape(slug)}(-\d+)?", each) is not None for each in found)
        found.append(f"{slug}-{again}" if again else slug)
    return set(found)


def links(text: str) -> list[str]:
    """Return the targets of a page's links that are relative."""
    targets = ["".join(groups) for groups in _LINK.findall(without_code(text))]
    return [target for target in targets if not re.match(r"[a-z][a-z0-9+.-]*:|//", target, re.I)]


def trouble_with(page: Path, target: str) -> str | None:
    """Say why a relative link leads nowhere; None if it leads somewhere."""
    path, _, fragment = unquote(target).partition("#")
    there = (page.parent / path).resolve() if path else page
    if not there.exists() or ROOT.resolve() not in there.resolve().parents:
        return "no such file"
    if fragment and there.suffix == ".md" and fragment not in anchors(read(there)):
        return "no such heading"
    return None


def missing_sections() -> Iterator[str]:
    for path in [*MODULES, *PAGES]:
        for page, number in cited_sections(read(path)):
            cited = ROOT / page
            if not cited.is_file():
                yield f"{name_of(path)}: {page} does not exist"
            elif number not in section_numbers(read(cited)):
                yield f"{name_of(path)}: {page} has no section {number}"


# -- the repository --------------------------------------------------------------------------------


def test_cited_sections_exist() -> None:
    assert list(missing_sections()) == []


def test_numbered_pages_cite_sections_of_their_own() -> None:
    numbered = [page for page in PAGES if section_numbers(read(page))]
    assert "docs/format.md" in map(name_of, numbered)
    missing = [
        f"{name_of(page)}: no section {number}"
        for page in numbered
        for number in own_sections(read(page))
        if number not in section_numbers(read(page))
    ]
    assert missing == []


def test_the_reader_and_the_scorer_cite_their_source() -> None:
    """The control: citations in a form that is not understood would be found nowhere."""
    cited = {page for path in MODULES for page, _ in cited_sections(read(path))}
    assert "docs/format.md" in cited
    assert sum(bool(cited_sections(read(path))) for path in MODULES) > 20


def test_no_module_cites_by_the_old_name() -> None:
    named = [name_of(path) for path in MODULES if OLD_NAME in in_one_line(read(path)).lower()]
    assert named == []


def test_links_lead_somewhere() -> None:
    broken = [
        f"{name_of(page)}: {target}: {trouble}"
        for page in PAGES
        for target in links(read(page))
        if (trouble := trouble_with(page, target)) is not None
    ]
    assert broken == []


def test_named_tests_and_pages_exist() -> None:
    """Proofs are named by the path of their test, in code spans, too."""
    missing = {
        f"{name_of(path)}: {named}"
        for path in [*PAGES, *MODULES]
        for named in _NAMED_FILE.findall(read(path))
        if not (ROOT / named).exists()
    }
    assert sorted(missing) == []


# -- the tools -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Source: docs/x.md, section 7.4.", ["7.4"]),
        ("Source: docs/x.md, section 2.", ["2"]),
        ("docs/x.md, section 7.6 c; the algorithm", ["7.6"]),
        ("docs/x.md, section 4 (COLUMN)", ["4"]),
        ("docs/x.md, sections 7.1, 7.2 and 8.", ["7.1", "7.2", "8"]),
        ("docs/x.md, sections 6.1 - 6.3.", ["6.1", "6.3"]),
        ("# as docs/x.md,\n    # sections 7.1\n    # and 7.4 say", ["7.1", "7.4"]),
        ("`docs/x.md`, without a section", []),
    ],
)
def test_citations_are_found(text: str, numbers: list[str]) -> None:
    assert cited_sections(text) == [("docs/x.md", number) for number in numbers]


def test_citations_of_a_page_itself() -> None:
    text = "See section 1.2, [section 3](#3-c) and RFC 9457, section 4; not `section\n5`."
    assert own_sections(text) == ["1.2", "3"]


def test_numbers_and_anchors_of_headings() -> None:
    text = (
        "# A page\n## 7. recommend()\n### 7.4 `x` and [y](z.md)\n```\n# 9. code\n```\n## A page\n"
    )
    assert section_numbers(text) == {"7", "7.4"}
    assert anchors(text) == {"a-page", "7-recommend", "74-x-and-y", "a-page-1"}


def test_links_that_lead_nowhere_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_citations.ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("# Title\n![a](a.svg) [b](b.md#no) [c](#title) [d](https://x.y) `[e](e.md)`\n")
    (tmp_path / "b.md").write_text("# B\n")
    assert [(target, trouble_with(page, target)) for target in links(page.read_text())] == [
        ("a.svg", "no such file"),
        ("b.md#no", "no such heading"),
        ("#title", None),
    ]
