"""What no schema sees: whether the objects fit one another, the service, and what AKS demands.

A check takes all objects that are applied together and yields one line a flaw. `find_flaws` runs
them all.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from unittest import mock
from zoneinfo import available_timezones

import yaml

from app import __version__
from app.front import PROBES
from app.settings import PREFIX, Settings, load_settings, variable_names

from .manifests import Obj
from .shapes import SHAPES, check_shape

NAMESPACED = {
    ("v1", "ServiceAccount"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "PersistentVolumeClaim"),
    ("apps/v1", "Deployment"),
    ("batch/v1", "CronJob"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("policy/v1", "PodDisruptionBudget"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("networking.k8s.io/v1", "Ingress"),
    *SHAPES,
}
CLUSTER_WIDE = {("v1", "Namespace"), ("storage.k8s.io/v1", "StorageClass")}
GIVEN_NAMESPACES = {"kube-system", "app-routing-system"}  # AKS makes them
NAME_LABEL = "kubernetes.io/metadata.name"
GATEWAY_LABEL = "gateway.networking.k8s.io/gateway-name"
IDENTITY = "azure.workload.identity"
IMAGES = {"turi-recommender", "turi-recommender-trainer"}
SERVICE_IMAGE = "turi-recommender"
# Keys and digests belong into files; where tokens come from is a matter of each site.
NOT_IN_SETTINGS = {"api_keys", "admin_keys", "jwt_issuer", "jwt_audience", "jwt_jwks_url"}
INSIDE_ONLY = ("/metrics", "/admin", "/healthz", "/docs", "/redoc", "/openapi.json")
DROP_IN = ("/score", "/api/v1/service")
SPARE_SECONDS = 5
MEBI = 2**20


class Flaw(NamedTuple):
    """What a check found."""

    check: str
    what: str


class Container(NamedTuple):
    """A container and what it is among the others."""

    role: str  # "main", "init" or "sidecar"
    spec: Obj

    @property
    def name(self) -> str:
        return str(self.spec.get("name"))


@dataclass
class Workload:
    """A pod template and where it stands."""

    owner: Obj
    template: Obj

    @property
    def label(self) -> str:
        return label(self.owner)

    @property
    def namespace(self) -> str:
        return namespace(self.owner)

    @property
    def labels(self) -> dict[str, str]:
        found: dict[str, str] = self.template.get("metadata", {}).get("labels", {})
        return found

    @property
    def pod(self) -> Obj:
        spec: Obj = self.template["spec"]
        return spec

    @property
    def is_deployment(self) -> bool:
        return bool(self.owner["kind"] == "Deployment")

    @property
    def containers(self) -> list[Container]:
        first = [
            Container("sidecar" if each.get("restartPolicy") == "Always" else "init", each)
            for each in self.pod.get("initContainers", [])
        ]
        return first + [Container("main", each) for each in self.pod.get("containers", [])]

    @property
    def main(self) -> Obj:
        spec: Obj = self.pod["containers"][0]
        return spec

    @property
    def volumes(self) -> dict[str, Obj]:
        return {each["name"]: each for each in self.pod.get("volumes", [])}


@dataclass
class Cluster:
    """All objects, and ways to look them up."""

    objects: list[Obj]
    workloads: list[Workload] = field(init=False)

    def __post_init__(self) -> None:
        self.workloads = []
        for each in self.all("Deployment"):
            self.workloads.append(Workload(each, each["spec"]["template"]))
        for each in self.all("CronJob"):
            template = each["spec"]["jobTemplate"]["spec"]["template"]
            self.workloads.append(Workload(each, template))

    def all(self, kind: str) -> list[Obj]:
        return [each for each in self.objects if each.get("kind") == kind]

    def get(self, kind: str, where: str | None, name: str) -> Obj | None:
        for each in self.all(kind):
            if each["metadata"]["name"] == name and namespace(each) == (where or ""):
                return each
        return None

    def pods(self, where: str, labels: dict[str, str] | None) -> list[Workload]:
        """Return the workloads whose pods a selector selects; an empty one selects none here."""
        return [
            each
            for each in self.workloads
            if labels and each.namespace == where and labels.items() <= each.labels.items()
        ]

    @property
    def services(self) -> list[Workload]:
        """Return the workloads that serve."""
        return [each for each in self.workloads if each.is_deployment]

    def settings(self, workload: Workload) -> dict[str, str]:
        """Return the variables of a workload's main container."""
        return self.variables(workload, workload.main)

    def variables(self, workload: Workload, container: Obj) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            config = self.get(
                "ConfigMap", workload.namespace, source.get("configMapRef", {}).get("name", "")
            )
            found |= (config or {}).get("data", {})
        for each in container.get("env", []):
            found[each["name"]] = each.get("value", "")
        return found


Check = Callable[[Cluster], Iterable[str]]
CHECKS: dict[str, Check] = {}
FIRST = ("kinds", "shapes")


def check(function: Check) -> Check:
    CHECKS[function.__name__.removeprefix("check_")] = function
    return function


