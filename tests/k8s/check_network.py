"""Whether network policies let in and out whom they must, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator

from app.settings import PREFIX

from .check_traffic import CONTROLLERS, NAME_LABEL
from .cluster import Cluster, Workload, check, label, namespace, ports_of
from .manifests import Obj

# Where the pods of Prometheus are, by API version of the PodMonitor.
READERS = {
    "azmonitoring.coreos.com/v1": "kube-system",
    "monitoring.coreos.com/v1": "monitoring",
}
GIVEN_NAMESPACES = {*CONTROLLERS.values(), *READERS.values()}
PRIVATE = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"}
COLLECTOR_PORT = 4318  # OTLP over HTTP
GATEWAY_LABEL = "gateway.networking.k8s.io/gateway-name"


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
                if port.get("port") not in ports_of(work):
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
    for ingress in cluster.all("Ingress"):
        if CONTROLLERS.get(ingress["spec"].get("ingressClassName", "")) not in spaces:
            yield f"{work.label}: the policy shuts the Ingress controller out"
    for monitor in cluster.all("PodMonitor"):
        if READERS[monitor["apiVersion"]] not in spaces:
            yield f"{work.label}: the policy shuts Prometheus out"


@check
def check_egress(cluster: Cluster) -> Iterator[str]:
    """Pods call whom their settings name, and on those ports only."""
    for work in cluster.workloads:
        rules = [
            rule
            for each in cluster.all("NetworkPolicy")
            if work in cluster.pods(
                namespace(each), each["spec"].get("podSelector", {}).get("matchLabels")
            )
            for rule in each["spec"].get("egress", [])
        ]  # fmt: skip
        settings = cluster.settings(work) if work.is_deployment else {}
        out = {
            (kind, port["port"])
            for rule in rules
            for kind in [_kind_of_peer(rule)]
            for port in rule.get("ports") or [{"port": "any"}]
        }
        allowed = {("namespace", 53), ("public", 443), ("namespace", COLLECTOR_PORT)}
        if not work.is_deployment and out:
            yield f"{work.label}: calls somebody"
        for kind, number in sorted(out - allowed, key=str):
            yield f"{work.label}: free to call {kind} on port {number}"
        for setting, wanted in (
            ("JWT_JWKS_URL", ("public", 443)),
            ("OTLP_ENDPOINT", ("namespace", COLLECTOR_PORT)),
        ):
            if settings.get(f"{PREFIX}{setting}") and not {wanted, ("namespace", 53)} <= out:
                yield f"{work.label}: the policy keeps it from {PREFIX}{setting}"


def _kind_of_peer(rule: Obj) -> str:
    """Return whom a rule lets out to: pods of a namespace, the internet, or more than that."""
    kinds = set()
    for peer in rule.get("to", []):
        block = peer.get("ipBlock", {})
        if peer.get("namespaceSelector", {}).get("matchLabels", {}).get(NAME_LABEL):
            kinds.add("namespace")
        elif set(block.get("except", [])) >= PRIVATE:
            kinds.add("public")
        else:
            kinds.add("anyone")
    return kinds.pop() if len(kinds) == 1 else "anyone"
