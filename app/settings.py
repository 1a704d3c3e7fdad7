"""Everything that can be configured, by environment variables with the prefix `RECOMMENDER_`."""

from __future__ import annotations

import difflib
import os
import re
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from .errors import ConfigurationError

PREFIX = "RECOMMENDER_"
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9_.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
_HOST = re.compile(
    r"[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
)
SAMPLE_MODELS = Path(__file__).parent / "sample_models"


class Settings(BaseSettings):
    """Settings of the service. Lists and objects are written as JSON."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", populate_by_name=True, frozen=True
    )

    host: str = Field(default="127.0.0.1", min_length=1)
    """Address to listen on."""

    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""

    models_dir: Path = Field(
        default=SAMPLE_MODELS,
        validation_alias=AliasChoices(f"{PREFIX}MODELS_DIR", "AZUREML_MODEL_DIR"),
    )
    """Directory of models: `<name>/<version>/<file>.model`, or flat `<file>.model`. If unset,
    `AZUREML_MODEL_DIR`, else the sample models that come with the service."""

    similarity_model: str = Field(default="similarity_model", min_length=1)
    """Model for users without side data and for similar items: a registry name (highest version),
    `name:version`, or a path to a model directory. Left at its default, it may be absent."""

    ranking_model: str = Field(default="ranking_factorization_model", min_length=1)
    """Model for users with side data, named likewise. Left at its default, it may be absent."""

    side_data_defaults: dict[str, Any] = {"period": "Night", "month": 8, "weekday": 2}
    """Value of each side column that a user's row leaves out. Left at its default, columns that the
    ranking model does not have are ignored."""

    max_k: int = Field(default=1000, ge=1)
    """Largest `k` of a request."""

    max_users: int = Field(default=1000, ge=1)
    """Most users per request."""

    max_items: int = Field(default=1000, ge=1)
    """Most items per request, in each of its lists."""

    max_body_bytes: int = Field(default=1024 * 1024, ge=1)
    """Largest request body; beyond that, the answer is 413."""

    max_answers: int = Field(default=100_000, ge=1)
    """Most answers for which a request can ask: users (or items) times `k`."""

    max_answer_bytes: int = Field(default=32 * 1024 * 1024, ge=1024)
    """Largest answer in bytes, estimated from above before any work is done; beyond that, the
    answer is 422."""

    max_in_flight: int = Field(default=64, ge=1)
    """Requests handled at the same time; beyond that, the answer is an immediate 503 with
    `Retry-After`. Probes and metrics are still answered."""

    max_header_bytes: int = Field(default=32 * 1024, ge=1024)
    """Largest request line and headers together; beyond that, the answer is 431."""

    request_timeout_seconds: float = Field(default=30.0, gt=0)
    """Longest time to receive and answer a request; beyond that, the answer is 408 or 503."""

    keep_alive_seconds: int = Field(default=65, ge=0)
    """How long an idle connection stays open. It should be longer than in the proxy in front, so
    that the proxy never uses a connection that was closed."""

    drain_seconds: float = Field(default=5.0, ge=0)
    """How long the service goes on answering after SIGTERM, while `/healthz/ready` says 503."""

    grace_seconds: int = Field(default=20, ge=0)
    """How long requests in flight may take after that."""

    models_poll_seconds: float = Field(default=10.0, ge=0)
    """How often, in seconds, the service looks for new versions in `MODELS_DIR`; 0 means never."""

    auth: Literal["auto", "none"] = "auto"
    """`none` allows the service to listen beyond loopback without keys or tokens."""

    api_keys: str = ""
    """SHA-256 digests (`sha256:<hex>`, separated by commas) of keys that may ask for
    recommendations."""

    api_key_files: str = ""
    """Files (separated by commas) with one such key or digest per line; they are read again when
    they change."""

    admin_keys: str = ""
    """Digests of keys that may also reload and activate models."""

    admin_key_files: str = ""
    """Files with such keys."""

    jwt_issuer: str = ""
    """Issuer (`iss`) of accepted tokens; `JWT_AUDIENCE` and `JWT_JWKS_URL` must be set with it."""

    jwt_audience: str = ""
    """Audience (`aud`) of accepted tokens."""

    jwt_jwks_url: str = ""
    """Where the issuer's keys are."""

    allowed_hosts: str = ""
    """Names (separated by commas, without ports) by which requests may address the service; `*`
    stands for all. If unset, loopback names where it listens on loopback without keys, else all."""

    cors_origins: str = ""
    """Origins (`https://shop.example`, separated by commas) whose pages may call the service from a
    browser; `*` stands for all."""

    docs: Literal["open", "auth", "off"] = "open"
    """Who may read the documentation pages."""

    metrics: Literal["open", "auth", "off"] = "open"
    """Who may read `/metrics`."""

    log_format: Literal["auto", "json", "text"] = "auto"
    """`auto` means text on a terminal, else JSON."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe events that are logged."""

    access_log: bool = True
    """Whether each request is logged."""

    otlp_endpoint: str = Field(default="", pattern=r"^(https?://[^\s/]+.*)?$")
    """Base address of an OpenTelemetry collector (OTLP over HTTP) to which the spans of requests
    are sent."""

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, value: str) -> str:
        for host in split_list(value):
            if host != "*" and not _HOST.fullmatch(host):
                raise ValueError(f"{host!r} is no host name or address, without a port")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for origin in split_list(value):
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin: scheme://host or scheme://host:port")
        return value

    @model_validator(mode="after")
    def _complete_issuer(self) -> Settings:
        parts = (self.jwt_issuer, self.jwt_audience, self.jwt_jwks_url)
        if any(parts) and not all(parts):
            raise ValueError("RECOMMENDER_JWT_ISSUER, _JWT_AUDIENCE and _JWT_JWKS_URL go together")
        return self

    @model_validator(mode="after")
    def _one_way_to_protect(self) -> Settings:
        if self.auth == "none" and (self.jwt_issuer or any(self._keys())):
            raise ValueError("RECOMMENDER_AUTH=none and keys or an issuer contradict each other")
        return self

    def _keys(self) -> tuple[str, ...]:
        return (self.api_keys, self.api_key_files, self.admin_keys, self.admin_key_files)

    @property
    def hosts(self) -> list[str]:
        """The names by which requests may address the service; none if it was left open."""
        return [host.lower().strip("[]") for host in split_list(self.allowed_hosts)]

    @property
    def origins(self) -> list[str]:
        """The origins whose pages may call the service."""
        return split_list(self.cors_origins)

    @property
    def logs_json(self) -> bool:
        """Whether logs are JSON."""
        if self.log_format == "auto":
            return not sys.stdout.isatty()
        return self.log_format == "json"

    def is_default(self, name: str) -> bool:
        """Tell whether a setting was left alone."""
        return name not in self.model_fields_set


def split_list(value: str) -> list[str]:
    """Return the entries of a list that is separated by commas."""
    return [entry.strip() for entry in value.split(",") if entry.strip()]


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises
    ------
    ConfigurationError
        If a variable has a value that cannot be used, or a name that means nothing here.
    """
    _refuse_unknown_names()
    try:
        return Settings()
    except ValidationError as error:
        problems = [f"{_variable(one['loc'])}: {one['msg']}" for one in error.errors()]
        raise ConfigurationError("; ".join(problems)) from None
    except ValueError as error:  # not JSON where JSON is called for
        raise ConfigurationError(str(error)) from None


def variable_names() -> dict[str, str]:
    """Return the environment variable of each setting, by the setting's name."""
    return {name: f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def _variable(location: tuple[int | str, ...]) -> str:
    name, *rest = map(str, location)
    return ".".join([variable_names().get(name, name), *rest])


def _refuse_unknown_names() -> None:
    """Stop at a misspelt variable: silently ignored, it would be believed to be in force."""
    known = variable_names().values()
    for name in os.environ:
        upper = name.upper()
        if upper.startswith(PREFIX) and upper not in known:
            near = difflib.get_close_matches(upper, known, 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise ConfigurationError(f"unknown setting {name}{hint}")
