"""Read a saved recommender: from bytes to arrays.

`read_model` parses `objects.bin` front to back and the interactions table, checks everything that
scoring will rely on, and returns plain dataclasses of arrays, most of them views of the file.

Source: docs/format.md, sections 3 and 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from turi_recommender.format.archive import open_archive
from turi_recommender.format.factors import FactorModel, read_factor_model
from turi_recommender.format.interactions import Interactions, read_interactions
from turi_recommender.format.metadata import Metadata, read_metadata
from turi_recommender.format.neighbours import NeighbourModel, read_neighbour_model
from turi_recommender.format.popularity import PopularityModel, read_popularity_model
from turi_recommender.format.rows import Rows
from turi_recommender.format.stream import Stream
from turi_recommender.format.summary import read_summary
from turi_recommender.format.values import ValueReader
from turi_recommender.wording import counted

_MAGIC = b"TCMODEL0"
_OLD_MAGIC = b"GLMODELX"
_GRAPHLAB = (
    "one of GraphLab Create (load it, and save it again, with Turi Create 4 or 5 on Python 2)"
)
_MODEL_VARIANT = 3
_MAP_VARIANT = 6

NEIGHBOUR_KINDS = ("item_similarity", "item_content_recommender")
FACTOR_KINDS = ("ranking_factorization_recommender", "factorization_recommender")
POPULARITY_KIND = "popularity"

Details = NeighbourModel | FactorModel | PopularityModel


@dataclass(frozen=True, slots=True, eq=False)
class SavedModel:
    """A model directory, read.

    Attributes
    ----------
    path : Path
        The directory.
    kind : str
        Turi Create's class name.
    metadata : Metadata
        Columns, ids and side data.
    interactions : Interactions
        Trained items by user.
    details : NeighbourModel, FactorModel or PopularityModel
        What the class adds.
    num_observations : int
        Rows of the training data.
    summary : mapping
        Fields of the state, as saved: options and results of training.
    stream : Stream or None
        The mapped file that the arrays are views of.
    """

    path: Path
    kind: str
    metadata: Metadata
    interactions: Interactions
    details: Details
    num_observations: int
    summary: Mapping[str, Any] = field(default_factory=dict)
    stream: Stream | None = None

    def rows(self, view: NDArray[Any]) -> Rows:
        """Return access to the rows of one of the model's arrays, for use while serving."""
        return Rows(view) if self.stream is None else self.stream.rows(view)


def read_model(path: Path) -> SavedModel:
    """Read a model directory.

    Parameters
    ----------
    path : Path
        A directory that Turi Create 5.7 - 6.4.1 saved.

    Raises
    ------
    ModelFormatError
        If it is damaged, truncated, foreign or unsupported.
    """
    archive = open_archive(path)
    stream = Stream(archive.objects_path)
    values = ValueReader(stream)
    kind = _read_header(values)
    state = _read_state(values)
    metadata_start = stream.offset
    metadata = read_metadata(values)
    metadata_end = stream.offset
    table = values.take_prefix()
    details = _read_details(values, kind, metadata, (metadata_start, metadata_end))
    _read_tail(values, len(archive.prefixes))
    interactions = read_interactions(
        path,
        archive.prefixes[table],
        metadata.item.size,
        metadata.user.size,
        others=stream.size,
    )
    observations = state.get("num_observations")
    solver = details.solver if isinstance(details, FactorModel) else None
    return SavedModel(
        path=path,
        kind=kind,
        metadata=metadata,
        interactions=interactions,
        details=details,
        num_observations=observations if isinstance(observations, int) else 0,
        summary=read_summary(kind, state, solver),
        stream=stream,
    )


def _read_header(values: ValueReader) -> str:
    """Read everything up to the model body; return the class name."""
    stream = values.stream
    magic = stream.map[: len(_MAGIC)]
    if magic == _OLD_MAGIC:
        stream.fail("a model of Turi Create 5.7 or newer", _GRAPHLAB)
    if magic != _MAGIC:
        stream.fail(f"the mark {_MAGIC.decode()}", repr(magic))
    stream.skip(len(_MAGIC), "mark")
    start = stream.offset
    name = stream.string("model name")
    _expect_i32(stream, _MAP_VARIANT, "variant type of the model file")
    known = (*NEIGHBOUR_KINDS, *FACTOR_KINDS, POPULARITY_KIND)
    if stream.u64("entries of the model file") != 2:  # as models have that are made in Python
        stream.fail(f"a recommender ({', '.join(known)})", f"a model {name[:80]!r}", start)
    _expect_string(stream, "model", "first entry")
    _expect_i32(stream, _MODEL_VARIANT, "variant type of the model")
    start = stream.offset
    kind = stream.string("class name")
    if kind not in known:
        stream.fail(f"a recommender ({', '.join(known)})", repr(kind[:80]), start)
    return kind


def _read_state(values: ValueReader) -> dict[str, Any]:
    """Read state and options, the first parts of the model body (section 3.1)."""
    stream = values.stream
    stream.expect_version((2,), "base version")
    state = values.variant_fields("state", tagged=True)
    _skip_options(values)
    return state.entries


def _skip_options(values: ValueReader) -> None:
    """Skip the option manager (section 3.3): the options matter to training only."""
    stream = values.stream
    for _ in range(stream.count("options", 16)):
        stream.string("option name")
        stream.u64("option position")
    for _ in range(stream.count("option descriptions", 23)):
        stream.string("option name")
        stream.string("option description")
        values.flexible("option default")
        stream.i32("option type")
        values.flexible("option lower bound")
        values.flexible("option upper bound")
        for _ in range(stream.count("allowed values", 1)):
            values.flexible("allowed value")
    values.skip_flexible_map("option values")


def _read_details(
    values: ValueReader, kind: str, metadata: Metadata, copy: tuple[int, int]
) -> Details:
    if kind in NEIGHBOUR_KINDS:
        return read_neighbour_model(values, metadata.item.size)
    if kind in FACTOR_KINDS:
        return read_factor_model(values, metadata, copy)
    return read_popularity_model(values)


def _read_tail(values: ValueReader, num_prefixes: int) -> None:
    """Read what follows the model; a whole file ends exactly there."""
    stream = values.stream
    _expect_string(stream, "side_data", "second entry")
    values.variant("side_data")
    if stream.remaining:
        stream.fail("the end of the file", counted(stream.remaining, "more byte"))
    if values.next_prefix != num_prefixes:
        stream.fail(counted(num_prefixes - 2, "table"), str(values.next_prefix - 2))


def _expect_i32(stream: Stream, value: int, what: str) -> None:
    start = stream.offset
    found = stream.i32(what)
    if found != value:
        stream.fail(f"{what} {value}", str(found), start)


def _expect_string(stream: Stream, value: str, what: str) -> None:
    start = stream.offset
    found = stream.string(what)
    if found != value:
        stream.fail(f"{what} {value!r}", repr(found[:80]), start)
