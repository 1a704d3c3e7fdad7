"""What the recorders of further queries share: the models, and where the answers are kept.

``python -m training.golden`` records models and their plain answers. Each other kind of query, such
as baskets, has a recorder of its own that asks these same models, or with ``--seed`` fresh ones::

    python -m training.golden_KIND OUT                    the models in tests/golden
    python -m training.golden_KIND OUT --seed N           fresh ones, which it writes to OUT, too

Every answer is given by a model that was just loaded, because the library changes it in answering.
"""

import argparse
import json
import os
import tarfile
import tempfile
from typing import Any, Callable, Dict, Iterator, List, NamedTuple

import turicreate as tc

from training.golden import write_tar
from training.golden_cases import CASES, Case

Query = Dict[str, Any]
GOLDEN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests/golden")


class Asked(NamedTuple):
    """A model to ask: its name, the case it was made of, and its directory."""

    name: str
    made: Case
    path: str

    def load(self) -> Any:
        """Load the model anew."""
        return tc.load_model(self.path)


Recorder = Callable[[Asked], Iterator[Query]]


def main(record: Recorder, about: str) -> None:
    """Run the command line of a recorder.

    Parameters
    ----------
    record : callable
        Takes a model; yields queries with the library's answers, as JSON can hold them. A model
        that cannot be asked this yields none, and gets no file.
    about : str
        The recorder's docstring.
    """
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, help="train fresh models")
    parser.add_argument("--cases", help="comma separated; all if absent")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    for number, name in enumerate(CASES):
        if args.cases and name not in args.cases.split(","):
            continue
        with tempfile.TemporaryDirectory() as folder:
            asked = _recorded(name, number, folder)
            if args.seed is not None:
                asked = _fresh(name, args.seed * 1000 + number, folder, args.out)
            queries = list(record(asked))
        if queries:
            _write(os.path.join(args.out, name + ".json"), name, queries)
        print("{:32} {:4} queries".format(name, len(queries)), flush=True)


def _recorded(name: str, number: int, folder: str) -> Asked:
    """Unpack a recorded model; its case is made again, for the ids and values it was made of."""
    with tarfile.open(os.path.join(GOLDEN, name + ".tar.gz")) as tar:
        tar.extractall(folder)
    return Asked(name, CASES[name](1000 + number), os.path.join(folder, "model"))


def _fresh(name: str, seed: int, folder: str, out: str) -> Asked:
    made = CASES[name](seed)
    path = os.path.join(folder, "fresh")
    made.model.save(path)
    write_tar(os.path.join(out, name + ".tar.gz"), path)
    return Asked(name, made, path)


def _write(path: str, name: str, queries: List[Query]) -> None:
    lines = [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in queries]
    with open(path, "w", encoding="utf-8") as file:
        file.write('{{"case":{},"judge":"{}",'.format(json.dumps(name), tc.__version__))
        file.write('"queries":[\n{}\n]}}\n'.format(",\n".join(lines)))
