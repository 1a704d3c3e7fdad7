"""The variants of k8s/, found by themselves, as lists of objects.

A variant is a kustomization that somebody applies, as it is or with one of its commented lines
switched on. `python -m tests.k8s.manifests FOLDER` writes them all, by kubectl where there is one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from .kustomize import kustomize

Obj = dict[str, Any]

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "k8s"
KUBECTL = shutil.which("kubectl")

# The images' tag is the version of the library. Until its package is in the tree, it is the version
# that these manifests are for.
_LIBRARY = ROOT / "turi_recommender" / "__init__.py"
_DECLARED = r'^__version__ = "(.+)"$'
VERSION = re.findall(_DECLARED, _LIBRARY.read_text(), re.M)[0] if _LIBRARY.exists() else "0.2.0"

_SWITCH = re.compile(r"^  # - (?P<on>[./a-z-]+)(?:  # instead of (?P<off>[./a-z-]+)$)?", re.M)


class Variant(NamedTuple):
    """A kustomization, and the component that is switched on in it, if one is."""

    folder: str  # relative to k8s/
    switch: str | None = None

    def __str__(self) -> str:
        """Return a name for a test or a file."""
        name = self.folder.replace("/", "-").replace(".", "aks")
        return name if self.switch is None else f"{name}+{Path(self.switch).name}"


def find_variants() -> list[Variant]:
    """Return all variants."""
    found = []
    for file in sorted(FOLDER.rglob("kustomization.yaml")):
        text = file.read_text()
        folder = file.parent.relative_to(FOLDER).as_posix()
        if yaml.safe_load(text)["kind"] != "Kustomization" or folder.startswith("base/"):
            continue
        found.append(Variant(folder))
        found += [Variant(folder, each["on"]) for each in _SWITCH.finditer(text)]
    return found


def switch_on(text: str, switch: str) -> str:
    """Return a kustomization with a commented component, in the place of another if it says so."""
    [found] = [each for each in _SWITCH.finditer(text) if each["on"] == switch]
    if found["off"] is not None:
        text, count = re.subn(rf"^  - {re.escape(found['off'])}$\n", "", text, flags=re.M)
        assert count == 1
    return text.replace(f"  # - {switch}", f"  - {switch}")


def render(variant: Variant) -> list[Obj]:
    """Return the objects of a variant, read here."""
    with _laid_out(variant) as folder:
        return kustomize(folder)


def render_by_kubectl(variant: Variant) -> list[Obj]:
    """Return what `kubectl apply -k` would apply."""
    assert KUBECTL is not None
    with _laid_out(variant) as folder:
        command = [KUBECTL, "kustomize", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


@contextmanager
def _laid_out(variant: Variant) -> Iterator[Path]:
    """Give the folder of a variant: of a copy of k8s/, if something is switched on in it."""
    if variant.switch is None:
        yield FOLDER / variant.folder
        return
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "k8s"
        shutil.copytree(FOLDER, root)
        file = root / variant.folder / "kustomization.yaml"
        file.write_text(switch_on(file.read_text(), variant.switch))
        yield file.parent


def joined(before: list[Obj], then: list[Obj]) -> list[Obj]:
    """Return what is in a cluster that had some objects when others are applied, too."""

    def identity(thing: Obj) -> tuple[str, ...]:
        metadata = thing["metadata"]
        return thing["kind"], metadata.get("namespace", ""), metadata["name"]

    return list({identity(each): each for each in [*before, *then]}.values())


def write_all(out: Path) -> list[str]:
    """Write each variant into a folder; return the variants' names."""
    variants = find_variants()
    for variant in variants:
        objects = render(variant) if KUBECTL is None else render_by_kubectl(variant)
        (out / f"{variant}.yaml").write_text(yaml.safe_dump_all(objects, sort_keys=False))
    return [str(each) for each in variants]


if __name__ == "__main__":
    print(*write_all(Path(sys.argv[1])))
