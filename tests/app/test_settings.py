from __future__ import annotations

import ast
import inspect
import itertools
import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from app import settings as settings_module
from app.errors import ConfigurationError
from app.settings import PREFIX, SAMPLE_MODELS, Settings, load_settings, variable_names


def test_defaults() -> None:
    settings = load_settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.models_dir == SAMPLE_MODELS
    assert settings.side_data_defaults == {"period": "Night", "month": 8, "weekday": 2}
    assert (settings.max_k, settings.max_users, settings.max_items) == (1000, 1000, 1000)
    assert all(settings.is_default(name) for name in Settings.model_fields)


def test_values_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOMMENDER_PORT", "9001")
    monkeypatch.setenv("RECOMMENDER_SIDE_DATA_DEFAULTS", '{"period": "Noon"}')
    settings = load_settings()
    assert settings.port == 9001
    assert settings.side_data_defaults == {"period": "Noon"}
    assert not settings.is_default("port")
    assert settings.is_default("host")


def test_where_models_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZUREML_MODEL_DIR", "/azure")
    assert load_settings().models_dir == Path("/azure")
    monkeypatch.setenv("RECOMMENDER_MODELS_DIR", "/mine")
    assert load_settings().models_dir == Path("/mine")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("RECOMMENDER_PORT", "http", "RECOMMENDER_PORT: it must be a whole number"),
        ("RECOMMENDER_PORT", "", "RECOMMENDER_PORT: it must be a whole number"),
        ("RECOMMENDER_PORT", "8000.5", "RECOMMENDER_PORT: it must be a whole number"),
        ("RECOMMENDER_PORT", "tcp://10.0.0.1:80", "RECOMMENDER_PORT: it must be a whole number"),
        ("RECOMMENDER_PORT", "70000", "RECOMMENDER_PORT: it must be 65535 or less"),
        ("RECOMMENDER_PORT", "-1", "RECOMMENDER_PORT: it must be 0 or more"),
        ("RECOMMENDER_PORT", 5000 * "1", "RECOMMENDER_PORT: it must be a whole number"),
        ("RECOMMENDER_MAX_K", "0", "RECOMMENDER_MAX_K: it must be 1 or more"),
        ("RECOMMENDER_MAX_HEADER_BYTES", "1", "it must be 1024 or more"),
        ("RECOMMENDER_REQUEST_TIMEOUT_SECONDS", "0", "it must be more than 0"),
        ("RECOMMENDER_REQUEST_TIMEOUT_SECONDS", "inf", "it must be a finite number"),
        ("RECOMMENDER_DRAIN_SECONDS", "nan", "it must be a finite number"),
        ("RECOMMENDER_DRAIN_SECONDS", "5s", "RECOMMENDER_DRAIN_SECONDS: it must be a number"),
        ("RECOMMENDER_ACCESS_LOG", "perhaps", "it must be true or false"),
        ("RECOMMENDER_LOG_LEVEL", "trace", "it must be debug, info, warning or error"),
        ("RECOMMENDER_AUTH", "off", "RECOMMENDER_AUTH: it must be auto or none"),
        (
            "RECOMMENDER_AUTO",
            "figures",
            "RECOMMENDER_AUTO: it must be side-data, ranking, similarity or measured",
        ),
        ("RECOMMENDER_AUTO", "", "RECOMMENDER_AUTO: it must be side-data"),
        ("RECOMMENDER_OTLP_ENDPOINT", "collector:4318", "an address such as http://"),
        ("RECOMMENDER_HOST", " ", "RECOMMENDER_HOST: it must not be empty"),
        ("RECOMMENDER_MODELS_DIR", "", "RECOMMENDER_MODELS_DIR: it must not be empty"),
        *(
            ("RECOMMENDER_SIDE_DATA_DEFAULTS", value, "a JSON object is needed")
            for value in (
                *("{", "", "[1]", "null", "NaN", '"month"', "{'month': 8}", "month=8"),
                *(
                    '{"month": NaN}',
                    '{"month": -Infinity}',
                    9999 * "[",
                    '{"a": ' + 5000 * "1",
                ),
            )
        ),
        *(
            ("RECOMMENDER_SIDE_DATA_DEFAULTS", value, "its numbers must be finite")
            for value in (
                '{"month": 1e400}',
                '{"a": 1e999}',
                '{"a": -1e999}',
                '{"a": [1, {"b": 1e999}]}',
            )
        ),
        ("RECOMMENDER_DRAIN_SECONDS", "inf", "it must be a finite number"),
        ("RECOMMENDER_DRAIN_SECONDS", "1e999", "it must be a finite number"),
        ("RECOMMENDER_DRAIN_SECONDS", "1e300", "it must be 604800 or less"),
        ("RECOMMENDER_KEEP_ALIVE_SECONDS", 30 * "9", "it must be 604800 or less"),
        ("RECOMMENDER_MAX_K", "1000001", "it must be 1000000 or less"),
        ("RECOMMENDER_MODELS_DIR", " ", "RECOMMENDER_MODELS_DIR: it must not be empty"),
        ("RECOMMENDER_SIMILARITY_MODEL", "", "RECOMMENDER_SIMILARITY_MODEL"),
        ("RECOMMENDER_SERVICE_HOST", "10.0.0.1", "enableServiceLinks: false"),
        ("RECOMMENDER_PORT_8000_TCP", "tcp://10.0.0.1:8000", "enableServiceLinks: false"),
        ("RECOMMENDER_CORS_ORIGINS", "https://a.example/", "'https://a.example/' is not an origin"),
        ("RECOMMENDER_CORS_ORIGINS", "https://a.example,b.example", "'b.example' is not an origin"),
        ("RECOMMENDER_CORS_ORIGINS", "https://A.example", "RECOMMENDER_CORS_ORIGINS"),
        ("RECOMMENDER_CORS_ORIGINS", "null", "RECOMMENDER_CORS_ORIGINS"),
        (
            "RECOMMENDER_MODEL_DIR",
            "/x",
            "unknown setting RECOMMENDER_MODEL_DIR (did you mean RECOMMENDER_MODELS_DIR?)",
        ),
        ("recommender_colour", "red", "unknown setting recommender_colour"),
        ("RECOMMENDER_JWT_ISSUER", "https://x", "RECOMMENDER_JWT_ISSUER, _JWT_AUDIENCE and"),
    ],
)
def test_what_cannot_be_honoured(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert message in str(caught.value)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    for word in ("Input", "valid", "parse", "pydantic"):
        assert word not in str(caught.value)


def numbers() -> list[str]:
    fields = Settings.model_fields.items()
    return [name for name, field in fields if field.annotation in {int, float}]


@pytest.mark.parametrize("name", numbers())
@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e999", "1e18", 400 * "9", "-1"])
def test_numbers_have_bounds(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"{PREFIX}{name.upper()}", value)
    with pytest.raises(ConfigurationError):
        load_settings()


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_numbers_given_in_code_are_finite(value: float) -> None:
    for given in ({"a": value}, {"a": [{"b": value}]}):
        with pytest.raises(ValidationError):
            Settings(side_data_defaults=given)


@pytest.mark.parametrize("name", ["RECOMMENDER_MODELS_DIR", "AZUREML_MODEL_DIR"])
def test_an_empty_directory_of_models(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")
    with pytest.raises(ConfigurationError, match="empty"):
        load_settings()


@pytest.mark.parametrize("dress", [" {} ", "{}\n", "{}\r\n", '"{}"', "'{}'", '\u00a0"{}" \n'])
def test_what_files_of_variables_leave_around_a_value(
    monkeypatch: pytest.MonkeyPatch, dress: str
) -> None:
    given = {
        "PORT": "9001",
        "HOST": "localhost",
        "MODELS_DIR": "/mine",
        "RANKING_MODEL": "ranking:7",
        "SIDE_DATA_DEFAULTS": '{"period": "Noon"}',
        "DRAIN_SECONDS": "1.5",
        "JWT_ISSUER": "https://issuer.example/",
        "JWT_AUDIENCE": "api://recommender",
        "JWT_JWKS_URL": "https://issuer.example/keys",
        "AUTO": "Measured",
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "Json",
        "DOCS": "OFF",
        "ACCESS_LOG": "False",
        "OTLP_ENDPOINT": "http://collector:4318",
    }
    for name, value in given.items():
        monkeypatch.setenv(PREFIX + name, dress.format(value))
    expected = Settings(
        port=9001,
        host="localhost",
        models_dir=Path("/mine"),
        ranking_model="ranking:7",
        side_data_defaults={"period": "Noon"},
        drain_seconds=1.5,
        jwt_issuer="https://issuer.example/",
        jwt_audience="api://recommender",
        jwt_jwks_url="https://issuer.example/keys",
        auto="measured",
        log_level="info",
        log_format="json",
        docs="off",
        access_log=False,
        otlp_endpoint="http://collector:4318",
    )
    assert load_settings() == expected


@pytest.mark.parametrize(
    "given",
    [
        {"AUTH": "none", "API_KEYS": "rk_a-secret-of-somebody"},
        {"JWT_ISSUER": "rk_a-secret-of-somebody"},
        {"PORT": "rk_a-secret-of-somebody"},
        {"LOG_LEVEL": "rk_a-secret-of-somebody"},
        {"SIDE_DATA_DEFAULTS": "rk_a-secret-of-somebody"},
        {"OTLP_ENDPOINT": "rk_a-secret-of-somebody"},
    ],
)
def test_no_value_is_in_a_message(monkeypatch: pytest.MonkeyPatch, given: dict[str, str]) -> None:
    for name, value in given.items():
        monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert "secret" not in str(caught.value)
    assert f"{PREFIX}{next(iter(given))}" in str(caught.value)


def test_every_setting_is_documented_where_it_is_declared() -> None:
    tree = ast.parse(inspect.getsource(settings_module))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    (body,) = [node.body for node in classes if node.name == "Settings"]
    documented = {
        ast.unparse(field.target)
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
    }
    assert documented == set(Settings.model_fields)


def test_every_setting_is_in_the_readme() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    cells = [line.split("|")[1] for line in readme.splitlines() if line.startswith("| `")]
    shown = {name for cell in cells for name in cell.split("`")[1::2] if name.isupper()}
    assert shown == {name.removeprefix(PREFIX) for name in variable_names().values()}