def find_flaws(objects: list[Obj], without: Iterable[str] = ()) -> list[Flaw]:
    """Run all checks but those named; return what they find.

    The others rely on what `kinds` and `shapes` check, and run only if these find nothing.
    """
    cluster = Cluster(objects)
    skipped = set(without)
    assert skipped <= CHECKS.keys()
    found = [Flaw(name, what) for name in FIRST for what in CHECKS[name](cluster)]
    if found:
        return found
    return [
        Flaw(name, what)
        for name, function in CHECKS.items()
        if name not in skipped
        for what in function(cluster)
    ]


def label(thing: Obj) -> str:
    return f"{thing.get('kind')}/{thing.get('metadata', {}).get('name')}"


def namespace(thing: Obj) -> str:
    return str(thing.get("metadata", {}).get("namespace", ""))


# --- The objects one by one


@check
def check_kinds(cluster: Cluster) -> Iterator[str]:
    """Known kinds, in namespaces that exist, each once."""
    made = {each["metadata"]["name"] for each in cluster.all("Namespace")}
    seen = set()
    for each in cluster.objects:
        kind = (each.get("apiVersion"), each.get("kind"))
        identity = (kind, namespace(each), each["metadata"]["name"])
        if identity in seen:
            yield f"{label(each)}: twice"
        seen.add(identity)
        if kind in CLUSTER_WIDE:
            if namespace(each):
                yield f"{label(each)}: in a namespace, but of the whole cluster"
        elif kind not in NAMESPACED:
            yield f"{label(each)}: {kind[0]} {kind[1]} is not a kind that is checked here"
        elif namespace(each) not in made:
            yield f"{label(each)}: namespace {namespace(each)!r} is not made"


@check
def check_shapes(cluster: Cluster) -> Iterator[str]:
    """Fields of the kinds from outside."""
    for each in cluster.objects:
        if (each.get("apiVersion"), each.get("kind")) in SHAPES:
            for flaw in check_shape(each):
                yield f"{label(each)}{flaw}"


# --- Selectors and references


@check
def check_selectors(cluster: Cluster) -> Iterator[str]:
    """Selectors select the pods they mean, and no others."""
    taken: dict[tuple[str, str], str] = {}
    for each in cluster.all("Service"):
        selector = each["spec"].get("selector", {})
        if len(cluster.pods(namespace(each), selector)) != 1:
            yield f"{label(each)}: selects not exactly one workload"
        key = (namespace(each), json.dumps(selector, sort_keys=True))
        if key in taken:
            yield f"{label(each)}: selects the same as {taken[key]}"
        taken[key] = label(each)
    for work in cluster.services:
        selector = work.owner["spec"]["selector"].get("matchLabels", {})
        if cluster.pods(work.namespace, selector) != [work]:
            yield f"{work.label}: its selector does not select just its own pods"
        for spread in work.pod.get("topologySpreadConstraints", []):
            chosen = spread.get("labelSelector", {}).get("matchLabels", {})
            if cluster.pods(work.namespace, chosen) != [work]:
                yield f"{work.label}: spreads by a selector that does not select just its own pods"
        if not any(work in cluster.pods(namespace(each), each["spec"].get("selector"))
                   for each in cluster.all("Service")):  # fmt: skip
            yield f"{work.label}: no Service selects it"


@check
def check_references(cluster: Cluster) -> Iterator[str]:
    """What is named is there."""
    for work in cluster.workloads:
        yield from _account(cluster, work)
        for name, volume in work.volumes.items():
            yield from _volume(cluster, work, name, volume)
        mounted = set()
        for container in work.containers:
            paths = set()
            for mount in container.spec.get("volumeMounts", []):
                mounted.add(mount["name"])
                if mount["name"] not in work.volumes:
                    yield f"{work.label}: {container.name} mounts {mount['name']!r}, no volume"
                if mount["mountPath"] in paths:
                    yield f"{work.label}: {container.name} mounts {mount['mountPath']} twice"
                paths.add(mount["mountPath"])
            yield from _environment(cluster, work, container)
        for name in work.volumes.keys() - mounted:
            yield f"{work.label}: volume {name!r} is mounted nowhere"
        names = [container.name for container in work.containers]
        if len(names) != len(set(names)):
            yield f"{work.label}: two containers have one name"


def _account(cluster: Cluster, work: Workload) -> Iterator[str]:
    name = work.pod.get("serviceAccountName", "default")
    if cluster.get("ServiceAccount", work.namespace, name) is None:
        yield f"{work.label}: no ServiceAccount {name!r}"


def _volume(cluster: Cluster, work: Workload, name: str, volume: Obj) -> Iterator[str]:
    where = f"{work.label}: volume {name!r}"
    claim = volume.get("persistentVolumeClaim")
    if claim and cluster.get("PersistentVolumeClaim", work.namespace, claim["claimName"]) is None:
        yield f"{where}: no PersistentVolumeClaim {claim['claimName']!r}"
    config = volume.get("configMap")
    if config and cluster.get("ConfigMap", work.namespace, config["name"]) is None:
        yield f"{where}: no ConfigMap {config['name']!r}"
    secret = volume.get("secret")
    if secret:
        found = cluster.get("Secret", work.namespace, secret["secretName"])
        if found is None:
            yield f"{where}: no Secret {secret['secretName']!r}"
        for item in secret.get("items", []):
            if found and item["key"] not in _keys(found):
                yield f"{where}: no key {item['key']!r} in the Secret"
    csi = volume.get("csi")
    if csi:
        provider = csi.get("volumeAttributes", {}).get("secretProviderClass", "")
        if cluster.get("SecretProviderClass", work.namespace, provider) is None:
            yield f"{where}: no SecretProviderClass {provider!r}"
        account = cluster.get(
            "ServiceAccount", work.namespace, work.pod.get("serviceAccountName", "")
        )
        if f"{IDENTITY}/client-id" not in (account or {}).get("metadata", {}).get(
            "annotations", {}
        ):
            yield f"{where}: the ServiceAccount has no identity"


