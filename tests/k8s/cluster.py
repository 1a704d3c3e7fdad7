"""What no schema sees: whether the objects fit one another, the service, and what AKS demands.

A check takes all objects that are applied together and yields one line a flaw. `find_flaws` runs
them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .manifests import Obj

IDENTITY = "azure.workload.identity"


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


def ports_of(work: Workload) -> dict[str, int]:
    return {
        port["name"]: port["containerPort"]
        for container in work.containers
        for port in container.spec.get("ports", [])
        if "name" in port
    }


_UNITS = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_UNITS |= {f"{prefix}i": 2.0 ** (10 * (n + 1)) for n, prefix in enumerate("KMGT")}


def quantity(given: Any) -> float | None:
    """Return a Kubernetes quantity as a number; None if it is none."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti|)", str(given))
    return float(found[1]) * _UNITS[found[2]] if found else None


def keys_of(thing: Obj) -> set[str]:
    return {*thing.get("data", {}), *thing.get("stringData", {})}


def mount_at(container: Obj, path: str | None) -> Obj | None:
    """Return what a container mounts at a path."""
    for mount in container.get("volumeMounts", []):
        if mount["mountPath"] == path:
            found: Obj = mount
            return found
    return None


def mount_above(container: Obj, path: str) -> Obj | None:
    """Return the mount on which a path is."""
    mounts = container.get("volumeMounts", [])
    found = [each for each in mounts if f"{path}/".startswith(f"{each['mountPath']}/")]
    return max(found, key=lambda each: len(each["mountPath"]), default=None)
