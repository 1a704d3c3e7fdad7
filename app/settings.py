"""Everything that can be configured, by environment variables with the prefix `RECOMMENDER_`."""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from turi_recommender.wording import counted

from .errors import ConfigurationError

PREFIX = "RECOMMENDER_"
# What the kubelet derives from the Services of a namespace, among them RECOMMENDER_PORT itself.
_SERVICE_LINK = re.compile(r"_SERVICE_(HOST|PORT)|_PORT_\d+_(TCP|UDP|SCTP)")
_ADDRESS = re.compile(r"https?://[^\s/]+")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9_.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
_HOST = re.compile(
    r"[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
)
# Far beyond what makes sense: a number above these is a slip, such as bytes in place of seconds.
_WEEK = 7 * 24 * 3600
_MANY = 1_000_000
_MANY_BYTES = 1 << 30
SAMPLE_MODELS = Path(__file__).parent / "sample_models"
Auto = Literal["side-data", "ranking", "similarity", "measured"]


class Settings(BaseSettings):
    """Settings of the service. Lists are written with commas, objects as JSON.

    White space and quotes around a value do not count: files of variables often have them.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        extra="forbid",
        populate_by_name=True,
        frozen=True,
        allow_inf_nan=False,
    )

    host: str = Field(default="127.0.0.1", min_length=1)
    """Address to listen on; `0.0.0.0` is all of IPv4, `::` all of IPv6 and of IPv4."""

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

    newcomer_model: str = ""
    """Model for users whom the model of a request does not know, named likewise, such as a
    popularity model. Empty, there is none, and the model of the request answers them itself."""

    auto: Auto = "side-data"
    """Which model answers requests that name none, or `auto`. `side-data`: the ranking model if any
    row of the request has side data, else the similarity model. `ranking` or `similarity`: that
    one, if it is loaded. `measured`: for each visitor, the one that is best by the figures in the
    manifests of the versions that serve."""

    side_data_defaults: Annotated[dict[str, Any], NoDecode] = {
        "period": "Night",
        "month": 8,
        "weekday": 2,
    }
    """Value of each side column that a user's row leaves out. Left at its default, columns that the
    ranking model does not have are ignored."""

    max_k: int = Field(default=1000, ge=1, le=_MANY)
    """Largest `k` of a request."""

    max_users: int = Field(default=1000, ge=1, le=_MANY)
    """Most users per request."""

    max_items: int = Field(default=1000, ge=1, le=_MANY)
    """Most items per request, in each of its lists, and most pairs of user and item."""

    max_body_bytes: int = Field(default=1024 * 1024, ge=1, le=_MANY_BYTES)
    """Largest request body; beyond that, the answer is 413."""

    max_answers: int = Field(default=100_000, ge=1, le=1000 * _MANY)
    """Most answers for which a request can ask: users (or items) times `k`."""

    max_answer_bytes: int = Field(default=32 * 1024 * 1024, ge=1024, le=_MANY_BYTES)
    """Largest answer in bytes, estimated from above before any work is done; beyond that, the
    answer is 422."""

    max_in_flight: int = Field(default=64, ge=1, le=_MANY)
    """Requests handled at the same time; beyond that, the answer is an immediate 503 with
    `Retry-After`. Probes and metrics are still answered."""

    max_header_bytes: int = Field(default=32 * 1024, ge=1024, le=1024 * 1024)
    """Largest request line and headers together; beyond that, the answer is 431."""

    request_timeout_seconds: float = Field(default=30.0, gt=0, le=_WEEK)
    """Longest time to receive and answer a request; beyond that, the answer is 408 or 503."""

    keep_alive_seconds: int = Field(default=3700, ge=0, le=_WEEK)
    """How long an idle connection stays open. Longer than a proxy keeps it (Envoy: an hour), so
    that the proxy closes first and never sends a request on a connection that is being closed."""

    drain_seconds: float = Field(default=5.0, ge=0, le=_WEEK)
    """How long the service goes on answering after SIGTERM, while `/healthz/ready` says 503."""

    grace_seconds: int = Field(default=20, ge=0, le=_WEEK)
    """How long requests in flight may take after that."""

    models_poll_seconds: float = Field(default=10.0, ge=0, le=_WEEK)
    """How often, in seconds, the service looks for new versions in `MODELS_DIR`; 0 means never."""

    auth: Literal["auto", "none"] = "auto"
    """`none` allows the service to listen beyond loopback without keys or tokens."""

    api_keys: str = ""
    """SHA-256 digests (`sha256:<hex>`, separated by commas) of keys that may ask for
    recommendations."""

    api_key_files: str = ""
    """Files (separated by commas) with one such digest, or key, per line; they are read again when
    they change."""

    admin_keys: str = ""
    """Digests of keys that may also reload and activate models."""

    admin_key_files: str = ""
    """Files with such keys."""

    jwt_issuer: str = ""
    """Issuers (`iss`, separated by commas) of accepted tokens; `JWT_AUDIENCE` and `JWT_JWKS_URL`
    must be set with them."""

    jwt_audience: str = ""
    """Audiences (`aud`, separated by commas) of accepted tokens."""

    jwt_jwks_url: str = ""
    """Where the issuers' keys are: one address for all, or one for each issuer in the same order,
    separated by commas."""

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

    @field_validator("auto", "auth", "docs", "metrics", "log_format", "log_level", mode="before")
    @classmethod
    def _in_lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("models_dir", mode="before")
    @classmethod
    def _not_empty(cls, value: object) -> object:
        if value == "":  # it would be the directory that the process happens to be in
            raise ValueError("it must not be empty")
        return value

    @field_validator("side_data_defaults", mode="before")
    @classmethod
    def _from_json(cls, value: object) -> object:
        return _json_object(value) if isinstance(value, str) else value

    @field_validator("side_data_defaults")
    @classmethod
    def _finite(cls, value: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(value, allow_nan=False)  # a number such as 1e999 is infinite, too
        except ValueError:
            raise ValueError("its numbers must be finite") from None
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _bare(cls, value: object) -> object:  # the last of these is called first
        return _without_quotes(value) if isinstance(value, str) else value

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, value: str) -> str:
        for host in split_list(value):
            if host != "*" and not _HOST.fullmatch(host):
                raise ValueError(f"{host!r} is not a host name or address without a port")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for origin in split_list(value):
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is not an origin: scheme://host or scheme://host:port"
                )
        return value

    @model_validator(mode="after")
    def _complete_issuers(self) -> Settings:
        parts = [split_list(part) for part in (self.jwt_issuer, self.jwt_audience)]
        issuers, addresses = parts[0], split_list(self.jwt_jwks_url)
        if any((*parts, addresses)) and not all((*parts, addresses)):
            raise ValueError("RECOMMENDER_JWT_ISSUER, _JWT_AUDIENCE and _JWT_JWKS_URL go together")
        if len(set(issuers)) != len(issuers):
            raise ValueError("RECOMMENDER_JWT_ISSUER: an issuer is named twice")
        if len(addresses) not in {0, 1, len(issuers)}:
            raise ValueError(
                "RECOMMENDER_JWT_JWKS_URL: one address for all issuers, or one for each of them, "
                f"is needed; {counted(len(issuers), 'issuer')} and "
                f"{counted(len(addresses), 'address', 'addresses')} are set"
            )
        if not all(_ADDRESS.match(address) for address in addresses):
            raise ValueError("RECOMMENDER_JWT_JWKS_URL: an address begins with https://")
        return self

    @model_validator(mode="after")
    def _one_way_to_protect(self) -> Settings:
        if self.auth == "none" and (self.jwt_issuer or any(self._keys())):
            raise ValueError("RECOMMENDER_AUTH=none and keys or an issuer contradict each other")
        return self

    def _keys(self) -> tuple[str, ...]:
        return (self.api_keys, self.api_key_files, self.admin_keys, self.admin_key_files)

    @property
    def issuers(self) -> dict[str, str]:
        """The issuers of accepted tokens, and where the keys of each are."""
        issuers, addresses = split_list(self.jwt_issuer), split_list(self.jwt_jwks_url)
        if len(addresses) == 1:
            addresses *= len(issuers)
        return dict(zip(issuers, addresses, strict=True))

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
            return sys.stdout is None or not sys.stdout.isatty()
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
        raise ConfigurationError("; ".join(map(_problem, error.errors()))) from None


def variable_names() -> dict[str, str]:
    """Return the environment variable of each setting, by the setting's name."""
    return {name: f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def _without_quotes(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


def _json_object(text: str) -> dict[str, Any]:
    needed = 'a JSON object is needed, such as {"month": 8}'
    try:
        value = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise ValueError(needed) from None
    if not isinstance(value, dict):
        raise ValueError(needed)
    return value


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _problem(error: ErrorDetails) -> str:
    """Return what is wrong with a setting, without its value: that may be a secret."""
    reason = _reason(error["type"], error.get("ctx", {}))
    if not error["loc"]:  # settings that do not go together: the reason names them
        return reason
    name, *rest = map(str, error["loc"])
    return f"{'.'.join([variable_names().get(name, name), *rest])}: {reason}"


def _reason(kind: str, details: dict[str, Any]) -> str:
    match kind:
        case "value_error":
            return str(details["error"])
        case "literal_error":
            return f"it must be {details['expected'].replace(chr(39), '')}"
        case "greater_than":
            return f"it must be more than {details['gt']:.15g}"
        case "greater_than_equal":
            return f"it must be {details['ge']:.15g} or more"
        case "less_than_equal":
            return f"it must be {details['le']:.15g} or less"
        case "string_too_short":
            return "it must not be empty"
        case "string_pattern_mismatch":
            return "it must be an address such as http://collector:4318"
        case "finite_number":
            return "it must be a finite number"
    if kind.startswith("int"):
        return "it must be a whole number"
    if kind.startswith("float"):
        return "it must be a number"
    if kind.startswith("bool"):
        return "it must be true or false"
    return "it cannot be used"


def _refuse_unknown_names() -> None:
    """Stop at a misspelt variable: silently ignored, it would be believed to be in force."""
    known = variable_names().values()
    for name in os.environ:
        upper = name.upper()
        if upper.startswith(PREFIX) and upper not in known:
            raise ConfigurationError(f"unknown setting {name}{_hint(upper, list(known))}")


def _hint(name: str, known: list[str]) -> str:
    if _SERVICE_LINK.search(name):
        return " (Kubernetes sets it for a Service of that name, unless enableServiceLinks: false)"
    near = difflib.get_close_matches(name, known, 1)
    return f" (did you mean {near[0]}?)" if near else ""
