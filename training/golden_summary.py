"""Record what real Turi Create says of its models: ``python -m training.golden_summary OUT``.

For each model: its public fields, the results of its training, and how many rows of the training
data each user and item has. See ``training.golden_asking`` for ``--seed`` and ``--cases``.
"""

from typing import Any, Dict, Iterator, List

import turicreate as tc

from training.golden import rows_of
from training.golden_asking import Asked, Query, main

_FRAMES = (tc.SFrame, tc.SArray)


def record(asked: Asked) -> Iterator[Query]:
    """Yield one record, of the model as a whole."""
    model = asked.load()
    fields = {name: model._get(name) for name in model._list_fields()}
    stats = fields.pop("training_stats", None)
    fields.pop("coefficients", None)  # weights and factors
    yield {
        "class": type(model).__name__,
        "fields": plain(fields),
        "training_stats": None if stats is None else plain(stats),
        "items_per_user": counts(model.get_num_items_per_user(), model.user_id, "num_items"),
        "users_per_item": counts(model.get_num_users_per_item(), model.item_id, "num_users"),
    }


def plain(fields: Dict[str, Any]) -> Dict[str, Any]:
    """Leave out frames; what remains, JSON can hold."""
    return {
        name: plain(value) if isinstance(value, dict) else value
        for name, value in sorted(fields.items())
        if not isinstance(value, _FRAMES)
    }


def counts(answer: Any, column: str, count: str) -> List[List[Any]]:
    """Return pairs of id and count, in the library's order.

    Parameters
    ----------
    answer : SFrame
        What the library answered.
    column, count : str
        Names of the columns of ids and counts.
    """
    return rows_of(answer, [column, count])


if __name__ == "__main__":
    main(record, __doc__)
