from __future__ import annotations

import struct
from typing import Any

import pytest

from tests.turi_recommender import encode
from tests.turi_recommender.encode import reader
from turi_recommender.errors import ModelFormatError
from turi_recommender.format.factors import LINEAR, MACHINE, MATRIX, FactorModel, read_factor_model
from turi_recommender.format.metadata import read_metadata

# 2 users, 1 item and an hour: 4 rows.
METADATA = encode.metadata(
    [
        encode.column("user", 1, 0, 2, values=[10, 20]),
        encode.column("item", 1, 0, 1, values=[7]),
        encode.column("hour", 0, 1, 1, means=[11.5]),
    ]
)
DEFAULTS: dict[str, Any] = {
    "version": 1,
    "present": True,
    "mode": MACHINE,
    "loss": "logistic",
    "sizes": [2, 1, 1],
    "offsets": [0, 2, 3],
    "total": 4,
    "scaling": [(0.0, 1.0), (0.0, 1.0), (0.0, 1.0), (11.5, 0.25)],
    "weights": (4, 1),
    "factors": (4, 2),
    "nearest": False,
}


def matrix(rows: int, columns: int) -> bytes:
    """Encode a matrix of 0, 1, 2 ... as float32."""
    count = rows * columns
    return struct.pack(f"<qq{count}f", rows, columns, *range(count))


def read(**changes: Any) -> FactorModel:
    part = {**DEFAULTS, **changes}
    pairs = (encode.flexible(a) + encode.flexible(b) for a, b in part["scaling"])
    scaling = b"\x85" + encode.u64(len(part["scaling"])) + b"".join(pairs)
    fields = {
        "index_sizes": encode.variant(part["sizes"]),
        "index_offsets": encode.variant(part["offsets"]),
        "n_total_dimensions": encode.variant(part["total"]),
        "loss_model_name": encode.variant(part["loss"]),
        "column_shift_scales": struct.pack("<i", 0) + scaling,
    }
    body = b"".join(
        [
            encode.u64(part["version"]),
            bytes([part["present"]]),
            encode.u64(1),
            encode.variant_map({"factor_mode": encode.variant(part["mode"])}),
            encode.variant_map(fields),
            METADATA,
            encode.variant_map({}),
            struct.pack("<d", 0.125),
            matrix(*part["weights"]),
            matrix(*part["factors"]),
            bytes([part["nearest"]]),
        ]
    )
    values = reader(METADATA + body + b"rest")
    metadata = read_metadata(values)
    model = read_factor_model(values, metadata, (0, len(METADATA)))
    assert values.stream.remaining == 4
    return model


def test_weights_factors_and_scaling() -> None:
    model = read()
    assert (model.mode, model.sigmoid, model.intercept) == (MACHINE, True, 0.125)
    assert (model.sizes, model.offsets) == ([2, 1, 1], [0, 2, 3])
    assert model.weights.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert model.factors.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]
    assert model.num_factors == 2
    assert model.shifts.tolist() == [0.0, 0.0, 0.0, 11.5]
    assert model.scales.tolist() == [1.0, 1.0, 1.0, 0.25]


@pytest.mark.parametrize(("mode", "factors"), [(MATRIX, (3, 2)), (LINEAR, (0, 0))])
def test_other_modes_have_fewer_factors(mode: str, factors: tuple[int, int]) -> None:
    assert read(mode=mode, factors=factors).factors.shape == factors


@pytest.mark.parametrize(
    ("loss", "sigmoid"),
    [
        ("logistic", True),
        ("logit rank", True),
        ("squared_error", False),
        ("hinge_ranking", False),
    ],
)
def test_the_loss_tells_the_link(loss: str, sigmoid: bool) -> None:
    assert read(loss=loss).sigmoid is sigmoid


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 0}, "factorization version 1, found 0"),
        ({"present": False}, "a trained model, found none"),
        ({"mode": "forest"}, "a known factor_mode, found 'forest'"),
        ({"loss": "hinge"}, "a known loss_model_name, found 'hinge'"),
        ({"sizes": [2, 2, 1]}, r"index_sizes \[2, 1, 1\]"),
        ({"offsets": [0, 2]}, r"index_sizes \[2, 1, 1\]"),
        ({"offsets": [0, 2, 4]}, r"index blocks within 4, found 4 \+ 1"),
        ({"offsets": [0, 2, 5]}, "index_offsets of integers within 0 - 4"),
        ({"scaling": DEFAULTS["scaling"][:3]}, "4 column_shift_scales, found 3"),
        ({"weights": (3, 1)}, "4 linear weights, found 3"),
        ({"weights": (4, 2)}, "1 column of linear weights, found 2"),
        ({"factors": (3, 2)}, "4 rows of factors, found 3"),
        ({"mode": LINEAR}, "0 rows of factors, found 4"),
        ({"mode": MATRIX, "factors": (3, 2), "offsets": [2, 1, 0]}, "users and items among 3 rows"),
        ({"nearest": True}, "no nearest items model"),
        ({"factors": (4, 0)}, "one factor or more in a factorization_machine, found 0"),
        (
            {"mode": MATRIX, "factors": (3, 0)},
            "one factor or more in a matrix_factorization, found 0",
        ),
        ({"mode": LINEAR, "factors": (0, 1)}, "no factors in a pure_linear_model, found 1"),
        ({"mode": LINEAR, "factors": (0, 1 << 20)}, "factors that fit the file"),
    ],
)
def test_a_model_that_does_not_add_up(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelFormatError, match=message):
        read(**changes)
