"""Whether the test part and the pairs before it go together: else the yardstick measures nothing.

A yardstick that knows none of the visitors whom it is asked about has no hits, and whatever is
compared with it passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .arrays import Ids, type_name
from .errors import CandidateError

_LIGHT = 2  # distinct items that a light visitor has at most


def check_consistency(path: Path, pairs: Mapping[str, Ids], test: Mapping[str, Ids]) -> None:
    """Refuse a test part whose visitors are not those of the pairs.

    Parameters
    ----------
    path : Path
        The run's directory, for errors.
    pairs : mapping of str to ndarray
        ``users`` and ``items``, of one length: each pair once.
    test : mapping of str to ndarray
        ``users`` and ``kinds``, of one length, and ``items``.

    Raises
    ------
    CandidateError
        If ids are of different types, there is no pair, a pair or a visitor is there twice, or a
        visitor is not of the kind that the number of its pairs says. It names file and field.
    """
    for name in ("users", "items"):
        if pairs[name].dtype.kind != test[name].dtype.kind:
            raise CandidateError(
                f"{path / 'test.npz'}: {name}: expected {type_name(pairs[name])} as in pairs.npz, "
                f"found {type_name(test[name])}"
            )
    if len(pairs["users"]) == 0:
        raise CandidateError(f"{path / 'pairs.npz'}: users: expected one or more, found none")
    visitors, counts = _counts(path / "pairs.npz", pairs["users"], pairs["items"])
    users = test["users"]
    if len(np.unique(users)) != len(users):
        raise CandidateError(f"{path / 'test.npz'}: users: a visitor is there twice")
    places = np.minimum(np.searchsorted(visitors, users), len(visitors) - 1)
    known = np.where(visitors[places] == users, counts[places], 0)
    kinds = np.select([known == 0, known <= _LIGHT], ["unknown", "light"], "known")
    wrong = np.flatnonzero(kinds != test["kinds"])
    if len(wrong) > 0:
        first = int(wrong[0])
        raise CandidateError(
            f"{path / 'test.npz'}: kinds: {len(wrong)} visitors are of another kind than their "
            f"numbers of pairs say, such as visitor {first}, of {int(known[first])}: expected "
            f"{kinds[first]}, found {test['kinds'][first]}"
        )


def _counts(path: Path, users: Ids, items: Ids) -> tuple[Ids, NDArray[np.int64]]:
    """Return the visitors, ascending, and how many pairs each has; refuse a pair twice."""
    visitors, of_user, counts = np.unique(users, return_inverse=True, return_counts=True)
    catalogue, of_item = np.unique(items, return_inverse=True)
    codes = of_user.astype(np.int64) * len(catalogue) + of_item
    codes.sort()
    if (codes[1:] == codes[:-1]).any():
        raise CandidateError(f"{path}: users: a pair of visitor and item is there twice")
    return visitors, counts.astype(np.int64)
