"""The versions of a registry at a glance: their worth, and which of them a start takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from turi_recommender.errors import ModelError, ModelNotFoundError
from turi_recommender.versions import (
    Comparison,
    Registry,
    Retirement,
    Training,
    is_model_name,
    is_name,
)
from turi_recommender.versions.below import files_below
from turi_recommender.versions.manifest import find_training
from turi_recommender.versions.record import write_moment
from turi_recommender.versions.retire import retirement_of

from .models.figures import RECALL, tell_evaluation
from .models.roles import Assignment

_MEGABYTE = 1_000_000
_HEAD = ("NAME", "VERSION", "TRAINED", "RECALL@10", "VISITORS", "AGAINST JACCARD", "MB", "SERVES")
_RIGHT = {1, 3, 4, 6}  # columns of numbers


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version, not loaded.

    Attributes
    ----------
    name, version : str
        Its name and its number.
    size : int or None
        Bytes of its files; None if they cannot be looked at.
    training : Training or None
        What its manifest says of its training.
    trouble : str
        Why that cannot be read, if it cannot.
    retirement : Retirement or None
        When and why it was retired, if it was.
    roles : sequence of str
        Those for which a start would try it first.
    is_named : bool
        Whether a setting names the model.
    """

    name: str
    version: str
    size: int | None
    training: Training | None
    trouble: str
    retirement: Retirement | None
    roles: Sequence[str]
    is_named: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return the fields as values of JSON."""
        retired = None
        if self.retirement is not None:
            time = self.retirement.time
            when = None if time is None else write_moment(time)
            retired = {"reason": self.retirement.reason, "time": when}
        return {
            "name": self.name,
            "version": self.version,
            "serves": list(self.roles),
            "named": self.is_named,
            "retired": retired,
            "bytes": self.size,
            "evaluation": tell_evaluation(self.training, self.trouble),
            "training": None if self.training is None else self.training.to_json(),
        }

    def cells(self) -> tuple[str, ...]:
        """Return what a table shows, under `_HEAD`, and remarks behind it."""
        trained = "" if self.training is None else f"{self.training.trained:%Y-%m-%d %H:%M}"
        size = "" if self.size is None else f"{self.size / _MEGABYTE:.1f}"
        recall, visitors, ratio = self._figures()
        return (
            self.name, self.version, trained, recall, visitors, ratio, size,
            ", ".join(self.roles), "; ".join(self._remarks()),
        )  # fmt: skip

    def _figures(self) -> tuple[str, str, str]:
        figures = None if self.training is None else self.training.figures
        if figures is None:
            return "?" if self.trouble else "not evaluated", "", ""
        value = figures.values["all"]
        recall = "none" if value is None else f"{value:.4f}"
        if figures.measure != RECALL:
            recall = f"{figures.measure} {recall}"
        return recall, str(figures.visitors["all"]), _ratio(figures.against.get("jaccard"))

    def _remarks(self) -> list[str]:
        remarks = [] if self.is_named else ["no setting names it"]
        remarks += [] if self.retirement is None else [str(self.retirement)]
        if self.trouble:
            remarks.append(tell_evaluation(None, self.trouble))
        if self.training is not None and self.training.figures is not None:
            forced = self.training.figures.forced
            remarks += [] if forced is None else [f"forced: {forced}"]
        return remarks


def _ratio(comparison: Comparison | None) -> str:
    """Return a quotient, its interval, and of whom it is; nothing if nobody compared."""
    if comparison is None:
        return ""
    if comparison.ratio is None:  # the other one has no hit
        return "no ratio"
    low, high = (_bound(number) for number in (comparison.low, comparison.high))
    visitors = comparison.more.get("visitors")
    whose = f" of {visitors}" if isinstance(visitors, int) else ""
    return f"{comparison.ratio:.2f} [{low} {high}]{whose}"


def _bound(number: float | None) -> str:
    return "inf" if number is None else f"{number:.2f}"


@dataclass(frozen=True, slots=True)
class Overview:
    """The versions of a registry, or of one name in it.

    Attributes
    ----------
    rows : sequence of VersionRow
        By name, the highest version first.
    without : dict of str to str
        Roles for which a start would find nothing, and why.
    """

    rows: Sequence[VersionRow]
    without: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        return {"versions": [row.as_json() for row in self.rows], "without": self.without}

    def as_table(self) -> str:
        """Return everything as text, in columns."""
        cells = [_HEAD, *(row.cells() for row in self.rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
        lines = [_line(line, widths) for line in cells]
        return "\n".join([*lines, *(f"{role}: {why}" for role, why in self.without.items())])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    shown = [
        cell.rjust(width) if column in _RIGHT else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=False))
    ]
    return "  ".join([*shown, *cells[len(widths) :]]).rstrip()


def look_over(registry: Registry, assignments: Sequence[Assignment], name: str | None) -> Overview:
    """Look at the versions of a registry, without loading them.

    Parameters
    ----------
    registry : Registry
        Where they are.
    assignments : sequence of Assignment
        Which model the settings name for each role.
    name : str or None
        The only name to look at; all that have versions if absent.

    Raises
    ------
    ModelNotFoundError
        If there is no version, or the registry cannot be read.
    """
    names = _names(registry) if name is None else [name]
    chosen, without = _choose(registry, assignments)
    named = {each.reference.partition(":")[0] for each in assignments}
    named |= {folder.parent.name for folder in chosen if folder.parent.parent == registry.root}
    rows = [
        _row(registry.root / each / version, chosen, is_named=each in named)
        for each in names
        for version in reversed(registry.versions(each))
    ]
    if len(rows) == 0:
        what = "model has a version" if name is None else f"version of model {name!r}"
        raise ModelNotFoundError(f"no {what} in {registry.root}")
    if name is not None:
        meant = {each.role for each in assignments if each.reference.partition(":")[0] == name}
        without = {role: why for role, why in without.items() if role in meant}
    return Overview(rows, without)


def _names(registry: Registry) -> list[str]:
    try:
        return sorted(path.name for path in registry.root.iterdir() if is_model_name(path.name))
    except OSError as error:
        raise ModelNotFoundError(f"{registry.root}: {error.strerror or error}") from error


def _choose(
    registry: Registry, assignments: Sequence[Assignment]
) -> tuple[dict[Path, list[str]], dict[str, str]]:
    """Return the version that a start would try first for each role, without looking into it.

    Parameters
    ----------
    registry : Registry
        Where versions are.
    assignments : sequence of Assignment
        Which model the settings name for each role.

    Returns
    -------
    chosen : dict of Path to list of str
        The roles of each folder of a version.
    without : dict of str to str
        Roles for which there is nothing, and why.
    """
    chosen: dict[Path, list[str]] = {}
    without: dict[str, str] = {}
    for each in assignments:
        reference = each.reference
        try:
            offered = registry.offered(reference) if is_name(reference) else []
            if len(offered) > 0:
                folders = [registry.root / reference / offered[-1]]
            else:
                folders = registry.find(reference).version_folders()
        except ModelError as error:
            without[each.role] = str(error)
            continue
        if len(folders) > 0:
            chosen.setdefault(folders[-1], []).append(each.role)
    return chosen, without


def _row(folder: Path, chosen: dict[Path, list[str]], *, is_named: bool) -> VersionRow:
    training, trouble = find_training([folder])
    return VersionRow(
        folder.parent.name,
        folder.name,
        _size(folder),
        training,
        trouble,
        retirement_of(folder),
        chosen.get(folder, []),
        is_named,
    )


def _size(folder: Path) -> int | None:
    """Return how many bytes the files of a version have."""
    try:
        return sum(path.stat().st_size for path in files_below(folder))
    except (ModelError, OSError):
        return None
