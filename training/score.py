"""The rules of the original deployment's ``score.py``, on real Turi Create and pandas.

An entry script of the Azure ML inference server: ``init()`` loads the models, ``run(body)`` answers
one request. It is the judge of our own ``/score`` and keeps the original's defects.
"""

from __future__ import annotations

import glob
import json
import os
from typing import Any, Dict

import pandas as pd
import turicreate as tc

K = 10
SIDE_DEFAULTS = {"period": "Night", "month": 8, "weekday": 2}
MODELS: Dict[str, Any] = {}


def init() -> None:
    """Load both models from ``$AZUREML_MODEL_DIR``; of each the highest version."""
    root = os.environ["AZUREML_MODEL_DIR"]
    MODELS["similarity"] = tc.load_model(_newest(root, "similarity_model"))
    MODELS["ranking"] = tc.load_model(_newest(root, "ranking_factorization_model"))


def _newest(root: str, name: str) -> str:
    folder = os.path.join(root, name)
    version = max(int(entry) for entry in os.listdir(folder) if entry.isdigit())
    return glob.glob(os.path.join(folder, str(version), "*.model"))[0]


def run(data: str) -> Any:
    """Answer one body: a JSON array of records."""
    records = json.loads(data)
    try:
        return _answer(pd.DataFrame(records))
    except Exception as error:  # the original returns its exceptions
        return error


def _answer(data: pd.DataFrame) -> str:
    if ("visitorid" in data) == ("itemid" in data):
        return "Error: give either visitorid or itemid"
    if "itemid" in data:
        rows = MODELS["similarity"].get_similar_items(data["itemid"].tolist(), k=K)
    elif "period" in data:  # the original means any side column, and tests this one
        for column, default in SIDE_DEFAULTS.items():
            if column not in data:
                data[column] = default
        rows = MODELS["ranking"].recommend(tc.SFrame(data), k=K, verbose=False)
    else:
        rows = MODELS["similarity"].recommend(tc.SFrame(data), k=K, verbose=False)
    return str(rows.to_dataframe().to_json(orient="records"))
