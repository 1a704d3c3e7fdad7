"""The schemas of the kinds that come from outside Kubernetes.

No validator of Kubernetes' own kinds knows them. Their schemas are vendored (schemas/NOTICE), and
schemas/demands.yaml adds what this project demands. Strict: a field that a schema does not list is
refused, unless it says that unknown fields are kept; a cluster would drop it without a word.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

Schema = dict[str, Any]

_FOLDER = Path(__file__).parent / "schemas"
_DEMANDS: Schema = yaml.safe_load((_FOLDER / "demands.yaml").read_text())
_KEEP = "x-kubernetes-preserve-unknown-fields"

# The API version and kind of each, and the file of its vendored schema.
CUSTOM_KINDS: dict[tuple[str, str], str | None] = {
    ("gateway.networking.k8s.io/v1", "Gateway"): "gateway.json",
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): "httproute.json",
    ("monitoring.coreos.com/v1", "PodMonitor"): "podmonitor.json",
    ("azmonitoring.coreos.com/v1", "PodMonitor"): "podmonitor.json",
    ("monitoring.coreos.com/v1", "PrometheusRule"): "prometheusrule.json",
    ("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass"): None,
}


def close(schema: Schema) -> Schema:
    """Refuse the fields that a schema does not list, at every depth.

    Only along `properties`, `items` and `additionalProperties`, which describe a structure. Under
    `anyOf` and the like stand conditions on it, which list only the fields that they are about.
    """
    closed = dict(schema)
    if "properties" in schema:
        closed["properties"] = {name: close(each) for name, each in schema["properties"].items()}
        if "additionalProperties" not in schema and not schema.get(_KEEP):
            closed["additionalProperties"] = False
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            closed[name] = close(schema[name])
    return closed


@cache
def vendored(file: str) -> Draft202012Validator:
    """Return what validates against a vendored schema, strictly."""
    return _validator(close(json.loads((_FOLDER / file).read_text())))


@cache
def demand(name: str) -> Draft202012Validator:
    """Return what validates against one of our own schemas."""
    return _validator({"$ref": f"#/$defs/{name}", "$defs": _DEMANDS["$defs"]})


def _validator(schema: Schema) -> Draft202012Validator:
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def check_custom(thing: Schema) -> Iterator[str]:
    """Check an object of one of these kinds; yield a line a flaw."""
    kind = thing["kind"]
    file = CUSTOM_KINDS[thing["apiVersion"], kind]
    if file is not None:
        yield from _flaws(vendored(file), thing, "")
    yield from _flaws(demand("metadata"), thing["metadata"], ".metadata")
    yield from _flaws(demand(kind), thing.get("spec"), ".spec")
    if kind == "SecretProviderClass":
        yield from _objects(thing)


def _objects(thing: Schema) -> Iterator[str]:
    """Check the YAML in a text that lists what to take from the vault."""
    try:
        listed = yaml.safe_load(thing["spec"]["parameters"]["objects"])
        entries = [yaml.safe_load(each) for each in listed["array"]]
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        yield f".objects: not YAML in a text: {error!r}"
        return
    yield from _flaws(demand("SecretProviderClass-objects"), listed, ".objects")
    for each in entries:
        yield from _flaws(demand("SecretProviderClass-object"), each, ".objects")


def _flaws(validator: Draft202012Validator, value: Any, where: str) -> Iterator[str]:
    for error in validator.iter_errors(value):
        yield f"{where}{error.json_path.removeprefix('$')}: {error.message}"
