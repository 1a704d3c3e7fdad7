"""Record real answers of real Turi Create: ``python -m training.golden OUT [--seed N]``.

For each case it writes ``CASE.tar.gz`` (the directory ``model/``) and ``CASE.json`` (queries and
the rows that the library answered, scores as exact float64). The tests replay them.

The library adds unknown items of a query to the model, even before it answers. This project does
not. So the answer that is recorded for an allow list with unknown items is that of the list without
them.

Models written by an older Turi Create are recorded in two steps: ``--train-only`` with the older
one, then ``--answer-only`` with this one.
"""

import argparse
import gzip
import io
import json
import os
import shutil
import sys
import tarfile
import tempfile
from array import array
from typing import Any, Dict, Iterator, List, Optional

import turicreate as tc

from training.golden_cases import CASES, Case, frame
from training.golden_data import Columns, Shop

Query = Dict[str, Any]
_BIG_K = (11, 20, 1000)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", help="comma separated; all if absent")
    parser.add_argument("--suffix", default="", help="appended to the names of the cases")
    parser.add_argument("--train-only", action="store_true", help="write OUT/CASE.model only")
    parser.add_argument("--answer-only", action="store_true", help="read OUT/CASE.model")
    args = parser.parse_args()
    names = args.cases.split(",") if args.cases else list(CASES)
    os.makedirs(args.out, exist_ok=True)
    for number, name in enumerate(names):
        seed = args.seed * 1000 + number
        if args.train_only:
            CASES[name](seed).model.save(os.path.join(args.out, name + ".model"))
            continue
        record(args, name, seed)


def record(args: argparse.Namespace, name: str, seed: int) -> None:
    """Train (or read) one model, ask it, and write both files.

    Parameters
    ----------
    args : argparse.Namespace
        The command line.
    name : str
        Name of the case.
    seed : int
        Seed of the training and of the queries.
    """
    made = CASES[name](seed)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model")
        written_by = tc.__version__
        if args.answer_only:
            shutil.copytree(os.path.join(args.out, name + ".model"), path)
            shutil.rmtree(os.path.join(args.out, name + ".model"))
            written_by = "5.7.1"
        else:
            made.model.save(path)
        judge = Judge(path, made)
        answers = {
            "case": name + args.suffix,
            "class": type(made.model).__name__,
            "note": made.note,
            "written_by": written_by,
            "judge": tc.__version__,
        }
        recommend = (
            [judge.recommend(query) for query in recommend_queries(made)] if made.recommends else []
        )
        similar = [judge.similar(query) for query in similar_queries(made)] if made.similar else []
        target = os.path.join(args.out, name + args.suffix)
        write_json(target + ".json", answers, recommend, similar)
        write_tar(target + ".tar.gz", path)
    rows = sum(len(answer["rows"]) for answer in recommend + similar)
    print("{:32} {:4} queries {:6} rows".format(name, len(recommend) + len(similar), rows))
    sys.stdout.flush()


# -- what is asked ------------------------------------------------------------------------------


def recommend_queries(made: Case) -> Iterator[Query]:
    """Draw batches of users with their options."""
    shop, draw = made.shop, made.shop.random
    allow = made.shop.items if made.resaved else None
    for k in (1, 2, 3, 5, 10, *_BIG_K):
        users = draw.sample(shop.users, 4 if k > 10 else 8) + shop.unknown_users[:1]
        yield query(users, k, items=allow)
    yield query(draw.sample(shop.users, 6), 10, exclude_known=False, items=allow)
    yield query(shop.users[-2:] + shop.unknown_users, 5, items=allow)
    few = draw.sample(shop.items, 4)
    yield query(draw.sample(shop.users, 5), 10, items=few)
    yield query(draw.sample(shop.users, 5), 3, items=few + few[:1] + shop.unknown_items)
    yield query(draw.sample(shop.users, 5), 5, items=draw.sample(shop.items, 15))
    yield query(draw.sample(shop.users, 5), 10, items=allow, exclude=draw.sample(shop.items, 6))
    yield query(draw.sample(shop.users, 4), 4, items=few, exclude=few[:2], exclude_known=False)
    for columns in context_sets(made.context):
        rows = [context_row(shop, user, columns) for user in draw.sample(shop.users, 4)]
        rows += [context_row(shop, shop.unknown_users[0], columns)]
        yield query(rows, draw.choice([1, 3, 5, 10, 10, 20]), items=allow)
        yield query(rows, 10, items=draw.sample(shop.items, 12), exclude_known=False)
    for columns in context_sets(made.context):
        yield query(
            [odd_row(shop, user, columns) for user in draw.sample(shop.users, 4)], 10, items=allow
        )


