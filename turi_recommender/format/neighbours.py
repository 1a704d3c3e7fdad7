"""Item similarity: the neighbour table.

Source: docs/format.md, section 5.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format.fields import Fields
from turi_recommender.format.stream import Stream
from turi_recommender.format.values import ValueReader
from turi_recommender.wording import counted

_END = 0x36FE3812B00EDDB0
_SIMILARITIES = ("jaccard", "cosine", "pearson")
_NEIGHBOUR = np.dtype([("item", "<u8"), ("value", "<i8")])
_CHUNK = 1 << 16  # records checked at a time: 1 MiB
# Similarities are at most 1, or what the trainer was given as `nearest_items`; up to here the sums
# of a history of millions of items stay within 64 bits.
_LARGEST = 1 << 40


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


def read_neighbour_model(values: ValueReader, trained: int) -> NeighbourModel:
    """Read the class specific part of an item similarity model at the cursor.

    Parameters
    ----------
    values : ValueReader
        The cursor.
    trained : int
        Number of trained items; the table can have fewer, but not more.

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
    if num_items > trained:
        stream.fail(f"at most {counted(trained, 'item')} with neighbours", str(num_items), start)
    item_means = stream.counted_array("<f8", "item means")
    if len(item_means) != (num_items if similarity == "pearson" else 0):
        stream.fail(
            f"item means of {counted(num_items, 'item')} for pearson", str(len(item_means)), start
        )
    bounds, neighbours = _read_table(stream, num_items)
    stream.expect_u64(_END, "end of the neighbour table")
    seed_items, seed_values = _read_seeds(means)
    return NeighbourModel(
        similarity=similarity,
        bounds=bounds,
        neighbours=neighbours,
        item_means=item_means,
        mean_scores=means.vector("item_mean_score"),
        mean_min=means.number("item_mean_min"),
        mean_max=means.number("item_mean_max"),
        seed_items=seed_items,
        seed_values=seed_values,
    )


def _read_seeds(means: Fields) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    seeds = means.pairs("new_user_seed_items")
    if len(seeds) == 0:
        return np.empty(0, np.int64), np.empty(0, np.float64)
    keys, values = seeds.keys, seeds.values
    if not (
        isinstance(keys, np.ndarray) and isinstance(values, np.ndarray) and keys.dtype == "<i8"
    ):
        means.stream.fail("new_user_seed_items of INTEGER to FLOAT", "others", means.offset)
    return np.array(keys), np.array(values)


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
        stream.fail(counted(num_items + 1, "neighbour bound"), str(len(bounds)), start)
    table_start = stream.offset
    neighbours = stream.counted_array(_NEIGHBOUR, "neighbours")
    if (bounds[1:] < bounds[:-1]).any() or int(bounds[-1]) > len(neighbours):
        stream.fail(f"ascending bounds up to {len(neighbours)}", "others", start)
    begins = np.zeros(len(neighbours) + 1, np.bool_)
    begins[bounds] = True
    for low in range(0, len(neighbours), _CHUNK):
        # One record more: what follows a row within a chunk is compared with it.
        items = neighbours["item"][low : low + _CHUNK + 1]
        if items.max() >= num_items:
            stream.fail(f"neighbours below {num_items}", str(items.max()), table_start)
        ascends = items[1:] > items[:-1]
        if not (ascends | begins[low + 1 : low + len(items)]).all():
            stream.fail("ascending neighbours of each item", "others, or one twice", table_start)
        values = neighbours["value"][low : low + _CHUNK]
        if values.max() > _LARGEST or values.min() < -_LARGEST:
            extreme = max(int(values.max()), -int(values.min()))
            stream.fail(f"similarities up to {_LARGEST}", str(extreme), table_start)
    return bounds, neighbours
