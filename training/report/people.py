"""The section of example visitors."""

from __future__ import annotations

from typing import Any, List, Mapping, Sequence

from training.report.markup import Markup, Text, join, tag
from training.report.wording import KINDS, count
from training.visitors import UNKNOWN


def people(examples: Sequence[Mapping[str, Any]], roles: Sequence[str]) -> List[Markup]:
    """Return each example visitor: history, lists, and what came then.

    Parameters
    ----------
    examples : sequence of mapping
        As `training.report.examples.examples` returns them.
    roles : sequence of str
        The names of the new models; the other lists are those of plain models.
    """
    return [_visitor(one, roles) for one in examples]


def _visitor(one: Mapping[str, Any], roles: Sequence[str]) -> Markup:
    kind = KINDS.get(one["kind"], one["kind"])
    columns = [_history(one), _afterwards(one)]
    lists = {name: items for name, items in one["lists"].items() if _is_for(one["kind"], name)}
    columns += [_list(name, items, name in roles) for name, items in lists.items()]
    heading = tag("h3", "Visitor ", one["visitor"], " ", tag("span", "· " + kind, class_="soft"))
    return tag("article", heading, tag("div", *columns, class_="lists"), class_="visitor")


def _is_for(kind: str, name: str) -> bool:
    """Tell whether the page shows such a visitor this model's list; report.json has them all."""
    is_simple = name == "newcomer" or name.startswith("popularity")
    return is_simple == (kind == UNKNOWN)


def _history(one: Mapping[str, Any]) -> Markup:
    if len(one["history"]) == 0:
        return _column("Before", tag("p", "Nothing: the models never met this visitor."))
    shown = [_item(item, tag("small", " " + item["time"])) for item in one["history"]]
    more = one["items_before"] - len(shown)
    return _column("Before, latest first", tag("ul", *shown), _more(more))


def _afterwards(one: Mapping[str, Any]) -> Markup:
    shown = [_item(item) for item in one["did"]]
    return _column("Afterwards", tag("ul", *shown), _more(one["did_count"] - len(shown)))


def _list(name: str, items: Sequence[Mapping[str, Any]], is_new: bool) -> Markup:
    heading = join([name, tag("small", " new model" if is_new else " plain")])
    if len(items) == 0:
        return _column(heading, tag("p", "Nothing was recommended."))
    hits = sum(item["hit"] for item in items)
    told = tag("small", "{} of {} hit".format(hits, len(items)))
    return _column(heading, tag("ol", *map(_recommended, items)), told)


def _recommended(item: Mapping[str, Any]) -> Markup:
    if not item["hit"]:
        return _item(item)
    return tag("li", _name(item), " ✓", class_="hit")


def _item(item: Mapping[str, Any], *after: Text) -> Markup:
    return tag("li", _name(item), *after)


def _name(item: Mapping[str, Any]) -> Markup:
    if "title" not in item:
        return join([item["id"]])
    return join([item["title"], tag("small", " " + item["id"])])


def _more(number: int) -> Text:
    return tag("small", "and {} more".format(count(number))) if number > 0 else ""


def _column(heading: Text, *inner: Text) -> Markup:
    return tag("div", tag("h4", heading), *inner)
