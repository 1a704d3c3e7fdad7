"""Answers that vary: some of more than `k` items, drawn as Turi Create draws them.

`spread` says of how many, and `draw` draws by the numbers of `hashes`. Each row has a seed of its
own, which for a row with a context comes from `rows` and `cityhash`. A draw never depends on the
other rows of a query.
"""

from turi_recommender.scoring.diversity.draw import Likeness, draw
from turi_recommender.scoring.diversity.rows import key_of_row
from turi_recommender.scoring.diversity.spread import Spread, SpreadWork, read_spread

__all__ = ["Likeness", "Spread", "SpreadWork", "draw", "key_of_row", "read_spread"]
