"""The OpenAPI document bears the loaded models' own names and types."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import httpx
import pytest

from app.errors import ConfigurationError
from app.examples import Examples
from app.models.loaded import LoadedModels
from app.models.slots import Slot
from app.schemas import build_schemas
from app.settings import Settings
from turi_recommender import TermKind


def schemas_of(client: httpx.Client) -> dict[str, Any]:
    document = client.get("/openapi.json").json()
    parts: dict[str, Any] = document["components"]["schemas"]
    return parts


def types(schema: dict[str, Any]) -> list[Any]:
    """Return the JSON types that a field takes."""
    return [one.get("type") for one in schema.get("anyOf", [schema])]


def test_names_and_types_of_the_shop(client: httpx.Client) -> None:
    user = schemas_of(client)["User"]
    assert user["required"] == ["visitorid"]
    assert user["additionalProperties"] is False
    assert types(user["properties"]["visitorid"]) == ["integer"]
    assert types(user["properties"]["period"]) == ["string", "null"]
    assert types(user["properties"]["month"]) == ["integer", "null"]
    assert set(user["properties"]) == {"visitorid", "period", "month", "weekday"}
    assert set(schemas_of(client)["Recommendation"]["properties"]) == {
        "visitorid", "itemid", "score", "rank", "why", "why_of",
    }  # fmt: skip
    assert set(schemas_of(client)["Recommendation"]["required"]) == {
        "visitorid", "itemid", "score", "rank",
    }  # fmt: skip
    assert set(schemas_of(client)["SimilarItem"]["properties"]) == {
        "itemid", "similar", "score", "rank",
    }  # fmt: skip
    assert set(schemas_of(client)["SimilarUser"]["properties"]) == {
        "visitorid", "similar", "score", "rank",
    }  # fmt: skip
    pair = schemas_of(client)["Pair"]
    assert set(pair["properties"]) == {"visitorid", "itemid", "period", "month", "weekday"}
    assert set(pair["required"]) == {"visitorid", "itemid"}
    assert set(schemas_of(client)["UserOnly"]["properties"]) == {"visitorid"}
    prediction = schemas_of(client)["Prediction"]
    assert set(prediction["properties"]) == {"visitorid", "itemid", "score", "why", "why_of"}
    assert set(prediction["required"]) == {"visitorid", "itemid", "score"}


def test_terms_name_items_in_the_shops_own_column(
    client: httpx.Client, rich_client: httpx.Client
) -> None:
    term = schemas_of(client)["Term"]
    assert set(term["properties"]) == {"term", "value", "kind", "itemid", "column"}
    assert set(term["required"]) == {"term", "value", "kind"}
    assert set(term["properties"]["kind"]["enum"]) == set(get_args(TermKind))
    assert types(term["properties"]["itemid"]) == ["integer"]
    assert types(schemas_of(rich_client)["Term"]["properties"]["item_id"]) == ["string"]


def test_types_of_every_mode(rich_client: httpx.Client) -> None:
    fields = schemas_of(rich_client)["User"]["properties"]
    assert types(fields["user_id"]) == ["string"]
    assert types(fields["hour"]) == ["number", "null"]
    assert types(fields["month"]) == ["integer", "null"]
    vector = fields["vector"]["anyOf"][0]
    assert (vector["type"], vector["minItems"], vector["maxItems"]) == ("array", 3, 3)
    assert fields["tags"]["anyOf"][0]["items"] == {"type": "string"}
    assert fields["weights"]["anyOf"][0]["additionalProperties"] == {"type": "number"}


def test_limits_are_shown() -> None:
    settings = Settings(max_k=7, max_users=5, max_items=3)
    from tests.support.serving import serving

    with serving(settings) as client:
        request = schemas_of(client)["RecommendRequest"]["properties"]
        assert request["k"]["maximum"] == 7
        assert request["users"]["maxItems"] == 5
        assert request["items"]["anyOf"][0]["maxItems"] == 3
        users = schemas_of(client)["SimilarUsersRequest"]["properties"]
        assert users["k"]["maximum"] == 7
        assert users["users"]["maxItems"] == 5
        assert schemas_of(client)["PredictRequest"]["properties"]["pairs"]["maxItems"] == 3


def test_problems_are_described(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    paths = (
        "/recommend/users",
        "/recommend/baskets",
        "/similar/items",
        "/similar/users",
        "/predict",
    )
    for path in paths:
        answers = document["paths"][path]["post"]["responses"]
        statuses = {"200", "400", "401", "403", "408", "413", "415", "422", "431", "503"}
        assert set(answers) == statuses
        assert list(answers["422"]["content"]) == ["application/problem+json"]
    assert "errors" in document["components"]["schemas"]["Problem"]["properties"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


@pytest.mark.parametrize(
    "name",
    ["score", "rank", "similar", "why", "why_of", "term", "value", "kind", "column"],
)
def test_a_column_that_the_answer_needs_for_itself(
    service: LoadedModels, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = service.need("similarity")
    # Other tests use the model, too: it gets its column back.
    monkeypatch.setattr(entry.model, "item_column", replace(entry.model.item_column, name=name))
    renamed = LoadedModels(
        {"similarity": Slot("similarity", entry),
         "ranking": Slot("ranking", None)},
        {},
        service.shown,
    )  # fmt: skip
    with pytest.raises(ConfigurationError, match=f"column named '{name}'"):
        build_schemas(renamed, Settings(), Examples(service, hides_users=False))


def test_what_a_request_brings_along_is_described(client: httpx.Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    told = {
        ("Basket", "items"): "it may be empty",
        ("Basket", "visitor"): "the basket is nobody's",
        ("BasketItem", "target"): "on the scale of the training data; 1 if it is left out",
        ("Interaction", "target"): "on the scale of the training data; 1 if it is left out",
    }
    for (name, field), words in told.items():
        assert words in schemas[name]["properties"][field]["description"]


@pytest.mark.parametrize("name", ["items", "basis", "model"])
def test_a_column_of_users_that_bodies_need_for_themselves(
    service: LoadedModels, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A basket has `items`; a user beside them would take their place."""
    column = replace(service.user_column, name=name)
    monkeypatch.setattr(service, "_user_column", column)
    with pytest.raises(ConfigurationError, match=f"column named '{name}'"):
        build_schemas(service, Settings(), Examples(service, hides_users=False))
