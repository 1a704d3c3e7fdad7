"""The sections of the page but for its examples; each is made of the report's content alone."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence

from training.report import charts, wording
from training.report.markup import Markup, Text, table, tag
from training.roles import yardstick_of

Content = Mapping[str, Any]
# The gate replaces what stands between them (app/gate/report.py has the same).
BEGIN = Markup("<!-- the gate's decision begins -->")
END = Markup("<!-- the gate's decision ends -->")
_AT = (1, 5, 10, 20)


def section(name: str, title: str, *inner: Text) -> Markup:
    """Return a section with a title, to which the page's contents lead."""
    heading = tag("h2", title, id="{}-heading".format(name))
    return tag("section", heading, *inner, id=name, aria_labelledby="{}-heading".format(name))


def summary(said: Content) -> Markup:
    """Say for each role whether it beats the plain models."""
    visitors = said["run"]["visitors"]
    roles = said["run"]["roles"]
    served = [tag("p", wording.served(role, said["served"][role])) for role in roles]
    cards = [_card(role, said) for role in roles]
    told = (
        "{} visitors judge the models by what they went on to, which the models had not learnt: "
        "{} known, {} light, {} new. The figure is recall@10: which share of these items was among "
        "the ten recommended. Where a visitor went on to more than ten, ten count as all."
    ).format(*(wording.count(visitors[kind]) for kind in ("all", "known", "light", "unknown")))
    listed = tag("ul", *cards, class_="cards")
    return section("summary", "In short", *served, tag("p", told), listed)


def _card(role: str, said: Content) -> Markup:
    to = yardstick_of(role)
    found = [one for one in said["ratios"] if one["role"] == role and one["to"] == to]
    lines: List[Text] = [tag("h3", role.capitalize()), _label(said, role)]
    for one in found:
        value = "\u2013" if one["value"] is None else "{:.2f}\u00d7".format(one["value"])
        whom = "{} {}".format(wording.count(one["visitors"]), wording.WHOM[one["whom"]])
        lines += [
            tag("strong", value),
            tag("span", "of {}, by {}: ".format(to, whom)),
            wording.verdict(one),
        ]
    return tag("li", *lines)


def _label(said: Content, role: str) -> Markup:
    return tag("span", said["run"]["roles"][role]["tried"][0]["label"], class_="soft")


def trained(said: Content) -> Markup:
    """Say what was learnt from which log."""
    run, log = said["run"], said["run"]["log"]
    facts = [
        ("events", wording.count(log["events"])),
        ("visitors", wording.count(log["users"])),
        ("items", wording.count(log["items"])),
        ("period", "{} to {}".format(wording.day(log["first"]), wording.day(log["last"]))),
        ("columns", "{} and {}".format(run["columns"]["user"], run["columns"]["item"])),
        ("judged by", _split(run)),
        ("trained", run["trained"]),
        ("sha256 of the log", log["sha256"]),
    ]
    rows = [
        (
            role,
            run["roles"][role]["tried"][0]["label"],
            wording.rule(kept),
            wording.count(kept["users"]),
            wording.count(kept["items"]),
        )
        for role, kept in said["kept"].items()
    ]
    head = ("role", "model", "learns from", "visitors kept", "items kept")
    return section(
        "trained",
        "What was trained",
        table("The log", ("fact", "value"), facts),
        table("Who was kept", head, rows),
    )


def _split(run: Content) -> str:
    if run["split"] == "author":
        return "items held out from the busiest visitors (the author's rule)"
    return "what happened after {}".format(wording.day(run.get("test_from", "")))


def tried(said: Content) -> Markup:
    """Say which settings were tried, and what they reached on the validation part."""
    inner: List[Text] = [
        tag(
            "p",
            "Settings are chosen on a part of the log of its own; the visitors by whom the report "
            "judges had no say. The first of each table was chosen. Training is a lottery, so "
            "it is the mean over seeds that decides, and a single seed that reached more may stand "
            "below. Settings that came close to the best were tried with further seeds, and come "
            "first. The mean of a model that needs the context of visits is divided by a margin: "
            "it is chosen only where it is clearly better.",
        )
    ]
    for role, one in said["run"]["roles"].items():
        means = _means(one["tried"])
        rows = [
            (
                each["label"],
                means[each["label"]],
                str(each["seed"]),
                "{:.4f}".format(each["recall@10"]) if "recall@10" in each else each["failed"],
                "{:.1f} s".format(each["seconds"]),
            )
            for each in one["tried"]
        ]
        head = ("settings", "mean recall@10", "seed", "recall@10", "time")
        inner.append(table("{}: settings tried, best first".format(role), head, rows))
    return section("tried", "Settings that were tried", *inner)


def _means(tried: Sequence[Mapping[str, Any]]) -> Dict[str, str]:
    """Return by which mean over its seeds each of the settings is compared."""
    by_label: Dict[str, List[Mapping[str, Any]]] = {}
    for each in tried:
        by_label.setdefault(each["label"], []).append(each)
    return {label: _mean(each) for label, each in by_label.items()}


def _mean(tried: Sequence[Mapping[str, Any]]) -> str:
    if any("recall@10" not in each for each in tried):
        return "\u2013"
    mean, margin = sum(each["recall@10"] for each in tried) / len(tried), tried[0].get("margin", 1)
    if margin == 1:
        return "{:.4f}".format(mean)
    return "{:.4f} / {:g} = {:.4f}".format(mean, margin, mean / margin)


