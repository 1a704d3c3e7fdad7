"""From a shape to the bytes of its requests, as large as the limits of the service allow."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from app.limits import MAX_VALUES
from reliability.search.catalogue import Catalogue, Side
from reliability.search.shapes import Shape
from tests.support.raw_http import get

MAX_BODY = 1024 * 1024  # the service's default limit
MAX_TARGET = 30_000  # the request line's part of 32 KiB of headers
_DIFFERENT = 4  # requests of a shape, so that not all of them find what the last one left
_FAR = {"integer": 2**62, "number": 1e300}
_PATHS = {
    "recommend": "/recommend/users",
    "baskets": "/recommend/baskets",
    "similar": "/similar/items",
    "score": "/score",
    "similar_users": "/similar/users",
    "predict": "/predict",
}
_LISTS = {"similar": b"items", "predict": b"pairs", "baskets": b"baskets"}  # users elsewhere


def requests_of(shape: Shape, catalogue: Catalogue, seed: int) -> list[bytes]:
    """Return different requests of a shape.

    Parameters
    ----------
    shape : Shape
        Rows and entries beyond what a body may hold are left out.
    catalogue : Catalogue
        What requests are made of.
    seed : int
        Equal seeds make equal requests.
    """
    if shape.target == "page":
        return [get(shape.page)]
    if shape.target == "reload":
        return [_post(f"/admin/models/{name}/reload", b"") for name in catalogue.names]
    path = _PATHS[shape.target]
    made = []
    for number in range(_DIFFERENT):
        draw = random.Random(f"{seed}.{number}")
        if shape.target == "score" and shape.form == "query" and not shape.wrong:
            made.append(_query(shape, catalogue, draw))
        else:
            made.append(_post(path, _fitting(shape, catalogue, draw)))
    return made


def _post(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def _fitting(shape: Shape, catalogue: Catalogue, draw: random.Random) -> bytes:
    """Return a body within the limits: of a shape that is too large, as much as fits."""
    while True:
        payload = _payload(shape, catalogue, draw)
        body = _WRONG[shape.wrong](payload, shape, catalogue)
        values = 0 if shape.wrong else sum(map(body.count, (b",", b"[", b"{")))
        if len(body) <= MAX_BODY and values <= MAX_VALUES:
            return body
        part = 0.95 * min(MAX_BODY / len(body), MAX_VALUES / max(values, 1))
        if shape.entries > 10 and any(style == "large" for _, style in shape.columns):
            shape = replace(shape, entries=int(shape.entries * part))
        elif shape.given > 1:
            shape = replace(shape, given=max(int(shape.given * part), 1))
        elif shape.rows > 1:
            shape = replace(shape, rows=max(int(shape.rows * part), 1))
        else:
            shape = replace(shape, characters=int(shape.characters * part))


def _query(shape: Shape, catalogue: Catalogue, draw: random.Random) -> bytes:
    """Return a GET request of the drop-in, with its parameters in the request line."""
    while True:
        columns = _as_columns(_rows(shape, catalogue, draw))
        pairs = [(name, _written(value)) for name, values in columns.items() for value in values]
        query = urlencode(pairs)
        if len(query) <= MAX_TARGET:
            return get(f"/score?{query}")
        part = 0.9 * MAX_TARGET / len(query)
        if shape.rows == 1:
            shape = replace(shape, characters=int(shape.characters * part), columns=())
        shape = replace(shape, rows=max(int(shape.rows * part), 1), entries=int(shape.entries / 2))


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


# -- payloads -----------------------------------------------------------------------------------


def _payload(shape: Shape, catalogue: Catalogue, draw: random.Random) -> Any:
    if shape.target in ("similar_users", "predict"):
        return _compared(shape, catalogue, draw)
    if shape.target == "similar":
        items = _ids(catalogue.items, shape, catalogue, shape.rows, shape.who, draw)
        model = shape.model if shape.model != "auto" else "similarity"
        rows = [{catalogue.item: item} for item in items]
        return {"items": rows, "k": shape.k, "model": model}
    if shape.target == "score":
        return _records(shape, catalogue, draw)
    rows = _rows(shape, catalogue, draw)
    payload: dict[str, Any] = {
        "k": shape.k,
        "exclude_known": shape.exclude_known,
        "side_data_defaults": shape.defaults,
        "why": shape.why,
        "diversity": shape.diversity,
    }
    if shape.target == "baskets":
        payload["model"] = shape.model if shape.model != "auto" else "similarity"
        payload["baskets"] = [_basket(row, shape, catalogue, draw) for row in rows]
    else:
        payload["model"] = shape.model
        payload["users"] = rows
        if shape.given > 0:
            seen = _ids(catalogue.items, shape, catalogue, shape.given, shape.named, draw)
            payload["interactions"] = [
                {catalogue.user: rows[place % len(rows)][catalogue.user], catalogue.item: item}
                for place, item in enumerate(seen)
            ]
    for name, count in (("items", shape.allowed), ("exclude_items", shape.excluded)):
        if count > 0:
            payload[name] = _ids(catalogue.items, shape, catalogue, count, shape.named, draw)
    return payload


def _basket(row: Any, shape: Shape, catalogue: Catalogue, draw: random.Random) -> Any:
    """Return a basket of one user with the user's side data."""
    items = _ids(catalogue.items, shape, catalogue, shape.given, shape.named, draw)
    visit = {name: value for name, value in row.items() if name != catalogue.user}
    listed = [{catalogue.item: item} for item in items]
    return {**visit, "visitor": row[catalogue.user], "items": listed}


