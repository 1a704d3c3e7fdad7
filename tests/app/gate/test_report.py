"""Reports that are completed with what was decided, and those that are damaged."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from app.gate import report as module
from app.gate.errors import ReportError
from app.gate.report import BEGIN, END, read_report, write_report
from tests.app.gate.runs import add_report, make_run
from turi_recommender.versions.staging import write_whole


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with a report."""
    return add_report(make_run(tmp_path / "run", "similarity"), "Lamp")


def content(run: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((run / "report.json").read_text())
    return told


def test_what_is_between_the_comments_is_replaced(run: Path) -> None:
    before = content(run)
    write_report(read_report(run), {"a": 1}, "<p>one</p>", [run])
    assert (run / "report.html").read_text() == f"<section>{BEGIN}<p>one</p>{END}</section>\n"
    assert content(run) == {**before, "decision": {"a": 1}}
    write_report(read_report(run), {"b": 2}, "<p>two</p>", [run])
    assert (run / "report.html").read_text() == f"<section>{BEGIN}<p>two</p>{END}</section>\n"
    assert content(run) == {**before, "decision": {"b": 2}}
    assert {path.name for path in run.iterdir() if path.name.startswith(".")} == set()


def test_the_examples_and_titles_are_read(run: Path) -> None:
    told = content(run)
    long = "\u00e9" * 500
    told["examples"][0]["history"][0]["title"] = long
    told["examples"] *= 5
    (run / "report.json").write_text(json.dumps(told))
    report = read_report(run)
    assert len(report.examples) == 10
    assert [item.day for item in report.examples[0].history] == ["2026-11-02"] * 2
    assert set(map(len, report.titles.values())) <= {4, 120}


HTML = f"{BEGIN}{END}".encode()
SAID = '{"format": 1, "examples": []}'


@pytest.mark.parametrize(
    ("name", "damage", "says"),
    [
        ("report.html", None, "No such file"),
        ("report.html", b"<p>no comments</p>", "has no place"),
        ("report.html", HTML + HTML, "has no place"),
        ("report.html", f"{END}{BEGIN}".encode(), "has no place"),
        ("report.html", BEGIN.encode(), "has no place"),
        ("report.html", HTML + b"\xff", "not in UTF-8"),
        ("report.html", HTML + b" " * 5000, "larger than 4000 bytes"),
        ("report.json", None, "No such file"),
        ("report.json", b" " * 5000, "larger than 4000 bytes"),
        ("report.json", b"{", "no JSON"),
        ("report.json", b"[" * 3900, "no JSON"),
        ("report.json", b'"\xff"', "not in UTF-8"),
        ("report.json", b"[]", "not a report"),
        ("report.json", b'{"format": 2}', "not a report"),
        ("report.json", b'{"format": 1}', "'examples' is not"),
        ("report.json", b'{"format": 1, "examples": {}}', "'examples' is not"),
        ("report.json", b'{"format": 1, "examples": [3]}', "'visitor' is not"),
        ("report.json", b'{"format": 1, "examples": [{"visitor": 3}]}', "'visitor' is not"),
        (
            "report.json",
            b'{"format": 1, "examples": [{"visitor": "", "history": [], "lists": []}]}',
            "'lists' is not",
        ),
        (
            "report.json",
            b'{"format": 1, "examples": [{"visitor": "", "history": [1], "lists": {}, "did": []}]}',
            "'id' is not",
        ),
        (
            "report.json",
            b'{"format": 1, "examples": [{"visitor": "", "history": [], "lists": {"a": '
            b'[{"id": "1", "title": null}]}, "did": []}]}',
            "'title' is not",
        ),
    ],
)
def test_damage_is_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, damage: bytes | None, says: str
) -> None:
    monkeypatch.setattr(module, "_MOST_PAGE_BYTES", 4000)
    monkeypatch.setattr(module, "_MOST_CONTENT_BYTES", 4000)
    (tmp_path / "report.html").write_bytes(HTML)
    (tmp_path / "report.json").write_text(SAID)
    read_report(tmp_path)
    (tmp_path / name).unlink()
    if damage is not None:
        (tmp_path / name).write_bytes(damage)
    with pytest.raises(ReportError, match=says) as raised:
        read_report(tmp_path)
    assert name in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["report.html", "report.json"])
def test_a_pipe_is_not_waited_for(run: Path, name: str) -> None:
    (run / name).unlink()
    os.mkfifo(run / name)
    with pytest.raises(ReportError, match="not a regular file"):
        read_report(run)


@pytest.mark.parametrize("number", ["NaN", "1e999", "-Infinity"])
def test_numbers_that_json_has_not_are_not_written(tmp_path: Path, number: str) -> None:
    (tmp_path / "report.html").write_bytes(HTML)
    (tmp_path / "report.json").write_text(f'{{"format": 1, "examples": [], "more": {number}}}')
    with pytest.raises(ReportError, match="cannot be written again"):
        write_report(read_report(tmp_path), {}, "", [tmp_path])
    assert (tmp_path / "report.html").read_bytes() == HTML


def test_a_link_is_replaced_and_not_followed(run: Path, tmp_path: Path) -> None:
    (run / "report.html").rename(tmp_path / "other.html")
    (run / "report.html").symlink_to(tmp_path / "other.html")
    before = (tmp_path / "other.html").read_text()
    write_report(read_report(run), {}, "<p>one</p>", [run])
    assert (tmp_path / "other.html").read_text() == before
    assert "one" in (run / "report.html").read_text()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_read_only_folders_are_passed_over(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    # A mount that is read-only needs rights that tests have not, and root writes everywhere.
    kept = tmp_path / "kept"
    kept.mkdir()

    def guarded(path: Path, text: str) -> None:
        if path.parent == run:
            raise OSError(number, os.strerror(number), str(path))
        write_whole(path, text)

    monkeypatch.setattr(module, "write_whole", guarded)
    report = read_report(run)
    write_report(report, {}, "<p>one</p>", [run, kept])
    assert "one" in (kept / "report.html").read_text()
    assert "Nothing yet." in (run / "report.html").read_text()
    with pytest.raises(ReportError, match=r"run/report\.json"):
        write_report(report, {}, "<p>one</p>", [run])


def test_a_folder_that_is_gone_is_said(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="gone"):
        write_report(read_report(run), {}, "", [tmp_path / "gone"])
