"""The requests and programs of docs/storefront.md do what the page says, in all three languages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from app.settings import Settings
from tests.support.serving import serving
from tests.test_client_examples import ADDRESS, DIGEST, KEY, SECONDS, ask

PAGE = Path(__file__).parent.parent / "docs" / "storefront.md"
LANGUAGES = ["sh", "json", "js", "python"]


class Situation(NamedTuple):
    """A section of the page: what asks, by language, and the answer that it shows."""

    title: str
    blocks: dict[str, str]


def situations() -> Iterator[Situation]:
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        blocks = re.findall(r"^```(\w+)\n(.*?)^```$", section, re.M | re.S)
        assert [language for language, _ in blocks] == LANGUAGES
        yield Situation(section.partition("\n")[0], dict(blocks))


ALL = list(situations())
EACH = pytest.mark.parametrize("situation", ALL, ids=lambda each: each.title)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving(Settings(api_keys=DIGEST)) as running:
        yield running


def items(client: httpx.Client, situation: Situation) -> str:
    """Send what curl would send; return the ids of the answer as the programs print them."""
    answer = ask(client, situation.blocks["sh"])
    assert answer.status_code == 200, answer.text
    rows = answer.json().get("recommendations", answer.json().get("similar_items"))
    return " ".join(str(row.get("similar", row["itemid"])) for row in rows)


def test_there_are_six() -> None:
    assert len(ALL) == 6


@EACH
def test_the_answer_is_what_is_shown(client: httpx.Client, situation: Situation) -> None:
    begin, is_cut, _ = situation.blocks["json"].strip().partition("...")
    answer = ask(client, situation.blocks["sh"])
    assert is_cut
    assert answer.text.startswith(begin)


@EACH
@pytest.mark.parametrize("language", ["js", "python"])
def test_the_programs_ask_the_same(
    client: httpx.Client, situation: Situation, language: str, tmp_path: Path
) -> None:
    name, program = {
        "js": ("ask.mjs", shutil.which("node")),
        "python": ("ask.py", sys.executable),
    }[language]
    if program is None:
        pytest.skip("no node here")
    code = situation.blocks[language]
    assert ADDRESS in code
    (tmp_path / name).write_text(code.replace(ADDRESS, str(client.base_url).rstrip("/")))
    done = subprocess.run(
        [program, name],
        cwd=tmp_path,
        env={**os.environ, "KEY": KEY},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == items(client, situation)


def test_the_home_page_is_answered_by_the_moment(client: httpx.Client) -> None:
    """As the page says of `answered`."""
    [answered] = ask(client, ALL[0].blocks["sh"]).json()["answered"]
    assert answered["basis"] == "context"


def test_a_letter_is_drawn_again_by_its_number(client: httpx.Client) -> None:
    asked = ALL[-1].blocks["sh"]
    again = asked.replace('"seed": 48', '"seed": 49')
    assert again != asked
    assert items(client, ALL[-1]) == items(client, ALL[-1])
    assert items(client, Situation("", {"sh": again})) != items(client, ALL[-1])
    assert json.loads(re.findall(r"-d '(.*)'", asked, re.S)[0])["seed"] == 48
