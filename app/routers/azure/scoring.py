"""The rules of the original's ``score.py``, mended: from records to rows.

Side data is any of the ranking model's side columns, and defaults fill each record's gaps.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any

from turi_recommender import Column, Recommendations, SimilarItems, ValueType
from turi_recommender.errors import QueryError
from turi_recommender.versions import ModelEntry

from ...errors import ScoreError
from ...integers import exact_integer
from ...limits import SHOWN_TEXT
from ...models.engine import Engine
from ...models.parts import Others, only
from ...models.queries import RecommendQuery, SimilarQuery
from ...models.roles import default_similar
from .pandas_json import string_of_records
from .payload import Record
from .wording import of_records

K = 10


class Scorer:
    """Scores records.

    Parameters
    ----------
    engine : Engine
        Answers the queries.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def columns(self) -> set[str]:
        """Names of the columns that a record can have."""
        models = self._engine.models
        side = {column.name for column in models.visits.columns}
        return {models.user_column.name, models.item_column.name, *side}

    async def score(self, records: list[Record]) -> bytes:
        """Return the rows for a payload's records: a JSON string that holds a JSON array.

        Raises
        ------
        ScoreError
            If the records are not as the contract says.
        ModelUnavailableError
            If the model it needs is not loaded.
        """
        models = self._engine.models
        user, item = models.user_column.name, models.item_column.name
        records = self._exact(records)
        has_user, has_item = (any(name in record for record in records) for name in (user, item))
        if has_user == has_item:
            which = "not both" if has_user else f"but it has neither{_found(records)}"
            raise ScoreError(f"Error: the payload must have {user} or {item}, {which}")
        try:
            if has_item:
                column = models.item_column
                ids = [_required(*each, column) for each in enumerate(records)]
                similar = SimilarQuery(ids, K, default_similar(models.loaded_roles))
                return await self._engine.similar_items(similar, self._write_similar)
            return await self._engine.recommend(self._query(records, user), self._write)
        except QueryError as error:
            raise ScoreError(f"Error: {of_records(error, item)}") from None

    def _exact(self, records: list[Record]) -> list[Record]:
        """Read 6000.0 as 6000 in columns of integers, and refuse numbers that are too large.

        These are integers without 64 bits, and floats such as 1e400, which are read as infinity.
        """
        models = self._engine.models
        columns = (models.user_column, models.item_column, *models.visits.columns)
        integers = {each.name for each in columns if each.value_type == ValueType.INTEGER}
        side = {each.name for each in models.visits.columns}
        for position, record in enumerate(records):
            _check_numbers(position, record, side)
        return [
            {**record, **_integers(position, record, integers)}
            for position, record in enumerate(records)
        ]

    def _query(self, records: list[Record], user: str) -> RecommendQuery:
        side = {column.name for column in self._engine.models.side_columns}
        column = self._engine.models.user_column
        ids = [_required(*each, column) for each in enumerate(records)]
        is_original = self._engine.models.auto == "side-data"
        if any(not side.isdisjoint(record) for record in records):
            rows = [{**record, user: one} for one, record in zip(ids, records, strict=True)]
            return RecommendQuery(rows, K, "ranking" if is_original else "auto")
        # Other columns were ignored here by the original. A newcomer model, which it did not have,
        # may know some of them.
        asked = only(records, self._engine.models.visits.of_newcomers)
        query = RecommendQuery([{**row, user: one} for one, row in zip(ids, asked, strict=True)], K)
        if not is_original:  # whoever runs the service has set another rule
            return query
        # By name, because `auto` may let another model answer strangers than the original did.
        return query._replace(choice=self._engine.models.role_of(query))

    def _write(self, _: ModelEntry, found: Recommendations, __: Others) -> bytes:
        user, item = self._engine.models.user_column.name, self._engine.models.item_column.name
        return string_of_records(user, item, found.users, found.rankings)

    def _write_similar(self, _: ModelEntry, found: SimilarItems) -> bytes:
        item = self._engine.models.item_column.name
        return string_of_records(item, "similar", found.items, found.rankings)


def _found(records: list[Record]) -> str:
    """Say what else the first record has: a column may be misspelled, or the records wrapped."""
    names = [name[:SHOWN_TEXT] for name in islice(next(iter(records), {}), 3)]
    return f" (found: {', '.join(names)})" if names else ""


def _check_numbers(position: int, record: Record, side: Collection[str]) -> None:
    """Refuse floats in side data that are read as infinity."""
    for name, value in record.items():
        if name in side and any(type(one) is float and math.isinf(one) for one in _parts(value)):
            raise _too_large(position, name)


def _parts(value: Any) -> Iterable[Any]:
    """Return what a value of a side column consists of."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else (value,)


def _integers(position: int, record: Record, names: Collection[str]) -> Record:
    """Return the numbers in columns of integers, as integers."""
    found: Record = {}
    for name, given in record.items():
        if name in names and type(given) in (int, float):
            try:
                found[name] = value = exact_integer(given)
            except ValueError as error:
                raise ScoreError(f"Error: record {position}: {name}: {error}") from None
            if isinstance(value, int) and not -(2**63) <= value < 2**63:
                raise _too_large(position, name)
    return found


def _too_large(position: int, name: str) -> ScoreError:
    return ScoreError(f"Error: record {position}: {name} is too large")


def _required(position: int, record: Record, column: Column) -> Any:
    """Return a record's id; null is one where the model was trained with it."""
    found = record.get(column.name)
    if found is None and not (column.nullable and column.name in record):
        raise ScoreError(f"Error: record {position} has no {column.name}")
    return found
