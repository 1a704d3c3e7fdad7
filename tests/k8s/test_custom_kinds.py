"""Schemas of custom kinds: strict where a cluster would drop a field without a word."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import custom_kinds
from .custom_kinds import CUSTOM_KINDS, check_custom, close
from .manifests import find_variants, render

SCHEMAS = Path(custom_kinds.__file__).parent / "schemas"


@pytest.fixture(scope="module")
def objects() -> dict[tuple[str, str], Any]:
    """Return one object of each kind, as some variant has it."""
    found = {
        (each["apiVersion"], each["kind"]): each
        for variant in find_variants()
        for each in render(variant)
    }
    return {kind: found[kind] for kind in CUSTOM_KINDS}


def mappings(thing: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the mappings in an object whose keys are fields, not names that somebody chose."""
    if isinstance(thing, list):
        for number, each in enumerate(thing):
            yield from mappings(each, f"{path}/{number}")
    elif isinstance(thing, dict):
        if path.rpartition("/")[2] not in ("labels", "annotations", "matchLabels"):
            yield path, thing
        for name, each in thing.items():
            yield from mappings(each, f"{path}/{name}")


@pytest.mark.parametrize("kind", CUSTOM_KINDS, ids="-".join)
def test_a_field_that_nobody_knows_is_refused_wherever_it_is(
    objects: dict[tuple[str, str], Any], kind: tuple[str, str]
) -> None:
    thing = objects[kind]
    assert list(check_custom(thing)) == []
    places = [path for path, _ in mappings(thing) if path]
    assert len(places) >= 3
    for path in places:
        changed = copy.deepcopy(thing)
        dict(mappings(changed))[path]["misspelt"] = "x"
        assert list(check_custom(changed)), path


def test_closing_leaves_alone_what_says_so() -> None:
    schema = {
        "properties": {
            "kept": {"properties": {"a": {}}, "x-kubernetes-preserve-unknown-fields": True},
            "map": {"additionalProperties": {"properties": {"b": {}}}},
            "list": {"items": {"properties": {"c": {}}}, "oneOf": [{"properties": {"d": {}}}]},
        }
    }
    closed = close(schema)
    assert closed["additionalProperties"] is False
    inner = closed["properties"]
    assert "additionalProperties" not in inner["kept"]
    assert inner["map"]["additionalProperties"]["additionalProperties"] is False
    assert inner["list"]["items"]["additionalProperties"] is False
    assert inner["list"]["oneOf"] == [{"properties": {"d": {}}}]


def test_every_vendored_file_is_used_and_has_its_source() -> None:
    notice = (SCHEMAS / "NOTICE").read_text()
    vendored = {each.name for each in SCHEMAS.glob("*.json")}
    assert vendored == {each for each in CUSTOM_KINDS.values() if each is not None}
    for name in (*vendored, *(each.name for each in SCHEMAS.glob("LICENSE*"))):
        assert name in notice
