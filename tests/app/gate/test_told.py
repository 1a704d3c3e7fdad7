"""What run.json may say, and what is said of what it may not."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.gate.candidates import read_run
from app.gate.errors import CandidateError
from app.gate.told import NAMES, findings_of, read_told
from tests.app.gate.runs import make_run, told

GONE = object()
FUTURE = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
SETTINGS = "roles.similarity.settings"


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def changed(place: str, value: object) -> dict[str, Any]:
    """Return what a run says, with another value in one place."""
    content: dict[str, Any] = told("similarity", "ranking")
    at: Any = content
    *names, last = (int(name) if name.isdigit() else name for name in place.split("."))
    for name in names:
        at = at[name]
    if value is GONE:
        del at[last]
    else:
        at[last] = value
    return content


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (SETTINGS, [1, 2], f"{SETTINGS}: expected an object"),
        (SETTINGS, "abc", f"{SETTINGS}: expected an object"),
        (SETTINGS, None, f"{SETTINGS}: expected an object"),
        (SETTINGS, {}, f"{SETTINGS}.model: expected a text, found nothing"),
        (SETTINGS, {"model": 5}, f"{SETTINGS}.model: expected a text"),
        (SETTINGS, {"model": "\ud800"}, f"{SETTINGS}.model: expected printable characters"),
        (SETTINGS, {"model": "x", "many": [0] * 1001}, f"{SETTINGS}: expected at most 1000 values"),
        (SETTINGS, {"model": "x", "large": 10**400}, f"{SETTINGS}.large: expected an integer"),
        ("roles", [], "roles: expected an object"),
        ("roles", GONE, "roles: expected an object"),
        ("roles.similarity", [], "roles.similarity: expected an object"),
        ("roles.similarity.name", 5, "roles.similarity.name: expected a text"),
        ("roles.similarity.name", ["a"], "roles.similarity.name: expected a text"),
        ("roles.similarity.name", "", "roles.similarity.name: expected a text that is not empty"),
        ("roles.similarity.name", ".", "roles.similarity.name: expected the name of a model"),
        ("roles.similarity.name", "../../evil", "similarity.name: expected the name of a model"),
        ("roles.similarity.name", "/tmp/evil", "similarity.name: expected the name of a model"),
        ("roles.similarity.name", "a:3", "roles.similarity.name: expected the name of a model"),
        ("roles.similarity.name", "a" * 300, "similarity.name: expected the name of a model"),
        ("roles.similarity.name", "a\0b", "similarity.name: expected printable characters"),
        ("roles.similarity.name", "a\ud800b", "similarity.name: expected printable characters"),
        ("roles.similarity.name", NAMES["ranking"], "a name that is not another role's"),
        ("roles.ranking.name", NAMES["newcomer"], "a name that is not another role's"),
        ("roles.similarity.judged", 5, "roles.similarity.judged: expected a text"),
        ("roles.similarity.judged", "a\0b", "similarity.judged: expected printable characters"),
        ("roles.similarity.judged", "a\ud800", "similarity.judged: expected printable characters"),
        ("roles.similarity.final", "a" * 5000, "roles.similarity.final: expected texts of at most"),
        ("roles.similarity.final", GONE, "roles.similarity.final: expected a text, found nothing"),
        ("log", [], "log: expected an object"),
        ("log", GONE, "log: expected an object"),
        ("log.events", "many", "log.events: expected a whole number"),
        ("log.events", None, "log.events: expected a whole number"),
        ("log.events", GONE, "log.events: expected a whole number, 0 or more, found nothing"),
        ("log.events", -5, "log.events: expected a whole number"),
        ("log.events", 10**400, "log.events: expected an integer of at most 53 bits"),
        ("log.users", 1.5, "log.users: expected a whole number"),
        ("log.items", True, "log.items: expected a whole number"),
        ("log.sha256", 5, "log.sha256: expected a text"),
        ("log.first", "2026-01-01T00:00:00", "log.first: expected a time"),
        ("log.first", "2026-11-25T00:00:01Z", "log.first: expected at log.last, or before it"),
        ("log.last", 7, "log.last: expected a time"),
        ("trained", GONE, "trained: expected a time"),
        ("trained", 5, "trained: expected a time"),
        ("trained", "yesterday", "trained: expected a time"),
        ("trained", ["../../x"], "trained: expected a time"),
        ("trained", "9999-12-31T23:59:59Z", "trained: expected at most a day ahead of the clock"),
        ("trained", FUTURE, "trained: expected at most a day ahead of the clock"),
        ("test_from", "bad", "test_from: expected a time"),
        ("test_from", 3, "test_from: expected a time"),
        ("test_from", "2015-05-03T00:00:00", "test_from: expected a time"),
        ("split", {"a": 1}, "split: expected a text"),
        ("split", "", "split: expected a short text that is not empty"),
        ("split", "x" * 1001, "split: expected a short text that is not empty"),
        ("split", "\x1b[31m", "split: expected printable characters"),
        ("figures", GONE, "figures: expected a list of at most 100 models, found nothing"),
        ("figures", "x", "figures: expected a list"),
        ("figures", [{}] * 101, "figures: expected a list of at most 100 models"),
        ("figures", [1], "figures[0]: expected an object"),
        ("figures.0.name", 5, "figures[0].name: expected a text"),
        ("figures.0.name", "ranking", "figures[1].name: expected a name that is there once"),
        ("figures.1.findings", 5, "figures[1].findings: expected a list"),
        ("figures.1.findings", GONE, "figures[1].findings: expected a list"),
        ("figures.1.findings", [5], "figures[1].findings: expected a list of texts"),
        ("figures.1.findings", ["\ud800"], "figures[1].findings.0: expected printable characters"),
        ("format", True, "not a training run of format 1"),
        ("format", 1.0, "not a training run of format 1"),
    ],
)
def test_a_field_that_is_none_is_named(
    tmp_path: Path, place: str, value: object, says: str
) -> None:
    path = write(tmp_path / "run.json", changed(place, value))
    with pytest.raises(CandidateError) as caught:
        read_told(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert says in str(caught.value)
    assert "byte 0" not in str(caught.value)
    assert "\n" not in str(caught.value)
    str(caught.value).encode()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_a_number_that_is_none(tmp_path: Path, number: str) -> None:
    text = json.dumps(changed("log.events", "@")).replace('"@"', number)
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(CandidateError, match=r"run\.json: no JSON: "):
        read_told(tmp_path / "run.json")


@pytest.mark.parametrize("kind", ["fifo", "zero", "folder", "large"])
def test_what_is_no_small_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "run.json"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "zero":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(b" " * ((1 << 24) + 1))
    with pytest.raises(CandidateError) as caught:
        read_told(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_names_are_those_of_the_trainer_or_others(tmp_path: Path) -> None:
    given = Path("training/aside.py").read_text()  # which needs pandas to be imported
    assert all(f'"{role}": ("{name}", ' in given for role, name in NAMES.items())
    content = changed("roles.similarity.name", "shoes")
    assert read_told(write(tmp_path / "run.json", content)) == content


def test_a_model_that_nobody_looked_at_may_have_collapsed(tmp_path: Path) -> None:
    content = told("similarity", "newcomer")
    content["figures"] = []
    found = read_told(write(tmp_path / "run.json", content))
    for role in ("similarity", "newcomer"):
        findings = findings_of(found, role)
        assert findings is not None
        assert "has no figures" in findings[0]
    content["figures"] = [{"name": name, "findings": ["flat"]} for name in content["roles"]]
    assert findings_of(content, "similarity") == ["flat"]
    assert findings_of(content, "newcomer") is None  # all of them get the same


@pytest.mark.parametrize("place", ["/etc", "../elsewhere", "..", "loop", "."])
def test_models_are_inside(tmp_path: Path, place: str) -> None:
    folder = make_run(tmp_path / "run", "similarity")
    (folder / "loop").symlink_to(tmp_path)
    content = told("similarity")
    content["roles"]["similarity"]["judged"] = place
    write(folder / "run.json", content)
    with pytest.raises(CandidateError, match=r"run\.json: roles\.similarity\.judged: .* outside"):
        read_run(folder)
