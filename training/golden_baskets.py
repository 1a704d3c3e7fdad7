"""Record what real Turi Create answers to baskets: ``python -m training.golden_baskets OUT``.

Only what this project answers alike is asked: no unknown items, and no list of ``exclude`` for a
basket that has a user (docs/queries.md, section 10).
"""

from typing import Any, Dict, Iterator, List

import turicreate as tc

from training.golden import Judge, context_row, rows_of
from training.golden_asking import Asked, Query, main

Rows = List[Dict[str, Any]]


def record(asked: Asked) -> Iterator[Query]:
    """Ask a model for users with interactions, and for baskets."""
    if asked.made.recommends:
        for query in _interaction_queries(asked):
            yield _recommend(asked, query)
    for query in _basket_queries(asked):
        yield _from_interactions(asked, query)


# -- what is asked ------------------------------------------------------------------------------


def _interaction_queries(asked: Asked) -> Iterator[Query]:
    shop, draw = asked.made.shop, asked.made.shop.random
    allow = shop.items if asked.made.resaved else None
    for k, exclude_known in ((1, True), (3, True), (10, True), (10, False), (20, True)):
        users = draw.sample(shop.users, 3) + shop.unknown_users[:1]
        bystander = draw.choice([user for user in shop.users if user not in users])
        rows = [row for user in [*users, bystander] for row in _visits(asked, user)]
        draw.shuffle(rows)
        yield _query(users, rows, k, exclude_known, allow)
    users = draw.sample(shop.users, 2) + shop.unknown_users[:1]
    rows = [row for user in users[1:] for row in _visits(asked, user)]
    yield _query(users, rows, 5, True, draw.sample(shop.items, 9), draw.sample(shop.items, 4))
    names = asked.made.context
    if names:
        users = draw.sample(shop.users, 2) + shop.unknown_users[:1]
        visits = [context_row(shop, user, names[:2]) for user in users]
        rows = [row for user in users for row in _visits(asked, user)]
        yield _query(visits, rows, 10, True, allow)


def _basket_queries(asked: Asked) -> Iterator[Query]:
    shop, draw = asked.made.shop, asked.made.shop.random
    allow = shop.items if asked.made.resaved else None
    sizes = ((1, 1, True), (2, 3, True), (8, 10, True), (3, 10, False), (5, 20, True))
    for count, k, exclude_known in sizes:
        rows = _interactions(asked, None, count)
        yield dict(_query(None, rows, k, exclude_known, allow), user=None)
    yield dict(_query(None, _interactions(asked, None, 4), 5, True, shop.items[:12]), user=None)
    if not asked.made.recommends:
        return
    user = draw.choice(shop.users)
    yield dict(_query(None, _visits(asked, user), 10, True, allow), user=user)


def _query(
    users: Any, rows: Rows, k: int, exclude_known: bool, items: Any, exclude: Any = None
) -> Query:
    return {
        "users": users,
        "interactions": rows,
        "k": k,
        "exclude_known": exclude_known,
        "items": items,
        "exclude": exclude,
    }


def _visits(asked: Asked, user: Any) -> Rows:
    """Draw interactions of a user: also known ones, and the same ones again."""
    rows = _interactions(asked, user, asked.made.shop.random.randint(1, 4))
    rows += [dict(rows[0]), _again(asked, rows[-1])]
    known = _history(asked, user)
    return rows + [
        row
        for item in known[:2]
        for one in [dict(rows[0], item_id=item)]
        for row in (one, _again(asked, one))
    ]


def _interactions(asked: Asked, user: Any, count: int) -> Rows:
    shop = asked.made.shop
    rows = []
    for item in shop.random.sample(shop.items, count):
        row = {} if user is None else {"user_id": user}
        row["item_id"] = item
        row.update(_context(asked))
        if asked.made.model.target is not None:
            row["target"] = _value(asked)
        rows.append(row)
    return rows


def _context(asked: Asked) -> Dict[str, Any]:
    shop = asked.made.shop
    return {name: values[0] for name, values in shop.context(asked.made.context, 1).items()}


def _again(asked: Asked, row: Dict[str, Any]) -> Dict[str, Any]:
    """Return the same interaction with another value, if the model has any."""
    return dict(row, target=_value(asked)) if "target" in row else dict(row)


def _value(asked: Asked) -> float:
    return float(asked.made.shop.random.choice([0.0, 1.0, -2.5, 3.75, 10.0]))


def _history(asked: Asked, user: Any) -> List[Any]:
    """Return items that the user is known to have interacted with."""
    if user in asked.made.shop.unknown_users:
        return []
    known = asked.made.model.recommend([user], k=1000, exclude_known=True, verbose=False)
    return sorted(set(asked.made.shop.items) - set(known["item_id"] if len(known) else []))


# -- how it is asked ----------------------------------------------------------------------------


def _recommend(asked: Asked, query: Query) -> Query:
    model, judge = asked.load(), Judge(asked.path, asked.made)
    options = {"exclude": judge._pairs(query, "user_id")} if query["exclude"] else {}
    answer = model.recommend(
        judge._users(query["users"], "user_id"),
        k=query["k"],
        exclude_known=query["exclude_known"],
        items=query["items"],
        new_observation_data=judge._users(query["interactions"], "user_id"),
        verbose=False,
        **options,
    )
    return dict(query, rows=rows_of(answer, ["user_id", "item_id", "score", "rank"]))


def _from_interactions(asked: Asked, query: Query) -> Query:
    model, judge = asked.load(), Judge(asked.path, asked.made)
    plain = query["user"] is None and not asked.made.context and query["k"] == 1
    rows: Any = query["interactions"]
    observed = (
        [row["item_id"] for row in rows] if plain else judge._users(rows, "user_id")
    )  # a list has no values, so that they count as 1.0
    if plain:
        query = dict(query, interactions=observed)
    answer = model.recommend_from_interactions(
        observed,
        k=query["k"],
        exclude_known=query["exclude_known"],
        items=None if query["items"] is None else tc.SArray(query["items"]),
        verbose=False,
    )
    return dict(query, rows=rows_of(answer, ["item_id", "score", "rank"]))


if __name__ == "__main__":
    main(record, __doc__)
