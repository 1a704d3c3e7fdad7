from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from app.gate.candidates import read_run
from app.gate.loading import load_judged
from app.gate.served import lists_of_popularity, lists_of_role
from app.settings import Settings
from tests.app.gate.runs import make_run

USERS = np.array(["a", "b", "c", "a", "b", "a"])
ITEMS = np.array([1, 1, 1, 2, 2, 3])


def test_popular_is_what_most_visitors_had() -> None:
    assert lists_of_popularity(USERS, ITEMS, ["stranger", "c", "a"]) == [[1, 2, 3], [2, 3], []]


def test_only_what_is_counted_makes_an_item_popular() -> None:
    counted = np.array([False, False, False, True, True, True])
    found = lists_of_popularity(USERS, ITEMS, ["stranger", "c", "b"], counted)
    assert found == [[2, 3, 1], [2, 3], [3]]


def test_newcomers_get_the_defaults_of_side_data_as_in_the_service(tmp_path: Path) -> None:
    folder = make_run(tmp_path, "ranking", "newcomer")
    shutil.rmtree(folder / "newcomer")
    shutil.copytree(folder / "ranking", folder / "newcomer")
    told = json.loads((folder / "run.json").read_text())
    told["roles"]["newcomer"]["judged"] = "newcomer/judged/recommendation_r.model"
    (folder / "run.json").write_text(json.dumps(told))
    run = read_run(folder)
    lists = []
    for defaults in ({"period": "Night", "month": 8, "weekday": 2}, {"month": 1}):
        settings = Settings(side_data_defaults=defaults)
        models = load_judged(run.candidates, run.path, settings)
        by_role = [
            lists_of_role(models, role, run.test, told=False) for role in ("ranking", "newcomer")
        ]
        assert by_role[0] == by_role[1]
        lists.append(by_role[0])
    assert lists[0] != lists[1]
