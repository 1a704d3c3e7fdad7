"""Each object by itself, and whether what it names is there."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .cluster import (
    IDENTITY,
    Cluster,
    Container,
    Workload,
    check,
    keys_of,
    label,
    namespace,
    quantity,
)
from .custom_kinds import CUSTOM_KINDS, check_custom
from .manifests import Obj

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
    *CUSTOM_KINDS,
}
CLUSTER_WIDE = {("v1", "Namespace"), ("storage.k8s.io/v1", "StorageClass")}


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
        if (each.get("apiVersion"), each.get("kind")) in CUSTOM_KINDS:
            for flaw in check_custom(each):
                yield f"{label(each)}{flaw}"


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
            if found and item["key"] not in keys_of(found):
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
            if found is None or wanted["key"] not in keys_of(found):
                yield f"{where}: no {wanted['key']!r} in {kind} {wanted['name']!r}"


@check
def check_storage(cluster: Cluster) -> Iterator[str]:
    """Claims name their class: one that is made here, by a CSI driver, and kept, or the site's."""
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
        wanted = claim["spec"].get("storageClassName")
        if wanted not in classes if classes else not wanted:
            yield f"{label(claim)}: no such StorageClass"
        if claim["spec"].get("accessModes") != ["ReadWriteMany"]:
            yield f"{label(claim)}: pods on several nodes share it"
        size = claim["spec"].get("resources", {}).get("requests", {}).get("storage")
        if quantity(size) is None:
            yield f"{label(claim)}: {size!r} is not a quantity"
