"""Record predicted scores of given pairs: ``python -m training.golden_predict OUT [--seed N]``.

The library demands all observation side columns of a model, so each pair has them all; a quarter of
the values are such as training never saw.
"""

from typing import Any, Dict, Iterator, List

import turicreate as tc

from training.golden import _TYPES, Query, odd_row
from training.golden_asking import Asked, main
from training.golden_data import Shop

Row = Dict[str, Any]
_PAIRS = 24


def record(asked: Asked) -> Iterator[Query]:
    """Yield pairs with the scores that the library predicts."""
    made = asked.made
    if not made.recommends:
        return
    for _ in range(2):
        rows = list(_pairs(made.shop, made.context))
        yield _predicted(asked, rows)


def _pairs(shop: Shop, context: List[str]) -> Iterator[Row]:
    """Draw pairs: known and unknown users and items, and one pair twice."""
    draw = shop.random
    users, items = shop.users + shop.unknown_users, shop.items + shop.unknown_items
    last: Row = {}
    for number in range(_PAIRS):
        user = draw.choice(shop.unknown_users if number % 8 == 7 else shop.users)
        item = draw.choice(shop.unknown_items if number % 6 == 5 else shop.items)
        last = {"user_id": user, "item_id": item}
        last.update({name: shop._value(name) for name in context})
        if number % 4 == 3:
            last.update(odd_row(shop, user, [name for name in context if name != "vector"]))
        yield last
    yield dict(last)
    yield dict(last, user_id=draw.choice(users), item_id=draw.choice(items))


def _predicted(asked: Asked, rows: List[Row]) -> Query:
    model = asked.load()
    table = tc.SFrame()
    for name in rows[0]:
        values = [row[name] for row in rows]
        kind = _TYPES.get(name)
        table[name] = tc.SArray(values) if kind is None else tc.SArray(values, dtype=kind)
    return {"pairs": rows, "scores": list(model.predict(table))}


if __name__ == "__main__":
    main(record, __doc__)