def curves(said: Content) -> Markup:
    """Draw and tell the measures at 1 - 20."""
    models = said["curves"]
    measures = list(next(iter(models.values())))
    parts: List[Text] = [tag("figure", charts.curves(measures, models), tabindex="0")]
    for measure in measures:
        rows = [
            (name, *(wording.share(each[measure][at - 1]) for at in _AT))
            for name, each in models.items()
        ]
        head = ("model", *("at {}".format(at) for at in _AT))
        told = table("{}, with 95 % intervals".format(measure), head, rows)
        if measure == measures[0]:
            parts.append(told)
        else:
            parts.append(tag("details", tag("summary", "{} in numbers".format(measure)), told))
    told = (
        "The higher, the better. Bands are 95 % intervals: how far the figure might be off because "
        "other visitors could have come."
    )
    return section("curves", "How good the lists are", tag("p", told), *parts)


def ratios(said: Content) -> Markup:
    """Draw and tell how each role compares with plain models."""
    rows = said["ratios"]
    lines = [(one["role"], "{} to {}".format(one["role"], one["to"]), one) for one in rows]
    drawn = charts.forest("ratios", "Ratios to plain models", lines)
    cells = [
        (
            one["role"],
            one["to"],
            "{} {}".format(wording.count(one["visitors"]), wording.WHOM[one["whom"]]),
            wording.ratio(one),
            wording.verdict(one),
        )
        for one in rows
    ]
    told = (
        "Recall@10 divided by that of a plain model, for the same visitors: those whom the role is "
        "for. A line that crosses 1\u00d7 says that the difference may be chance. The gate's "
        "ratios differ a little from these: it asks the models as the service does, and its "
        "jaccard knows all visitors and all neighbours, while the one of this page is Turi "
        "Create's with 64 neighbours."
    )
    head = ("role", "compared with", "by", "ratio", "verdict")
    return section(
        "ratios",
        "Compared with plain models",
        tag("p", told),
        tag("figure", drawn, tabindex="0"),
        table("Paired ratios with 95 % intervals", head, cells),
    )


def segments(said: Content) -> Markup:
    """Tell the recall of each kind of visitor, and of each period."""
    kinds = [dict(one, name=wording.KINDS[one["name"]]) for one in said["kinds"]]
    return section(
        "segments",
        "Who is served well",
        _segments("Recall@10 by kind of visitor", "visitors", kinds),
        _segments("Recall@10 by period of the day", "period of the visit", said["periods"]),
    )


def _segments(caption: str, first: str, rows: Sequence[Mapping[str, Any]]) -> Markup:
    models = list(rows[0]["recall"]) if len(rows) > 0 else []
    cells = [
        (
            one["name"],
            wording.count(one["visitors"]),
            *(wording.share(one["recall"][name]) for name in models),
        )
        for one in rows
    ]
    return table(caption, (first, "number", *models), cells)


def context(said: Content) -> Markup:
    """Tell whether what a model learnt of the moment of a visit is worth anything."""
    told = (
        "A model that learnt when visits happen is asked twice: with the true moment of each "
        "visit, and with that of another one. If both are as good, the moment tells it nothing."
    )
    rows = [
        (
            one["name"],
            wording.share(one["true"]),
            wording.share(one["shuffled"]),
            wording.ratio(one["ratio"]),
            wording.verdict(one["ratio"]),
        )
        for one in said["context"]
    ]
    head = ("role", "true context", "shuffled", "ratio", "verdict")
    shown = (
        table("Recall@10 with true and with shuffled context", head, rows)
        if len(rows) > 0
        else tag("p", "None of the models that were chosen learnt any context.")
    )
    return section("context", "What the moment of a visit tells", tag("p", told), shown)


def breadth(said: Content) -> Markup:
    """Tell coverage and novelty."""
    rows = [
        (
            one["name"],
            "{:.1%}".format(one["curves"]["coverage"][9]),
            "{:.1f} bits".format(one["curves"]["novelty"][9]),
        )
        for one in said["run"]["figures"]
        if one["name"] in said["curves"]
    ]
    told = (
        "Coverage: the share of all items that somebody gets to see. Novelty: how rare the "
        "recommended items are; an item that every second visitor had counts 1 bit, one that every "
        "thousandth had 10 bits. Neither is good or bad by itself."
    )
    head = ("model", "coverage at 10", "novelty at 10")
    return section(
        "breadth",
        "How much of the shop is shown",
        tag("p", told),
        table("Coverage and novelty", head, rows),
    )


def findings(said: Content) -> Markup:
    """Tell the signs of a collapse."""
    found = [
        tag("li", tag("strong", one["name"]), ": ", words)
        for one in said["run"]["figures"]
        for words in one["findings"]
        if one["name"] in said["run"]["roles"]
    ]
    told = (
        tag("ul", *found)
        if len(found) > 0
        else tag("p", tag("span", "None was found.", class_="good"))
    )
    return section(
        "findings",
        "Signs of a collapse",
        tag("p", "A model that learnt nothing of its visitors shows it in its lists or scores."),
        told,
    )


def decision() -> Markup:
    """Say that nothing was decided yet, where the gate will tell what it decided."""
    told = tag(
        "p",
        "Nothing has been decided yet: this page was made before the gate judged the models. The "
        "gate publishes what passes, and tells here what it decided, and why.",
    )
    title = "What was published, and what was refused"
    return section("decision", title, BEGIN, told, END)
