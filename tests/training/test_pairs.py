"""Pairs of models, made as a person makes them, on CPython 3.8."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.training.environment import ROOT, training_python
from turi_recommender import ColumnMode, Recommender
from turi_recommender.versions import Registry

pytestmark = pytest.mark.slow


def make(out: Path, *names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [training_python(), "-m", "training.pairs", str(out), *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pairs")
    done = make(out)
    assert done.returncode == 0, done.stderr[-2000:]
    return out


def models(pairs: Path, name: str) -> tuple[Recommender, Recommender]:
    registry = Registry(pairs / f"small_{name}")
    ranking, similarity = "ranking_factorization_model", "similarity_model"
    return registry.load(ranking).model, registry.load(similarity).model


def popularity(model: Recommender) -> np.ndarray:
    counts = np.zeros(model.num_items, np.int64)
    for user in range(model.num_users):
        counts[model.interactions.row(user)[0]] += 1
    return np.sort(counts)[::-1]


def test_all_pairs_are_made_and_answer(pairs: Path) -> None:
    names = {folder.name.removeprefix("small_") for folder in pairs.iterdir()}
    assert names == {
        *("tail05", "tail07", "tail11", "sgd", "adagrad", "strings"),
        *("item_side", "columns", "flat", "linear", "pearson"),
        *("ials16", "ials32", "ials64", "ials128", "faint"),
    }
    for name in names:
        for model in models(pairs, name):
            assert model.num_items == 1000
            assert model.num_users == 6000
            assert len(model.recommend(model.users.ids([0]), k=10).rankings[0].items) == 10


def test_tails_differ(pairs: Path) -> None:
    shares = [
        popularity(models(pairs, name)[1])[:50].sum() / 40_000
        for name in ("flat", "tail05", "tail07", "tail11")
    ]
    assert shares == sorted(shares)
    assert shares[-1] > 2 * shares[1] > 3 * shares[0]


def test_each_pair_is_made_as_its_name_says(pairs: Path) -> None:
    ranking, similarity = models(pairs, "strings")
    assert ranking.users.ids([0]) == ["visitorid-0000000"]
    assert isinstance(similarity.items.ids([0])[0], str)
    assert models(pairs, "linear")[0].num_factors == 0
    assert models(pairs, "tail07")[0].num_factors == 16
    modes = {column.name: column.mode for column in models(pairs, "columns")[0].side_columns}
    assert modes == {
        "period": ColumnMode.CATEGORICAL,
        "month": ColumnMode.NUMERIC,
        "weekday": ColumnMode.NUMERIC,
        "tags": ColumnMode.CATEGORICAL_LIST,
        "weights": ColumnMode.DICTIONARY,
        "hour": ColumnMode.NUMERIC,
        "vector": ColumnMode.NUMERIC_VECTOR,
    }


@pytest.mark.parametrize("factors", [16, 32, 64, 128])
def test_ials_learns_from_users_and_items_alone(pairs: Path, factors: int) -> None:
    ranking, _ = models(pairs, f"ials{factors}")
    assert ranking.num_factors == factors
    assert ranking.side_columns == ()
    assert (ranking.target, ranking.summary["solver_used"]) == (None, "ials")
    [answer] = ranking.recommend(ranking.users.ids([0]), k=10).rankings
    assert np.isfinite(answer.scores).all()


def test_some_users_have_long_histories(pairs: Path) -> None:
    lengths = np.diff(models(pairs, "tail05")[1].interactions.starts)
    assert lengths.min() == 1
    assert lengths.max() > 100


def test_a_pair_that_is_there_stays_and_unknown_names_are_refused(pairs: Path) -> None:
    done = make(pairs, "flat")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "small_flat exists already" in done.stdout
    done = make(pairs, "nothing")
    assert done.returncode == 2
    assert "no pair is called nothing" in done.stderr
