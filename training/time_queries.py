"""Time Turi Create's own answers: ``python -m training.time_queries DIR ROUNDS OUT``.

``DIR`` holds the pair that `training.large_models` makes. It writes a JSON object to ``OUT``: the
name of each query, and the median of its times in seconds, of one query at a time.
"""

import json
import os
import sys
import time
from typing import Any, Callable, Dict, List

import numpy as np
import turicreate as tc

RANKING = "ranking_factorization_model/1/recommendation_r.model"
SIMILARITY = "similarity_model/6/recommendation_s.model"
BASKET = 8
PAIRS = 1000


def queries(ranking: Any, similarity: Any) -> Dict[str, Callable[[int], Any]]:
    """Return what is asked, by name; each takes the number of a round.

    Parameters
    ----------
    ranking, similarity : turicreate recommender
        The models.
    """
    user, item = ranking.user_id, ranking.item_id
    users = np.array(ranking.coefficients[user][user])[:: ranking.num_users // 1000].tolist()
    items = np.array(ranking.coefficients[item][item])[:: ranking.num_items // PAIRS].tolist()
    items = items[:PAIRS]
    neighbours = np.array(similarity.get_similar_items(k=1)[similarity.item_id])
    known = neighbours[:: max(len(neighbours) // 1000, 1)].tolist()

    def visits(number: int, count: int = 1) -> tc.SFrame:
        context = {"period": ["Night"] * count, "month": [8] * count, "weekday": [2] * count}
        return tc.SFrame({user: [users[number % len(users)]] * count, **context})

    def basket(number: int) -> Any:
        some = [known[(number * BASKET + place) % len(known)] for place in range(BASKET)]
        rows = tc.SFrame({user: [-1] * BASKET, item: some})
        return similarity.recommend(users=[-1], new_observation_data=rows, verbose=False)

    def pairs(number: int) -> Any:
        rows = visits(number, len(items))
        rows[item] = items
        return ranking.predict(rows)

    return {
        "a known user (similarity)": lambda n: similarity.recommend(
            users=[users[n % len(users)]], verbose=False
        ),
        "a basket of 8 (similarity)": basket,
        "a known user (ranking)": lambda n: ranking.recommend(users=visits(n), verbose=False),
        "diversity 2 (ranking)": lambda n: ranking.recommend(
            users=visits(n), diversity=2, verbose=False
        ),
        "predict 1,000 pairs (ranking)": pairs,
        "similar users (ranking)": lambda n: ranking.get_similar_users([users[n % len(users)]]),
    }


def median_seconds(query: Callable[[int], Any], rounds: int) -> float:
    """Return the median time of a query.

    Parameters
    ----------
    query : callable
        Takes the number of a round.
    rounds : int
        How many times it is asked; once more before, for what is made at the first time.
    """
    times: List[float] = []
    for number in range(rounds + 1):
        started = time.perf_counter()
        len(query(number))  # an SFrame is made when it is looked at
        times.append(time.perf_counter() - started)
    return float(np.median(times[1:]))


def main() -> None:
    """Run the command line."""
    root, rounds, out = sys.argv[1:]
    models = [tc.load_model(os.path.join(root, path)) for path in (RANKING, SIMILARITY)]
    asked = queries(*models)
    times = {name: median_seconds(query, int(rounds)) for name, query in asked.items()}
    with open(out, "w") as file:  # the library prints on standard output
        json.dump(times, file)


if __name__ == "__main__":
    main()
