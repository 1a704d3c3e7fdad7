"""Numbers and names in words for people."""

from __future__ import annotations

from typing import Any, Mapping

from training.report.markup import Markup, join, tag

KINDS: Mapping[str, str] = {
    "known": "known (3 items and more)",
    "light": "light (1 or 2 items)",
    "unknown": "new (no item yet)",
}
WHOM: Mapping[str, str] = {
    "new": "new visitors",
    "returning": "returning visitors",
    "all": "visitors",
}


def count(number: int) -> str:
    """Return a whole number with its thousands apart."""
    return "{:,}".format(number)


def served(role: str, one: Mapping[str, Any]) -> str:
    """Return how many visitors of a hundred a role had something for."""
    told = (
        "Of 100 {}, {} would have seen something among the first ten of the {} model that they "
        "then came for"
    ).format(WHOM[one["whom"]], hundredths(one["hit_rate"][role]), role)
    plain = one["hit_rate"].get(one["plain"])
    if plain is not None:
        told += "; with {}, {}".format(one["plain"], hundredths(plain))
    return "{} (hit rate at 10 of {} visitors).".format(told, count(one["visitors"]))


def hundredths(bounds: Mapping[str, float]) -> str:
    """Return a share as a number of a hundred."""
    return "{:.0f}".format(100.0 * bounds["value"])


def share(bounds: Any) -> Markup:
    """Return a mean between 0 and 1 with its interval, in cells of tables."""
    if bounds is None:
        return Markup("\u2013")
    inner = tag("small", "{:.4f} to {:.4f}".format(bounds["low"], bounds["high"]))
    return join(["{:.4f} ".format(bounds["value"]), inner])


def ratio(bounds: Mapping[str, Any]) -> Markup:
    """Return a ratio with its interval."""
    if bounds["value"] is None:
        return Markup("no ratio: nothing was hit")
    high = "∞" if bounds["high"] is None else "{:.2f}\u00d7".format(bounds["high"])
    inner = tag("small", "{:.2f}\u00d7 to {}".format(bounds["low"] or 0.0, high))
    return join(["{:.2f}\u00d7 ".format(bounds["value"]), inner])


def verdict(bounds: Mapping[str, Any]) -> Markup:
    """Return what an interval tells: words, and a colour that says no more than they do."""
    if bounds["value"] is None:
        return tag("span", "cannot be told", class_="unsure")
    if (bounds["low"] or 0.0) > 1.0:
        return tag("span", "better", class_="good")
    if bounds["high"] is not None and bounds["high"] < 1.0:
        return tag("span", "worse", class_="bad")
    return tag("span", "no clear difference", class_="unsure")


def rule(kept: Mapping[str, Any]) -> str:
    """Return whom a model learns from."""
    name, _, value = str(kept["rule"]).partition(":")
    words = {
        "all": "everybody",
        "distinct-items": "visitors with {} or more different items".format(value),
        "quantiles": "the busiest visitors and items (quantiles {})".format(value),
    }.get(name, str(kept["rule"]))
    if kept["recent"] != 1.0:
        words += ", the latest {:.0%} of the events".format(kept["recent"])
    if kept["most_events"] is not None:
        words += ", at most the latest {} events".format(count(kept["most_events"]))
    return words


def day(moment: str) -> str:
    """Return the date of a moment."""
    return moment.partition("T")[0]
