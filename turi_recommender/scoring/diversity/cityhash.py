"""CityHash64, version 1.1, of more than 32 bytes: what identifies a row that has a context.

Source: docs/queries.md, section 4.2; the function is that of Pike and Alakuijala, Google, 2011.
"""

from __future__ import annotations

import struct

_MASK = 2**64 - 1
_K0 = 0x9AE16A3B2F90404F
_K1 = 0xB492B66FBE98F273
_PAIR = 0x9DDFEA08EB382D69
_SHORTEST, _SHORT, _BLOCK = 33, 64, 64


def cityhash64(data: bytes) -> int:
    """Return the hash of some bytes.

    Parameters
    ----------
    data : bytes
        33 of them or more: rows are never shorter, and shorter ones have another function.

    Returns
    -------
    int
        Of 64 bits, without a sign.
    """
    if len(data) < _SHORTEST:
        raise ValueError(f"at least {_SHORTEST} bytes are needed, not {len(data)}")
    return _of_short(data) if len(data) <= _SHORT else _of_long(data)


def _of_short(data: bytes) -> int:
    """Hash 33 to 64 bytes."""
    length = len(data)
    factor = _K0 + 2 * length
    s0, s1, s2, s3 = _words(data, 0, 4)
    e3, e2, e1, e0 = _words(data, length - 32, 4)  # e0 are the last bytes
    first = s0 * _K0 + e0
    second = s2 * _K0 + s3 * 9
    tail = e1 * factor
    u = _rotated(first, 43) + (_rotated(s1, 30) + e2) * 9
    v = (first & _MASK ^ e3) + s3 * 9 + 1
    w = _reversed((u + v) * factor) + tail
    x = _rotated(second, 42) + e2
    y = (_reversed((v + w) * factor) + e0) * factor
    z = second + e2
    a = _reversed((x + z) * factor + y) + s1
    return _shifted((z + a) * factor + e3 + tail) * factor + x & _MASK


def _of_long(data: bytes) -> int:
    """Hash more than 64 bytes, in blocks of 64."""
    length = len(data)
    last = _words(data, length - _BLOCK, 8)
    x, y = last[3], last[6] + last[1]
    z = _pair(last[2] + length, last[5])
    v = _block(last[:4], length, z)
    w = _block(last[4:], y + _K1, x)
    x = x * _K1 + _words(data, 0, 1)[0]
    for start in range(0, length - 1 & -_BLOCK, _BLOCK):
        words = _words(data, start, 8)
        x = _rotated(x + y + v[0] + words[1], 37) * _K1
        y = _rotated(y + v[1] + words[6], 42) * _K1
        x = x & _MASK ^ w[1]
        y = y + v[0] + words[5] & _MASK
        z = _rotated(z + w[0], 33) * _K1 & _MASK
        v = _block(words[:4], v[1] * _K1, x + w[0])
        w = _block(words[4:], z + w[1], y + words[2])
        z, x = x, z
    one = _pair(v[0], w[0]) + _shifted(y) * _K1 + z
    return _pair(one, _pair(v[1], w[1]) + x)


def _words(data: bytes, start: int, count: int) -> tuple[int, ...]:
    return struct.unpack_from(f"<{count}Q", data, start)


def _block(words: tuple[int, ...], one: int, other: int) -> tuple[int, int]:
    """Hash four words and two seeds to two words."""
    start = one + words[0]
    total = start + words[1] + words[2]
    turned = _rotated(other + start + words[3], 21) + _rotated(total, 44) + start
    return total + words[3] & _MASK, turned & _MASK


def _pair(one: int, other: int) -> int:
    """Hash two words to one."""
    other &= _MASK
    mixed = _shifted((one & _MASK ^ other) * _PAIR)
    return _shifted((other ^ mixed) * _PAIR) * _PAIR & _MASK


def _shifted(word: int) -> int:
    word &= _MASK
    return word ^ word >> 47


def _rotated(word: int, bits: int) -> int:
    """Rotate a word, of which 64 bits count, to the right."""
    word &= _MASK
    return (word >> bits | word << (64 - bits)) & _MASK


def _reversed(word: int) -> int:
    """Return 64 bits with their bytes in reverse."""
    return int.from_bytes((word & _MASK).to_bytes(8, "little"), "big")
