"""What a version's manifest says of its training: when, with what, and how good the model is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figures:
    """How good a model was for visitors of the test part.

    Attributes
    ----------
    measure : str
        What the values are, such as "recall@10".
    split : str
        How the test part was split off, such as "time".
    visitors : mapping of str to int
        Numbers of visitors: "all", and those who are "known", "light" and "unknown".
    values : mapping of str to float or None
        The measure, by the same words; None where there was no such visitor.
    against : mapping of str to mapping
        Ratios to other models, with their intervals.
    forced : str or None
        Why the version was published although it did not pass, if it was.
    """

    measure: str
    split: str
    visitors: Mapping[str, int]
    values: Mapping[str, float | None]
    against: Mapping[str, Any]
    forced: str | None

    @classmethod
    def from_json(cls, value: Any) -> Figures:
        """Read them.

        Raises
        ------
        ValueError
            If they are not what they should be.
        """
        values = _of(value, "values", dict)
        for name, number in values.items():
            if number is not None and not _is_finite(number):
                raise ValueError(f"figures.values.{name} is {number!r}, and no finite number")
        return cls(
            _of(value, "measure", str),
            _of(value, "split", str),
            _of(value, "visitors", dict),
            values,
            value.get("against") or {},
            value.get("forced"),
        )


@dataclass(frozen=True, slots=True)
class Training:
    """How a version was trained.

    Attributes
    ----------
    trained : str
        When, in ISO 8601.
    settings : mapping of str to value
        Options of the training.
    log : mapping of str to value
        Digest and sizes of the event log.
    figures : Figures or None
        How good the model is; None where nobody has evaluated it.
    """

    trained: str
    settings: Mapping[str, Any]
    log: Mapping[str, Any]
    figures: Figures | None

    @classmethod
    def from_json(cls, value: Any) -> Training:
        """Read it.

        Raises
        ------
        ValueError
            If it is not what it should be.
        """
        trained = _of(value, "trained", str)
        figures = value.get("figures")
        return cls(
            trained,
            _of(value, "settings", dict),
            _of(value, "log", dict),
            None if figures is None else Figures.from_json(figures),
        )


def _of(value: Any, name: str, kind: type) -> Any:
    """Return a field of an object.

    Parameters
    ----------
    value : any JSON value
        The object.
    name : str
        The field's.
    kind : type
        What it must be.
    """
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind):
        raise ValueError(f"{name} is {str(found)[:80]!r}, and not of the type {kind.__name__}")
    return found


def _is_finite(number: object) -> bool:
    return type(number) in (int, float) and math.isfinite(number)  # type: ignore[arg-type]
