"""Manifests as lists of objects: rendered by kubectl, or read from the plain files without it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

Obj = dict[str, Any]

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "k8s"
KUBECTL = shutil.which("kubectl")


def render(folder: Path) -> list[Obj]:
    """Return what `kubectl apply -k` would apply."""
    assert KUBECTL is not None
    done = subprocess.run(
        [KUBECTL, "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def render_with(component: str, copy: Path) -> list[Obj]:
    """Return what is applied when a component's line in the kustomization is switched on."""
    shutil.copytree(FOLDER, copy)
    file = copy / "kustomization.yaml"
    text, found = re.subn(
        rf"^  # - {component}\b", f"  - {component}", file.read_text(), flags=re.M
    )
    assert found == 1
    file.write_text(text)
    return render(copy)


def render_onto(objects: list[Obj], folder: Path) -> list[Obj]:
    """Return what is in a cluster that had these objects when a folder is applied, too."""

    def identity(thing: Obj) -> tuple[str, ...]:
        metadata = thing["metadata"]
        return thing["kind"], metadata.get("namespace", ""), metadata["name"]

    merged = {identity(each): each for each in [*objects, *render(folder)]}
    return list(merged.values())


def read_base() -> list[Obj]:
    """Return the base's objects, from the files that its kustomization lists."""
    base = FOLDER / "base"
    kustomization = yaml.safe_load((base / "kustomization.yaml").read_text())
    objects = []
    for name in kustomization["resources"]:
        objects += [each for each in yaml.safe_load_all((base / name).read_text()) if each]
    for generator in kustomization["configMapGenerator"]:
        data: dict[str, str] = {}
        for name in generator["envs"]:
            data |= read_variables(base / name)
        metadata = {key: generator[key] for key in ("name", "namespace")}
        metadata |= generator["options"]
        objects.append(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        )
    return objects


def read_variables(path: Path) -> dict[str, str]:
    """Return the variables of an environment file."""
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}
