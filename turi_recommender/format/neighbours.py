"""Item similarity: the neighbour table.

Source: docs/format.md, section 5.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format.stream import Stream
from turi_recommender.format.values import ValueReader

_END = 0x36FE3812B00EDDB0
_SIMILARITIES = ("jaccard", "cosine", "pearson")
_NEIGHBOUR = np.dtype([("item", "<u8"), ("value", "<i8")])
_CHUNK = 1 << 16  # records checked at a time: 1 MiB


@dataclass(frozen=True, slots=True, eq=False)
class NeighbourModel:
    """What item similarity adds to a recommender.

    Attributes
    ----------
    similarity : str
        "jaccard", "cosine" or "pearson".
    bounds : ndarray of uint64, shape (items + 1,)
        Row of item i is [bounds[i], bounds[i + 1]) of the table.
    neighbours : structured ndarray (item uint64, value int64)
        Rows sorted by item index; the value is the similarity times 2**24.
    item_means : ndarray of float64, shape (items,) for pearson, else (0,)
        Mean target of each item.
    mean_scores : ndarray of float64
        Fallback score of each item, before it is scaled.
    mean_min, mean_max : float
        The fallback scores' lowest and highest value, by which they are scaled.
    seed_items, seed_values : ndarray of int64 and float64
        History of a user without one.
    """

    similarity: str
    bounds: NDArray[np.uint64]
    neighbours: NDArray[np.void]
    item_means: NDArray[np.float64]
    mean_scores: NDArray[np.float64]
    mean_min: float
    mean_max: float
    seed_items: NDArray[np.int64]
    seed_values: NDArray[np.float64]

    @property
    def num_items(self) -> int:
        """Number of items with a row."""
        return len(self.bounds) - 1


def read_neighbour_model(values: ValueReader) -> NeighbourModel:
    """Read the class specific part of an item similarity model at the cursor.

    Raises
    ------
    ModelFormatError
        If it is damaged or of an unknown version.
    """
    stream = values.stream
    stream.expect_version((2,), "item similarity version")
    means = values.variant_fields("item means", tagged=False)
    seeds_at = stream.offset
    if not stream.boolean("presence of the neighbour table"):
        stream.fail("a neighbour table", "none", seeds_at)
    similarity = _read_similarity(stream)
    values.skip_flexible_map("similarity options")
    stream.expect_version((1,), "neighbour table version")
    start = stream.offset
    num_items = stream.u64("number of items")
    item_means = stream.counted_array("<f8", "item means")
    if len(item_means) != (num_items if similarity == "pearson" else 0):
        stream.fail(f"item means of {num_items} items for pearson", str(len(item_means)), start)
    bounds, neighbours = _read_table(stream, num_items)
    stream.expect_u64(_END, "end of the neighbour table")
    seeds = means.pairs("new_user_seed_items")
    return NeighbourModel(
        similarity=similarity,
        bounds=bounds,
        neighbours=neighbours,
        item_means=item_means,
        mean_scores=means.vector("item_mean_score"),
        mean_min=means.number("item_mean_min"),
        mean_max=means.number("item_mean_max"),
        seed_items=np.array(seeds.keys, np.int64),
        seed_values=np.array(seeds.values, np.float64),
    )


def _read_similarity(stream: Stream) -> str:
    start = stream.offset
    name = stream.string("similarity name")
    if name not in _SIMILARITIES:
        stream.fail(f"a similarity ({', '.join(_SIMILARITIES)})", repr(name[:80]), start)
    return name


def _read_table(stream: Stream, num_items: int) -> tuple[NDArray[np.uint64], NDArray[np.void]]:
    start = stream.offset
    bounds = stream.counted_array("<u8", "neighbour bounds")
    if len(bounds) != num_items + 1:
        stream.fail(f"{num_items + 1} neighbour bounds", str(len(bounds)), start)
    table_start = stream.offset
    neighbours = stream.counted_array(_NEIGHBOUR, "neighbours")
    if (np.diff(bounds.astype(np.int64)) < 0).any() or int(bounds[-1]) > len(neighbours):
        stream.fail(f"ascending bounds up to {len(neighbours)}", "others", start)
    for low in range(0, len(neighbours), _CHUNK):
        largest = neighbours["item"][low : low + _CHUNK].max()
        if largest >= num_items:
            stream.fail(f"neighbours below {num_items}", str(largest), table_start)
    return bounds, neighbours
