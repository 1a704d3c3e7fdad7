"""How much longer than usual a query takes, from its sizes alone.

Source: `Recommender.extra_work` says what for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from turi_recommender.format import Column, ColumnMode
from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.catalogue import ItemFeatures
from turi_recommender.scoring.factorization.features import FeatureReader
from turi_recommender.scoring.given.reader import GivenReader
from turi_recommender.scoring.ids import IdIndex, index_in
from turi_recommender.scoring.query import ABSENT, can_be_remembered
from turi_recommender.scoring.remember import remember

_PLAIN = (ColumnMode.CATEGORICAL, ColumnMode.UNTRANSLATED)


class Work:
    """What queries of a factorization model take.

    The search looks at few items as long as a query's features are about as large as those of known
    users; a number far outside the trained range can make it look at all of them.

    Parameters
    ----------
    columns : sequence of Column
        User, item, then the observation side columns.
    given : GivenReader
        Finds the columns of side data that comes with a query.
    reader : FeatureReader
        Knows how large features can be.
    users : IdIndex
        The trained users.
    catalogue : ItemFeatures
        The items.
    is_searched : bool
        Whether a search spares most items.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        given: GivenReader,
        reader: FeatureReader,
        users: IdIndex,
        catalogue: ItemFeatures,
        *,
        is_searched: bool,
    ) -> None:
        self._user_column = columns[0]
        self._given = given
        self._reader = reader
        self._users = users
        self._num_items = catalogue.count
        self._width = max(int(catalogue.stored.shape[1]), 1)
        self._is_searched = is_searched
        self._dear_columns = [
            (position, column.name, column.mode, _means(column))
            for position, column in enumerate(columns[2:], 2)
            if column.mode not in _PLAIN
        ]
        self._dear_names = [name for _, name, _, _ in self._dear_columns]
        self._remembered = remember(limits.CONTEXTS, self._of_values, typed=True)
        # Nearly always these tell at once that a row is usual.
        self._dear_items = self._dear_item_side(catalogue)
        self._has_long_sides = reader.has_long_sides
        self._has_dear_rows = bool(self._dear_columns or self._has_long_sides or self._dear_items)

    def of_row(self, row: Mapping[str, Any], k: int, user_data: Mapping[str, Any] | None) -> int:
        """Return what one row takes beyond a usual one.

        Parameters
        ----------
        row : mapping
            As in `Recommender.recommend`; it is not checked here.
        k : int
            Number of items for this row.
        user_data : mapping or None
            The side data that comes with it; it is not checked here.

        Returns
        -------
        int
            Elementary operations at most; 0 for a usual row.
        """
        if user_data is None and not self._has_dear_rows:
            return 0
        features, is_usual = (0, True) if user_data is None else self._given_side(user_data)
        given = [row.get(name, ABSENT) for name in self._dear_names]
        # As the reader of queries does, because shops ask with few combinations.
        read = self._remembered if can_be_remembered(given) else self._of_values
        count, are_usual = read(*given)
        features, is_usual = features + count, is_usual and are_usual
        own = self._long_side(row) if self._has_long_sides and user_data is None else 0
        if is_usual and features <= limits.KEPT_FEATURES and not (own or self._dear_items):
            return 0
        features += own
        looked_at = self._num_items
        if is_usual and self._is_searched and features <= limits.SEARCHED_FEATURES:
            looked_at = min(limits.SEARCH_FIRST + limits.SEARCH_GROWTH * k, looked_at)
        values = looked_at * (features + 2) * self._width + self._dear_items
        return values * limits.VALUE_WORK + features * limits.FEATURE_WORK

    def _of_values(self, *values: Any) -> tuple[int, bool]:
        """Return how many features the values of dear columns make, and whether all are usual."""
        features, is_usual = 0, True
        for (position, _, mode, means), value in zip(self._dear_columns, values, strict=True):
            if value is None:
                features += means
            elif value is not ABSENT:
                count, magnitude = _size(mode, value)
                features += count
                is_usual &= self._reader.largest(position, magnitude) <= limits.USUAL_VALUE
        return features, is_usual

    def of_items(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """Return what side data of items takes, in elementary operations at most.

        Parameters
        ----------
        rows : sequence of mapping
            As `item_data` in `Recommender.recommend`; it is not checked here.
        """
        features = 2 * len(rows)
        for row in rows:
            for _, column, value in self._given.item_side.values(row):
                features += _size(column.mode, value)[0] + (_means(column) if value is None else 0)
        return features * self._width * limits.VALUE_WORK

    def _given_side(self, user_data: Mapping[str, Any]) -> tuple[int, bool]:
        """Return how many features given side data makes at most, and whether all are usual."""
        features, is_usual = 0, True
        for position, column, value in self._given.user_side.values(user_data):
            count, magnitude = _size(column.mode, value)
            features += count + (_means(column) if value is None else 0)
            is_usual &= self._reader.largest(position, magnitude) <= limits.USUAL_VALUE
        return features, is_usual

    def _long_side(self, row: Mapping[str, Any]) -> int:
        """Return how many words of side data a row's user has, if it is more than is usual."""
        return self._reader.long_side(index_in(row, self._user_column, self._users))

    def _dear_item_side(self, catalogue: ItemFeatures) -> int:
        """Return how many factors the items' side data makes, if it is more than is usual; or 0."""
        looked_at = self._num_items
        if self._is_searched and catalogue.max_side <= limits.SEARCHED_FEATURES:
            looked_at = limits.SEARCH_FIRST
        values = catalogue.longest_side(looked_at) * self._width
        return values if values > limits.EXACT_VALUES else 0


def _means(column: Column) -> int:
    """Return how many features a missing value of a column makes beyond one."""
    return column.size if column.mode == ColumnMode.NUMERIC_VECTOR else 0


def _size(mode: ColumnMode, value: Any) -> tuple[int, float]:
    """Return how many features a side value makes at most, and their largest magnitude."""
    match mode:
        case ColumnMode.NUMERIC:
            return 1, _magnitude([value])
        case ColumnMode.NUMERIC_VECTOR if isinstance(value, Sequence):
            return len(value), _magnitude(value)
        case ColumnMode.DICTIONARY if isinstance(value, Mapping):
            return len(value), _magnitude(value.values())
        case ColumnMode.CATEGORICAL_LIST if isinstance(value, Sequence):
            return len(value), 1.0
    return 1, 0.0  # not what the column takes: the query will be refused


def _magnitude(values: Iterable[Any]) -> float:
    numbers = [abs(value) for value in values if isinstance(value, int | float)]
    try:
        return float(max(numbers, default=0))
    except OverflowError:  # an integer of hundreds of digits
        return sys.float_info.max
