"""`/admin/models`: who may, what is taken, and what is answered when it is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.security.keys import new_key
from app.settings import SAMPLE_MODELS, Settings
from reliability import variants
from tests.support.problems import assert_problem
from tests.support.serving import serving
from turi_recommender.versions.register import register

NAME = "similarity_model"
SOURCE = SAMPLE_MODELS / NAME / "6" / "recommendation_s.model"
BODY = {"users": [{"visitorid": 6000}]}
ASK, ASK_DIGEST = new_key()
ADMINISTRATE, ADMINISTRATE_DIGEST = new_key()
RELOAD, ACTIVATE = f"/admin/models/{NAME}/reload", f"/admin/models/{NAME}/activate"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a registry with versions 1, 2 and, which is damaged, 3."""
    for version in (1, 2):
        register(SOURCE, tmp_path / "models", NAME, version)
    variants.truncated(SOURCE, tmp_path / "models" / NAME / "3" / "m.model")
    return tmp_path / "models"


@pytest.fixture
def client(root: Path) -> Iterator[httpx.Client]:
    """Serve without keys, and without looking for versions."""
    with serving(Settings(models_dir=root, models_poll_seconds=0)) as running:
        running.headers["x-requested-with"] = "tests"
        yield running


def serves(client: httpx.Client) -> Any:
    answer = client.post("/recommend/users", json=BODY)
    assert answer.status_code == 200
    return answer.json()["model"]["version"]


def model(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/models").json()["models"][0]
    return found


def test_what_was_damaged_at_the_start_is_passed_over_and_said(client: httpx.Client) -> None:
    assert serves(client) == "2"
    assert list(model(client)["refused_versions"]) == ["3"]


def test_roll_back_and_reload(client: httpx.Client, root: Path) -> None:
    answer = client.post(ACTIVATE, json={"version": "1"})
    assert answer.status_code == 200
    assert answer.json() == {"name": NAME, "version": "1", "kind": "item_similarity"}
    assert serves(client) == "1"
    register(SOURCE, root, NAME, 4)
    assert client.post(RELOAD).json()["version"] == "4"
    assert serves(client) == "4"


def test_a_pin_can_be_seen(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    settings = Settings(models_dir=root, api_keys=ASK_DIGEST, admin_keys=ADMINISTRATE_DIGEST)
    with serving(settings) as client:
        client.headers["x-api-key"] = ADMINISTRATE

        def state() -> tuple[Any, Any]:
            return model(client)["following"], model(client)["pinned_by"]

        assert state() == (True, None)
        assert client.post(ACTIVATE, json={"version": "1"}).status_code == 200
        assert state() == (False, "activate")
        who = f"asked for by key:{ADMINISTRATE_DIGEST.removeprefix('sha256:')[:12]}"
        assert f"(before: 2); pinned, new versions are not followed, {who}" in caplog.text
        assert client.post(RELOAD).json()["version"] == "2"
        assert state() == (True, None)
        assert f"(before: 1); new versions are followed, {who}" in caplog.text


def test_a_setting_that_pins_is_not_undone(root: Path) -> None:
    settings = Settings(models_dir=root, similarity_model=f"{NAME}:1")
    with serving(settings) as client:
        client.headers["x-requested-with"] = "tests"
        problem = assert_problem(client.post(RELOAD), 409)
        assert "RECOMMENDER_SIMILARITY_MODEL=similarity_model:1 pins" in problem["detail"]
        assert (model(client)["following"], model(client)["pinned_by"]) == (False, "setting")
        assert serves(client) == "1"


def test_a_service_that_does_not_look_does_not_follow(client: httpx.Client) -> None:
    assert (model(client)["following"], model(client)["pinned_by"]) == (False, None)


def test_a_role_whose_only_version_is_damaged(root: Path) -> None:
    name = "ranking_factorization_model"
    variants.truncated(SOURCE, root / name / "1" / "m.model")
    with serving(Settings(models_dir=root, models_poll_seconds=0)) as client:
        client.headers["x-requested-with"] = "tests"
        ranking = client.get("/models").json()["models"][1]
        assert list(ranking["refused_versions"]) == ["1"]
        metrics = client.get("/metrics").text
        assert 'recommender_model_waiting{role="ranking"} 1.0' in metrics
        assert 'recommender_model_waiting{role="similarity"} 0.0' in metrics
        register(SAMPLE_MODELS / name / "1" / "recommendation_r.model", root, name, 2)
        problem = assert_problem(client.post(f"/admin/models/{name}/reload"), 404)
        assert "/2 is new or has changed: a restart is needed" in problem["detail"]
        assert "restart is needed" in client.get("/models").json()["models"][1]["reason"]


@pytest.mark.parametrize("version", ["latest", "v6", "06"])
def test_what_a_version_looks_like(client: httpx.Client, version: str) -> None:
    problem = assert_problem(client.post(ACTIVATE, json={"version": version}), 422)
    assert problem["detail"] == 'version: Input should be a version, such as "6"'


def test_a_refused_version(client: httpx.Client, root: Path) -> None:
    for answer in (client.post(RELOAD), client.post(ACTIVATE, json={"version": "3"})):
        problem = assert_problem(answer, 409)
        assert problem["type"] == "urn:turi-recommender:problem:version-refused"
        assert serves(client) == "2"
    metrics = client.get("/metrics").text
    assert f'recommender_model_swaps_total{{name="{NAME}",outcome="refused"}} 2.0' in metrics
    variants.copy(SOURCE, root / NAME / "3" / "m.model")
    assert client.post(RELOAD).json()["version"] == "3"
    assert model(client)["refused_versions"] == {}


@pytest.mark.parametrize("version", ["4", "0", "999999999999999999"])
def test_unknown_versions(client: httpx.Client, version: str) -> None:
    problem = assert_problem(client.post(ACTIVATE, json={"version": version}), 404)
    assert problem["type"] == "urn:turi-recommender:problem:model-not-found"
    assert serves(client) == "2"
    assert list(model(client)["refused_versions"]) == ["3"]


@pytest.mark.parametrize(
    "name", ["nope", "ranking_factorization_model", "..", "%2e%2e", "%00", "é"]
)
def test_unknown_names(client: httpx.Client, name: str) -> None:
    assert_problem(client.post(f"/admin/models/{name}/reload"), 404)
    assert_problem(client.post(f"/admin/models/{name}/activate", json={"version": "1"}), 404)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"version":1}',
        b'{"version":null}',
        b'{"version":""}',
        b'{"version":"latest"}',
        b'{"version":"../1"}',
        b'{"version":"-1"}',
        b'{"version":"1\\n"}',
        b'{"version":"\xd9\xa1"}',  # a digit, but not an ASCII one
        b'{"version":"1234567890123456789"}',
        b'{"version":"1","more":1}',
        b'{"version":"007"}',
        b'{"version":"01"}',
        b'{"version":"00"}',
        b'{"version":" 1"}',
    ],
)
def test_bodies_that_are_none(client: httpx.Client, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    assert_problem(client.post(ACTIVATE, content=body, headers=headers), 422)
    assert serves(client) == "2"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"version":7}', "version"),
        (b"{}", "version"),
        (b'{"version":"007"}', "version"),
        (b'{"version":"6","colour":"red"}', "colour"),
        (b"[]", "body"),
        (b"", "body"),
        (b'{"version":', "body"),
    ],
)
def test_fields_are_named_as_on_other_endpoints(
    client: httpx.Client, body: bytes, field: str
) -> None:
    headers = {"content-type": "application/json"}
    path = "/admin/models/similarity_model/activate"
    problem = assert_problem(client.post(path, content=body, headers=headers), 422)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["detail"].startswith(f"{field}: ")


