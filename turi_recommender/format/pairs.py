"""A DICT of flexible values, whose keys repeat and whose order matters: parallel keys and values.

Source: docs/format.md, section 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format.stream import Stream

_INTEGER_TAG = 128
_FLOAT_TAG = 129


@dataclass(frozen=True, slots=True, eq=False)
class PairList:
    """A DICT, in stored order.

    Attributes
    ----------
    keys, values : ndarray or list
        Of equal length. Numeric pairs are views of the file (keys int64 or float64, values
        float64); others are lists.
    """

    keys: NDArray[Any] | list[Any]
    values: NDArray[Any] | list[Any]

    def __len__(self) -> int:
        return len(self.keys)

    def as_dict(self) -> dict[str, Any]:
        """Return the string-keyed entries as a dict; for option maps."""
        pairs = zip(self.keys, self.values, strict=True)
        return {key: value for key, value in pairs if isinstance(key, str)}


def numeric_pairs(stream: Stream, count: int) -> PairList | None:
    """View a DICT of numbers to FLOATs as two strided arrays.

    Parameters
    ----------
    stream : Stream
        The cursor, at the first key; it does not move.
    count : int
        Number of pairs; the file must be long enough for them.

    Returns
    -------
    PairList or None
        None if a key or a value of another type is among them.
    """
    key_tag = stream.map[stream.offset]
    key_type = {_INTEGER_TAG: "<i8", _FLOAT_TAG: "<f8"}.get(key_tag)
    if key_type is None:
        return None
    layout = np.dtype([("kt", "u1"), ("key", key_type), ("vt", "u1"), ("value", "<f8")])
    records = np.frombuffer(stream.map, layout, count, stream.offset)
    tags_hold = (records["kt"] == key_tag).all() and (records["vt"] == _FLOAT_TAG).all()
    return PairList(records["key"], records["value"]) if tags_hold else None
