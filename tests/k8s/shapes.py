"""The fields of the kinds that come from outside Kubernetes, as far as they are used here.

No schema validator knows them. Strict: a field that is not listed is a finding, so whoever uses
another one has to look it up and list it.

Source: Gateway API v1, Secrets Store CSI Driver v1 with its Azure provider, and the Prometheus
operator's PodMonitor under Azure's group.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

Rule = Callable[[Any, str], Iterator[str]]


def text(pattern: str = r"(?s).+") -> Rule:
    def rule(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield f"{where}: {value!r} does not match {pattern}"

    return rule


def whole(low: int, high: int) -> Rule:
    def rule(value: Any, where: str) -> Iterator[str]:
        if type(value) is not int or not low <= value <= high:
            yield f"{where}: {value!r} is not a whole number of {low} to {high}"

    return rule


def one_of(*values: str) -> Rule:
    def rule(value: Any, where: str) -> Iterator[str]:
        if value not in values:
            yield f"{where}: {value!r} is none of {', '.join(values)}"

    return rule


def listing(item: Rule, high: int) -> Rule:
    def rule(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, list) or not 1 <= len(value) <= high:
            yield f"{where}: not a list of 1 to {high}"
            return
        for number, each in enumerate(value):
            yield from item(each, f"{where}[{number}]")

    return rule


def mapping(item: Rule) -> Rule:
    def rule(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, dict) or not value:
            yield f"{where}: not a mapping with entries"
            return
        for name, each in value.items():
            yield from item(each, f"{where}.{name}")

    return rule


def fields(needed: dict[str, Rule], optional: dict[str, Rule] | None = None) -> Rule:
    known = needed | (optional or {})

    def rule(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where}: not a mapping"
            return
        for name in needed.keys() - value.keys():
            yield f"{where}.{name}: missing"
        for name, each in value.items():
            if name in known:
                yield from known[name](each, f"{where}.{name}")
            else:
                yield f"{where}.{name}: no such field among those used here"

    return rule


def in_text(item: Rule) -> Rule:
    """YAML in a text."""

    def rule(value: Any, where: str) -> Iterator[str]:
        try:
            yield from item(yaml.safe_load(value), where)
        except (yaml.YAMLError, AttributeError) as error:
            yield f"{where}: not YAML in a text: {error}"

    return rule


NAME = text(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
HOST = text(r"(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+")
PORT = whole(1, 65535)
LABELS = fields({"matchLabels": mapping(text(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"))})
DURATION = text(r"([0-9]{1,5}(h|m|s|ms)){1,4}")

GATEWAY = fields(
    {
        "gatewayClassName": one_of("approuting-istio"),
        "listeners": listing(
            fields(
                {
                    "name": NAME,
                    "hostname": HOST,
                    "port": PORT,
                    "protocol": one_of("HTTPS"),
                    "tls": fields(
                        {
                            "mode": one_of("Terminate"),
                            "options": fields(
                                {
                                    "kubernetes.azure.com/tls-cert-keyvault-uri": text(
                                        r"https://[A-Za-z0-9-]+\.vault\.azure\.net/certificates/"
                                        r"[A-Za-z0-9-]+"
                                    ),
                                    "kubernetes.azure.com/tls-cert-service-account": NAME,
                                }
                            ),
                        }
                    ),
                    "allowedRoutes": fields(
                        {"namespaces": fields({"from": one_of("Selector")}, {"selector": LABELS})}
                    ),
                }
            ),
            64,
        ),
    }
)

HTTP_ROUTE = fields(
    {
        "parentRefs": listing(fields({"name": NAME, "namespace": NAME, "sectionName": NAME}), 32),
        "hostnames": listing(HOST, 16),
        "rules": listing(
            fields(
                {
                    "matches": listing(
                        fields(
                            {
                                "path": fields(
                                    {
                                        "type": one_of("Exact", "PathPrefix"),
                                        "value": text(r"/|(/[A-Za-z0-9._~-]+)+"),
                                    }
                                )
                            }
                        ),
                        8,
                    ),
                    "backendRefs": listing(
                        fields({"name": NAME, "port": PORT}, {"weight": whole(0, 1_000_000)}), 16
                    ),
                },
                {"timeouts": fields({"request": DURATION})},
            ),
            16,
        ),
    }
)

POD_MONITOR = fields(
    {
        "selector": LABELS,
        "podMetricsEndpoints": listing(
            fields({"port": NAME, "path": text(r"/\S*"), "interval": DURATION}), 1
        ),
    },
    {"podTargetLabels": listing(text(), 10)},
)

SECRET_PROVIDER_CLASS = fields(
    {
        "provider": one_of("azure"),
        "parameters": fields(
            {
                "usePodIdentity": one_of("false"),
                "clientID": text(),
                "tenantId": text(),
                "keyvaultName": text(r"[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]"),
                "objects": in_text(
                    fields(
                        {
                            "array": listing(
                                in_text(
                                    fields(
                                        {
                                            "objectName": text(r"[A-Za-z0-9-]{1,127}"),
                                            "objectAlias": NAME,
                                            "objectType": one_of("secret"),
                                        }
                                    )
                                ),
                                10,
                            )
                        }
                    )
                ),
            }
        ),
    }
)

SHAPES: dict[tuple[str, str], Rule] = {
    ("gateway.networking.k8s.io/v1", "Gateway"): GATEWAY,
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): HTTP_ROUTE,
    ("azmonitoring.coreos.com/v1", "PodMonitor"): POD_MONITOR,
    ("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass"): SECRET_PROVIDER_CLASS,
}

_METADATA = fields(
    {"name": NAME, "namespace": NAME}, {"labels": mapping(text()), "annotations": mapping(text())}
)


def check_shape(thing: dict[str, Any]) -> Iterator[str]:
    """Check an object of a kind from outside."""
    spec = SHAPES[thing["apiVersion"], thing["kind"]]
    whole_thing = fields(
        {"apiVersion": text(), "kind": text(), "metadata": _METADATA, "spec": spec}
    )
    yield from whole_thing(thing, "")
