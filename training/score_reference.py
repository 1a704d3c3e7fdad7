"""Record what the original deployment answers: the judge of our ``/score``.

    python -m training.score_reference --models-dir app/sample_models --out tests/score

Writes ``golden.json`` (requests and the exact bodies of the answers) and ``pandas_json.json`` (how
pandas writes numbers and strings). The library adds unknown ids to the model in memory, so the
models are loaded anew for each request.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from typing import Any, Dict, List, Tuple

import pandas as pd
import turicreate as tc

from training import pandas_json, score

COLD_VISITOR = 567987987988
UNKNOWN_ITEM = 987654321
_NIGHT = {"period": "Night", "month": 8, "weekday": 2}
Record = Dict[str, Any]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models-dir", required=True, help="models in registry layout")
    parser.add_argument("--out", required=True, help="folder of the two files")
    args = parser.parse_args()
    os.environ["AZUREML_MODEL_DIR"] = args.models_dir
    os.makedirs(args.out, exist_ok=True)
    cases = []
    for name, body in requests():
        score.init()
        response = json.dumps(score.run(body))  # as the inference server encodes it
        if not response.startswith('"['):
            raise SystemExit("{}: not an answer: {}".format(name, response))
        cases.append({"name": name, "request": body, "response": response})
        print("{:36} {:7} bytes".format(name, len(response)))
    header = {
        "turicreate": tc.__version__,
        "pandas": pd.__version__,
        "models_sha256": digest(args.models_dir),
    }
    write(os.path.join(args.out, "golden.json"), dict(header, cases=cases))
    write(os.path.join(args.out, "pandas_json.json"), pandas_json.table())


def requests() -> List[Tuple[str, str]]:
    """Return names and bodies; the first four are those of the original's documentation."""
    documented = [
        ("documented: side data", [dict(_who(visitor), period="Night", weekday=2) for visitor in _TWO]),
        ("documented: visitors", [_who(visitor) for visitor in _TWO]),
        (
            "documented: all side data",
            [dict(_who(visitor), period="Night", weekday=2, month=9) for visitor in _TWO],
        ),
        ("documented: items", [{"itemid": 152913}, {"itemid": 355908}]),
    ]
    score.init()
    known = sorted(score.MODELS["ranking"].coefficients["visitorid"]["visitorid"])
    items = sorted(score.MODELS["ranking"].coefficients["itemid"]["itemid"])
    made = documented + _visitors(known) + _side_data(known) + _items(items) + _rounding(known)
    bodies = [(name, json.dumps(records)) for name, records in made]
    compact = json.dumps(documented[0][1], separators=(",", ":"))
    return [*bodies, ("compact", compact), ("spaces and line ends", json.dumps(_NIGHTS, indent=2))]


def _who(visitor: int) -> Record:
    return {"visitorid": visitor}


_TWO = [6000, COLD_VISITOR]
_NIGHTS = [dict(_NIGHT, visitorid=visitor) for visitor in _TWO]


