"""Factorization models: linear weights and factors.

Source: docs/format.md, section 5.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format.fields import Fields
from turi_recommender.format.metadata import Metadata, skip_copy
from turi_recommender.format.pairs import PairList
from turi_recommender.format.stream import Stream
from turi_recommender.format.summary import named, short_text
from turi_recommender.format.values import ValueReader
from turi_recommender.wording import counted

MACHINE = "factorization_machine"
MATRIX = "matrix_factorization"
LINEAR = "pure_linear_model"
_LOGISTIC = ("logistic", "logit rank")
_IDENTITY = ("squared_error", "hinge_ranking")
_MAX_FACTORS = 1 << 20
# Factors of one row of side data, and of those of all items, that any file may have. Beyond, they
# must be in proportion to the file. Real ones are: a feature has its factors in it, and a word in
# each row that it is part of.
_FREE_IN_A_ROW = 1 << 22
_FREE_OF_ITEMS = 1 << 29
_OF_ITEMS_PER_BYTE = 64


@dataclass(frozen=True, slots=True, eq=False)
class FactorModel:
    """What factorization adds to a recommender.

    A feature's row g is ``offsets[column] + index``.

    Attributes
    ----------
    mode : str
        "factorization_machine", "matrix_factorization" or "pure_linear_model".
    sigmoid : bool
        Whether scores pass through the logistic function.
    sizes, offsets : list of int
        Indices and first row of each column: user, item, observation side columns, user side
        columns, item side columns.
    shifts, scales : ndarray of float64, shape (rows,)
        x = scale * (value - shift).
    intercept : float
        w0.
    weights : ndarray of float32, shape (rows,)
        w, a view of the file; it may be unaligned.
    factors : ndarray of float32, shape (rows with factors, K)
        V, likewise. Matrix factorization has factors for users and items only.
    solver : str or None
        The solver that training used: "sgd", "adagrad", "als" or "ials"; None if it is not said.
    """

    mode: str
    sigmoid: bool
    sizes: list[int]
    offsets: list[int]
    shifts: NDArray[np.float64]
    scales: NDArray[np.float64]
    intercept: float
    weights: NDArray[np.float32]
    factors: NDArray[np.float32]
    solver: str | None = None

    @property
    def num_factors(self) -> int:
        """K."""
        return int(self.factors.shape[1])


def read_factor_model(
    values: ValueReader, metadata: Metadata, copy: tuple[int, int]
) -> FactorModel:
    """Read the class specific part of a factorization model at the cursor.

    Parameters
    ----------
    values : ValueReader
        The cursor.
    metadata : Metadata
        What the model's columns are; sizes must agree with it.
    copy : tuple of int
        Bytes [start, end) of the metadata, of which a second copy follows.

    Raises
    ------
    ModelFormatError
        If it is damaged or of an unknown version.
    """
    stream = values.stream
    stream.expect_version((1,), "factorization version")
    if not stream.boolean("presence of the factors"):
        stream.fail("a trained model", "none", stream.offset - 1)
    stream.expect_version((1,), "factors version")
    mode = _read_mode(values)
    fields = values.variant_fields("factor model", tagged=False)
    skip_copy(values, *copy)
    values.variant_fields("factor sizes", tagged=False)
    intercept = stream.f64("intercept")
    total = fields.integer("n_total_dimensions")
    weights = _read_matrix(stream, "linear weights", columns=1)[:, 0]
    factors = _read_matrix(stream, "factors")
    if stream.boolean("presence of a nearest items model"):
        stream.fail("no nearest items model", "one (a very old file)", stream.offset - 1)
    sizes, offsets = _read_layout(fields, metadata, total)
    _check_rows(fields, mode, total, (sizes, offsets), weights, factors)
    if mode == MACHINE:
        _check_side_rows(stream, metadata, factors.shape[1])
    shifts, scales = _read_scaling(fields, total)
    return FactorModel(
        mode=mode,
        sigmoid=_read_link(fields),
        sizes=sizes,
        offsets=offsets,
        shifts=shifts,
        scales=scales,
        intercept=intercept,
        weights=weights,
        factors=factors,
        solver=short_text(named(fields.entries.get("options")).get("solver")),
    )


def _read_mode(values: ValueReader) -> str:
    fields = values.variant_fields("factor mode", tagged=False)
    mode = fields.string("factor_mode")
    if mode not in (MACHINE, MATRIX, LINEAR):
        values.stream.fail("a known factor_mode", repr(mode[:80]), fields.offset)
    return mode


def _read_link(fields: Fields) -> bool:
    loss = fields.string("loss_model_name")
    if loss not in (*_LOGISTIC, *_IDENTITY):
        fields.stream.fail("a known loss_model_name", repr(loss[:80]), fields.offset)
    return loss in _LOGISTIC


def _read_layout(fields: Fields, metadata: Metadata, total: int) -> tuple[list[int], list[int]]:
    """Return index sizes and offsets of all columns; they must tile [0, total)."""
    sizes = fields.integers("index_sizes", low=0, high=total)
    offsets = fields.integers("index_offsets", low=0, high=total)
    expected = [column.size for column in metadata.all_columns]
    if sizes != expected or len(offsets) != len(sizes):
        fields.stream.fail(f"index_sizes {expected}", f"{sizes}", fields.offset)
    for size, offset in zip(sizes, offsets, strict=True):
        if offset + size > total:
            fields.stream.fail(f"index blocks within {total}", f"{offset} + {size}", fields.offset)
    return sizes, offsets


def _read_scaling(fields: Fields, total: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pairs: PairList = fields.pairs("column_shift_scales")
    shifts, scales = pairs.keys, pairs.values
    numeric = isinstance(shifts, np.ndarray) and isinstance(scales, np.ndarray)
    if len(pairs) != total or not (numeric or total == 0):
        fields.stream.fail(f"{total} column_shift_scales", str(len(pairs)), fields.offset)
    return np.asarray(shifts, np.float64), np.asarray(scales, np.float64)


def _read_matrix(stream: Stream, what: str, columns: int | None = None) -> NDArray[np.float32]:
    """Read i64 rows, i64 columns and a row-major float32 matrix."""
    start = stream.offset
    rows, width = stream.i64(f"rows of {what}"), stream.i64(f"columns of {what}")
    if columns is not None and width != columns:
        stream.fail(f"{counted(columns, 'column')} of {what}", str(width), start)
    fits = rows >= 0 and 0 <= width <= _MAX_FACTORS
    if not fits or 4 * max(rows, 1) * width > stream.remaining:
        stream.fail(f"{what} that fit the file", f"{rows} x {width}", start)
    return stream.array("<f4", rows * width, what).reshape(rows, width)


def _check_rows(
    fields: Fields,
    mode: str,
    total: int,
    layout: tuple[list[int], list[int]],
    weights: NDArray[np.float32],
    factors: NDArray[np.float32],
) -> None:
    stream = fields.stream
    sizes, offsets = layout
    if len(weights) != total:
        stream.fail(counted(total, "linear weight"), str(len(weights)), fields.offset)
    expected = {MACHINE: total, MATRIX: sizes[0] + sizes[1], LINEAR: 0}[mode]
    if len(factors) != expected:
        stream.fail(f"{counted(expected, 'row')} of factors", str(len(factors)), fields.offset)
    if (mode == LINEAR) != (factors.shape[1] == 0):  # which is what training without factors makes
        wanted = "no factors" if mode == LINEAR else "one factor or more"
        stream.fail(f"{wanted} in a {mode}", str(factors.shape[1]), fields.offset)
    if mode == MATRIX and max(offsets[0] + sizes[0], offsets[1] + sizes[1]) > expected:
        among = f"users and items among {counted(expected, 'row')}"
        stream.fail(among, f"{offsets[:2]}", fields.offset)


def _check_side_rows(stream: Stream, metadata: Metadata, width: int) -> None:
    """Refuse side data that repeats a few features so often that no query could be answered.

    Each word of a row can be a feature, whose factors a score takes.
    """
    own, items = metadata.user_side.lengths, metadata.item_side.lengths
    longest = max(int(own.max(initial=0)), int(items.max(initial=0)))
    most = _FREE_IN_A_ROW + stream.size
    if longest * width > most:
        stream.fail(f"at most {most} factors in a row of side data", f"{longest} x {width}")
    most = _FREE_OF_ITEMS + _OF_ITEMS_PER_BYTE * stream.size
    total = int(items.sum())
    if total * width > most:
        stream.fail(f"at most {most} factors in the items' side data", f"{total} x {width}")
