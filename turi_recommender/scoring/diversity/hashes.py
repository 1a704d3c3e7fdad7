"""The hash function that stands in for random numbers.

It is the body of MurmurHash3 for x64 with rotations to the right instead of to the left.

Source: docs/queries.md, section 4.1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_MASK = 2**64 - 1
_START = 0x9FA35C8D77B96328
_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
_ADD_1, _ADD_2 = 0x52DCE729, 0x38495AB5


def mix(one: int, other: int) -> int:
    """Hash two integers.

    Parameters
    ----------
    one, other : int
        Of any size and sign; they count modulo 2**64.

    Returns
    -------
    int
        Of 64 bits, without a sign.
    """
    h1 = _first(one)
    h2 = _START ^ _rotated(other * _C2 & _MASK, 33) * _C1 & _MASK
    return h1 ^ ((_rotated(h2, 31) + h1) * 5 + _ADD_2) & _MASK


def mix_counts(one: int, count: int) -> Hashes:
    """Return `mix(one, 0)`, `mix(one, 1)` and so on, all in one step.

    Parameters
    ----------
    one : int
        As for `mix`.
    count : int
        How many.

    Returns
    -------
    ndarray of uint64, shape (count,)
    """
    h1 = np.uint64(_first(one))
    terms = np.arange(count, dtype=np.uint64)
    terms *= np.uint64(_C2)
    h2 = _rotated_all(terms, 33)
    h2 *= np.uint64(_C1)
    h2 ^= np.uint64(_START)
    h2 = _rotated_all(h2, 31)
    h2 += h1
    h2 *= np.uint64(5)
    h2 += np.uint64(_ADD_2)
    h2 ^= h1
    return h2


def _first(one: int) -> int:
    """Return the half of the hash that depends on the first integer alone."""
    h1 = _START ^ _rotated(one * _C1 & _MASK, 31) * _C2 & _MASK
    return (_rotated(h1, 27) + _START) * 5 + _ADD_1 & _MASK


def _rotated(word: int, bits: int) -> int:
    """Rotate a word of 64 bits to the right."""
    return (word >> bits | word << (64 - bits)) & _MASK


def _rotated_all(words: Hashes, bits: int) -> Hashes:
    return words >> np.uint64(bits) | words << np.uint64(64 - bits)
