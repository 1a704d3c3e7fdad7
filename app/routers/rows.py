"""Rows of answers as JSON, in the loaded models' own column names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, get_args

from pydantic_core import to_json

from turi_recommender import Id, Predictions, Ranking, Term, Why
from turi_recommender.scoring.results import Basis
from turi_recommender.scoring.terms import ITEM_KINDS
from turi_recommender.versions import ModelEntry

from ..models.parts import NO_OTHERS, Others

_ROWS_AT_ONCE = 1000


def write_json(value: object) -> bytes:
    """Write a value as JSON. A diverged model can score NaN, for which JSON has only null."""
    return b"[]" if value == [] else to_json(value, inf_nan_mode="null")


def write_reference(entry: ModelEntry) -> bytes:
    """Write which model answered."""
    return _reference(entry.name, entry.version, entry.model.kind)


@lru_cache(maxsize=16)  # more than there are roles and versions beside them
def _reference(name: str, version: str | None, kind: str) -> bytes:
    return write_json({"name": name, "version": version, "kind": kind})


def write_rows(head: str, item: str, heads: Sequence[Id], rankings: list[Ranking]) -> bytes:
    """Write rows, one ranking at a time, because a million rows at once would be a million objects.

    Parameters
    ----------
    head, item : str
        Names of the column that was asked about, and of the items in the answer.
    heads : sequence of int or str
        What was asked about.
    rankings : list of Ranking
        One ranking for each of them; rows tell why where it has the terms.
    """
    begin, middle = _names(head, item)
    written = [
        _write_ranking(b"".join((begin, write_json(one), middle)), ranking)
        if ranking.why is None
        else _write_told(head, item, one, ranking, ranking.why)
        for one, ranking in zip(heads, rankings, strict=True)
        if ranking.items
    ]
    return b"[%b]" % b",".join(written)


@lru_cache(maxsize=16)  # more than there are endpoints with rows
def _names(head: str, item: str) -> tuple[bytes, bytes]:
    """Return what stands in each row before the id that was asked about, and before the item."""
    return b"{%b:" % write_json(head), b",%b:" % write_json(item)


def _write_ranking(begin: bytes, ranking: Ranking) -> bytes:
    """Write the rows of a ranking, without brackets.

    All scores are written by one call, and so are all ids; an object for each row would take three
    times as long.

    Parameters
    ----------
    begin : bytes
        What each row begins with, up to its item.
    ranking : Ranking
        At least one item.
    """
    quote, items = _write_each(ranking.items)
    parts = [begin + quote, b"", quote + b',"score":', b"", b""] * len(items)
    parts[1::5] = items
    parts[3::5] = write_json(ranking.scores)[1:-1].split(b",")
    parts[4::5] = _ends(len(items))
    return b"".join(parts)[:-1]


def _write_each(ids: list[Id]) -> tuple[bytes, list[bytes]]:
    """Write ids, and return what stands on both sides of each: a quote, or nothing.

    Parameters
    ----------
    ids : list of int or str
        At least one.
    """
    text = write_json(ids)
    if b'"' not in text:
        return b"", text[1:-1].split(b",")
    if b'\\"' not in text:  # so every quote begins or ends a string
        written = text[2:-2].split(b'","')
        if len(written) == len(ids):  # there are strings alone
            return b'"', written
    return b"", [write_json(one) for one in ids]


def _ends(count: int) -> list[bytes]:
    """Return what stands behind the score of each row, and the comma before the next row."""
    return _ENDS[:count] if count <= len(_ENDS) else [_end(rank) for rank in range(1, count + 1)]


def _end(rank: int) -> bytes:
    return b',"rank":%d},' % rank


_ENDS = [_end(rank) for rank in range(1, 1001)]  # more than nearly all answers have


def _write_told(head: str, item: str, one: Id, ranking: Ranking, whys: Sequence[Why]) -> bytes:
    """Write the rows of a ranking with the terms of their scores, without brackets."""
    found = zip(ranking.items, ranking.scores, whys, strict=True)
    rows = [
        {head: one, item: other, "score": score, "rank": rank, **_told(item, why)}
        for rank, (other, score, why) in enumerate(found, 1)
    ]
    return write_json(rows)[1:-1]


def write_predictions(user: str, item: str, found: Predictions) -> bytes:
    """Write rows of scores, some at a time.

    Parameters
    ----------
    user, item : str
        Names of the columns.
    found : Predictions
        The scores, and why if that was asked.
    """
    whys: Sequence[Why | None] = found.why or [None] * len(found.users)
    rows = zip(found.users, found.items, found.scores, whys, strict=True)
    written = []
    while part := list(islice(rows, _ROWS_AT_ONCE)):
        made = [
            {user: one, item: other, "score": score, **({} if why is None else _told(item, why))}
            for one, other, score, why in part
        ]
        written.append(write_json(made)[1:-1])
    return b"[%b]" % b",".join(written)


def _told(item: str, why: Why) -> dict[str, Any]:
    """Return the terms of a score as fields of its row, which say so if they explain another.

    Parameters
    ----------
    item : str
        Name of the column of items.
    why : Why
        The terms.
    """
    terms = [_term(item, term) for term in why]
    return {"why": terms} if why.of == "score" else {"why": terms, "why_of": why.of}


def _term(item: str, term: Term) -> dict[str, Any]:
    fields: dict[str, Any] = {"term": term.name, "value": term.value, "kind": term.kind}
    if term.kind in ITEM_KINDS:
        fields[item] = term.item
    if term.column is not None:
        fields["column"] = term.column
    return fields


def write_answered(
    head: str,
    heads: Sequence[Id],
    bases: Sequence[Basis],
    entry: ModelEntry,
    others: Others = NO_OTHERS,
) -> bytes:
    """Write who answered each row of a request, and from what.

    Parameters
    ----------
    head : str
        Name of the column that was asked about.
    heads : sequence of int or str
        What was asked about.
    bases : sequence of str
        What was known of each of them.
    entry : ModelEntry
        The model that answered.
    others : mapping of int to ModelEntry
        Who answered the rows that it did not answer.
    """
    # Every request pays for this, so the parts that answers have in common are written once.
    begin, ends = _answered_by(head, entry.name, entry.version)
    written = [
        b"%b%b%b" % (begin, b"%d" % one if type(one) is int else write_json(one), ends[basis])
        for one, basis in zip(heads, bases, strict=True)
    ]
    for place, other in others.items():
        here = slice(place, place + 1)
        written[place] = write_answered(head, heads[here], bases[here], other)[1:-1]
    return b"[%b]" % b",".join(written)


@lru_cache(maxsize=32)
def _answered_by(head: str, name: str, version: str | None) -> tuple[bytes, dict[Basis, bytes]]:
    """Return what stands before an id, and what stands behind it for each basis."""
    reference = name if version is None else f"{name}:{version}"
    ends: dict[Basis, bytes] = {
        basis: b",%b" % write_json({"basis": basis, "model": reference})[1:]
        for basis in get_args(Basis)
    }
    return b"{%b:" % write_json(head), ends
