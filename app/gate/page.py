"""What was decided, as HTML that stands in the report's page and uses its style."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .markup import Markup, join, table, tag
from .report import cut

Told = Mapping[str, Any]

_TIMES = "\N{MULTIPLICATION SIGN}"
_NONE = "\N{EN DASH}"
_OUTCOMES = {
    "passed": ("passed", "good"),
    "refused": ("refused", "bad"),
    "forced": ("published by force", "unsure"),
}
_KINDS = {
    "all": "all",
    "known": "known (3 items and more)",
    "light": "light (1 or 2 items)",
    "unknown": "new (no item yet)",
}


def decision_page(told: Told) -> Markup:
    """Return what was decided as HTML: what the page's section holds below its title.

    Parameters
    ----------
    told : mapping
        As `account` returns it.
    """
    parts: list[str] = []
    if told["failed"] is not None:
        words = tag("span", "The gate could not come to its end: ", class_="bad")
        parts.append(tag("p", words, told["failed"]))
    if told["not_judged"]:
        parts.append(tag("p", f"Not judged this time: {', '.join(told['not_judged'])}."))
    if told["roles"]:
        parts += map(_decided, told["roles"])
        parts += [
            tag("h3", "New against serving"),
            tag(
                "p",
                "Recall@10 of each new model and of the version that served when it was judged, "
                "for the same visitors, as both would be served. The ratio is that of the new "
                "model to the serving one, with its 95 % interval.",
            ),
        ]
        parts += map(_against, told["roles"])
    if any(one["serving"] is not None for each in told["examples"] for one in each["lists"]):
        parts.append(_examples(told))
    return join(*parts)


def _decided(one: Told) -> Markup:
    words, look = _OUTCOMES[one["outcome"]]
    reason = f": {one['forced']}" if one["outcome"] == "forced" else ""
    version = one["version"]
    where = "; not published" if version is None else join("; published as ", tag("code", version))
    rules = (tag("li", _state(each), ": ", each["words"]) for each in one["rules"])
    name = join(one["role"], " ", tag("span", f"· {cut(one['name'])}", class_="soft"))
    return join(
        tag("h3", name), tag("p", tag("span", words, class_=look), reason, where), tag("ul", *rules)
    )


def _state(rule: Told) -> Markup:
    if not rule["checked"]:
        return tag("span", "not checked", class_="soft")
    is_kept = rule["passed"]
    return tag("span", "kept" if is_kept else "broken", class_="good" if is_kept else "bad")


def _against(one: Told) -> Markup:
    """Return the recall of both models of a role, by kind of visitor, or why there is one only."""
    serving = one["serving"]
    version = serving["version"]
    caption = f"{one['role']}: recall@10 by kind of visitor"
    rows = [
        (
            _KINDS[each["kind"]],
            f"{each['visitors']:,}",
            _share(each["candidate"]),
            _share(each["serving"]),
            _ratio(each["ratio"]),
            _verdict(each["ratio"]),
        )
        for each in serving["kinds"]
    ]
    head = ("visitors", "number", "new", f"serving: {version or 'none'}", "ratio", "verdict")
    if serving["why_not"] is None:
        return table(caption, head, rows)
    why = tag(
        "p", tag("strong", f"{one['role']}: "), f"not compared, because {serving['why_not']}."
    )
    if serving["manifest"] is None:
        return join(why, table(caption, head[:3], [row[:3] for row in rows]))
    return join(why, _beside_manifest(caption, head, rows, serving))


def _beside_manifest(
    caption: str, head: Sequence[str], rows: Sequence[tuple[str, ...]], serving: Told
) -> Markup:
    """Return the new figures beside those of the serving version's manifest.

    Parameters
    ----------
    caption : str
        The table's.
    head, rows : sequence
        The table that would stand there if both had been compared; its first three columns count.
    serving : mapping
        What is told of the serving version.
    """
    told = [serving["manifest"][kind] for kind in _KINDS]
    both = [
        (*row[:3], _share(each["recall"]), f"{each['visitors']:,}")
        for row, each in zip(rows, told, strict=True)
    ]
    title = f"in the manifest of {serving['version']}: measured on another test part"
    note = tag(
        "p",
        "The figures on the right are those that the serving version was published with. They are "
        "of other visitors at another time, so that small differences mean nothing.",
    )
    return join(note, table(caption, (*head[:3], title, "number there"), both))


def _share(value: float | None) -> str:
    return _NONE if value is None else f"{value:.4f}"


def _ratio(ratio: Told | None) -> str:
    if ratio is None:
        return _NONE
    value = "no ratio" if ratio["value"] is None else _times(ratio["value"])
    return join(f"{value} ", tag("small", f"{_times(ratio['low'])} to {_times(ratio['high'])}"))


def _times(bound: float | None) -> str:
    return "∞" if bound is None else f"{bound:.2f}{_TIMES}"


def _verdict(ratio: Told | None) -> str:
    """Return what an interval tells: words, and a colour that says no more than they do."""
    if ratio is None:
        return _NONE
    if ratio["low"] is None or ratio["low"] > 1.0:  # None: infinite
        return tag("span", "better", class_="good")
    if ratio["high"] is not None and ratio["high"] < 1.0:
        return tag("span", "worse", class_="bad")
    return tag("span", "no clear difference", class_="unsure")


def _examples(told: Told) -> Markup:
    serving = {each["role"]: each["serving"] for each in told["roles"]}
    shown = (_visitor(each, serving) for each in told["examples"])
    title = "The example visitors: new lists against serving ones"
    words = (
        "Lists as the service would give them. A tick and a tint mark items that the visitor went "
        "on to."
    )
    return tag("details", tag("summary", title), tag("p", words), *shown)


def _visitor(one: Told, serving: Mapping[str, Told]) -> Markup:
    history = [tag("li", _name(item), tag("small", f" {item['time']}")) for item in one["history"]]
    columns = [
        _column("Before, latest first", "ul", history)
        if history
        else tag("div", tag("h4", "Before"), tag("p", "Nothing."))
    ]
    for each in one["lists"]:
        role = each["role"]
        columns.append(_list(role, " new", each["candidate"]))
        if each["serving"] is not None:
            told = serving[role]
            note = "" if told["why_not"] is None else f"{told['why_not']}."
            columns.append(_list(role, f" serving: {told['version']}", each["serving"], note))
    kind = tag("span", f" · {_KINDS[one['kind']]}", class_="soft")
    heading = tag("h3", f"Visitor {one['visitor']}", kind)
    return tag("article", heading, tag("div", *columns, class_="lists"), class_="visitor")


def _list(role: str, which: str, items: Sequence[Told], note: str = "") -> Markup:
    heading = join(role, tag("small", which))
    if len(items) == 0:
        return tag("div", tag("h4", heading), tag("p", "Nothing was recommended."))
    hits = sum(item["hit"] for item in items)
    end = tag("small", f"{hits} of {len(items)} hit. {note}")
    return _column(heading, "ol", map(_recommended, items), end)


def _column(heading: str, kind: str, items: Iterable[Markup], end: str = "") -> Markup:
    return tag("div", tag("h4", heading), tag(kind, *items), end)


def _recommended(item: Told) -> Markup:
    if not item["hit"]:
        return tag("li", _name(item))
    return tag("li", _name(item), " ✓", class_="hit")


def _name(item: Told) -> Markup:
    if "title" not in item:
        return join(item["id"])
    return join(item["title"], tag("small", f" {item['id']}"))