def query(
    users: List[Any],
    k: int,
    exclude_known: bool = True,
    items: Optional[List[Any]] = None,
    exclude: Optional[List[Any]] = None,
) -> Query:
    """Make a query in the form in which it is stored.

    Parameters
    ----------
    users : list
        User ids, or rows of a user id and side columns.
    k : int
        Number of items for each user.
    exclude_known : bool
        Whether to leave out items of the training data.
    items, exclude : list of ids, optional
        The only items to recommend, and items not to recommend.
    """
    return {
        "users": users,
        "k": k,
        "exclude_known": exclude_known,
        "items": items,
        "exclude": exclude,
    }


def context_sets(names: List[str]) -> List[List[str]]:
    """Choose sets of side columns: each alone, the first two, and all."""
    if not names:
        return []
    return [[name] for name in names] + ([names[:2], names] if len(names) > 1 else [])


def context_row(shop: Shop, user: Any, names: List[str]) -> Dict[str, Any]:
    """Draw a row of a query, with values as in training.

    Parameters
    ----------
    shop : Shop
        Draws the values.
    user : id
        The user.
    names : list of str
        Side columns of the row.
    """
    row = {"user_id": user}
    row.update({name: shop._value(name) for name in names})
    return row


def odd_row(shop: Shop, user: Any, names: List[str]) -> Dict[str, Any]:
    """Draw a row of values that training never saw, including missing ones.

    Parameters
    ----------
    shop : Shop
        Draws the values.
    user : id
        The user.
    names : list of str
        Side columns of the row.
    """
    odd: Dict[str, List[Any]] = {
        "period": ["never", None, ""],
        "maybe": [None, "never"],
        "month": [None, 0, -5, 10**6],
        "weekday": [None, 99],
        "hour": [None, 0.0, -1e6, 1e-9],
        "vector": [None, [0.0, 0.0, 0.0], [1e6, -1.0, 0.5]],
        "tags": [None, [], ["never"], ["new", "new", "sale"], ["never", "käse", ""]],
        "weights": [None, {}, {"never": 1.0}, {"b": 2.0, "a": -0.5, "never": 3.0}],
    }
    row = {"user_id": user}
    row.update({name: shop.random.choice(odd[name]) for name in names})
    return row


def similar_queries(made: Case) -> Iterator[Query]:
    """Draw items to find similar ones for."""
    for k in (1, 3, 5, 10, *_BIG_K[:2]):
        items = made.shop.random.sample(made.shop.items, 12 if k <= 10 else 5)
        yield {"items": items + made.shop.unknown_items[:1], "k": k}


# -- how it is asked ----------------------------------------------------------------------------

_TYPES = {
    "period": str, "maybe": str, "month": int, "weekday": int, "hour": float,
    "tags": list, "weights": dict,
}  # fmt: skip


