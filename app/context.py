"""What the side columns of the original deployment mean, and their values for the present moment.

Shops that trained with training/prepare.py, or as the original's notebook did, have the columns
period, month and weekday, made of the time of the visit in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from turi_recommender import Column, ColumnMode, ValueType

# Four hours each, the first one from midnight on.
PERIODS = ("Late Night", "Early Morning", "Morning", "Noon", "Evening", "Night")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column means.

    Attributes
    ----------
    description : str
        For callers.
    value_type : ValueType
        What the column must hold to have this meaning.
    value_at : callable
        Takes a moment in UTC, and returns the column's value then.
    """

    description: str
    value_type: ValueType
    value_at: Callable[[datetime], Any]


_HOURS = ", ".join(f"{name} from {4 * place}:00" for place, name in enumerate(PERIODS))
MEANINGS = {
    "period": Meaning(
        f"Time of day of the visit, in UTC: {_HOURS}",
        ValueType.STRING,
        lambda moment: PERIODS[moment.hour // 4],
    ),
    "month": Meaning(
        "Month of the visit, in UTC: 1 (January) to 12",
        ValueType.INTEGER,
        lambda moment: moment.month,
    ),
    "weekday": Meaning(
        "Day of the visit, in UTC: 0 (Monday) to 6 (Sunday)",
        ValueType.INTEGER,
        lambda moment: moment.weekday(),
    ),
}


def meaning_of(column: Column) -> Meaning | None:
    """Return what a side column means, None where that is the shop's own affair."""
    meaning = MEANINGS.get(column.name)
    if meaning is None or column.value_type != meaning.value_type:
        return None
    if column.value_type == ValueType.INTEGER:
        is_plain = column.mode in (ColumnMode.NUMERIC, ColumnMode.CATEGORICAL)
        return meaning if is_plain else None
    known = set(column.sample(1000))
    is_ours = column.mode == ColumnMode.CATEGORICAL and not known.isdisjoint(PERIODS)
    return meaning if is_ours else None


class Context:
    """The side data of the present moment, for models that have such columns.

    Parameters
    ----------
    columns : sequence of Column
        Side columns of the model.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        meanings = {column.name: meaning_of(column) for column in columns}
        self._values = {
            name: meaning.value_at for name, meaning in meanings.items() if meaning is not None
        }

    def now(self) -> dict[str, Any]:
        """Return the value of each column at this moment."""
        return self.at(datetime.now(UTC))

    def at(self, moment: datetime) -> dict[str, Any]:
        """Return the value of each column at a moment in UTC."""
        return {name: value_at(moment) for name, value_at in self._values.items()}
