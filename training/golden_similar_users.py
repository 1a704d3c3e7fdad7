"""Record similar users: ``python -m training.golden_similar_users OUT [--seed N]``.

Models that cannot tell which users are similar are recorded as such, by an error instead of rows.
"""

from typing import Any, Dict, Iterator

from training.golden import Query, rows_of
from training.golden_asking import Asked, main


def record(asked: Asked) -> Iterator[Query]:
    """Yield users with those that the library finds similar."""
    shop = asked.made.shop
    if asked.made.resaved or not asked.made.recommends:
        return
    for k in (1, 3, 9, 10, 11, 20):
        users = shop.random.sample(shop.users, 4 if k <= 10 else 2)
        yield _similar(asked, {"users": users + shop.unknown_users[:1], "k": k})


def _similar(asked: Asked, query: Dict[str, Any]) -> Query:
    model = asked.load()
    try:
        answer = model.get_similar_users(query["users"], k=query["k"])
    except Exception as error:
        return dict(query, error=type(error).__name__)
    return dict(query, rows=rows_of(answer, [model.user_id, "similar", "score", "rank"]))


if __name__ == "__main__":
    main(record, __doc__)