def _compared(shape: Shape, catalogue: Catalogue, draw: random.Random) -> Any:
    """Return a payload for similar users, or for the scores of pairs."""
    model = {} if shape.model == "auto" else {"model": shape.model}
    if shape.target == "similar_users":
        users = _ids(catalogue.users, shape, catalogue, shape.rows, shape.who, draw)
        return {"users": [{catalogue.user: user} for user in users], "k": shape.k, **model}
    items = _ids(catalogue.items, shape, catalogue, shape.rows, shape.who, draw)
    rows = _rows(shape, catalogue, draw)
    pairs = [{**row, catalogue.item: item} for row, item in zip(rows, items, strict=True)]
    return {"pairs": pairs, "side_data_defaults": shape.defaults, "why": shape.why, **model}


def _records(shape: Shape, catalogue: Catalogue, draw: random.Random) -> Any:
    if shape.form == "shared":  # one record's side data, and as many users as there may be
        row = _rows(replace(shape, rows=1), catalogue, draw)[0]
        users = _ids(catalogue.users, shape, catalogue, shape.rows, shape.who, draw)
        return {**row, catalogue.user: users}
    rows = _rows(shape, catalogue, draw)
    return _as_columns(rows) if shape.form == "columns" else rows


def _as_columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _rows(shape: Shape, catalogue: Catalogue, draw: random.Random) -> list[dict[str, Any]]:
    users = _ids(catalogue.users, shape, catalogue, shape.rows, shape.who, draw)
    given = [(name, style) for name, style in shape.columns if style != "absent"]
    return [
        {
            catalogue.user: user,
            **{name: _value(catalogue.columns[name], style, shape, draw) for name, style in given},
        }
        for user in users
    ]


def _ids(
    known: Sequence[Any],
    shape: Shape,
    catalogue: Catalogue,
    count: int,
    who: str,
    draw: random.Random,
) -> list[Any]:
    if who == "unknown":
        return [_unknown(catalogue, shape, draw) for _ in range(count)]
    if who == "same":
        return [draw.choice(known)] * count
    if who == "heavy" and known is catalogue.users:
        return [catalogue.heavy[place % len(catalogue.heavy)] for place in range(count)]
    return [draw.choice(known) for _ in range(count)]


def _unknown(catalogue: Catalogue, shape: Shape, draw: random.Random) -> Any:
    if not catalogue.has_texts:
        return draw.randrange(2**61, 2**62)
    return f"{draw.getrandbits(64):x}".ljust(shape.characters, "\\")  # two bytes each in JSON


