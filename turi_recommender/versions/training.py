"""What a version's manifest says of its training: when, how, from which log, and what it is worth.

Fields that nobody here knows are kept and ignored, so that a newer trainer's manifests can be read
and written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from turi_recommender.errors import ModelFormatError
from turi_recommender.versions.record import Record, check_bounds, write_moment

# Of visitors, by the number of distinct items that training knew of each: 3 and more are `known`,
# 1 and 2 `light`, and none `unknown`.
KINDS = ("all", "known", "light", "unknown")
# Measures that are shares; others, such as an error in stars, may be anything.
_SHARES = frozenset({"recall", "precision", "hit-rate", "ndcg", "map", "mrr"})
_AHEAD = timedelta(days=1)  # by which another machine's clock may be ahead
_NOWHERE = Path("training")  # what errors name where there is no file


@dataclass(frozen=True, slots=True)
class LogFacts:
    """The event log that a model was trained from.

    Attributes
    ----------
    sha256 : str
        Digest of the file.
    events, users, items : int
        How many it has.
    first, last : datetime or None
        Times of its first and its last event, in UTC; None where it has no times.
    more : mapping of str to value
        Further fields.
    """

    sha256: str
    events: int
    users: int
    items: int
    first: datetime | None
    last: datetime | None
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(
        cls, content: object, path: Path = _NOWHERE, place: str = "training.log"
    ) -> LogFacts:
        """Read what `to_json` returns.

        Parameters
        ----------
        content : object
            Values of JSON.
        path : Path
            The file in which they stand, for errors.
        place : str
            Where in that file, for errors.

        Raises
        ------
        ModelFormatError
            If a field is missing, of another type, or too large, or the first event is after the
            last.
        """
        check_bounds(content, place, path)
        record = Record.of(content, place, path)
        first, last = (
            record.moment(name) if record.has(name) else None for name in ("first", "last")
        )
        if first is not None and last is not None and first > last:
            expected = f"{place}.first to be at {place}.last, or before it"
            raise ModelFormatError(path, 0, expected, write_moment(first))
        return cls(
            record.text("sha256"),
            record.count("events"),
            record.count("users"),
            record.count("items"),
            first,
            last,
            record.others("sha256", "events", "users", "items", "first", "last"),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the fields as values of JSON."""
        return {
            "sha256": self.sha256,
            "events": self.events,
            "users": self.users,
            "items": self.items,
            "first": None if self.first is None else write_moment(self.first),
            "last": None if self.last is None else write_moment(self.last),
            **self.more,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """A model's measure divided by another one's, over the same visitors.

    Attributes
    ----------
    ratio : float or None
        The quotient; None where the other one's measure is 0.
    low, high : float or None
        Its interval.
    more : mapping of str to value
        Further fields.
    """

    ratio: float | None
    low: float | None
    high: float | None
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: Record) -> Comparison:
        """Read what `to_json` returns.

        Raises
        ------
        ModelFormatError
            If a field is missing or no number, or they are not in order.
        """
        ratio, low, high = (record.number(name) for name in ("ratio", "low", "high"))
        known = [number for number in (low, ratio, high) if number is not None]
        if known != sorted(known):
            shown = ", ".join(str(number) for number in known)
            expected = f"{record.place} to have low <= ratio <= high"
            raise ModelFormatError(record.path, 0, expected, shown)
        return cls(ratio, low, high, record.others("ratio", "low", "high"))

    def to_json(self) -> dict[str, Any]:
        """Return the fields as values of JSON."""
        return {"ratio": self.ratio, "low": self.low, "high": self.high, **self.more}


