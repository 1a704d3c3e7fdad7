"""The document tells generators of clients the truth: integers, optional fields, errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.security.keys import new_key
from app.settings import SAMPLE_MODELS, Settings
from tests.support.serving import serving

KEY, DIGEST = new_key()


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def schemas(part: Any) -> Iterator[dict[str, Any]]:
    """Yield whatever has a type, anywhere below."""
    below = part if isinstance(part, list) else part.values() if isinstance(part, dict) else ()
    if isinstance(part, dict) and isinstance(part.get("type"), str):
        yield part
    for each in below:
        yield from schemas(each)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_integers_say_how_large_they_get(
    document: dict[str, Any], rich_client: httpx.Client
) -> None:
    count = 0
    for each in (document, rich_client.get("/openapi.json").json()):
        for schema in schemas(each):
            if schema["type"] == "integer":
                assert schema["format"] in {"int32", "int64"}
                bounds = [schema[name] for name in ("minimum", "maximum") if name in schema]
                assert all(type(bound) is int for bound in bounds), schema
                assert all(-(2**63) <= bound < 2**63 for bound in bounds), schema
                count += 1
    assert count > 30


def test_ids_are_of_64_bits(document: dict[str, Any]) -> None:
    parts = document["components"]["schemas"]
    exact = {"format": "int64", "minimum": -(2**63), "maximum": 2**63 - 1}
    for name, field in (
        ("User", "visitorid"), ("Item", "itemid"), ("Recommendation", "visitorid"),
        ("Recommendation", "itemid"), ("SimilarItem", "itemid"), ("SimilarItem", "similar"),
        ("UserOnly", "visitorid"), ("SimilarUser", "visitorid"), ("SimilarUser", "similar"),
        ("Pair", "visitorid"), ("Pair", "itemid"), ("Prediction", "visitorid"),
        ("Prediction", "itemid"),
    ):  # fmt: skip
        schema = parts[name]["properties"][field]
        assert {key: schema[key] for key in exact} == exact
    assert parts["RecommendRequest"]["properties"]["k"]["format"] == "int32"
    assert parts["Recommendation"]["properties"]["rank"]["format"] == "int32"


@pytest.mark.parametrize(
    "name",
    ["RecommendRequest", "SimilarItemsRequest", "SimilarUsersRequest", "PredictRequest", "User",
     "Pair", "Problem"],
)  # fmt: skip
def test_what_may_be_left_out_has_no_default(document: dict[str, Any], name: str) -> None:
    """openapi-typescript makes a field with a default one that must be sent."""
    schema = document["components"]["schemas"][name]
    optional = schema["properties"].keys() - set(schema["required"])
    assert optional
    assert all("default" not in schema["properties"][field] for field in optional)


def test_defaults_are_told_in_words(document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["RecommendRequest"]["properties"]
    assert fields["k"]["description"].endswith("; 10 if left out")
    assert fields["exclude_known"]["description"].endswith("; true if left out")


def test_a_column_may_have_any_name(service: Any) -> None:
    from app.http.openapi import _refine

    field = {"type": "integer", "default": 3, "maximum": 7.0, "minimum": 0.0}
    names = ("properties", "required", "default", "example", "type")
    schema = {"type": "object", "properties": {name: dict(field) for name in names}}
    _refine(schema)
    wanted = {"type": "integer", "maximum": 7, "minimum": 0, "format": "int32"}
    for name in names:
        told = dict(schema["properties"][name])  # type: ignore[index]
        assert told.pop("description") == "3 if left out"
        assert told == wanted


def test_the_drop_in_is_typed(document: dict[str, Any], client: httpx.Client) -> None:
    score = document["paths"]["/score"]["post"]
    payload = score["requestBody"]["content"]["application/json"]
    assert payload["schema"]["type"] == "array"
    record = payload["schema"]["items"]
    assert record["title"] == "Record"
    taken = [one["$ref"].rpartition("/")[2] for one in record["anyOf"]]
    assert taken == ["UserRecord", "ItemRecord"]
    parts = document["components"]["schemas"]
    for name, strict in (("UserRecord", "User"), ("ItemRecord", "Item")):
        assert parts[name]["properties"] == parts[strict]["properties"]
        assert parts[name]["additionalProperties"] is True  # what is not a column is ignored
    answer = score["responses"]["200"]["content"]["application/json"]["schema"]
    assert (answer["type"], answer["contentMediaType"]) == ("string", "application/json")
    given = [one["items"]["$ref"].rpartition("/")[2] for one in answer["contentSchema"]["anyOf"]]
    assert given == ["Recommendation", "SimilarItem"]
    for example in payload["examples"].values():
        assert len(client.post("/score", json=example["value"]).json()) > 50


def test_examples_of_errors_are_errors_of_their_status(document: dict[str, Any]) -> None:
    count = 0
    for path, _, operation in operations(document):
        for status, answer in operation["responses"].items():
            if int(status) < 400:
                continue
            (content,) = answer["content"].values()
            if path == "/score":
                assert list(content["example"]) == ["message"]
            else:
                assert content["example"]["status"] == int(status)
                assert content["example"]["title"] == answer["description"]
            count += 1
    assert count > 40


def test_examples_are_what_the_service_answers() -> None:
    document = create_app(Settings()).openapi()
    responses = document["paths"]["/recommend/users"]["post"]["responses"]
    json = {"content-type": "application/json"}
    good = {"x-api-key": KEY, **json}
    with serving(Settings(api_keys=DIGEST)) as client:
        for headers, body, status in (
            ({**good, "content-encoding": "gzip"}, b"{}", 400),
            ({**json, "x-api-key": "x"}, b"{}", 401),
            (good, b" " * (1024 * 1024 + 1), 413),
            ({"x-api-key": KEY}, b"{}", 415),
            (good, b'{"users":[{"visitorid":1}],"k":0}', 422),
        ):
            real = client.post("/recommend/users", content=body, headers=headers).json()
            (content,) = responses[str(status)]["content"].values()
            for name in ("type", "title", "status", "detail"):
                assert content["example"][name] == real[name], status


@pytest.mark.parametrize("path", ["/score", "/admin/models/{name}/activate"])
def test_other_codings_are_documented(
    document: dict[str, Any], client: httpx.Client, path: str
) -> None:
    (content,) = document["paths"][path]["post"]["responses"]["415"]["content"].values()
    headers = {"content-type": "application/json", "content-encoding": "br"}
    answer = client.post(path.format(name="similarity_model"), content=b"[]", headers=headers)
    assert answer.status_code == 415
    assert answer.json() == content["example"]


def test_the_example_of_an_activation_works(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    activate = document["paths"]["/admin/models/{name}/activate"]["post"]
    (name,) = activate["parameters"][0]["schema"]["examples"]
    (body,) = activate["requestBody"]["content"]["application/json"]["schema"]["examples"]
    assert (SAMPLE_MODELS / name / body["version"]).is_dir()


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        ("/recommend/users", "recommendations"),
        ("/similar/items", "similar_items"),
        ("/similar/users", "similar_users"),
        ("/predict", "predictions"),
    ],
)
def test_examples_of_requests_get_rows(
    document: dict[str, Any], client: httpx.Client, path: str, rows: str
) -> None:
    content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    name = content["schema"]["$ref"].rpartition("/")[2]
    examples = document["components"]["schemas"][name]["examples"]
    assert len(examples) > 0
    for example in examples:
        answer = client.post(path, json=example)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()[rows]) > 0
        assert all(("why" in row) == example.get("why", False) for row in answer.json()[rows])


def test_no_example_asks_a_model_for_what_it_cannot_tell(rich_client: httpx.Client) -> None:
    """There the ranking model is one of both kinds; without one, nobody can compare users."""
    parts = rich_client.get("/openapi.json").json()["components"]["schemas"]
    assert parts["SimilarUsersRequest"]["examples"]
    with serving(Settings(ranking_model="similarity_model")) as client:
        parts = client.get("/openapi.json").json()["components"]["schemas"]
        assert not parts["SimilarUsersRequest"].get("examples")


def test_with_keys_the_examples_give_nobody_away(service: Any) -> None:
    known = [service.need(role).model.users for role in ("similarity", "ranking")]
    with serving(Settings(api_keys=DIGEST)) as client:
        for path in ("/openapi.json", "/swagger.json", "/swagger.json?version=3"):
            document = client.get(path).json()
            shown = set(_values_of("visitorid", document))
            assert shown
            assert not [one for one in shown if any(one in users for users in known)]
        body = client.get("/openapi.json").json()["components"]["schemas"]["RecommendRequest"]
        for example in body["examples"]:
            answer = client.post("/recommend/users", json=example, headers={"x-api-key": KEY})
            assert len(answer.json()["recommendations"]) > 0


def _values_of(name: str, part: Any) -> Iterator[Any]:
    """Yield the examples of a column, and its values in examples."""
    if isinstance(part, list):
        for each in part:
            yield from _values_of(name, each)
    elif isinstance(part, dict):
        found = part.get(name)
        if isinstance(found, int):
            yield found
        elif isinstance(found, dict):
            yield from found.get("examples", [])
        for each in part.values():
            yield from _values_of(name, each)
