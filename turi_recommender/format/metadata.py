"""Columns, id lists and side data of a saved recommender.

Source: docs/format.md, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from turi_recommender.format.column import MAX_INDICES, Column, ColumnMode, read_column
from turi_recommender.format.pairs import PairList
from turi_recommender.format.side_table import SideTable, read_side_rows
from turi_recommender.format.stream import Stream
from turi_recommender.format.value_list import IntegerValues, StringValues
from turi_recommender.format.values import ValueReader, ValueType
from turi_recommender.wording import counted

_END_OF_SIDE_FEATURES = 0x0F0F0F0F


@dataclass(frozen=True, slots=True, eq=False)
class Metadata:
    """Everything section 4 holds.

    Attributes
    ----------
    columns : tuple of Column
        User, item, then the observation side columns in training order.
    target : Column or None
        The target column.
    user_side, item_side : SideTable
        Side data by user and by item index.
    """

    columns: tuple[Column, ...]
    target: Column | None
    user_side: SideTable
    item_side: SideTable

    @property
    def user(self) -> Column:
        """The user column."""
        return self.columns[0]

    @property
    def item(self) -> Column:
        """The item column."""
        return self.columns[1]

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Main columns, user side columns, item side columns: the order of the model's blocks."""
        return (*self.columns, *self.user_side.columns, *self.item_side.columns)


def read_metadata(values: ValueReader) -> Metadata:
    """Read the metadata at the cursor.

    Raises
    ------
    ModelFormatError
        If it is damaged or of an unknown version.
    """
    stream = values.stream
    if not stream.boolean("presence of metadata"):
        stream.fail("metadata", "none", stream.offset - 1)
    stream.expect_version((2,), "metadata version")
    values.tagged_variant("metadata options")
    start = stream.offset
    count = stream.count("main columns", 1)
    columns = [read_column(values, f"column {number}") for number in range(count)]
    main = tuple(column for column in columns if column is not None)
    if len(main) != count or count < 2:
        stream.fail("a user column, an item column and others", f"{len(main)} of {count}", start)
    for column in main[:2]:
        if column.mode != ColumnMode.CATEGORICAL:
            stream.fail(f"a categorical column {column.name}", column.mode.name.lower(), start)
        _check_ids(stream, column, start)
    names = [column.name for column in main]
    if len(set(names)) != len(names):
        stream.fail("columns of different names", "one name twice", start)
    target = read_column(values, "target column")
    tables = [SideTable.empty(), SideTable.empty()]
    if stream.boolean("presence of side features"):
        tables = _read_side_features(values, main)
    return Metadata(main, target, tables[0], tables[1])


def _check_ids(stream: Stream, column: Column, start: int) -> None:
    """Refuse ids of a type that no query can name, or of another one than the column's."""
    kinds: dict[ValueType, type] = {ValueType.INTEGER: int, ValueType.STRING: str}
    kind = kinds.get(column.value_type)
    if kind is None:
        found = column.value_type.name.lower()
        stream.fail(f"a column {column.name} of integers or strings", found, start)
    match column.values:
        case IntegerValues():
            fits = kind is int or column.size == 0
        case StringValues():
            fits = kind is str or column.size == 0
        case _:
            trained = column.values.take(range(column.size))
            fits = all(value is None or isinstance(value, kind) for value in trained)
    if not fits:
        stream.fail(f"ids of {column.name} of type {kind.__name__}", "others", start)


def skip_copy(values: ValueReader, start: int, end: int) -> None:
    """Skip a second copy of the metadata in bytes [start, end).

    Factorization models hold their metadata twice, byte for byte.

    Parameters
    ----------
    values : ValueReader
        The cursor, at the second copy.
    start, end : int
        Byte offsets of the first copy, which was read.

    Raises
    ------
    ModelFormatError
        If the copy differs from the first one and cannot be read.
    """
    if values.stream.repeats(start, end - start):
        values.stream.skip(end - start, "second copy of the metadata")
    else:
        read_metadata(values)


def _read_side_features(values: ValueReader, main: tuple[Column, ...]) -> list[SideTable]:
    stream = values.stream
    stream.expect_version((1,), "side features version")
    start = stream.offset
    sizes = values.variant_fields("side features", tagged=True)
    lookups = sizes.integer("side_lookups_size", low=2, high=max(2, len(main)))
    tables = [_read_side_table(values, f"side data of column {n}") for n in range(lookups)]
    for table in tables:
        table.check_lengths()
    if any(table.columns for table in tables[2:]):
        stream.fail("side data of users and items only", "side data of another column", start)
    stream.u64("current column index")
    stream.expect_u64(_END_OF_SIDE_FEATURES, "end of side features")
    return tables[:2]


def _read_side_table(values: ValueReader, what: str) -> SideTable:
    stream = values.stream
    fields = values.variant_fields(what, tagged=True)
    rows = fields.integer("csl_data_lookup_map_size", high=MAX_INDICES)
    start = stream.offset
    count = stream.count(f"columns of {what}", 1)
    columns = [read_column(values, f"{what}, column {number}") for number in range(count)]
    present = tuple(column for column in columns if column is not None)
    if len(present) != count:
        stream.fail(f"{counted(count, 'column')} of {what}", f"{len(present)} present", start)
    table = read_side_rows(stream, present, rows, what)
    return replace(table, renamed=_renamed(fields.entries.get("csl_column_name_map")))


def _renamed(names: object) -> dict[str, str]:
    """Return the names that training changed, by the name before; nothing where they are not told.

    They only help callers, who can name a column as it was saved without them.
    """
    told = names.as_dict() if isinstance(names, PairList) else {}
    return {old: new for old, new in told.items() if isinstance(new, str) and new != old}
