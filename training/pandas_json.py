"""How pandas writes numbers and strings in ``to_json(orient="records")``: a table of hard cases."""

from __future__ import annotations

import math
import struct
from typing import Any, Dict, List

import numpy as np
import pandas as pd

_SEED = 11


def table() -> Dict[str, Any]:
    """Return ``{"pandas", "doubles": [[hex, text], ...], "strings": [[value, text], ...]}``.

    A double is given in hexadecimal (``float.fromhex`` reads it), so that no decimal reader stands
    between it and the text.
    """
    return {
        "pandas": pd.__version__,
        "doubles": [[value.hex(), _text(value)] for value in doubles()],
        "integers": [[value, _text(value)] for value in _INTEGERS],
        "strings": [[value, _text(value)] for value in _STRINGS],
    }


def _text(value: Any) -> str:
    """Return what pandas writes for one value of a column."""
    written = str(pd.DataFrame({"v": [value]}).to_json(orient="records"))
    prefix, suffix = '[{"v":', "}]"
    if not (written.startswith(prefix) and written.endswith(suffix)):
        raise AssertionError(written)
    return written[len(prefix) : -len(suffix)]


def doubles() -> List[float]:
    """Return hard doubles first, then seeded ones of every size."""
    hard = [float(value) for value in _DOUBLES]
    for digits in range(1, 12):  # around a half of each decimal, and just beside it
        half = 5 * 10.0**-digits
        hard += [half, np.nextafter(half, 0), np.nextafter(half, 1), 1 + half, 0.1 + half]
    for power in range(-16, 20):
        hard += [10.0**power, -(10.0**power), np.nextafter(10.0**power, 0)]
    for whole in (0.12345678905, 0.12345678915, 0.12345678925, 0.99999999995, 0.99999999994):
        hard += [whole, np.nextafter(whole, 0), np.nextafter(whole, 1), -whole, whole + 7]
    # Exact halves of the tenth decimal, where the last kept digit is even, odd and zero.
    hard += [(digit + 0.5) * 1e-10 for digit in range(21)]
    hard += [number / 2048.0 for number in range(1, 64, 2)]
    draw = np.random.RandomState(_SEED)
    seeded = list(draw.random_sample(60))  # probabilities, cosines, jaccard
    seeded += list(np.float32(draw.random_sample(40)).astype(float))
    seeded += [a / b for a, b in zip(draw.randint(1, 50, 40), draw.randint(50, 400, 40))]
    seeded += list(draw.randn(40) * 10.0 ** draw.randint(-12, 17, 40))
    seeded += [
        value for value in map(_from_bits, draw.randint(0, 2**62, 40)) if math.isfinite(value)
    ]
    return [float(value) for value in hard + seeded]


def _from_bits(bits: int) -> float:
    return float(struct.unpack("<d", struct.pack("<q", int(bits)))[0])


_DOUBLES = [
    0.0,
    -0.0,
    float("nan"),
    float("inf"),
    float("-inf"),
    5e-324,
    -5e-324,
    2.2250738585072014e-308,
    2.225073858507201e-308,
    1.7976931348623157e308,
    1e-15,
    0.5e-10,
    0.00000000005,
    0.000000000049999999,
    0.000000000050000001,
    0.00000000015,
    0.1 + 0.2,
    1 / 3,
    2 / 3,
    12345678.123456789,
    123456789012345.67,
    1e15,
    1e16,
    1e17,
    9999999999999998.0,
    9007199254740991.0,
    9007199254740993.0,
    999999999999.9999,
    99999.99999999999,
    0.0598958333333,
    0.05989583333333333,
    0.123456789,
    0.1234567891,
    0.12345678912,
    0.9999999999,
    0.99999999999,
    1.0,
    2.0,
    10.0,
    1.5,
    100.25,
    -0.5,
    -1e-11,
    -1e-10,
    -12345.000000000051,
    4.35,
    4.349999999999999,
    1.005,
    2.675,
    1.0000000000500000,
    1.00000000005,
    3.14159265358979,
    2.718281828459045,
]
_INTEGERS = [0, -1, 7, 6000, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)]
_STRINGS = [
    "",
    "plain",
    " spaces ",
    'a "quoted" word',
    "it's",
    "back\\slash",
    "a/b",
    "</script>",
    "<&>",
    "tab\tnew\nline\rreturn",
    "\b\f\x00\x01\x1f\x7f",
    "a\u0080\u00a0b",
    "Ünïcödé",
    "日本語",
    "\u2028\u2029",
    "\ufeff",
    "\uffff",
    "🌙 night",
    "e\u0301",
    "null",
    "1",
]
