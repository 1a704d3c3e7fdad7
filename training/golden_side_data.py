"""Record real answers to new side data: ``python -m training.golden_side_data OUT``.

Only what this project answers alike is asked: side columns in the trained order, each id once, and
no side data of users in a table with context (docs/queries.md, section 10).
"""

from typing import Any, Dict, Iterator, List, Tuple

from training.golden import Judge, context_row, odd_row, rows_of
from training.golden_asking import Asked, Query, main
from training.golden_cases import ITEM_SIDE, OBSERVED, USER_SIDE

Rows = List[Dict[str, Any]]

# By the names that training gave: those of the observations are taken, then those of users.
_RENAMED_USER = ["state", "month.1", "tags.1", "price"]
_RENAMED_ITEM = ["category", "month.2", "price.1", "vector.1", "tags.2", "weights.1"]


def record(asked: Asked) -> Iterator[Query]:
    """Ask a model that was trained with side data for users and items with new side data."""
    if not asked.made.recommends:
        return
    user_side, item_side = _side_columns(asked)
    if not (user_side or item_side):
        return
    for query in _queries(asked, user_side, item_side):
        yield _recommend(asked, query)


def _side_columns(asked: Asked) -> Tuple[List[str], List[str]]:
    user_side = list(asked.made.model.user_side_data_column_names)[1:]
    item_side = list(asked.made.model.item_side_data_column_names)[1:]
    if (asked.made.context, user_side, item_side) == (OBSERVED, USER_SIDE, ITEM_SIDE):
        return _RENAMED_USER, _RENAMED_ITEM
    return user_side, item_side


# -- what is asked ------------------------------------------------------------------------------


def _queries(asked: Asked, user_side: List[str], item_side: List[str]) -> Iterator[Query]:
    shop, draw = asked.made.shop, asked.made.shop.random
    for k, new in ((1, 1), (5, 2), (10, 2), (20, 2)):
        users = draw.sample(shop.users, 2) + shop.unknown_users[:1]
        bystander = draw.choice([user for user in shop.users if user not in users])
        user_data = _rows("user_id", [*users[1:], bystander], user_side, asked)
        items = draw.sample(shop.items, 3) + shop.unknown_items[:new]
        yield _query(users, k, user_data, _rows("item_id", items, item_side, asked))
    users = draw.sample(shop.users, 2) + shop.unknown_users[:1]
    if user_side:
        user_data = _rows("user_id", users, user_side, asked, odd=True)
        yield _query(users, 10, user_data, [], exclude_known=False)
    if not item_side:
        return
    item_data = _rows("item_id", draw.sample(shop.items, 4), item_side, asked, odd=True)
    twins = [dict(item_data[0], item_id=item) for item in shop.unknown_items]
    yield _query(users, 10, [], item_data + twins)
    few = draw.sample(shop.items, 5) + shop.unknown_items
    yield _query(users, 4, [], item_data + twins, items=few)
    if asked.made.context:
        visits = [context_row(shop, user, asked.made.context[:1]) for user in users]
        items = draw.sample(shop.items, 3) + shop.unknown_items
        yield _query(visits, 10, [], _rows("item_id", items, item_side, asked))


def _query(
    users: Any,
    k: int,
    user_data: Rows,
    item_data: Rows,
    exclude_known: bool = True,
    items: Any = None,
) -> Query:
    return {
        "users": users,
        "k": k,
        "exclude_known": exclude_known,
        "items": items,
        "user_data": user_data,
        "item_data": item_data,
    }


def _rows(key: str, ids: List[Any], names: List[str], asked: Asked, odd: bool = False) -> Rows:
    """Draw a row of side data for each id; odd ones have values that training never saw."""
    if not names:
        return []
    shop = asked.made.shop
    rows = []
    for number, one in enumerate(ids):
        row = {key: one}
        for name in names:
            base = name.partition(".")[0]
            known = {"state": "never", "category": None if number else "never", "price": -1e3}
            drawn = known[base] if base in known else odd_row(shop, one, [base])[base]
            row[name] = drawn if odd else shop._value(name)
            if name == "category" and "content" in asked.name:  # that model made words of it
                row[name] = {row[name] or "other": 1.0}
        rows.append(row)
    return rows


# -- how it is asked ----------------------------------------------------------------------------


def _recommend(asked: Asked, query: Query) -> Query:
    model, judge = asked.load(), Judge(asked.path, asked.made)
    options = {}
    if query["user_data"]:
        options["new_user_data"] = _table(judge, query["user_data"])
    if query["item_data"]:
        options["new_item_data"] = _table(judge, query["item_data"])
    answer = model.recommend(
        judge._users(query["users"], "user_id"),
        k=query["k"],
        exclude_known=query["exclude_known"],
        items=query["items"],
        verbose=False,
        **options,
    )
    return dict(query, rows=rows_of(answer, ["user_id", "item_id", "score", "rank"]))


def _table(judge: Judge, rows: Rows) -> Any:
    """Return a table whose columns have the types of training, which their plain names tell."""
    names = list(rows[0])
    plain = [{name.partition(".")[0]: row[name] for name in names} for row in rows]
    table = judge._users(plain, "user_id")
    return table.rename({name.partition(".")[0]: name for name in names if "." in name})


if __name__ == "__main__":
    main(record, __doc__)
