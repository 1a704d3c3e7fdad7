"""Whether pods fit the service and what AKS demands."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from unittest import mock

import yaml

from app.settings import PREFIX, Settings, load_settings, variable_names

from .cluster import (
    Cluster,
    Container,
    Workload,
    check,
    keys_of,
    label,
    mount_at,
    quantity,
)
from .manifests import VERSION, Obj

SERVICE_IMAGE, TRAINER_IMAGE = "turi-recommender", "turi-recommender-trainer"
IMAGES = {SERVICE_IMAGE, TRAINER_IMAGE}
# Keys and digests belong into files.
NOT_IN_SETTINGS = {"api_keys", "admin_keys"}
# Which models there are, where tokens come from and spans go is a matter of components and sites.
OF_EACH_SITE = {
    "models_dir", "similarity_model", "ranking_model", "newcomer_model", "side_data_defaults",
    "jwt_issuer", "jwt_audience", "jwt_jwks_url", "otlp_endpoint",
}  # fmt: skip
MEBI = 2**20


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


@check
def check_images(cluster: Cluster) -> Iterator[str]:
    """Our images, of this version."""
    for work in cluster.workloads:
        for container in work.containers:
            image = container.spec.get("image", "")
            name, _, tag = image.rpartition("/")[2].partition(":")
            if name not in IMAGES or tag != VERSION:
                yield f"{work.label}: {container.name} runs {image!r}, not version {VERSION}"
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
        names = variable_names()
        wanted = {v for k, v in names.items() if k not in NOT_IN_SETTINGS | OF_EACH_SITE}
        given = set(cluster.settings(work)) - {names[each] for each in OF_EACH_SITE}
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
        return keys_of(secret or {})
    if "csi" in volume:
        name = volume["csi"]["volumeAttributes"]["secretProviderClass"]
        provider = cluster.get("SecretProviderClass", work.namespace, name) or {}
        listed = provider.get("spec", {}).get("parameters", {}).get("objects", "array: []")
        return {yaml.safe_load(each)["objectAlias"] for each in yaml.safe_load(listed)["array"]}
    return set()


@check
def check_models(cluster: Cluster) -> Iterator[str]:
    """Models are copied from the share, checked, followed, and served from the copy."""
    for work in cluster.services:
        settings = cluster.settings(work)
        target = settings.get(f"{PREFIX}MODELS_DIR")
        syncs = [c for c in work.containers if c.spec.get("args", [])[:1] == ["sync"]]
        named = {f"{PREFIX}{role}_MODEL" for role in ("SIMILARITY", "RANKING")}
        if not named & settings.keys():
            yield f"{work.label}: ready without any model of its own"
        if [each.role for each in syncs] != ["init", "sidecar"]:
            yield f"{work.label}: not one that fetches models and one that follows"
        for each in syncs:
            if each.spec.get("image") != work.main.get("image"):
                yield f"{work.label}: {each.name} runs another image than the service"
            if cluster.variables(work, each.spec) != settings:
                yield f"{work.label}: {each.name} has other settings than the service"
            yield from _sync(work, each, target)
        mount = mount_at(work.main, target)
        if mount is None or "emptyDir" not in work.volumes.get(mount["name"], {}):
            yield f"{work.label}: does not serve from a copy on the node"
        elif not mount.get("readOnly"):
            yield f"{work.label}: the service can write to its models"
        for mount in work.main.get("volumeMounts", []):
            if "persistentVolumeClaim" in work.volumes.get(mount["name"], {}):
                yield f"{work.label}: maps files of a network share"


def claim_of(work: Workload, container: Container) -> str | None:
    """Return the claim that a container copies from."""
    mount = mount_at(container.spec, "".join(container.spec["args"][1:2])) or {}
    volume = work.volumes.get(mount.get("name", ""), {})
    name: str | None = volume.get("persistentVolumeClaim", {}).get("claimName")
    return name


def _sync(work: Workload, container: Container, target: str | None) -> Iterator[str]:
    arguments = container.spec["args"]
    if claim_of(work, container) is None:
        yield f"{work.label}: {container.name}: {arguments} is not from the share"
    for mount in container.spec.get("volumeMounts", []):
        claim = work.volumes.get(mount["name"], {}).get("persistentVolumeClaim")
        if claim and not (mount.get("readOnly") and claim.get("readOnly")):
            yield f"{work.label}: {container.name} can write to the share"
    copy = mount_at(container.spec, target)
    if copy is None or copy.get("readOnly"):
        yield f"{work.label}: {container.name} cannot write to {target!r}"
    rest = arguments[2:]
    good = not rest if container.role == "init" else re.fullmatch("--every [0-9]+", " ".join(rest))
    if not good:
        yield f"{work.label}: {container.name}: {arguments}"


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