class Judge:
    """The saved model, loaded again for every query, because the library changes it in answering.

    Parameters
    ----------
    path : str
        Directory of the model.
    made : Case
        The case, with its users and items.
    """

    def __init__(self, path: str, made: Case) -> None:
        self.path = path
        self.made = made

    def recommend(self, asked: Query, **more: Any) -> Query:
        """Return a query with the rows that the library recommends.

        Parameters
        ----------
        asked : dict
            The query.
        **more
            Further options of the library.
        """
        model = tc.load_model(self.path)
        user = model.user_id
        users = self._users(asked["users"], user)
        items = asked["items"]
        if items is not None:
            items = [item for item in items if item not in self.made.shop.unknown_items]
        options: Dict[str, Any] = dict(more)
        if asked["exclude"]:
            options["exclude"] = self._pairs(asked, user)
        answer = model.recommend(
            users,
            k=asked["k"],
            exclude_known=asked["exclude_known"],
            items=items,
            verbose=False,
            **options,
        )
        stored = dict(asked)
        stored["users"] = [self._rename(row, user) for row in asked["users"]]
        stored["rows"] = rows_of(answer, [user, "item_id", "score", "rank"])
        return stored

    @staticmethod
    def _rename(row: Any, user: str) -> Any:
        if not isinstance(row, dict):
            return row
        return {user if name == "user_id" else name: value for name, value in row.items()}

    def _users(self, rows: List[Any], user: str) -> Any:
        if not isinstance(rows[0], dict):
            return rows
        columns: Columns = {name: [row[name] for row in rows] for name in rows[0]}
        table = tc.SFrame()
        for name, values in columns.items():
            kind = _TYPES.get(name)
            if name == "vector":
                typed = tc.SArray([value and array("d", value) for value in values], dtype=array)
            else:
                typed = tc.SArray(values) if kind is None else tc.SArray(values, dtype=kind)
            table[user if name == "user_id" else name] = typed
        return table

    def _pairs(self, asked: Query, user: str) -> Any:
        users = [row["user_id"] if isinstance(row, dict) else row for row in asked["users"]]
        pairs = [(one, item) for one in users for item in asked["exclude"]]
        return frame({user: [a for a, _ in pairs], "item_id": [b for _, b in pairs]})

    def similar(self, asked: Query) -> Query:
        """Return a query with the similar items that the library finds."""
        answer = tc.load_model(self.path).get_similar_items(asked["items"], k=asked["k"])
        return dict(asked, rows=rows_of(answer, ["item_id", "similar", "score", "rank"]))


def rows_of(answer: Any, names: List[str]) -> List[List[Any]]:
    """Return the rows of an SFrame; none if the library answers an empty table.

    Parameters
    ----------
    answer : SFrame
        What the library answered.
    names : list of str
        Columns, in the order of the values of a row.
    """
    if answer.num_rows() == 0:
        return []
    return [list(row) for row in zip(*(list(answer[name]) for name in names))]


# -- where it is kept ---------------------------------------------------------------------------


def write_json(path: str, head: Query, recommend: List[Query], similar: List[Query]) -> None:
    """Write the answers, one query per line.

    Parameters
    ----------
    path : str
        The file.
    head : dict
        Fields that describe the case.
    recommend, similar : list of queries
        Queries with the rows that answer them.
    """

    def lines(queries: List[Query]) -> str:
        return ",\n".join(
            json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in queries
        )

    start = json.dumps(head, ensure_ascii=False)[:-1]
    with open(path, "w", encoding="utf-8") as file:
        file.write('{},\n"recommend":[\n{}\n],\n'.format(start, lines(recommend)))
        file.write('"similar":[\n{}\n]}}\n'.format(lines(similar)))


def write_tar(path: str, folder: str) -> None:
    """Pack a model directory into the same bytes every time.

    Parameters
    ----------
    path : str
        The archive.
    folder : str
        The model directory.
    """

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.mtime, info.uid, info.gid, info.uname, info.gname = 0, 0, 0, "", ""
        return info

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(folder, arcname="model", filter=plain)
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(buffer.getvalue())


if __name__ == "__main__":
    main()
