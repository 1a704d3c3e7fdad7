"""The part of kustomize that k8s/ uses, so that every variant is tested where no kubectl is.

A test compares it with `kubectl kustomize` where there is one. What it does not know, it refuses.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

Obj = dict[str, Any]

# By which field elements of a list are the same in a strategic merge; other lists are replaced.
_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
}
_KNOWN = {
    "apiVersion", "kind", "resources", "components", "configMapGenerator", "patches", "images",
}  # fmt: skip


def kustomize(folder: Path) -> list[Obj]:
    """Return the objects that a kustomization makes; a ConfigMap's name has no hash."""
    objects: list[Obj] = []
    _build(folder, objects)
    return objects


def _build(folder: Path, objects: list[Obj]) -> None:
    """Add what a kustomization makes to what is there already, in kustomize's order."""
    content = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert content.keys() <= _KNOWN, content.keys() - _KNOWN
    for name in content.get("resources", []):
        place = folder / name
        objects += kustomize(place) if place.is_dir() else _read(place)
    for name in content.get("components", []):
        _build(folder / name, objects)
    for generator in content.get("configMapGenerator", []):
        _generate(folder, generator, objects)
    for patch in content.get("patches", []):
        _patch(folder, patch, objects)
    for image in content.get("images", []):
        _retag(image, objects)


def _read(path: Path) -> list[Obj]:
    """Return the objects of a file, sharing nothing through anchors."""
    found = [each for each in yaml.safe_load_all(path.read_text()) if each]
    return [unshared(each) for each in found]


def unshared(thing: Any) -> Any:
    """Return a copy in which no part is there twice, as `copy.deepcopy` would leave it."""
    if isinstance(thing, dict):
        return {key: unshared(value) for key, value in thing.items()}
    if isinstance(thing, list):
        return [unshared(each) for each in thing]
    return thing


def read_variables(path: Path) -> dict[str, str]:
    """Return the variables of an environment file."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return _pairs([line for line in lines if line and not line.startswith("#")])


def _pairs(lines: list[str]) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def _generate(folder: Path, generator: Obj, objects: list[Obj]) -> None:
    """Make a ConfigMap, or merge into the one that is there."""
    data: dict[str, str] = {}
    for name in generator.get("envs", []):
        data |= read_variables(folder / name)
    data |= _pairs(generator.get("literals", []))
    if generator.get("behavior", "create") == "merge":
        target = {"kind": "ConfigMap", "name": generator["name"]}
        [found] = [each for each in objects if _selects(target, each)]
        found["data"] |= data
        return
    assert "behavior" not in generator
    metadata = {key: generator[key] for key in ("name", "namespace")} | generator["options"]
    objects.append(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": unshared(metadata), "data": data}
    )


def _selects(target: Obj, thing: Obj) -> bool:
    """Tell whether a patch's target means an object: whole regular expressions."""
    assert target.keys() <= {"kind", "name", "annotationSelector"}
    metadata = thing["metadata"]
    wanted = target.get("annotationSelector")
    return (
        re.fullmatch(target.get("kind", ".*"), thing["kind"]) is not None
        and re.fullmatch(target.get("name", ".*"), metadata["name"]) is not None
        and (wanted is None or wanted in metadata.get("annotations", {}))
    )


def _patch(folder: Path, patch: Obj, objects: list[Obj]) -> None:
    """Apply a patch to whatever its target selects, which may be nothing."""
    text = (folder / patch["path"]).read_text() if "path" in patch else patch["patch"]
    content = yaml.safe_load(text)
    for thing in [each for each in objects if _selects(patch["target"], each)]:
        if isinstance(content, list):
            old = thing["metadata"]["name"]
            for operation in content:
                _operate(thing, operation)
            _follow(thing, old, objects)
        elif content.get("$patch") == "delete":
            objects.remove(thing)
        else:
            name = thing["metadata"]["name"]
            _merge(thing, unshared(content))
            thing["metadata"]["name"] = name  # the target counts, not the patch's own name


def _follow(config: Obj, old: str, objects: list[Obj]) -> None:
    """Let pods refer to a ConfigMap by its new name."""
    if config["kind"] != "ConfigMap" or config["metadata"]["name"] == old:
        return

    def rename(reference: Obj) -> None:
        if reference.get("configMapRef", {}).get("name") == old:
            reference["configMapRef"]["name"] = config["metadata"]["name"]

    _walk(objects, rename)


def _walk(thing: Any, visit: Callable[[Obj], None]) -> None:
    if isinstance(thing, dict):
        visit(thing)
        for each in thing.values():
            _walk(each, visit)
    elif isinstance(thing, list):
        for each in thing:
            _walk(each, visit)


def _operate(thing: Obj, operation: Obj) -> None:
    """Apply one operation of a JSON patch (RFC 6902)."""
    *way, last = [
        part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]
    ]
    place: Any = thing
    for part in way:
        place = place[int(part) if isinstance(place, list) else part]
    name, value = operation["op"], copy.deepcopy(operation.get("value"))
    if isinstance(place, list) and name == "add":
        place.insert(len(place) if last == "-" else int(last), value)
        return
    key: Any = int(last) if isinstance(place, list) else last
    if name == "test":
        assert place[key] == value, operation
    elif name == "remove":
        del place[key]
    else:
        assert name in ("add", "replace"), operation
        assert name == "add" or place[key] is not None
        place[key] = value


def _merge(thing: Obj, patch: Obj) -> None:
    """Merge strategically: null removes, lists of `_MERGE_KEYS` by element, the patch's first."""
    for name, value in patch.items():
        if value is None:
            thing.pop(name, None)
        elif isinstance(value, dict) and isinstance(thing.get(name), dict):
            _merge(thing[name], value)
        elif name in _MERGE_KEYS and isinstance(thing.get(name), list):
            thing[name] = _merge_list(thing[name], value, _MERGE_KEYS[name])
        else:
            thing[name] = value


def _merge_list(there: list[Obj], patch: list[Obj], key: str) -> list[Obj]:
    known = {each[key]: each for each in there}
    for each in patch:
        if each[key] in known:
            _merge(known[each[key]], each)
    first = [known.pop(each[key], each) for each in patch]
    return first + list(known.values())


def _retag(image: Obj, objects: list[Obj]) -> None:
    """Give an image its registry and tag, wherever a container runs it."""

    def retag(container: Obj) -> None:
        name, _, tag = str(container.get("image", "")).rpartition(":")
        if name == image["name"]:
            container["image"] = f"{image.get('newName', name)}:{image.get('newTag', tag)}"

    _walk(objects, retag)