def _environment(cluster: Cluster, work: Workload, container: Container) -> Iterator[str]:
    where = f"{work.label}: {container.name}"
    for source in container.spec.get("envFrom", []):
        for field_name, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            name = source.get(field_name, {}).get("name")
            if name is not None and cluster.get(kind, work.namespace, name) is None:
                yield f"{where}: no {kind} {name!r}"
    for each in container.spec.get("env", []):
        for field_name, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            wanted = each.get("valueFrom", {}).get(field_name)
            if wanted is None:
                continue
            found = cluster.get(kind, work.namespace, wanted["name"])
            if found is None or wanted["key"] not in _keys(found):
                yield f"{where}: no {wanted['key']!r} in {kind} {wanted['name']!r}"


def _keys(thing: Obj) -> set[str]:
    return {*thing.get("data", {}), *thing.get("stringData", {})}


@check
def check_storage(cluster: Cluster) -> Iterator[str]:
    """Claims of a class that is made here, by a CSI driver, and kept."""
    classes = {each["metadata"]["name"]: each for each in cluster.all("StorageClass")}
    for name, each in classes.items():
        if not each.get("provisioner", "").endswith(".csi.azure.com"):
            yield f"StorageClass/{name}: not an Azure CSI driver"
        if each.get("reclaimPolicy") != "Retain":
            yield f"StorageClass/{name}: models go with their claim"
        users = {work.pod.get("securityContext", {}).get("runAsUser") for work in cluster.workloads}
        if {f"uid={user}" for user in users} - set(each.get("mountOptions", [])):
            yield f"StorageClass/{name}: files do not belong to the pods' user"
    for claim in cluster.all("PersistentVolumeClaim"):
        if claim["spec"].get("storageClassName") not in classes:
            yield f"{label(claim)}: no such StorageClass"
        if claim["spec"].get("accessModes") != ["ReadWriteMany"]:
            yield f"{label(claim)}: pods on several nodes share it"
        size = claim["spec"].get("resources", {}).get("requests", {}).get("storage")
        if quantity(size) is None:
            yield f"{label(claim)}: {size!r} is not a quantity"


# --- Ports and routes


def _ports(work: Workload) -> dict[str, int]:
    return {
        port["name"]: port["containerPort"]
        for container in work.containers
        for port in container.spec.get("ports", [])
        if "name" in port
    }


@check
def check_ports(cluster: Cluster) -> Iterator[str]:
    """Ports by name, and each name a port; probes that exist."""
    for work in cluster.workloads:
        names = [p.get("name") for c in work.containers for p in c.spec.get("ports", [])]
        if len(names) != len(set(names)):
            yield f"{work.label}: two ports of one name"
        for container in work.containers:
            own = {port.get("name") for port in container.spec.get("ports", [])}
            for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
                get = container.spec.get(kind, {}).get("httpGet")
                if get is None:
                    continue
                if get.get("port") not in own:
                    yield f"{work.label}: {kind} asks {get.get('port')!r}, not a port by name"
                if get.get("path") not in PROBES:
                    yield f"{work.label}: {kind} asks {get.get('path')!r}, which is no probe"
    for work in cluster.services:
        port = cluster.settings(work).get(f"{PREFIX}PORT")
        if port != str(_ports(work).get("http")):
            yield f"{work.label}: the service listens on {port}, port http is another"
        if cluster.settings(work).get(f"{PREFIX}HOST") != "0.0.0.0":
            yield f"{work.label}: the service listens to itself only"
    for service in cluster.all("Service"):
        for work in cluster.pods(namespace(service), service["spec"].get("selector")):
            for port in service["spec"].get("ports", []):
                if port.get("targetPort") not in _ports(work):
                    yield f"{label(service)}: {work.label} has no port {port.get('targetPort')!r}"


