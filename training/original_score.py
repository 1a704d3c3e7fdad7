"""The original deployment's scoring rules, on real Turi Create and pandas: the judge of `/score`.

This states the rules of its ``score.py`` as its callers know them, including the defects. It has
the two functions that the Azure ML inference server calls, and reads ``AZUREML_MODEL_DIR``.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pandas as pd
import turicreate as tc

K = 10
DEFAULTS = {"period": "Night", "month": 8, "weekday": 2}
models = {}


def init() -> None:
    """Load the highest version of both models."""
    root = os.environ["AZUREML_MODEL_DIR"]
    for role, name, file in (
        ("similarity", "similarity_model", "recommendation_s.model"),
        ("ranking", "ranking_factorization_model", "recommendation_r.model"),
    ):
        folder = os.path.join(root, name)
        version = max(os.listdir(folder), key=int)
        models[role] = tc.load_model(os.path.join(folder, version, file))


def run(raw_data: str) -> Any:
    """Answer a payload."""
    records = json.loads(raw_data)
    try:
        data = pd.DataFrame(records)
        if ("visitorid" in data) == ("itemid" in data):
            return "Error: the payload must have either visitorid or itemid"
        if "itemid" in data:
            answer = models["similarity"].get_similar_items(data["itemid"].tolist(), k=K)
        elif ("period" or "month" or "weekday") in data:  # the defect: this tests only "period"
            for column, value in DEFAULTS.items():
                if column not in data:
                    data[column] = value
            answer = models["ranking"].recommend(users=tc.SFrame(data), k=K, verbose=False)
        else:
            users = data["visitorid"].tolist()
            answer = models["similarity"].recommend(users=users, k=K, verbose=False)
        return answer.to_dataframe().to_json(orient="records")
    except Exception as error:  # the original returns it, which the server cannot encode: a 500
        return error
