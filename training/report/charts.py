"""Figures as SVG that stands in the page: its colours are the page's, so that it can be dark."""

from __future__ import annotations

import io
import re
from typing import Any, List, Mapping, Sequence, Tuple

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from training.report.markup import Markup, tag

# matplotlib wants colours; the page's variables take their places afterwards.
_INK = "#010203"
_SERIES = ["#0000{:02x}".format(number) for number in range(0xE0, 0xE8)]
_VARIABLES = {
    _INK: "currentColor",
    **{colour: "var(--series-{})".format(n) for n, colour in enumerate(_SERIES)},
}
_DASHES = ["-", "-", "-", (0, (5, 2)), (0, (2, 2)), (0, (6, 2, 1, 2)), (0, (1, 1)), "--"]
_MARKERS = "os^Dv<>P"  # who cannot tell colours tells shapes
_STYLE = {
    "svg.fonttype": "none",
    "font.size": 10.0,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.titlesize": 11.0,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
}
Bounds = Mapping[str, Any]


def curves(measures: Sequence[str], models: Mapping[str, Mapping[str, Sequence[Bounds]]]) -> Markup:
    """Draw measures at 1 - 20 of several models, with their intervals.

    Parameters
    ----------
    measures : sequence of str
        Up to four, a panel each.
    models : mapping of str to mapping of str to sequence of mapping
        `value`, `low` and `high` at each cutoff, by model and measure.
    """
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(9.6, 7.0), layout="constrained")
        panels = figure.subplots(2, 2, sharex=True, squeeze=True).ravel()
        for panel, measure in zip(panels, measures):
            for number, each in enumerate(models.values()):
                _curve(panel, each[measure], number)
            panel.set_title(measure)
            panel.set_ylim(bottom=0.0)
            panel.set_xlim(1, None)
            panel.set_xticks([1, 5, 10, 15, 20])
            panel.grid(axis="y", alpha=0.2, color=_INK)
        for panel in panels[2:]:
            panel.set_xlabel("items shown")
        lines = panels[0].get_lines()
        figure.legend(lines, list(map(_plain, models)), loc="outside lower center", ncol=3)
        return _svg(
            figure,
            "curves",
            "Curves of {}".format(", ".join(measures)),
            "For each model, each measure from 1 to 20 items shown; the bands are 95 % intervals. "
            "The tables that follow have the numbers.",
        )


def _curve(panel: Any, values: Sequence[Bounds], number: int) -> None:
    shown = range(1, len(values) + 1)
    colour = _SERIES[number % len(_SERIES)]
    style = {
        "linestyle": _DASHES[number % len(_DASHES)],
        "marker": _MARKERS[number % len(_MARKERS)],
        "markersize": 4,
        "markevery": 3,
    }
    panel.plot(shown, [each["value"] for each in values], color=colour, linewidth=1.8, **style)
    lows, highs = [each["low"] for each in values], [each["high"] for each in values]
    panel.fill_between(shown, lows, highs, color=colour, alpha=0.12, linewidth=0)


def forest(name: str, title: str, rows: Sequence[Tuple[str, str, Bounds]]) -> Markup:
    """Draw ratios with their intervals, one below the other, and a line at 1.

    Parameters
    ----------
    name : str
        Of the figure; unique in the page.
    title : str
        Its title.
    rows : sequence of (str, str, mapping)
        Group, which has a colour; label; and `value`, `low` and `high`. A ratio that there is not
        has no mark, and an interval without an end goes to the edge.
    """
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(9.6, 1.1 + 0.36 * len(rows)), layout="constrained")
        panel = figure.subplots()
        left, right = _limits([bounds for _, _, bounds in rows])
        groups = list(dict.fromkeys(group for group, _, _ in rows))
        for place, (group, _, bounds) in enumerate(rows):
            colour = _SERIES[groups.index(group) % len(_SERIES)]
            _ratio(panel, place, bounds, (left, right), colour)
        panel.axvline(1.0, color=_INK, linewidth=1.0, linestyle=(0, (4, 3)))
        panel.set_xscale("log")
        panel.set_xlim(left, right)
        panel.set_ylim(len(rows) - 0.5, -0.5)
        panel.set_yticks(range(len(rows)))
        panel.set_yticklabels([_plain(label) for _, label, _ in rows])
        panel.tick_params(axis="y", length=0)
        panel.set_xticks(_ticks(left, right))
        panel.minorticks_off()
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: "{:g}\u00d7".format(value)))
        panel.set_xlabel("worse   ←   as good: 1\u00d7   →   better")
        panel.grid(axis="x", alpha=0.2, color=_INK)
        return _svg(
            figure,
            name,
            title,
            "One line per comparison: the point is the ratio, the line its 95 % interval. The "
            "table that follows has the numbers.",
        )


def _ticks(left: float, right: float) -> Sequence[float]:
    """Return numbers for the axis; the further it goes, the fewer of them for each factor of 2."""
    span = right / left
    chosen = _FINE if span < 3 else _MIDDLE if span < 20 else _COARSE
    return [tick for tick in chosen if left <= tick <= right]


_FINE = (0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2)
_MIDDLE = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20)
_COARSE = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


def _limits(rows: Sequence[Bounds]) -> Tuple[float, float]:
    """Return the ends of the axis: around 1, and no further than a factor of 20."""
    found = [each[key] for each in rows for key in ("low", "value", "high") if each[key]]
    left, right = min([0.75, *found]) * 0.95, max([1.33, *found]) * 1.05
    return max(left, 0.04), min(right, 25.0)


def _ratio(panel: Any, place: int, bounds: Bounds, ends: Tuple[float, float], colour: str) -> None:
    if bounds["value"] is None:
        return
    left, right = ends
    low = max(bounds["low"] or 0.0, left)
    high = right if bounds["high"] is None else min(bounds["high"], right)
    panel.plot([low, high], [place, place], color=colour, linewidth=2.5, solid_capstyle="butt")
    panel.plot([min(max(bounds["value"], left), right)], [place], "o", color=colour, markersize=7)


def _plain(label: str) -> str:
    """Return a label of which matplotlib reads nothing as a formula."""
    return label.replace("$", r"\$")


def _svg(figure: Any, name: str, title: str, description: str) -> Markup:
    written = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):  # equal figures get equal ids
        FigureCanvasSVG(figure).print_svg(written, metadata={"Date": None})
    drawn = written.getvalue()
    inner = drawn[drawn.index("<g ") : drawn.rindex("</svg>")]
    box = re.search(r'viewBox="([^"]*)"', drawn)
    assert box is not None
    for colour, variable in _VARIABLES.items():
        inner = inner.replace(colour, variable)
    inner = re.sub(r'\bid="', 'id="{}-'.format(name), inner)
    inner = re.sub(r"url\(#", "url(#{}-".format(name), inner)
    inner = re.sub(r'xlink:href="#', 'href="#{}-'.format(name), inner)
    inner = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1; font-family: inherit", inner)
    heads: List[Markup] = [
        tag("title", title, id="{}-title".format(name)),
        tag("desc", description, id="{}-desc".format(name)),
    ]
    return tag(
        "svg",
        *heads,
        Markup(inner),
        viewBox=box.group(1),
        role="img",
        aria_labelledby="{0}-title {0}-desc".format(name),
    )
