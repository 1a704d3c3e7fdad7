from __future__ import annotations

import ast
import inspect
import itertools
from pathlib import Path

import pytest

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
        ("RECOMMENDER_PORT", "http", "RECOMMENDER_PORT: Input should be a valid integer"),
        ("RECOMMENDER_PORT", "70000", "RECOMMENDER_PORT: Input should be less than or equal"),
        ("RECOMMENDER_MAX_K", "0", "RECOMMENDER_MAX_K"),
        ("RECOMMENDER_SIDE_DATA_DEFAULTS", "{", "side_data_defaults"),
        ("RECOMMENDER_SIDE_DATA_DEFAULTS", "[1]", "RECOMMENDER_SIDE_DATA_DEFAULTS"),
        ("RECOMMENDER_SIMILARITY_MODEL", "", "RECOMMENDER_SIMILARITY_MODEL"),
        ("RECOMMENDER_CORS_ORIGINS", "https://a.example/", "'https://a.example/' is no origin"),
        ("RECOMMENDER_CORS_ORIGINS", "https://a.example,b.example", "'b.example' is no origin"),
        ("RECOMMENDER_CORS_ORIGINS", "https://A.example", "RECOMMENDER_CORS_ORIGINS"),
        ("RECOMMENDER_CORS_ORIGINS", "null", "RECOMMENDER_CORS_ORIGINS"),
        (
            "RECOMMENDER_MODEL_DIR",
            "/x",
            "unknown setting RECOMMENDER_MODEL_DIR (did you mean RECOMMENDER_MODELS_DIR?)",
        ),
        ("recommender_colour", "red", "unknown setting recommender_colour"),
    ],
)
def test_what_cannot_be_honoured(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


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
