"""Small seeded data sets for the golden answers; columns of every mode."""

import random
from typing import Any, Dict, List, Optional

Columns = Dict[str, List[Any]]

PERIODS = ["Late Night", "Early Morning", "Morning", "Noon", "Evening", "Night"]
TAGS = ["new", "sale", "gift", "käse", ""]
KEYS = ["a", "b", "c", "d"]


class Shop:
    """Users, items and their interactions, drawn from one seed.

    Parameters
    ----------
    seed : int
        Equal seeds give equal data.
    users, items, rows : int
        Numbers of users, items and interactions.
    strings : bool
        Whether ids are strings; otherwise they are integers.
    """

    def __init__(
        self,
        seed: int,
        users: int = 40,
        items: int = 30,
        rows: int = 500,
        strings: bool = False,
    ) -> None:
        self.random = random.Random(seed)
        self.strings = strings
        self.users = [self._id("user", 1000 + 7 * number) for number in range(users)]
        self.items = [self._id("item", 50 + 3 * number) for number in range(items)]
        self.unknown_users = [self._id("user", 10**12), self._id("user", -1)]
        self.unknown_items = [self._id("item", 10**12 + 1), self._id("item", -3)]
        self.random.shuffle(self.items)
        self.rows = rows

    def _id(self, kind: str, number: int) -> Any:
        return "{}-{}".format(kind, number) if self.strings else number

    def events(self, targets: Optional[List[Any]] = None) -> Columns:
        """Draw interactions: the first items are the most popular, and pairs can repeat."""
        users = [self.random.choice(self.users) for _ in range(self.rows)]
        items = [self._popular_item() for _ in range(self.rows)]
        columns: Columns = {"user_id": users, "item_id": items}
        # The model does not know users and items that never occur.
        self.users = [user for user in self.users if user in set(users)]
        self.items = [item for item in self.items if item in set(items)]
        if targets is not None:
            columns["target"] = [self.random.choice(targets) for _ in range(self.rows)]
        return columns

    def _popular_item(self) -> Any:
        place = int(len(self.items) * self.random.random() ** 2)
        return self.items[place]

    def context(self, names: List[str], rows: Optional[int] = None) -> Columns:
        """Draw side columns.

        Parameters
        ----------
        names : list of str
            Their names, which say what kind of values they have.
        rows : int, optional
            Length; that of the interactions if absent.
        """
        count = self.rows if rows is None else rows
        return {name: [self._value(name) for _ in range(count)] for name in names}

    def _value(self, name: str) -> Any:
        draw = self.random
        base = name.partition(".")[0]
        if base == "period":
            return draw.choice(PERIODS)
        if base == "maybe":  # a category that can be missing
            return draw.choice(["x", "y", None])
        if base == "month":
            return draw.randint(1, 12)
        if base == "weekday":
            return draw.randint(0, 6)
        if base in ("price", "hour"):
            return draw.gauss(10.0, 4.0)
        if base == "vector":
            return [draw.gauss(0.0, 1.0) for _ in range(3)]
        if base == "tags":
            return [draw.choice(TAGS) for _ in range(draw.randint(0, 3))]
        if base == "weights":
            return {key: draw.gauss(0.0, 1.0) for key in draw.sample(KEYS, draw.randint(0, 3))}
        if base in ("state", "category"):
            return "{}{}".format(base, draw.randint(0, 4))
        raise ValueError(name)

    def side_table(self, key: str, ids: List[Any], names: List[str]) -> Columns:
        """Draw one row of side data for each id.

        Parameters
        ----------
        key : str
            Name of the id column.
        ids : list
            The ids.
        names : list of str
            Names of the side columns.
        """
        table: Columns = {key: list(ids)}
        table.update(self.context(names, len(ids)))
        return table