def _value(side: Side, style: str, shape: Shape, draw: random.Random) -> Any:
    if style == "null":
        return None
    if side.kind in _FAR:
        usual = draw.randrange(12) if side.kind == "integer" else draw.uniform(0.0, 24.0)
        return _FAR[side.kind] if style == "far" else usual
    if side.kind == "string":
        return _word(side, shape, draw) if style == "large" else draw.choice(side.words or [""])
    number = _FAR["number"] if style == "far" else draw.uniform(-1.0, 1.0)
    if side.size is not None:
        return [number] * side.size
    count = max(shape.entries // shape.rows, 1) if style == "large" else 3
    words = [_word(side, shape, draw) for _ in range(count)]
    return words if side.kind == "array" else dict.fromkeys(map(str, words), number)


def _word(side: Side, shape: Shape, draw: random.Random) -> Any:
    if shape.words == "same" and side.words:
        return side.words[0]
    if shape.words == "known" and side.words:
        return draw.choice(side.words)
    if side.entry == "string":
        return f"{draw.getrandbits(64):x}".ljust(min(shape.characters, 1000), "\\")
    return draw.randrange(2**61, 2**62)


# -- bodies that are wrong ----------------------------------------------------------------------


def _right(payload: Any, shape: Shape, catalogue: Catalogue) -> bytes:
    _ = shape, catalogue
    return json.dumps(payload, separators=(",", ":")).encode()


def _with(value: bytes, shape: Shape, catalogue: Catalogue) -> bytes:
    """Put a value, written already, into the first side column, or else into the id."""
    name = next(iter(catalogue.columns), None)
    row = b'{"%b":%b}' % ((name or catalogue.user).encode(), value)
    if shape.target == "score":
        return b"[%b]" % row
    return b'{"%b":[%b]}' % (_LISTS.get(shape.target, b"users"), row)


def _extra(_: Any, shape: Shape, catalogue: Catalogue) -> bytes:
    """Name as many columns as there is room for, none of which exists."""
    pairs = b",".join(b'"%x":1' % number for number in range(90_000))
    return _with(b"1,%b" % pairs, shape, catalogue)


def _elements(_: Any, shape: Shape, catalogue: Catalogue) -> bytes:
    """Fill the first list or dictionary there is with what is none of its entries."""
    names = [name for name, side in catalogue.columns.items() if side.kind in ("array", "object")]
    if not names or shape.target in ("similar", "similar_users"):
        return _with(b"[%b]" % b",".join([b"[]"] * 340_000), shape, catalogue)
    side = catalogue.columns[names[0]]
    entries = [[]] * 340_000 if side.kind == "array" else {f"{n:x}": [] for n in range(90_000)}
    row = {catalogue.user: catalogue.users[0], names[0]: entries}
    if shape.target == "baskets":
        row = {"items": [], names[0]: entries}
    name = _LISTS.get(shape.target, b"users").decode()
    whole = [row] if shape.target == "score" else {name: [row]}
    return _right(whole, shape, catalogue)


def _deep(_: Any, shape: Shape, catalogue: Catalogue) -> bytes:
    return _with(b"[" * (MAX_BODY - 100), shape, catalogue)


def _digits(_: Any, shape: Shape, catalogue: Catalogue) -> bytes:
    return _with(b"9" * (MAX_BODY - 100), shape, catalogue)


def _escapes(_: Any, shape: Shape, catalogue: Catalogue) -> bytes:
    return _with(b'"%b"' % (rb"\u00e9" * ((MAX_BODY - 100) // 6)), shape, catalogue)


def _repeated(_: Any, shape: Shape, catalogue: Catalogue) -> bytes:
    """Give the same column again and again."""
    return _with(b"1" + b',"a":[]' * 140_000, shape, catalogue)


def _cut(payload: Any, shape: Shape, catalogue: Catalogue) -> bytes:
    return _right(payload, shape, catalogue)[:-1]


_WRONG: dict[str, Callable[[Any, Shape, Catalogue], bytes]] = {
    "": _right,
    "extra": _extra,
    "elements": _elements,
    "deep": _deep,
    "digits": _digits,
    "escapes": _escapes,
    "repeated": _repeated,
    "cut": _cut,
}
