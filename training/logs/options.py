"""What the command line says about a log."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import pytz

from training.logs.errors import LogError, column_name, shown
from training.logs.numbers import finite

# Context that is derived from the time of an event. The service knows what these columns mean.
DERIVED = ("period", "month", "weekday")
# Columns of training rows and of answers; users and items cannot bear these names as well.
_TAKEN = ("target", "score", "rank")
# Columns of every log as the trainer sees it; context columns cannot bear these names as well.
_OF_EVERY_LOG = ("user", "item", "event", "time", "weight")
_DEFAULT = "default: %(default)s"
TIME_UNITS = ("auto", "s", "ms", "us", "iso")
SEPARATORS = {"auto": None, ",": ",", ";": ";", "tab": "\t", "\t": "\t", "|": "|"}


@dataclass(frozen=True)
class LogOptions:
    """How to read a log; the defaults are RetailRocket's form.

    Attributes
    ----------
    user, item, time : str
        Names of columns.
    event : str, optional
        Name of the column of events; if absent, "event" where there is such a column.
    time_unit : str
        "s", "ms" or "us" since 1970, "iso" (ISO 8601), or "auto".
    time_zone : str
        IANA name of the zone that wall-clock times are in.
    weights : mapping of str to float, optional
        Weight of each kind of event.
    rating : str, optional
        Name of a column of numbers that are weights, in place of kinds of events.
    context : tuple of str
        Context columns: derived ones, and columns of the log.
    separator : str
        "auto", ",", ";", "tab" or "|".

    Raises
    ------
    LogError
        If the options cannot be, or contradict each other.
    """

    user: str = "visitorid"
    item: str = "itemid"
    event: Optional[str] = None
    time: str = "timestamp"
    time_unit: str = "auto"
    time_zone: str = "UTC"
    weights: Optional[Mapping[str, float]] = None
    rating: Optional[str] = None
    context: Tuple[str, ...] = DERIVED
    separator: str = "auto"

    def __post_init__(self) -> None:
        _require_one_of("--time-unit", self.time_unit, TIME_UNITS)
        _require_one_of("--separator", self.separator, [*SEPARATORS])
        _require_zone(self.time_zone)
        if self.rating is not None and (self.weights is not None or self.event is not None):
            raise LogError("--rating takes the place of --event and --weights: give one of them")
        self._require_different_names()

    @property
    def columns(self) -> Dict[str, str]:
        """The columns that a log must have, each with the option that names it."""
        wanted = {self.user: "--user", self.item: "--item", self.time: "--time"}
        if self.event is not None:
            wanted[self.event] = "--event"
        if self.rating is not None:
            wanted[self.rating] = "--rating"
        wanted.update((name, "--context") for name in self.context_of_log)
        return wanted

    @property
    def context_of_log(self) -> List[str]:
        """Context columns that the log itself must have."""
        return [name for name in self.context if name not in DERIVED]

    def _require_different_names(self) -> None:
        columns = [("--user", self.user), ("--item", self.item)]
        context = [("--context", name) for name in self.context]
        others = [("--time", self.time), ("--event", self.event), ("--rating", self.rating)]
        named = [(option, name) for option, name in others if name is not None]
        of_log = [(option, name) for option, name in context if name not in DERIVED]
        _require_different([*columns, *named, *of_log])
        _require_different([*columns, *context])
        _require_others(_TAKEN, [*columns, *context], "one of the names that answers need")
        _require_others(_OF_EVERY_LOG, context, "one that the trainer has of its own")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options about a log to a command line."""
    group = parser.add_argument_group("the event log")
    group.add_argument("--user", default="visitorid", metavar="COLUMN", help=_DEFAULT)
    group.add_argument("--item", default="itemid", metavar="COLUMN", help=_DEFAULT)
    group.add_argument("--event", metavar="COLUMN", help="default: event, where there is one")
    group.add_argument("--time", default="timestamp", metavar="COLUMN", help=_DEFAULT)
    group.add_argument(
        "--time-unit",
        choices=TIME_UNITS,
        default="auto",
        help="since 1970, or ISO 8601 (default: what the values look like)",
    )
    group.add_argument(
        "--time-zone",
        default="UTC",
        metavar="ZONE",
        help="IANA name; of times without a zone, and of period, month and weekday (default: UTC)",
    )
    group.add_argument(
        "--weights",
        metavar="EVENT=N,...",
        help="weights of events (default: view=1,addtocart=10,transaction=50)",
    )
    group.add_argument("--rating", metavar="COLUMN", help="ratings in place of events")
    group.add_argument(
        "--context",
        default=",".join(DERIVED),
        metavar="COLUMN,...",
        help="of these and the log's own (default: %(default)s)",
    )
    group.add_argument(
        "--separator",
        default="auto",
        metavar="CHARACTER",
        help="of fields: one of , ; | tab (default: what the header looks like)",
    )


def from_arguments(args: argparse.Namespace) -> LogOptions:
    """Return the options that a command line states.

    Raises
    ------
    LogError
        If they cannot be.
    """
    return LogOptions(
        user=args.user,
        item=args.item,
        event=args.event,
        time=args.time,
        time_unit=args.time_unit,
        time_zone=args.time_zone,
        weights=None if args.weights is None else parse_weights(args.weights),
        rating=args.rating,
        context=tuple(name for name in args.context.split(",") if name),
        separator=args.separator,
    )


def parse_weights(text: str) -> Dict[str, float]:
    """Return the weight of each event of ``view=1,addtocart=10``.

    Raises
    ------
    LogError
        If a part has another form, an event is named twice, or a weight is no finite number.
    """
    weights: Dict[str, float] = {}
    for part in text.split(","):
        event, equals, number = part.rpartition("=")
        if not equals or event in weights:
            wrong = "names an event twice" if equals else "is not EVENT=NUMBER"
            raise LogError("--weights: {} {}".format(shown(part), wrong))
        weight = finite(number)
        if weight is None:
            raise LogError(
                "--weights: {} of event {} is no finite number".format(shown(number), shown(event))
            )
        weights[event] = weight
    return weights


def _require_one_of(option: str, value: str, allowed: Sequence[str]) -> None:
    names = [name for name in allowed if name != "\t"]
    if value not in allowed:
        raise LogError("{}: {} is none of {}".format(option, shown(value), ", ".join(names)))


def _require_zone(name: str) -> None:
    try:
        pytz.timezone(name)
    except (KeyError, ValueError, OSError, AttributeError):
        raise LogError(
            "--time-zone: {} is no name of a time zone, such as Europe/Berlin".format(shown(name))
        ) from None


def _require_different(columns: Sequence[Tuple[str, str]]) -> None:
    """Refuse columns without a name, and those that two options name; each is (option, name)."""
    seen: Dict[str, str] = {}
    for option, name in columns:
        if name == "":
            raise LogError("{}: '' is no name of a column".format(option))
        if name in seen:
            what = "column {} is already named by {}: {} needs another"
            if name in DERIVED:
                what = "column {} is already named by {}, and {} derives it from the time of events"
            raise LogError(what.format(column_name(name), seen[name], option))
        seen[name] = option


def _require_others(taken: Sequence[str], columns: Sequence[Tuple[str, str]], what: str) -> None:
    """Refuse columns, each (option, name), whose name is taken."""
    for option, name in columns:
        if name in taken:
            told = "column {} is already {} ({}): rename the log's column, or leave it out of {}"
            raise LogError(told.format(name, what, ", ".join(taken), option))
