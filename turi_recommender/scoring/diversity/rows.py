"""What identifies a row of a query that has a context: a hash of its features.

Source: docs/queries.md, section 4.2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from turi_recommender.scoring.diversity.cityhash import cityhash64

_FEATURE = struct.Struct("<QQd")
_ITEM = (1, 0, 1.0)  # stands where each item's own feature will be


def key_of_row(
    user: int, context: Iterable[tuple[int, int, float]], side: Iterable[tuple[int, int, float]]
) -> int:
    """Return the hash of a row's features.

    Parameters
    ----------
    user : int
        Index of the user.
    context, side : iterable of (int, int, float)
        Features of the context and of the user's side data: the position of the column among all
        columns of the model, the index within it, and the value as it was given.
    """
    features = ((0, user, 1.0), _ITEM, *context, *side)
    return cityhash64(b"".join(_FEATURE.pack(*feature) for feature in features))