def _visitors(known: List[int]) -> List[Tuple[str, List[Record]]]:
    """Visitors without side data: the similarity model answers."""
    return [
        ("one visitor", [_who(6000)]),
        ("one cold visitor", [_who(COLD_VISITOR)]),
        ("cold visitors of every size", [_who(id_) for id_ in (0, -1, 2**31, 2**53 + 1, 2**63 - 1)]),
        ("a visitor twice", [_who(6000), _who(COLD_VISITOR), _who(6000), _who(COLD_VISITOR)]),
        ("many visitors", [_who(visitor) for visitor in known[:: max(1, len(known) // 100)]]),
    ]


def _side_data(known: List[int]) -> List[Tuple[str, List[Record]]]:
    """Visitors with side data: the ranking model answers."""
    some = known[:: max(1, len(known) // 40)]
    months = [dict(_who(6000), period="Noon", month=month, weekday=0) for month in range(1, 13)]
    weekdays = [dict(_who(6000), period="Noon", month=5, weekday=day) for day in range(7)]
    periods = ["Late Night", "Early Morning", "Morning", "Noon", "Evening", "Night"]
    return [
        ("period", [dict(_who(visitor), period="Morning") for visitor in _TWO]),
        ("period and month", [dict(_who(visitor), period="Evening", month=1) for visitor in _TWO]),
        ("every period", [dict(_who(6000), period=period) for period in periods]),
        ("every month", months),
        ("every weekday", weekdays),
        ("columns in another order", [dict(_NIGHT, visitorid=6000, weekday=4)]),
        ("unknown values", [dict(_who(6000), period="Teatime", month=13, weekday=-1)]),
        ("unknown text", [dict(_who(6000), period='"Año/Nuevo" <\\> \u65e5\u672c \U0001f319 \t')]),
        ("a period that is null", [dict(_NIGHT, visitorid=6000, period=None), _NIGHTS[0]]),
        ("a visitor twice with side data", [_NIGHTS[0], _NIGHTS[1], _NIGHTS[0], _NIGHTS[1]]),
        ("many visitors with side data", [dict(_NIGHT, visitorid=visitor) for visitor in some]),
    ]


def _items(known: List[int]) -> List[Tuple[str, List[Record]]]:
    """Items: the similarity model's neighbours."""
    some = known[:: max(1, len(known) // 60)]
    return [
        ("one item", [{"itemid": 64700}]),
        ("unknown items among known ones", [{"itemid": item} for item in (-1, 152913, UNKNOWN_ITEM)]),
        ("only unknown items", [{"itemid": UNKNOWN_ITEM}]),
        ("an item twice", [{"itemid": item} for item in (355908, 152913, 355908)]),
        ("many items", [{"itemid": item} for item in some]),
    ]


def _rounding(known: List[int]) -> List[Tuple[str, List[Record]]]:
    """Visitors whose scores make the rounding to 10 decimals matter."""
    ask = tc.SFrame({"visitorid": known})
    rows = score.MODELS["similarity"].recommend(ask, k=score.K, verbose=False).to_dataframe()
    context = tc.SFrame(pd.DataFrame(dict(_NIGHT, visitorid=known)))
    ranked = score.MODELS["ranking"].recommend(context, k=score.K, verbose=False).to_dataframe()
    ties = rows[rows.duplicated(["visitorid", "score"], keep=False) & (rows.score > 0)]
    return [
        ("scores close to a half, similarity", [_who(visitor) for visitor in _near_half(rows)]),
        ("scores with few digits", [_who(visitor) for visitor in _few_digits(rows)]),
        ("equal scores", [_who(visitor) for visitor in ties.visitorid.drop_duplicates()[:8].tolist()]),
        ("small scores, similarity", [_who(visitor) for visitor in _smallest(rows)]),
        (
            "scores close to a half, ranking",
            [dict(_NIGHT, visitorid=visitor) for visitor in _near_half(ranked)],
        ),
        ("small scores, ranking", [dict(_NIGHT, visitorid=visitor) for visitor in _smallest(ranked)]),
    ]


def _near_half(rows: pd.DataFrame) -> List[int]:
    """Return the visitors with the scores whose 11th and later decimals are closest to a half."""
    distance = ((rows.score * 1e10) % 1 - 0.5).abs()
    order = distance.sort_values(kind="stable").index
    return _first_visitors(rows.loc[order])


def _few_digits(rows: pd.DataFrame) -> List[int]:
    """Return the visitors with the scores that need the fewest decimals."""
    length = rows.score.map(lambda value: len("{:.10f}".format(value).rstrip("0")))
    return _first_visitors(rows.loc[length.sort_values(kind="stable").index])


def _smallest(rows: pd.DataFrame) -> List[int]:
    return _first_visitors(rows.sort_values("score", kind="stable"))


def _first_visitors(rows: pd.DataFrame) -> List[int]:
    return [int(visitor) for visitor in rows.visitorid.drop_duplicates()[:8]]


def digest(folder: str) -> str:
    """Return a SHA-256 of all files below a folder: names and contents, in order of the names."""
    total = hashlib.sha256()
    paths = [os.path.join(base, name) for base, _, names in os.walk(folder) for name in names]
    for path in sorted(os.path.relpath(path, folder) for path in paths):
        total.update(path.replace(os.sep, "/").encode() + b"\0")
        with open(os.path.join(folder, path), "rb") as file:
            total.update(hashlib.sha256(file.read()).digest())
    return total.hexdigest()


def write(path: str, content: Any) -> None:
    """Write JSON, one case a line block, in ASCII."""
    with open(path, "w") as file:
        json.dump(content, file, indent=1)
        file.write("\n")
    print("{}: {} bytes".format(path, os.path.getsize(path)))


if __name__ == "__main__":
    main()
