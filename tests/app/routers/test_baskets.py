"""`/recommend/baskets` against the models' own answers."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx
import pytest

from app.limits import INLINE_ROWS
from app.models.loaded import LoadedModels
from app.settings import Settings
from tests.support.asking import answer_of, refusal_of
from tests.support.serving import serving
from turi_recommender import BasketRecommendations

PATH = "/recommend/baskets"
post, refusal = partial(answer_of, path=PATH), partial(refusal_of, path=PATH)
NIGHT = {"period": "Night", "month": 8, "weekday": 2}
SIMILARITY, RANKING = "similarity_model:6", "ranking_factorization_model:1"
A, B, NEW = 2250, 7891, 99_999_999


def rows(found: BasketRecommendations) -> list[dict[str, Any]]:
    names = ("basket", "itemid", "score", "rank")
    return [dict(zip(names, row, strict=True)) for row in found.rows()]


def basket(*items: int) -> list[dict[str, Any]]:
    return [{"itemid": item} for item in items]


def test_baskets_are_answered_as_the_model_answers_them(
    client: httpx.Client, service: LoadedModels
) -> None:
    baskets: list[Any] = [
        basket(A, B),
        [{"itemid": A, "target": 10.0}, {"itemid": A}],
        basket(),
        basket(NEW),
    ]
    model = service.need("similarity").model
    answer = post(client, baskets=baskets, k=3)
    unknown = ["unknown_items", "unknown_values"]
    assert list(answer) == ["model", "recommendations", *unknown, "answered"]
    assert answer["model"]["name"] == "similarity_model"
    assert answer["recommendations"] == rows(model.recommend_basket(baskets, k=3))
    assert answer["unknown_items"] == [NEW]
    assert answer["answered"] == [
        {"basket": place, "basis": basis, "model": SIMILARITY}
        for place, basis in enumerate(["basket", "basket", "nothing", "nothing"])
    ]


def test_both_forms_of_a_basket(client: httpx.Client) -> None:
    answer = post(client, baskets=[basket(A, B), {"items": basket(A, B)}], k=4)
    half = len(answer["recommendations"]) // 2
    first, second = answer["recommendations"][:half], answer["recommendations"][half:]
    assert first == [{**row, "basket": 0} for row in second]
    assert answer["answered"][0]["basis"] == answer["answered"][1]["basis"] == "basket"


@pytest.mark.parametrize("visitor", [6000, "6000", 6000.0])
def test_a_visitor_brings_a_history(
    client: httpx.Client, service: LoadedModels, visitor: Any
) -> None:
    model = service.need("similarity").model
    answer = post(client, baskets=[{"items": basket(A), "visitor": visitor}], k=3)
    wanted = model.recommend_basket([{"items": [A], "visitorid": 6000}], k=3)
    assert answer["recommendations"] == rows(wanted)
    assert answer["answered"] == [{"basket": 0, "basis": "history", "model": SIMILARITY}]


def test_no_visitor_is_nobody(client: httpx.Client) -> None:
    given = [{"items": basket(A), "visitor": None}, {"items": basket(A)}]
    assert {one["basis"] for one in post(client, baskets=given)["answered"]} == {"basket"}


def test_context_and_its_defaults_go_to_the_ranking_model(
    client: httpx.Client, service: LoadedModels
) -> None:
    model = service.need("ranking").model
    told = {"items": basket(A), "period": "Morning"}
    answer = post(client, baskets=[told, basket(A)], k=3, model="ranking")
    filled: list[Any] = [{**NIGHT, **told}, {**NIGHT, "items": basket(A)}]
    assert answer["recommendations"] == rows(model.recommend_basket(filled, k=3))
    assert {one["model"] for one in answer["answered"]} == {RANKING}
    bare = post(client, baskets=[told], k=3, model="ranking", side_data_defaults=False)
    assert bare["recommendations"] == rows(model.recommend_basket([told], k=3))


def test_options_reach_the_model(client: httpx.Client, service: LoadedModels) -> None:
    model = service.need("similarity").model
    best = model.recommend_basket([basket(A)], k=8, exclude_known=False).rankings[0].items
    options: dict[str, Any] = {
        "items": [*best, NEW],
        "exclude": best[:2],
        "k": 5,
        "exclude_known": False,
    }
    wanted = model.recommend_basket([basket(A)], **options)
    options["exclude_items"] = options.pop("exclude")
    answer = post(client, baskets=[basket(A)], **options)
    assert answer["recommendations"] == rows(wanted)
    assert answer["unknown_items"] == [NEW]


def test_what_the_basket_holds_is_recommended_again_if_wanted(client: httpx.Client) -> None:
    def found(**options: Any) -> set[int]:
        answer = post(client, baskets=[basket(A, B)], k=700, **options)
        return {row["itemid"] for row in answer["recommendations"]}

    assert not found() & {A, B}
    assert found(exclude_known=False) >= {A, B}


@pytest.mark.parametrize("count", [INLINE_ROWS, INLINE_ROWS + 1, 300])
def test_many_baskets_are_answered_alike(client: httpx.Client, count: int) -> None:
    (one,) = post(client, baskets=[basket(A)], k=1)["recommendations"]
    answer = post(client, baskets=[basket(A)] * count, k=1)
    assert answer["recommendations"] == [{**one, "basket": place} for place in range(count)]
    assert [each["basket"] for each in answer["answered"]] == list(range(count))


def test_where_an_error_is(client: httpx.Client) -> None:
    good = basket(A)
    assert refusal(client, baskets=[good, "x"]) == (
        "baskets.1",
        "Input should be a list of items, or an object with `items`, "
        'such as [{"itemid": "x"}], got a string',
    )
    assert refusal(client, baskets=[good, [{"itemid": A, "price": 1}]]) == (
        "baskets.1.0.price",
        "Extra inputs are not permitted; known are itemid, target",
    )
    assert refusal(client, baskets=[{"items": [{"item": A}]}])[0] == "baskets.0.items.0.itemid"
    assert refusal(client, baskets=[{"visitor": 6000}]) == ("baskets.0.items", "Field required")
    assert refusal(client, baskets=[{"items": good, "hour": 1}]) == (
        "baskets.0.hour",
        "Extra inputs are not permitted; known are items, visitor, period, month, weekday",
    )
    field, message = refusal(client, baskets=[good, {"items": good, "period": "Night"}])
    assert (field, "no side columns" in message) == ("baskets.1.period", True)
    assert refusal(client, baskets=[])[0] == "baskets"
    assert refusal(client, baskets=[[{"itemid": None}]])[0] == "baskets.0.0.itemid"
    assert refusal(client, baskets=[[{"itemid": A, "target": "1"}]])[0] == "baskets.0.0.target"


def test_errors_of_a_later_piece_name_their_basket(client: httpx.Client) -> None:
    baskets: list[Any] = [basket(A)] * 400
    baskets[399] = {"items": basket(A), "period": "Night"}
    assert refusal(client, baskets=baskets)[0] == "baskets.399.period"


def test_limits_have_names() -> None:
    with serving(Settings(max_users=2, max_items=3, max_k=7, max_answers=8)) as client:
        long = basket(A, A, A, A)
        assert "(MAX_USERS)" in refusal(client, baskets=[basket(A)] * 3)[1]
        for each in (long, {"items": long}):
            assert "(MAX_ITEMS)" in refusal(client, baskets=[each])[1]
        assert "(MAX_K)" in refusal(client, baskets=[basket(A)], k=8)[1]
        assert "(MAX_ANSWERS)" in refusal(client, baskets=[basket(A)] * 2, k=5)[1]


def test_where_one_model_is_loaded_it_answers(tmp_path: Any) -> None:
    from app.settings import SAMPLE_MODELS

    name = "ranking_factorization_model"
    (tmp_path / name).symlink_to(SAMPLE_MODELS / name)
    with serving(Settings(models_dir=tmp_path)) as client:
        assert post(client, baskets=[basket(A)])["answered"][0]["model"] == RANKING


def test_ids_that_are_texts(rich_client: httpx.Client, rich_service: LoadedModels) -> None:
    item = rich_service.need("similarity").model.items.ids([0])[0]
    asked = [[{"item_id": item}], {"items": [{"item_id": "no \u0001 such"}], "visitor": "nobody"}]
    answer = post(rich_client, baskets=asked, k=2)
    assert {row["basket"] for row in answer["recommendations"]} == {0, 1}
    assert answer["unknown_items"] == ["no \u0001 such"]
    assert [one["basis"] for one in answer["answered"]] == ["basket", "nothing"]
