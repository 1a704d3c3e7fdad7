"""Whether requests reach the pods, the right ones, and nobody is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from app.http.declaration import declaration_of
from app.main import create_app
from app.settings import PREFIX, Settings

from .cluster import (
    IDENTITY,
    Cluster,
    check,
    label,
    namespace,
    ports_of,
)
from .manifests import Obj

# Where the pods of Ingress controllers are, by class.
CONTROLLERS = {
    "webapprouting.kubernetes.azure.com": "app-routing-system",
    "traefik": "traefik",
}
NAME_LABEL = "kubernetes.io/metadata.name"
INSIDE_ONLY = ("/metrics", "/admin", "/healthz", "/docs", "/redoc", "/openapi.json")
DROP_IN = ("/score", "/api/v1/service")
SPARE_SECONDS = 5


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
                if get.get("path") not in _probes():
                    yield f"{work.label}: {kind} asks {get.get('path')!r}, which is no probe"
    for work in cluster.services:
        port = cluster.settings(work).get(f"{PREFIX}PORT")
        if port != str(ports_of(work).get("http")):
            yield f"{work.label}: the service listens on {port}, port http is another"
        if cluster.settings(work).get(f"{PREFIX}HOST") != "0.0.0.0":
            yield f"{work.label}: the service listens to itself only"
    for service in cluster.all("Service"):
        for work in cluster.pods(namespace(service), service["spec"].get("selector")):
            for port in service["spec"].get("ports", []):
                if port.get("targetPort") not in ports_of(work):
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
    name = ingress["metadata"]["name"]
    vault = "kubernetes.azure.com/tls-cert-keyvault-uri" in ingress["metadata"].get(
        "annotations", {}
    )
    for tls in ingress["spec"].get("tls", []):
        if tls.get("secretName") != (f"keyvault-{name}" if vault else f"{name}-tls"):
            yield f"{label(ingress)}: not the Secret that the certificate is in"
    if vault != (ingress["spec"].get("ingressClassName") == "webapprouting.kubernetes.azure.com"):
        yield f"{label(ingress)}: its class does not fetch certificates from Key Vault, or must"
    if ingress["spec"].get("ingressClassName") not in CONTROLLERS:
        yield f"{label(ingress)}: no controller of its class is known here"
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
                if endpoint.get("port") not in ports_of(work):
                    yield f"{label(each)}: {work.label} has no port {endpoint.get('port')!r}"
                if endpoint.get("path") != "/metrics":
                    yield f"{label(each)}: metrics are at /metrics"
            if cluster.settings(work).get(f"{PREFIX}METRICS", "open") != "open":
                yield f"{work.label}: Prometheus has no key"
        watched += [work.label for work in found]
    for work in cluster.services:
        if work.label not in watched:
            yield f"{work.label}: nobody reads its metrics"


@cache
def _probes() -> frozenset[str]:
    """Return the paths that the service declares to be probes."""
    routes = create_app(Settings()).declared
    return frozenset(route.path for route in routes if declaration_of(route).is_probe)
