"""Messages count in right English, wherever the number may be one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from turi_recommender.wording import counted

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path for name in ("app", "turi_recommender") for path in (ROOT / name).rglob("*.py")
)
NOUNS = (
    "addresses answers bytes characters columns digests entries errors files issuers items keys "
    "lines models neighbours numbers payloads records rows tables users values versions words"
)
COUNTED = re.compile(rf" (?:more\b|(?:more |user )?(?:{NOUNS.replace(' ', '|')})\b)")


def uncounted(source: str) -> Iterator[str]:
    """Yield the places of f-strings where a noun in the plural follows a number that may be one."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, text in zip(node.values, node.values[1:], strict=False):
            if not isinstance(value, ast.FormattedValue) or not isinstance(text, ast.Constant):
                continue
            number = ast.unparse(value.value)
            if COUNTED.match(str(text.value)) and not number.isupper() and "counted" not in number:
                yield f"line {node.lineno}: {number}{text.value!s}"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1000, "1000 rows")]
)
def test_a_number_with_its_noun(number: int, text: str) -> None:
    assert counted(number, "row") == text


def test_a_plural_of_its_own() -> None:
    assert counted(1, "address", "addresses") == "1 address"
    assert counted(0, "address", "addresses") == "0 addresses"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_message_can_speak_of_one_in_the_plural(path: Path) -> None:
    assert list(uncounted(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('f"{n} rows of x"', ["line 1: n rows of x"]),
        ('f"{len(rows)} more bytes"', ["line 1: len(rows) more bytes"]),
        ('f"{a} and {n - 1} more"', ["line 1: n - 1 more"]),
        ('f"{MOST} rows"', []),
        ('f"{counted(n, word)} rows"', []),
        ('f"{path} is not JSON"', []),
    ],
)
def test_such_messages_are_found(source: str, found: list[str]) -> None:
    assert list(uncounted(source)) == found