@dataclass(frozen=True, slots=True)
class Figures:
    """What a model is worth, measured on visitors' items that training did not know.

    Attributes
    ----------
    measure : str
        What was measured, such as ``recall@10``.
    split : str
        How the log was divided, such as ``time``.
    visitors : mapping of str to int
        Numbers of visitors whose items were held out, by kind (`KINDS`).
    values : mapping of str to float or None
        The measure, by kind; None where there is no such visitor.
    against : mapping of str to Comparison
        The same for others, such as ``jaccard`` and ``serving``.
    forced : str or None
        Why the version was published all the same, if it would have been refused.
    more : mapping of str to value
        Further fields.
    """

    measure: str
    split: str
    visitors: Mapping[str, int]
    values: Mapping[str, float | None]
    against: Mapping[str, Comparison] = field(default_factory=dict)
    forced: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def pooled(self, kinds: Collection[str]) -> float | None:
        """Return the mean over the visitors of some kinds; None if none of them has a figure.

        Parameters
        ----------
        kinds : collection of str
            Kinds of visitors. Those without a figure, or without visitors, do not count.
        """
        told = [
            (value, self.visitors.get(kind, 0))
            for kind in kinds
            if (value := self.values.get(kind)) is not None
        ]
        total = sum(count for _, count in told)
        return sum(value * count for value, count in told) / total if total > 0 else None

    @classmethod
    def from_json(
        cls, content: object, path: Path = _NOWHERE, place: str = "training.figures"
    ) -> Figures:
        """Read what `to_json` returns.

        Parameters
        ----------
        content, path, place
            As for `LogFacts.from_json`.

        Raises
        ------
        ModelFormatError
            If a field is missing, of another type, or too large, a share such as recall is not from
            0 to 1, a ratio is outside of its interval, the split is empty, or the visitors of all
            kinds are not as many as those of each.
        """
        check_bounds(content, place, path)
        record = Record.of(content, place, path)
        measure = record.text("measure")
        visitors, values = record.record("visitors"), record.record("values")
        read = values.share if measure.partition("@")[0] in _SHARES else values.number
        against = record.record("against") if record.has("against") else None
        split = record.text("split")
        if split == "":
            raise ModelFormatError(path, 0, f"{place}.split to be a text", "an empty one")
        return cls(
            measure,
            split,
            _visitors(visitors),
            {kind: read(kind) for kind in _kinds_of(values)},
            {} if against is None else _comparisons(against),
            record.text("forced") if record.has("forced") else None,
            record.others("measure", "split", "visitors", "values", "against", "forced"),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the fields as values of JSON."""
        return {
            "measure": self.measure,
            "split": self.split,
            "visitors": dict(self.visitors),
            "values": dict(self.values),
            "against": {name: one.to_json() for name, one in self.against.items()},
            "forced": self.forced,
            **self.more,
        }


def _kinds_of(record: Record) -> list[str]:
    """Return the four kinds, which must be there, and those that a newer trainer adds."""
    return [*KINDS, *record.others(*KINDS)]


def _visitors(record: Record) -> dict[str, int]:
    """Return the numbers of visitors. Of kinds that a newer trainer adds, nobody knows the sum."""
    counts = {kind: record.count(kind) for kind in _kinds_of(record)}
    total = sum(counts[kind] for kind in KINDS[1:])
    if len(counts) == len(KINDS) and counts["all"] != total:
        expected = f"{record.place}.all to be the sum of the kinds ({total})"
        raise ModelFormatError(record.path, 0, expected, str(counts["all"]))
    return counts


def check_trained(trained: datetime, place: str, path: Path) -> None:
    """Refuse a time of training that is still to come: ages would be below 0, and hide alarms.

    Parameters
    ----------
    trained : datetime
        The moment, in UTC.
    place : str
        Where it stands in the file, for errors.
    path : Path
        The file, for errors.

    Raises
    ------
    ModelFormatError
        If it is more than a day ahead of this machine's clock.
    """
    if trained > datetime.now(timezone.utc) + _AHEAD:
        expected = f"{place} to be at most a day ahead of the clock"
        raise ModelFormatError(path, 0, expected, write_moment(trained))


def _comparisons(record: Record) -> dict[str, Comparison]:
    names = [name for name in record.content if record.has(name)]
    return {name: Comparison.from_record(record.record(name)) for name in names}


@dataclass(frozen=True, slots=True)
class Training:
    """What a manifest says of the training of its version.

    Attributes
    ----------
    trained : datetime
        When it was trained, in UTC.
    settings : mapping of str to value
        How: the class of the model, the solver, and so on.
    log : LogFacts
        From what.
    figures : Figures or None
        What the model is worth; None if nobody has measured it.
    more : mapping of str to value
        Further fields.
    """

    trained: datetime
    settings: Mapping[str, Any]
    log: LogFacts
    figures: Figures | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, content: object, path: Path = _NOWHERE, place: str = "training") -> Training:
        """Read what `to_json` returns.

        Parameters
        ----------
        content, path, place
            As for `LogFacts.from_json`.

        Raises
        ------
        ModelFormatError
            If a field is missing, of another type, or too large, or it was trained in the future;
            it names the file and the field.
        """
        check_bounds(content, place, path)
        record = Record.of(content, place, path)
        figures = None
        if record.has("figures"):
            figures = Figures.from_json(record.content["figures"], path, f"{place}.figures")
        trained = record.moment("trained")
        check_trained(trained, f"{place}.trained", path)
        return cls(
            trained,
            record.record("settings").content,
            LogFacts.from_json(record.content.get("log"), path, f"{place}.log"),
            figures,
            record.others("trained", "settings", "log", "figures"),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the fields as values of JSON."""
        content = {
            "trained": write_moment(self.trained),
            "settings": dict(self.settings),
            "log": self.log.to_json(),
            **self.more,
        }
        if self.figures is not None:
            content["figures"] = self.figures.to_json()
        return content

    def checked(self) -> Training:
        """Return the same, read from its own JSON.

        Raises
        ------
        ModelFormatError
            If it could not be read again: it was made by hand, of something that is not JSON.
        """
        try:
            content = self.to_json()
        except (AttributeError, TypeError, ValueError, OverflowError) as error:
            expected = "training to have the types that it documents"
            raise ModelFormatError(_NOWHERE, 0, expected, str(error)) from error
        return Training.from_json(content)
