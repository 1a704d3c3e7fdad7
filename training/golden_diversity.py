"""Record how real Turi Create draws: ``python -m training.golden_diversity OUT [--seed N]``.

Three users and some rows with a context for each model. Of several unknown users or categories in
one call the library gives each another index, so no call has more than one of a kind. For k > 10 a
query is kept only where no scores are equal, because this project orders equal ones otherwise.
"""

from typing import Any, Dict, Iterator, List

from training.golden import Judge, context_row, context_sets, odd_row, query
from training.golden_asking import Asked, Query, main

# k, diversity, seed: hashes of every size of a list, rules a to c, sorts of more than 16.
_DRAWS = [
    (10, 1.0, 0),
    (1, 2.0, 1),
    (3, 3.0, -5),
    (5, 0.3, 2**63 - 1),
    (10, 0.05, -(2**63)),
    (10, 0.04, 3),
    (4, 5.0, 7),
    (7, 100.0, 11),
    (12, 0.5, 13),
    (20, 0.25, 17),
]


def record(asked: Asked) -> Iterator[Query]:
    """Ask one model.

    Parameters
    ----------
    asked : Asked
        The model.
    """
    made = asked.made
    if not made.recommends:
        return
    shop, draw = made.shop, made.shop.random
    judge = Judge(asked.path, made)
    allow = shop.items if made.resaved else None
    stranger = [] if made.resaved else shop.unknown_users[:1]
    for number, (k, diversity, seed) in enumerate(_DRAWS):
        users = draw.sample(shop.users, 2) + stranger
        plain = query(users, k, exclude_known=number % 3 > 0, items=allow)
        yield from _answered(judge, plain, diversity, seed)
    few = query(shop.users[-2:], 3, items=draw.sample(shop.items, 14))
    yield from _answered(judge, few, 4.0, 19)
    less = query(draw.sample(shop.users, 2), 10, items=allow, exclude=draw.sample(shop.items, 6))
    yield from _answered(judge, less, 0.8, 23)
    for columns in context_sets(made.context):
        rows = [context_row(shop, user, columns) for user in draw.sample(shop.users, 2)]
        rows += [context_row(shop, user, columns) for user in stranger]
        yield from _answered(judge, query(rows, draw.choice([3, 10]), items=allow), 1.0, 29)
        if not made.resaved:
            odd = [odd_row(shop, draw.choice(shop.users), columns)]
            yield from _answered(judge, query(odd, draw.choice([3, 6])), 3.0, 31)


def _answered(judge: Judge, plain: Query, diversity: float, seed: int) -> Iterator[Query]:
    """Yield a query with its answer, if this project is to give the same.

    Parameters
    ----------
    judge : Judge
        Asks the library.
    plain : dict
        The query without diversity.
    diversity, seed : number
        What is asked beyond it.
    """
    if plain["k"] > 10 and _has_ties(judge, plain, diversity):
        return
    answer = judge.recommend(plain, diversity=diversity, random_seed=seed)
    yield dict(answer, diversity=diversity, seed=seed)


def _has_ties(judge: Judge, plain: Query, diversity: float) -> bool:
    """Tell whether scores are equal among those from which is drawn, or at their end."""
    more = dict(plain, k=int(plain["k"] * (1 + diversity)) + 2)
    scores: Dict[Any, List[float]] = {}
    for _user, _item, score, rank in judge.recommend(more)["rows"]:
        if rank == 1:
            scores[len(scores)] = []
        scores[len(scores) - 1].append(score)
    return any(len(set(each)) < len(each) for each in scores.values())


if __name__ == "__main__":
    main(record, __doc__)
