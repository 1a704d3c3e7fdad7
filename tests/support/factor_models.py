"""Directories of factorization models made from nothing, as large and as odd as a test wants."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reliability import structured
from tests.turi_recommender import encode
from turi_recommender.format import MACHINE

_TABLE = "m_1"
_LIST = 3  # the mode of a column of lists of categories


@dataclass
class FactorDirectory:
    """A model with as many users and items as it needs, and lists of tags as their side data.

    Attributes
    ----------
    mode : str
        As in `FactorModel`.
    factors : int
        Factors of each feature.
    users, items : int
        How many there are.
    tags : int
        Different tags of users, and of items.
    user_tags, item_tags : sequence of int
        Length of the list of tags of each user and item; tags repeat if there are too few. Empty
        for no side data.
    scale : float
        How large weights and factors are.
    """

    mode: str = MACHINE
    factors: int = 4
    users: int = 3
    items: int = 20
    tags: int = 5
    user_tags: Sequence[int] = field(default_factory=list)
    item_tags: Sequence[int] = field(default_factory=list)
    scale: float = 0.1

    def write(self, path: Path) -> Path:
        """Write the model's files into a new directory, and return it."""
        path.mkdir()
        prefixes = ("dir_archive.ini", "objects.bin", _TABLE)
        listed = "".join(f"{number:04d}={name}\n" for number, name in enumerate(prefixes))
        (path / "dir_archive.ini").write_text(
            f"[archive]\nversion=1\nnum_prefixes=3\n[metadata]\ncontents=model\n[prefixes]\n{listed}"
        )
        index = {"sarray": {"num_segments": 1}, "segment_files": {"0000": f"{_TABLE}.0000"}}
        (path / f"{_TABLE}.sidx").write_text(json.dumps(index))
        structured.write_segment(path / f"{_TABLE}.0000", [structured.zeros(self.users)])
        (path / "objects.bin").write_bytes(self._objects())
        return path

    def _objects(self) -> bytes:
        metadata = self._metadata()
        return b"".join(
            [
                b"TCMODEL0" + encode.string("recommender") + struct.pack("<i", 6) + encode.u64(2),
                encode.string("model") + struct.pack("<i", 3),
                encode.string("ranking_factorization_recommender"),
                encode.u64(2) + encode.tagged(encode.variant_map({})) + bytes(24),
                metadata,
                self._details(metadata),
                encode.string("side_data") + encode.variant({}),
            ]
        )

    def _metadata(self) -> bytes:
        columns = [
            encode.column(name, 1, 0, size, values=list(range(size)))
            for name, size in (("user", self.users), ("item", self.items))
        ]
        if not len(self.user_tags) and not len(self.item_tags):
            return encode.metadata(columns)
        names = (("user_tags", self.user_tags), ("item_tags", self.item_tags))
        return encode.metadata(columns, side=[self._side(*each) for each in names])

    def _side(self, name: str, lengths: Sequence[int]) -> bytes:
        """Encode a side table of one column, or an empty one."""
        if not len(lengths):
            return encode.side_table([], [])
        values = [f"{name}{number}" for number in range(self.tags)]
        head = encode.side_table([encode.column(name, _LIST, 4, self.tags, values=values)], [])
        old = encode.string("csl_data_lookup_map_size") + encode.variant(0)
        new = encode.string("csl_data_lookup_map_size") + encode.variant(len(lengths))
        rows = [self._row(length) for length in lengths]
        return head.replace(old, new, 1) + b"".join(rows)

    def _row(self, length: int) -> bytes:
        tags = np.sort(np.arange(length) % self.tags)
        return np.array([0x05322323, length + 2, length + 2, length, *tags], "<u8").tobytes()

    def _details(self, metadata: bytes) -> bytes:
        sizes = [self.users, self.items]
        sizes += [self.tags for lengths in (self.user_tags, self.item_tags) if len(lengths)]
        offsets = np.cumsum([0, *sizes[:-1]]).tolist()
        total = sum(sizes)
        pair = encode.flexible(0.0) + encode.flexible(1.0)
        scaling = struct.pack("<i", 0) + b"\x85" + encode.u64(total) + pair * total
        fields = {
            "index_sizes": encode.variant(sizes),
            "index_offsets": encode.variant(offsets),
            "n_total_dimensions": encode.variant(total),
            "loss_model_name": encode.variant("squared_error"),
            "column_shift_scales": scaling,
        }
        rows = {MACHINE: total, "matrix_factorization": self.users + self.items}.get(self.mode, 0)
        return b"".join(
            [
                encode.u64(1) + b"\x01" + encode.u64(1),
                encode.variant_map({"factor_mode": encode.variant(self.mode)}),
                encode.variant_map(fields),
                metadata,
                encode.variant_map({}),
                struct.pack("<d", 0.125),
                self._matrix(total, 1),
                self._matrix(rows, self.factors),
                b"\x00",
            ]
        )

    def _matrix(self, rows: int, columns: int) -> bytes:
        generator = np.random.default_rng(rows)
        numbers = generator.standard_normal(rows * columns) * self.scale
        return struct.pack("<qq", rows, columns) + numbers.astype("<f4").tobytes()