def test_many_fields_are_one_error(client: httpx.Client) -> None:
    """An error for each of 80,000 took half a second; a body may be 4 KiB long now, too."""
    body = {"version": "1", **{str(number): 1 for number in range(400)}}
    problem = assert_problem(client.post(ACTIVATE, json=body), 422)
    assert problem["detail"] == "body: Input should have one field, version"
    assert len(problem["errors"]) == 1


@pytest.mark.parametrize("path", [RELOAD, ACTIVATE])
def test_other_methods(client: httpx.Client, path: str) -> None:
    assert_problem(client.get(path), 405)
    assert_problem(client.delete(path), 405)


def test_who_may(root: Path) -> None:
    settings = Settings(models_dir=root, api_keys=ASK_DIGEST, admin_keys=ADMINISTRATE_DIGEST)
    activation = {"version": "1"}
    with serving(settings) as client:
        assert_problem(client.post(ACTIVATE, json=activation), 401)
        headers = {"x-api-key": ASK}
        assert_problem(client.post(ACTIVATE, json=activation, headers=headers), 403)
        assert_problem(client.post(RELOAD, headers=headers), 403)
        asked = client.post("/recommend/users", json=BODY, headers=headers)
        assert asked.json()["model"]["version"] == "2"
        headers = {"x-api-key": ADMINISTRATE}
        assert client.post(ACTIVATE, json=activation, headers=headers).status_code == 200


def test_several_at_once(client: httpx.Client) -> None:
    statuses: list[int] = []

    def activate(version: str) -> None:
        statuses.append(client.post(ACTIVATE, json={"version": version}).status_code)

    threads = [threading.Thread(target=activate, args=(version,)) for version in "12312312"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 200, 200, 200, 200, 200, 409, 409]
    assert serves(client) == model(client)["version"]


def test_a_body_is_no_larger_than_a_version_needs(client: httpx.Client) -> None:
    """Listing what is wrong with a megabyte took a tenth of a second, for which all others wait."""
    wrong = {f"{number:x}": 1 for number in range(1000)}
    told = assert_problem(client.post(ACTIVATE, json=wrong), 413)["detail"]
    assert told == "The body is larger than 4096 bytes"  # which is no setting
    assert_problem(client.post(RELOAD, json=wrong), 413)


def test_reloads_that_are_asked_for_together_share_a_load(client: httpx.Client) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: client.post(RELOAD), range(16)))
    assert {answer.status_code for answer in answers} == {409}  # the highest version is damaged
    attempts = [
        float(line.rpartition(" ")[2])
        for line in client.get("/metrics").text.splitlines()
        if line.startswith("recommender_model_swaps_total{")
    ]
    assert 1 <= sum(attempts) < 16