@check
def check_routes(cluster: Cluster) -> Iterator[str]:
    """Routes lead from a listener to a port of a Service, and only to what callers use."""
    for gateway in cluster.all("Gateway"):
        for listener in gateway["spec"]["listeners"]:
            yield from _certificate_account(cluster, gateway, listener)
    if not cluster.all("HTTPRoute") + cluster.all("Ingress"):
        yield "nothing leads to the service"
    for route in cluster.all("HTTPRoute"):
        for parent in route["spec"]["parentRefs"]:
            yield from _parent(cluster, route, parent)
        paths = []
        for rule in route["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                service = cluster.get("Service", namespace(route), backend["name"])
                ports = (service or {}).get("spec", {}).get("ports", [])
                if backend["port"] not in [port["port"] for port in ports]:
                    yield f"{label(route)}: no Service {backend['name']}:{backend['port']}"
            weights = [backend.get("weight", 1) for backend in rule["backendRefs"]]
            if len(weights) > 1 and sum(weights) != 100:
                yield f"{label(route)}: weights are not percent"
            for match in rule["matches"]:
                paths.append((match["path"]["value"], match["path"]["type"] == "Exact"))
        yield from _public(route, paths)
    for ingress in cluster.all("Ingress"):
        yield from _ingress(cluster, ingress)


def _certificate_account(cluster: Cluster, gateway: Obj, listener: Obj) -> Iterator[str]:
    name = (
        listener.get("tls", {}).get("options", {}).get(
            "kubernetes.azure.com/tls-cert-service-account", ""
        )
    )  # fmt: skip
    account = cluster.get("ServiceAccount", namespace(gateway), name)
    metadata = (account or {}).get("metadata", {})
    if account is None:
        yield f"{label(gateway)}: no ServiceAccount {name!r} beside it"
    elif metadata.get("labels", {}).get(f"{IDENTITY}/use") != "true" or not metadata.get(
        "annotations", {}
    ).get(f"{IDENTITY}/client-id"):
        yield f"{label(gateway)}: ServiceAccount {name!r} has no identity"


def _parent(cluster: Cluster, route: Obj, parent: Obj) -> Iterator[str]:
    gateway = cluster.get("Gateway", parent.get("namespace", namespace(route)), parent["name"])
    if gateway is None:
        yield f"{label(route)}: no Gateway {parent['name']!r}"
        return
    for listener in gateway["spec"]["listeners"]:
        if listener["name"] != parent.get("sectionName"):
            continue
        admitted = listener["allowedRoutes"]["namespaces"].get("selector", {})
        if admitted.get("matchLabels", {}).get(NAME_LABEL) != namespace(route):
            yield f"{label(route)}: the listener does not admit its namespace"
        if listener.get("hostname") not in route["spec"]["hostnames"]:
            yield f"{label(route)}: the listener has another host name"
        return
    yield f"{label(route)}: no listener {parent.get('sectionName')!r}"


def _ingress(cluster: Cluster, ingress: Obj) -> Iterator[str]:
    secured = {host for tls in ingress["spec"].get("tls", []) for host in tls.get("hosts", [])}
    for tls in ingress["spec"].get("tls", []):
        if tls.get("secretName") != f"keyvault-{ingress['metadata']['name']}":
            yield f"{label(ingress)}: not the Secret that the add-on makes"
    paths = []
    for rule in ingress["spec"].get("rules", []):
        if rule.get("host") not in secured:
            yield f"{label(ingress)}: {rule.get('host')} without TLS"
        for path in rule["http"]["paths"]:
            paths.append((path["path"], path["pathType"] == "Exact"))
            wanted = path["backend"]["service"]
            service = cluster.get("Service", namespace(ingress), wanted["name"])
            ports = (service or {}).get("spec", {}).get("ports", [])
            known = {port["name"] for port in ports} | {port["port"] for port in ports}
            if not {*wanted["port"].values()} <= known:
                yield f"{label(ingress)}: no Service {wanted['name']}, port {wanted['port']}"
    yield from _public(ingress, paths)


def _public(route: Obj, paths: list[tuple[str, bool]]) -> Iterator[str]:
    for path in INSIDE_ONLY:
        if any(_leads(route_path, exact, path) for route_path, exact in paths):
            yield f"{label(route)}: leads to {path}"
    for path in DROP_IN:
        if not any(_leads(route_path, exact, path) for route_path, exact in paths):
            yield f"{label(route)}: does not lead to {path}"


def _leads(route_path: str, exact: bool, path: str) -> bool:
    if exact:
        return route_path == path
    return f"{path}/".startswith(route_path.rstrip("/") + "/")


# --- Scaling, disruption, shutdown


@check
def check_scaling(cluster: Cluster) -> Iterator[str]:
    """At least two pods; either the autoscaler counts them or the Deployment, never both."""
    scaled = set()
    for each in cluster.all("HorizontalPodAutoscaler"):
        target = each["spec"]["scaleTargetRef"]
        found = cluster.get(target["kind"], namespace(each), target["name"])
        if found is None or found["apiVersion"] != target["apiVersion"]:
            yield f"{label(each)}: nothing to scale"
            continue
        work = next(work for work in cluster.services if work.owner is found)
        scaled.add(work.label)
        if "replicas" in found["spec"]:
            yield f"{work.label}: replicas would undo the autoscaler's work at each apply"
        if not 2 <= each["spec"].get("minReplicas", 1) < each["spec"]["maxReplicas"]:
            yield f"{label(each)}: not two pods or more, or no room to grow"
        for metric in each["spec"].get("metrics", []):
            resource = metric.get("containerResource", {})
            if resource.get("container") not in {each.name for each in work.containers}:
                yield f"{label(each)}: no container {resource.get('container')!r}"
            for container in work.containers:
                requests = container.spec.get("resources", {}).get("requests", {})
                if container.name == resource.get("container") and "cpu" not in requests:
                    yield f"{label(each)}: a share of no request"
        if not each["spec"].get("metrics"):
            yield f"{label(each)}: no metric"
    for work in cluster.services:
        if work.label not in scaled and work.owner["spec"].get("replicas", 1) < 2:
            yield f"{work.label}: a single pod"


@check
def check_disruption(cluster: Cluster) -> Iterator[str]:
    """A budget for each Deployment that lets nodes be drained."""
    for work in cluster.services:
        budgets = [
            each
            for each in cluster.all("PodDisruptionBudget")
            if work
            in cluster.pods(namespace(each), each["spec"].get("selector", {}).get("matchLabels"))
        ]
        if len(budgets) != 1:
            yield f"{work.label}: {len(budgets)} budgets"
    for each in cluster.all("PodDisruptionBudget"):
        if each["spec"].get("maxUnavailable") != 1 or "minAvailable" in each["spec"]:
            yield f"{label(each)}: not maxUnavailable 1"


@check
def check_shutdown(cluster: Cluster) -> Iterator[str]:
    """Nobody is cut off: neither by a roll-out nor by the end of the grace period."""
    for work in cluster.services:
        rolling = work.owner["spec"].get("strategy", {}).get("rollingUpdate", {})
        if rolling.get("maxUnavailable") != 0 or not rolling.get("maxSurge"):
            yield f"{work.label}: a roll-out takes pods away first"
        hook = work.main.get("lifecycle", {}).get("preStop", {})
        sleep = hook.get("sleep", {}).get("seconds", 0)
        if set(hook) != {"sleep"} or sleep < 1:
            yield f"{work.label}: preStop does not sleep, or needs a shell"
        settings = cluster.settings(work)
        needed = sleep + SPARE_SECONDS
        needed += sum(
            float(settings.get(f"{PREFIX}{n}_SECONDS", "inf")) for n in ("DRAIN", "GRACE")
        )
        if work.pod.get("terminationGracePeriodSeconds", 30) < needed:
            yield f"{work.label}: killed after less than {needed} s"


# --- Network and metrics


@check
def check_network(cluster: Cluster) -> Iterator[str]:
    """Every pod is behind a policy; the way in and the metrics' reader pass."""
    policies = cluster.all("NetworkPolicy")
    for each in policies:
        labels = each["spec"].get("podSelector", {}).get("matchLabels", {})
        if not cluster.pods(namespace(each), labels):
            yield f"{label(each)}: selects no pod"
        if sorted(each["spec"].get("policyTypes", [])) != ["Egress", "Ingress"]:
            yield f"{label(each)}: not for both directions"
    known = GIVEN_NAMESPACES | {each["metadata"]["name"] for each in cluster.all("Namespace")}
    for work in cluster.workloads:
        own = [
            each
            for each in policies
            if work in cluster.pods(
                namespace(each), each["spec"].get("podSelector", {}).get("matchLabels")
            )
        ]  # fmt: skip
        if not own:
            yield f"{work.label}: no policy"
        peers = []
        for rule in (rule for each in own for rule in each["spec"].get("ingress", [])):
            if not rule.get("from") or not rule.get("ports"):
                yield f"{work.label}: open to all, or on all ports"
            for port in rule.get("ports", []):
                if port.get("port") not in _ports(work):
                    yield f"{work.label}: policy for {port.get('port')!r}, not a port by name"
            peers += rule.get("from", [])
        spaces = [
            each.get("namespaceSelector", {}).get("matchLabels", {}).get(NAME_LABEL)
            for each in peers
        ]
        for space in spaces:
            if space not in known:
                yield f"{work.label}: lets in {space!r}, no namespace"
        if work.is_deployment:
            yield from _ways_in(cluster, work, peers, spaces)


def _ways_in(
    cluster: Cluster, work: Workload, peers: list[Obj], spaces: list[str | None]
) -> Iterator[str]:
    for gateway in cluster.all("Gateway"):
        labels = {GATEWAY_LABEL: gateway["metadata"]["name"]}
        if not any(
            space == namespace(gateway)
            and each.get("podSelector", {}).get("matchLabels", labels) == labels
            for each, space in zip(peers, spaces, strict=True)
        ):
            yield f"{work.label}: the policy shuts the Gateway out"
    if cluster.all("Ingress") and "app-routing-system" not in spaces:
        yield f"{work.label}: the policy shuts the Ingress controller out"
    if cluster.all("PodMonitor") and "kube-system" not in spaces:
        yield f"{work.label}: the policy shuts Prometheus out"


@check
def check_monitoring(cluster: Cluster) -> Iterator[str]:
    """Metrics of each Deployment are read where they are, without a key."""
    watched = []
    for each in cluster.all("PodMonitor"):
        found = cluster.pods(namespace(each), each["spec"].get("selector", {}).get("matchLabels"))
        if not found:
            yield f"{label(each)}: selects no pod"
        for work in found:
            for endpoint in each["spec"].get("podMetricsEndpoints", []):
                if endpoint.get("port") not in _ports(work):
                    yield f"{label(each)}: {work.label} has no port {endpoint.get('port')!r}"
                if endpoint.get("path") != "/metrics":
                    yield f"{label(each)}: metrics are at /metrics"
            if cluster.settings(work).get(f"{PREFIX}METRICS", "open") != "open":
                yield f"{work.label}: Prometheus has no key"
        watched += [work.label for work in found]
    for work in cluster.services:
        if work.label not in watched:
            yield f"{work.label}: nobody reads its metrics"


# --- Resources


_UNITS = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_UNITS |= {f"{prefix}i": 2.0 ** (10 * (n + 1)) for n, prefix in enumerate("KMGT")}


def quantity(given: Any) -> float | None:
    """Return a Kubernetes quantity as a number; None if it is none."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti|)", str(given))
    return float(found[1]) * _UNITS[found[2]] if found else None


@check
def check_resources(cluster: Cluster) -> Iterator[str]:
    """Requests and limits that are numbers, in order, and leave room for the volumes."""
    for work in cluster.workloads:
        for container in work.containers:
            yield from _container_resources(f"{work.label}: {container.name}", container.spec)
        yield from _scratch(work)


def _container_resources(where: str, container: Obj) -> Iterator[str]:
    resources = container.get("resources", {})
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for name in ("cpu", "memory", "ephemeral-storage"):
        least, most = quantity(requests.get(name)), quantity(limits.get(name))
        if least is None or most is None:
            yield f"{where}: {name} {requests.get(name)!r} to {limits.get(name)!r}"
        elif least > most:
            yield f"{where}: {name}: request above limit"
    if (quantity(requests.get("cpu")) or 0) < 0.1:
        yield f"{where}: Deployment Safeguards want 100m of cpu or more"
    if (quantity(requests.get("memory")) or 0) < 100 * MEBI:
        yield f"{where}: Deployment Safeguards want 100Mi of memory or more"


def _scratch(work: Workload) -> Iterator[str]:
    on_disk = 0.0
    for name, volume in work.volumes.items():
        if "emptyDir" not in volume:
            continue
        given = (volume["emptyDir"] or {}).get("sizeLimit")
        size = quantity(given)
        if size is None:
            yield f"{work.label}: volume {name!r} has no limit ({given!r})"
            continue
        if volume["emptyDir"].get("medium") == "Memory":
            for container in work.containers:
                limit = quantity(
                    container.spec.get("resources", {}).get("limits", {}).get("memory")
                )
                if size > (limit or 0) / 8:
                    yield f"{work.label}: volume {name!r} takes {container.name}'s memory"
        else:
            on_disk += size
    room = sum(
        quantity(each.spec.get("resources", {}).get("limits", {}).get("ephemeral-storage")) or 0
        for each in work.containers
        if each.role != "init"
    )
    if on_disk > room:
        yield f"{work.label}: evicted before its volumes are full"


# --- Images and settings


@check
def check_images(cluster: Cluster) -> Iterator[str]:
    """Our images, of this version."""
    for work in cluster.workloads:
        for container in work.containers:
            image = container.spec.get("image", "")
            name, _, tag = image.rpartition("/")[2].partition(":")
            if name not in IMAGES or tag != __version__:
                yield f"{work.label}: {container.name} runs {image!r}, not version {__version__}"
            if container.spec.get("imagePullPolicy") != "IfNotPresent":
                yield f"{work.label}: {container.name} cannot start while the registry is away"


@check
def check_settings(cluster: Cluster) -> Iterator[str]:
    """Settings that the service knows and takes."""
    for work in cluster.workloads:
        for container in work.containers:
            variables = cluster.variables(work, container.spec)
            ours = {k: v for k, v in variables.items() if k.upper().startswith(PREFIX)}
            try:
                if ours:
                    _load(ours)
            except Exception as error:
                yield f"{work.label}: {container.name}: {error}"
            if not work.pod.get("enableServiceLinks", True):
                continue
            for service in cluster.all("Service"):
                if (service["metadata"]["name"].upper() + "_").startswith(PREFIX):
                    yield f"{work.label}: {label(service)} sets variables of our prefix"
    for work in cluster.services:
        if cluster.settings(work).get(f"{PREFIX}AUTH", "auto") != "auto":
            yield f"{work.label}: open to all"


def _load(variables: dict[str, str]) -> Settings:
    with mock.patch.dict(os.environ, variables, clear=True):
        return load_settings()


@check
def check_completeness(cluster: Cluster) -> Iterator[str]:
    """Every setting is there to be seen, each ConfigMap is used."""
    for work in cluster.services:
        wanted = {v for k, v in variable_names().items() if k not in NOT_IN_SETTINGS}
        given = set(cluster.settings(work))
        for name in sorted(wanted ^ given):
            yield f"{work.label}: {name} is {'missing' if name in wanted else 'one too many'}"


@check
def check_keys(cluster: Cluster) -> Iterator[str]:
    """Key files that are there, are seen to change, and hold digests."""
    for work in cluster.services:
        try:
            settings = _load(cluster.settings(work))
        except Exception:
            return  # check_settings says so
        files = [settings.api_key_files, settings.admin_key_files]
        names = [name for each in files for name in each.split(",") if name]
        if len(settings.api_key_files.split(",")) != 2:
            yield f"{work.label}: not two key files, a primary and a secondary"
        for name in names:
            folder, _, file = name.rpartition("/")
            mounts = [m for m in work.main.get("volumeMounts", []) if m["mountPath"] == folder]
            if not mounts:
                yield f"{work.label}: {name} is mounted nowhere"
                continue
            if "subPath" in mounts[0]:
                yield f"{work.label}: {name} would never change (subPath)"
            if not mounts[0].get("readOnly"):
                yield f"{work.label}: {folder} can be written"
            if file not in _files(cluster, work, work.volumes.get(mounts[0]["name"], {})):
                yield f"{work.label}: no file {name}"
    for secret in cluster.all("Secret"):
        for name, value in secret.get("stringData", {}).items():
            if not re.fullmatch("sha256:[0-9a-f]{64}", value):
                yield f"{label(secret)}: {name} is not a digest"
        if secret.get("data"):
            yield f"{label(secret)}: digests need no base64"


def _files(cluster: Cluster, work: Workload, volume: Obj) -> set[str]:
    if "secret" in volume:
        secret = cluster.get("Secret", work.namespace, volume["secret"]["secretName"])
        if volume["secret"].get("defaultMode") != 0o440:
            return set()  # root's: the service could not read them, or everybody could
        return _keys(secret or {})
    if "csi" in volume:
        name = volume["csi"]["volumeAttributes"]["secretProviderClass"]
        provider = cluster.get("SecretProviderClass", work.namespace, name) or {}
        listed = provider.get("spec", {}).get("parameters", {}).get("objects", "array: []")
        return {yaml.safe_load(each)["objectAlias"] for each in yaml.safe_load(listed)["array"]}
    return set()


# --- Models and training


@check
def check_models(cluster: Cluster) -> Iterator[str]:
    """Models are copied from the share, checked, followed, and served from the copy."""
    claims: set[str | None] = set()
    for work in cluster.services:
        settings = cluster.settings(work)
        target = settings.get(f"{PREFIX}MODELS_DIR")
        syncs = [c for c in work.containers if c.spec.get("args", [])[:1] == ["sync"]]
        if [each.role for each in syncs] != ["init", "sidecar"]:
            yield f"{work.label}: not one that fetches models and one that follows"
        for each in syncs:
            if each.spec.get("image") != work.main.get("image"):
                yield f"{work.label}: {each.name} runs another image than the service"
            if cluster.variables(work, each.spec) != settings:
                yield f"{work.label}: {each.name} has other settings than the service"
            claims.add(_shared(work, each))
            yield from _sync(work, each, target)
        mount = _mount(work.main, target)
        if mount is None or "emptyDir" not in work.volumes.get(mount["name"], {}):
            yield f"{work.label}: does not serve from a copy on the node"
        elif not mount.get("readOnly"):
            yield f"{work.label}: the service can write to its models"
        for mount in work.main.get("volumeMounts", []):
            if "persistentVolumeClaim" in work.volumes.get(mount["name"], {}):
                yield f"{work.label}: maps files of a network share"
    for work in cluster.workloads:
        if not work.is_deployment:
            yield from _trainer(work, claims)


def _shared(work: Workload, container: Container) -> str | None:
    """Return the claim that a container copies from."""
    mount = _mount(container.spec, "".join(container.spec["args"][1:2])) or {}
    volume = work.volumes.get(mount.get("name", ""), {})
    name: str | None = volume.get("persistentVolumeClaim", {}).get("claimName")
    return name


def _sync(work: Workload, container: Container, target: str | None) -> Iterator[str]:
    arguments = container.spec["args"]
    if _shared(work, container) is None:
        yield f"{work.label}: {container.name}: {arguments} is not from the share"
    for mount in container.spec.get("volumeMounts", []):
        claim = work.volumes.get(mount["name"], {}).get("persistentVolumeClaim")
        if claim and not (mount.get("readOnly") and claim.get("readOnly")):
            yield f"{work.label}: {container.name} can write to the share"
    copy = _mount(container.spec, target)
    if copy is None or copy.get("readOnly"):
        yield f"{work.label}: {container.name} cannot write to {target!r}"
    rest = arguments[2:]
    good = not rest if container.role == "init" else re.fullmatch("--every [0-9]+", " ".join(rest))
    if not good:
        yield f"{work.label}: {container.name}: {arguments}"


def _trainer(work: Workload, claims: set[str | None]) -> Iterator[str]:
    arguments = work.main.get("args", [])
    if len(arguments) != 3 or arguments[1] != "--models-dir":
        yield f"{work.label}: {arguments}"
        return
    mount = _mount(work.main, arguments[2])
    volume = work.volumes.get((mount or {}).get("name", ""), {})
    claim = volume.get("persistentVolumeClaim", {})
    if claim.get("claimName", "none") not in claims:
        yield f"{work.label}: saves models where no pod looks"
    if (mount or {}).get("readOnly") or claim.get("readOnly"):
        yield f"{work.label}: cannot save models"
    if _mount(work.main, arguments[0].rpartition("/")[0]) is None:
        yield f"{work.label}: {arguments[0]} is mounted nowhere"


def _mount(container: Obj, path: str | None) -> Obj | None:
    for mount in container.get("volumeMounts", []):
        if mount["mountPath"] == path:
            found: Obj = mount
            return found
    return None


_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_CRON: list[tuple[int, int, list[str]]] = [
    (0, 59, []), (0, 23, []), (1, 31, []), (1, 12, _MONTHS), (0, 6, _DAYS),
]  # fmt: skip


@check
def check_schedule(cluster: Cluster) -> Iterator[str]:
    """Cron fields, a time zone that exists, one run at a time."""
    for each in cluster.all("CronJob"):
        spec = each["spec"]
        parts = str(spec.get("schedule", "")).split()
        if len(parts) != 5:
            yield f"{label(each)}: {spec.get('schedule')!r} has not five fields"
        else:
            for part, (low, high, names) in zip(parts, _CRON, strict=True):
                if not all(_is_cron(one, low, high, names) for one in part.split(",")):
                    yield f"{label(each)}: {part!r} is not within {low} and {high}"
        if spec.get("timeZone") not in available_timezones():
            yield f"{label(each)}: no time zone {spec.get('timeZone')!r}"
        if spec.get("concurrencyPolicy") != "Forbid":
            yield f"{label(each)}: two runs at once would take one version number"
        job = spec["jobTemplate"]["spec"]
        if not job.get("activeDeadlineSeconds") or "backoffLimit" not in job:
            yield f"{label(each)}: may run or retry for ever"
        if job["template"]["spec"].get("restartPolicy") not in ("Never", "OnFailure"):
            yield f"{label(each)}: a Job's pod cannot restart always"


def _is_cron(text: str, low: int, high: int, names: list[str]) -> bool:
    found = re.fullmatch(r"(\*|(\w+)(?:-(\w+))?)(?:/([1-9][0-9]*))?", text)
    if not found:
        return False
    if found[1] == "*":
        return True
    ends = []
    for end in (found[2], found[3] or found[2]):
        if end.lower() in names:
            ends.append(names.index(end.lower()) + low)
        elif end.isdecimal():
            ends.append(int(end))
        else:
            return False
    return low <= ends[0] <= ends[1] <= high


# --- Security, and AKS's own rules


_ALLOWED_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
    "projected", "secret",
}  # fmt: skip


@check
def check_security(cluster: Cluster) -> Iterator[str]:
    """Pod Security "restricted", and more: a read-only root, no token of the cluster."""
    for work in cluster.workloads:
        home = cluster.get("Namespace", None, work.namespace) or {}
        labels = home.get("metadata", {}).get("labels", {})
        if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"{work.label}: its namespace does not enforce restricted"
        pod = work.pod
        for name in ("hostNetwork", "hostPID", "hostIPC", "hostUsers"):
            if pod.get(name):
                yield f"{work.label}: {name}"
        context = pod.get("securityContext", {})
        if context.get("runAsNonRoot") is not True or context.get("runAsUser", 0) < 10000:
            yield f"{work.label}: may be root, or a user of the node"
        if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{work.label}: without seccomp"
        if context.get("sysctls"):
            yield f"{work.label}: sets sysctls"
        if pod.get("automountServiceAccountToken") is not False:
            yield f"{work.label}: has a token of the cluster"
        for name, volume in work.volumes.items():
            if not set(volume) - {"name"} <= _ALLOWED_VOLUMES:
                yield f"{work.label}: volume {name!r} is of a kind that is not allowed"
        for container in work.containers:
            for what in _container_security(container.spec):
                yield f"{work.label}: {container.name}: {what}"


def _container_security(container: Obj) -> Iterator[str]:
    context = container.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
        yield "may gain privileges"
    if context.get("capabilities") != {"drop": ["ALL"]}:
        yield "keeps capabilities"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "can write to its image"
    if context.get("runAsNonRoot", True) is not True or context.get("runAsUser", 10000) < 10000:
        yield "may be root"
    if context.get("seccompProfile", {}).get("type", "RuntimeDefault") != "RuntimeDefault":
        yield "without seccomp"
    if context.get("procMount", "Default") != "Default":
        yield "sees the node's processes"
    for port in container.get("ports", []):
        if "hostPort" in port:
            yield "takes a port of the node"


@check
def check_safeguards(cluster: Cluster) -> Iterator[str]:
    """AKS Deployment Safeguards that no other check covers."""
    for work in cluster.services:
        spread = {each.get("topologyKey") for each in work.pod.get("topologySpreadConstraints", [])}
        if not {"kubernetes.io/hostname", "topology.kubernetes.io/zone"} <= spread:
            yield f"{work.label}: not spread over nodes and zones"
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            if kind not in work.main:
                yield f"{work.label}: no {kind}"
        start = work.main.get("startupProbe", {})
        if start.get("failureThreshold", 3) * start.get("periodSeconds", 10) < 60:
            yield f"{work.label}: less than a minute to start"
        ready = work.main.get("readinessProbe", {}).get("httpGet", {}).get("path")
        live = work.main.get("livenessProbe", {}).get("httpGet", {}).get("path")
        if (ready, live) != ("/healthz/ready", "/healthz/live"):
            yield f"{work.label}: readiness asks {ready}, liveness {live}"
    for work in cluster.workloads:
        for each in work.pod.get("tolerations", []):
            if each.get("key") == "CriticalAddonsOnly" or each.get("operator") == "Exists":
                yield f"{work.label}: tolerates the system pool's taint"
    for each in cluster.objects:
        for name in each["metadata"].get("labels", {}):
            if name.startswith("kubernetes.azure.com"):
                yield f"{label(each)}: label {name} is AKS's own"
