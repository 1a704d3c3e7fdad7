"""Record what the original answers: ``python -m training.score_reference OUT.json PANDAS.json``.

Each payload is answered by freshly loaded models, since the library learns unknown ids. The body is
what the Azure ML server sends: the JSON encoding of the string that ``run`` returns. The second
file holds numbers and strings as pandas writes them.
"""

from __future__ import annotations

import json
import os
import random
import sys

import pandas as pd

from training import original_score

SAMPLE_MODELS = os.path.join(os.path.dirname(__file__), "..", "app", "sample_models")


def payloads(visitors: list, items: list) -> list:
    """Return valid payloads for which the mended rules choose the same model and side data.

    Parameters
    ----------
    visitors, items : list of int
        Ids that the models know.
    """
    night = {"period": "Night", "weekday": 2}
    full = {"period": "Morning", "weekday": 6, "month": 12}
    unknown = 567987987988
    return [
        # the four of the contract
        [{"visitorid": 6000, **night}, {"visitorid": unknown, **night}],
        [{"visitorid": 6000}, {"visitorid": unknown}],
        [{"visitorid": 6000, **night, "month": 9}, {"visitorid": unknown, **night, "month": 9}],
        [{"itemid": 152913}, {"itemid": 355908}],
        # users alone
        [{"visitorid": visitor} for visitor in visitors[:40]],
        [{"visitorid": 6000}, {"visitorid": 6000}],
        [{"visitorid": unknown}],
        [{"visitorid": -1}],
        [{"visitorid": 2**62}],
        [{"visitorid": 6000.0}],
        [{"visitorid": "6000"}],
        [{"visitorid": 6000, "event": "view"}],
        # users with side data
        [{"visitorid": visitor, **full} for visitor in visitors[:40]],
        [{"visitorid": visitor, "period": "Evening"} for visitor in visitors[40:60]],
        [{"visitorid": visitor, "period": "Noon", "month": 1} for visitor in visitors[60:70]],
        [{"visitorid": 6000, "period": period, "month": 5, "weekday": 0}
         for period in ("Late Night", "Early Morning", "Morning", "Noon", "Evening", "Night")],
        [{"visitorid": 6000, "period": "never heard of"}],
        [{"visitorid": 6000, "period": None}, {"visitorid": 257597, "period": "Night"}],
        [{"visitorid": 6000, "period": "Night", "month": 8.0, "weekday": 2.0}],
        [{"visitorid": 6000, "period": "Night", "month": 2.5, "weekday": -3}],
        [{"visitorid": 6000.0, "period": "Night"}],
        # items
        [{"itemid": item} for item in items[:60]],
        [{"itemid": 152913}, {"itemid": 999999999}, {"itemid": 355908}],
        [{"itemid": 152913}, {"itemid": 152913}],
        [{"itemid": 999999999}],
        [{"itemid": 152913, "color": "red"}],
    ]  # fmt: skip


def main() -> None:
    """Run the command line."""
    out, pandas_out = sys.argv[1:]
    os.environ["AZUREML_MODEL_DIR"] = SAMPLE_MODELS
    original_score.init()
    model = original_score.models["similarity"]
    coefficients = model.recommend(k=1, verbose=False)
    visitors = sorted(set(coefficients["visitorid"]))
    items = sorted(set(model.get_similar_items(k=1)["itemid"]))
    random.Random(1).shuffle(visitors)
    cases = []
    for payload in payloads(visitors, items):
        original_score.init()
        raw = json.dumps(payload)
        cases.append({"request": raw, "response": json.dumps(original_score.run(raw))})
    with open(out, "w") as file:
        json.dump(cases, file, indent=0)
    with open(pandas_out, "w") as file:
        json.dump(pandas_texts(), file, indent=0)


def pandas_texts() -> dict:
    """Return numbers and strings, each with the text that pandas makes of it."""
    draw = random.Random(5)
    numbers = [
        0.0, -0.0, 1.0, -1.0, 0.1 + 0.2, 5e-11, 0.5e-10, 1.5e-10, 2.5e-10, 1e-15, 9.99e-16, 5e-324,
        1e16 - 2, 1e16, 1e15 + 0.5, 123456789012345.678, 12345678.123456789, 0.99999999995,
        0.999999999949, 9.99999999999, 1 / 3, 2 / 3, 0.0598958333, 1e300, -1e300, 2.0**53,
        0.12345678905, 0.12345678915, 0.1234567890499999, -0.00000000005,
    ]  # fmt: skip
    numbers += [draw.uniform(-2, 2) for _ in range(100)]
    numbers += [draw.uniform(-1, 1) * 10.0 ** draw.randint(-18, 17) for _ in range(200)]
    numbers += [draw.randint(0, 10**6) / 10**5 + draw.choice([1, 3, 5]) * 5e-11 for _ in range(80)]
    strings = [
        "",
        "käse",
        "a/b",
        "<b>&'\"",
        "\\",
        "\n\t\r\b\f\0\x1f\x7f",
        "\\u007f\x7f",
        "\u2028",
        "😀",
    ]
    return {
        "pandas": pd.__version__,
        "numbers": [[number, _text(number)] for number in numbers],
        "not numbers": [_text(float(name)) for name in ("nan", "inf", "-inf")],
        "strings": [[string, _text(string)] for string in strings],
    }


def _text(value: object) -> str:
    return pd.DataFrame({"v": [value]}).to_json(orient="records")[len('[{"v":') : -len("}]")]


if __name__ == "__main__":
    main()
