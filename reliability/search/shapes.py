"""Shapes of requests: what the search varies, crosses and remembers, instead of megabytes."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reliability.search.catalogue import Catalogue

MAX_CONNECTIONS = 64
MAX_ENTRIES = 200_000
_MAX_CHARACTERS = 100_000
_MAX_PIPELINED = 100

_ASKED = ("recommend", "similar", "score", "baskets", "similar_users", "predict")  # with a body
TARGETS = (*_ASKED, "page", "reload")
PAGES = ("/models", "/openapi.json", "/metrics", "/docs", "/swagger.json", "/nothing", "/score")
FORMS = ("records", "columns", "query", "shared")
WRONG = ("extra", "elements", "deep", "digits", "escapes", "repeated", "cut")
STYLES = ("absent", "usual", "far", "null", "large")

Choose = Callable[[random.Random, Catalogue], Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """How one client asks.

    Attributes
    ----------
    target : str
        Which endpoint, of `TARGETS`.
    page : str
        Which of `PAGES`, where that is the target.
    form : str
        How the payload of the drop-in is written, of `FORMS`; ``shared`` is an object of columns
        whose side data is one value for all records.
    wrong : str
        What is wrong with the body, of `WRONG`; empty for nothing.
    rows : int
        Users, items or pairs of a request.
    k : int
        Items for each of them.
    who : {"heavy", "known", "same", "unknown"}
        Which users or items are asked for; heavy users have the longest histories.
    model : {"auto", "similarity", "ranking"}
        Who is to answer.
    exclude_known, defaults : bool
        The switches `exclude_known` and `side_data_defaults`.
    why : bool
        Whether the terms of scores are asked for.
    diversity : int
        From how many times more items an answer is drawn.
    given : int
        Items of each basket, or interactions of all users together.
    allowed, excluded : int
        How many items are named to allow or to exclude; 0 for none.
    named : {"known", "unknown"}
        Which items are named.
    columns : tuple of (str, str)
        Style of each side column, of `STYLES`; large ones share the entries.
    entries : int
        Entries of lists and dictionaries, of all rows together.
    words : {"known", "unknown", "same"}
        What these entries are.
    characters : int
        Length of unknown ids and words, where they are strings.
    connections : int
        How many the client has.
    pipelined : int
        Requests that are sent before the first of them is answered.
    sending : {"whole", "pieces", "chunks"}
        Whether the body arrives at once, a kibibyte at a time, or in chunks of one byte.
    reading : {"whole", "slowly", "gone"}
        How the answer is taken; gone closes the connection instead.
    """

    target: str = "recommend"
    page: str = PAGES[0]
    form: str = FORMS[0]
    wrong: str = ""
    rows: int = 1000
    k: int = 100
    who: str = "known"
    model: str = "auto"
    exclude_known: bool = True
    defaults: bool = True
    why: bool = False
    diversity: int = 0
    given: int = 0
    allowed: int = 0
    excluded: int = 0
    named: str = "known"
    columns: tuple[tuple[str, str], ...] = ()
    entries: int = 1000
    words: str = "known"
    characters: int = 10
    connections: int = 1
    pipelined: int = 1
    sending: str = "whole"
    reading: str = "whole"

    @property
    def swaps(self) -> bool:
        """Whether models are loaded anew."""
        return self.target == "reload"

    def told(self) -> dict[str, Any]:
        """Return what differs from the simplest shape."""
        return {
            each.name: list(value) if isinstance(value, tuple) else value
            for each in dataclasses.fields(self)
            if (value := getattr(self, each.name)) != each.default or each.name == "target"
        }


def first_shapes(catalogue: Catalogue) -> list[Shape]:
    """Return where the search begins: each endpoint at its largest, one way after the other."""
    columns = tuple((name, "large") for name in catalogue.columns)
    far = tuple((name, "far") for name in catalogue.columns)
    usual = tuple((name, "usual") for name in catalogue.columns)
    many: Any = {"connections": MAX_CONNECTIONS}
    shapes = [
        Shape(who="heavy", model="similarity", **many),
        Shape(k=1000, rows=100, columns=usual, model="ranking", **many),
        Shape(k=1000, rows=100, who="unknown", model="similarity", **many),
        Shape(columns=far, model="ranking", **many),
        Shape(columns=columns, model="ranking", entries=MAX_ENTRIES, rows=1, k=1000, **many),
        Shape(columns=columns, model="ranking", entries=MAX_ENTRIES, rows=1000, **many),
        Shape(rows=4, k=250, who="heavy", model="similarity", **many),
        Shape(rows=4, k=250, columns=usual, model="ranking", **many),
        Shape(rows=4, k=10, columns=usual, model="ranking", allowed=100, **many),
        Shape(allowed=1000, excluded=1000, columns=usual, model="ranking", **many),
        Shape("similar", model="similarity", **many),
        Shape("similar", model="ranking", **many),
        Shape("similar", model="ranking", rows=100, k=1000, **many),
        Shape("similar_users", model="ranking", rows=100, k=1000, **many),
        Shape("similar_users", model="ranking", rows=4, k=250, **many),
        Shape("predict", columns=usual, model="ranking", why=True, **many),
        Shape("predict", who="heavy", model="similarity", why=True, **many),
        Shape("predict", columns=columns, entries=MAX_ENTRIES, model="ranking", **many),
        Shape(columns=usual, model="ranking", rows=100, k=10, why=True, **many),
        Shape(rows=4, k=10, who="heavy", model="similarity", why=True, **many),
        Shape("baskets", given=20, k=10, model="similarity", **many),
        Shape("baskets", given=1000, rows=24, who="unknown", model="similarity", **many),
        Shape("baskets", columns=columns, entries=MAX_ENTRIES, given=1, model="ranking", **many),
        Shape("baskets", rows=4, given=100, k=100, diversity=2, why=True, **many),
        Shape(given=1000, who="same", model="similarity", **many),
        Shape(rows=50, k=1000, diversity=1, columns=usual, model="ranking", **many),
        Shape("score", columns=columns, entries=MAX_ENTRIES, **many),
        Shape("score", form="shared", columns=columns, entries=MAX_ENTRIES, **many),
        Shape("score", form="columns", who="heavy", **many),
        Shape("score", form="query", **many),
        Shape(who="unknown", characters=_MAX_CHARACTERS, rows=10, **many),
        Shape(k=1000, rows=100, reading="slowly", **many),
        Shape(k=1000, rows=100, reading="gone", columns=usual, **many),
        Shape(rows=1, k=10, reading="gone", columns=usual, **many),
        Shape(rows=283, k=10, entries=60_000, reading="gone", columns=columns, **many),
        Shape(rows=1, k=10, sending="chunks", wrong="extra", **many),
        Shape(rows=1000, sending="pieces", columns=usual, **many),
        Shape("reload", connections=8),
    ]
    shapes += [Shape("page", page=page, **many) for page in PAGES]
    shapes += [Shape("page", page=page, pipelined=_MAX_PIPELINED, **many) for page in PAGES[:3]]
    for wrong in WRONG:
        shapes += [Shape(target, wrong=wrong, columns=columns, **many) for target in _ASKED]
    return shapes


def any_shape(draw: random.Random, catalogue: Catalogue) -> Shape:
    """Draw a shape that has nothing to do with any other."""
    chosen = {name: choose(draw, catalogue) for name, choose in _CHOICES.items()}
    return Shape(**chosen)


def mutated(shape: Shape, draw: random.Random, catalogue: Catalogue) -> Shape:
    """Change one to three things of a shape; numbers often by a factor."""
    for name in draw.sample(list(_CHOICES), draw.randint(1, 3)):
        old = getattr(shape, name)
        new = _CHOICES[name](draw, catalogue)
        if type(old) is int and draw.random() < 0.5:
            new = min(max(int(old * draw.choice([0.25, 0.5, 0.8, 1.25, 2, 4])), 1), _MOST[name])
        elif name == "columns" and len(old) > 0:
            place = draw.randrange(len(old))
            new = (*old[:place], (old[place][0], draw.choice(STYLES)), *old[place + 1 :])
        shape = dataclasses.replace(shape, **{name: new})
    return shape


def crossed(one: Shape, other: Shape, draw: random.Random) -> Shape:
    """Take each thing from one shape or the other."""
    return Shape(**{name: getattr(draw.choice([one, other]), name) for name in _CHOICES})


def _of(*values: Any) -> Choose:
    return lambda draw, _: draw.choice(values)


def _up_to(most: int, none: float = 0.0) -> Choose:
    """Draw a number: the largest, or evenly by its logarithm, or 0 with this probability."""

    def choose(draw: random.Random, _: Catalogue) -> int:
        if draw.random() < none:
            return 0
        return most if draw.random() < 0.3 else int(most ** draw.random())

    return choose


def _columns(draw: random.Random, catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    if draw.random() < 0.3:
        return ()
    return tuple((name, draw.choice(STYLES)) for name in catalogue.columns)


_MOST = {
    "rows": 1000,
    "k": 1000,
    "allowed": 1000,
    "excluded": 1000,
    "diversity": 100,
    "given": 1000,
    "entries": MAX_ENTRIES,
    "characters": _MAX_CHARACTERS,
    "connections": MAX_CONNECTIONS,
    "pipelined": _MAX_PIPELINED,
}
_CHOICES: dict[str, Choose] = {
    "target": _of("recommend", "recommend", "recommend", "score", "score", *_ASKED[1:], "page"),
    "page": _of(*PAGES),
    "form": _of(*FORMS),
    "wrong": _of(*[""] * 20, *WRONG),
    "rows": _up_to(1000),
    "k": _up_to(1000),
    "who": _of("heavy", "known", "same", "unknown"),
    "model": _of("auto", "similarity", "ranking", "ranking"),
    "exclude_known": _of(True, False),
    "defaults": _of(True, False),
    "why": _of(False, False, True),
    "diversity": _up_to(100, none=0.7),
    "given": _up_to(1000, none=0.5),
    "allowed": _up_to(1000, none=0.7),
    "excluded": _up_to(1000, none=0.7),
    "named": _of("known", "known", "unknown"),
    "columns": _columns,
    "entries": _up_to(MAX_ENTRIES),
    "words": _of("known", "unknown", "same"),
    "characters": _up_to(_MAX_CHARACTERS),
    "connections": _up_to(MAX_CONNECTIONS),
    "pipelined": _of(1, 1, 1, 1, 2, 10, _MAX_PIPELINED),
    "sending": _of("whole", "whole", "whole", "whole", "pieces", "chunks"),
    "reading": _of("whole", "whole", "whole", "whole", "slowly", "gone"),
}
