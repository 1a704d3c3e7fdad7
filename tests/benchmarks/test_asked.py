"""What a pair is asked must be what its service, and the empty route, can answer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from app.settings import SAMPLE_MODELS, Settings
from benchmarks.asked import FORMS, KINDS, bodies_file, read_asked, written
from benchmarks.empty_route import TYPES, request_models
from tests.support.serving import serving
from tests.turi_recommender.golden import unpack_model

PATHS = {
    "ranking": "/recommend/users",
    "similarity": "/recommend/users",
    "similar": "/similar/items",
    "basket": "/recommend/baskets",
}
PAIRS = {
    "strings": ("similarity_jaccard_strings", "ranking_everything_strings"),
    "integers": ("similarity_jaccard", "ranking_everything"),
    "plain": ("similarity_jaccard", "ranking_ials"),
}


@pytest.fixture(scope="module", params=["samples", *PAIRS])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "samples":
        return SAMPLE_MODELS
    root = tmp_path_factory.mktemp("pair")
    similarity, ranking = PAIRS[request.param]
    for name, model, file in (
        ("similarity_model", similarity, "recommendation_s.model"),
        ("ranking_factorization_model", ranking, "recommendation_r.model"),
    ):
        folder = root / name / "1"
        folder.mkdir(parents=True)
        shutil.move(unpack_model(model, root), folder / file)
    return root


def test_the_service_answers_every_kind(pair: Path) -> None:
    asked = read_asked(pair, 20)
    with serving(Settings(models_dir=pair)) as client:
        for kind in KINDS:
            for number in range(20):
                body = json.loads(asked.body(kind, "typed", number))
                answer = client.post(PATHS[kind], json=body)
                assert answer.status_code == 200, answer.text
                if kind != "similar":
                    expected = "ranking" if kind == "ranking" else "similarity"
                    assert answer.json()["model"]["name"].startswith(expected)


def test_the_empty_route_validates_the_same(pair: Path) -> None:
    asked = read_asked(pair, 20)
    assert set(asked.types.values()) <= set(TYPES)
    recommend, similar = request_models(asked.types)
    for number in range(20):
        for kind in ("ranking", "similarity"):
            recommend.model_validate_json(asked.body(kind, "typed", number))
        similar.model_validate_json(asked.body("similar", "typed", number))


def test_all_columns_are_told_and_ids_differ(pair: Path) -> None:
    asked = read_asked(pair, 20)
    assert all(row.keys() == asked.visits[0].keys() for row in asked.visits)
    user = next(iter(asked.visits[0]))
    assert len({row[user] for row in asked.visits}) == len(asked.visits)
    assert read_asked(pair, 20) == asked, "equal pairs are asked the same"


def test_the_original_is_asked_what_it_knows() -> None:
    asked = read_asked(SAMPLE_MODELS, 5)
    assert asked.is_for_original("ranking")
    assert asked.body("ranking", "score", 2) == json.dumps([asked.visits[2]], separators=(",", ":"))


def test_a_plain_model_is_named_and_not_asked_of_the_original() -> None:
    asked = read_asked(SAMPLE_MODELS, 5)
    plain = type(asked)([{"visitorid": 1}], asked.shoppers, asked.items)
    assert json.loads(plain.body("ranking", "typed", 0)) == {
        "users": [{"visitorid": 1}],
        "model": "ranking",
    }
    assert not plain.is_for_original("ranking")
    assert plain.is_for_original("similar")


def test_bodies_are_written_a_line_each() -> None:
    asked = read_asked(SAMPLE_MODELS, 5)
    with written(asked, 7) as folder:
        for kind in KINDS:
            for form in FORMS:
                lines = bodies_file(folder, kind, form).read_text().splitlines()
                assert lines == [asked.body(kind, form, number) for number in range(7)]
    assert not folder.exists()
