"""Where models live: names and versions to directories.

Two layouts are understood below a root directory::

    <root>/<name>/<version>/<anything>.model/    a registry, as Azure ML lays it out
    <root>/<name>.model/                         flat, without versions

A `.model` is a directory that Turi Create saved. Versions are whole numbers; the highest one that
holds a model is meant unless another is named.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from turi_recommender.errors import ModelError, ModelNotFoundError
from turi_recommender.format.archive import is_archive
from turi_recommender.loading import load_model
from turi_recommender.scoring import Recommender
from turi_recommender.versions.manifest import check_manifest

# The original deployment's file names in the flat layout.
_FLAT_FILES = {
    "similarity_model": "recommendation_s.model",
    "ranking_factorization_model": "recommendation_r.model",
}


@dataclass(frozen=True, slots=True)
class ModelLocation:
    """A model that was found, not yet loaded.

    Attributes
    ----------
    name : str
        Registry name, or the directory's name without its ending.
    version : str or None
        Registry version; None in the flat layout.
    path : Path
        The model directory.
    """

    name: str
    version: str | None
    path: Path

    def version_folders(self) -> list[Path]:
        """Return where a manifest can be: in the version folder, which may be the model itself."""
        return [folder for folder in (self.path, self.path.parent) if folder.name == self.version]


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A loaded model and where it came from.

    Attributes
    ----------
    name : str
        Registry name, or the directory's name without its ending.
    version : str or None
        Registry version; None in the flat layout.
    path : Path
        The model directory.
    model : Recommender
        The model.
    """

    name: str
    version: str | None
    path: Path
    model: Recommender


class Registry:
    """Models below a root directory.

    Parameters
    ----------
    root : str or path-like
        The directory of models; it need not exist until something is looked up.

    Attributes
    ----------
    root : Path
        The same.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)

    def load(self, reference: str) -> ModelEntry:
        """Find and load a model.

        Parameters
        ----------
        reference : str
            As for `find`.

        Raises
        ------
        ModelNotFoundError
            If there is no such model.
        ModelFormatError
            If it cannot be read.
        """
        return self.load_found(self.find(reference))

    def load_found(self, found: ModelLocation) -> ModelEntry:
        """Load a model that was found, after a check of its manifest if it has one.

        Parameters
        ----------
        found : ModelLocation
            Where it is.

        Raises
        ------
        ModelFormatError
            If it cannot be read, or is not what its manifest says.
        """
        for folder in found.version_folders():
            check_manifest(folder)
        return ModelEntry(found.name, found.version, found.path, load_model(found.path))

    def load_newest(self, reference: str) -> tuple[ModelEntry, dict[str, str]]:
        """Load a model; if it is not pinned, the highest version that can be loaded.

        Parameters
        ----------
        reference : str
            As for `find`.

        Returns
        -------
        entry : ModelEntry
            The model.
        refused : dict of str to str
            Higher versions, and why each of them was not taken.

        Raises
        ------
        ModelError
            If none can be loaded: that of the highest version.
        """
        versions = self.versions(reference) if is_name(reference) else []
        refused: dict[str, str] = {}
        first: ModelError | None = None
        for version in reversed(versions):
            try:
                return self.load(f"{reference}:{version}"), refused
            except ModelError as error:
                first = first or error
                refused[version] = str(error)
        if first is not None:
            raise first
        return self.load(reference), refused

    def find(self, reference: str) -> ModelLocation:
        """Find a model.

        Parameters
        ----------
        reference : str
            A registry name, ``name:version``, or a path to a model directory (anything with a
            slash in it, or absolute).

        Raises
        ------
        ModelNotFoundError
            If there is no such model; the message says where it was looked for.
        """
        if "/" in reference or Path(reference).is_absolute():
            return self._find_path(Path(reference))
        name, _, version = reference.partition(":")
        if not name or name in {".", ".."} or "\\" in name or "\0" in name:
            raise ModelNotFoundError(f"{reference!r} is not a model name, name:version or path")
        if version:
            return self._find_version(name, version)
        return self._find_highest(name)

    def versions(self, name: str) -> list[str]:
        """Return the versions of a name that hold a model, lowest first."""
        folder = self.root / name
        if not folder.is_dir():
            return []
        numbers = [entry.name for entry in folder.iterdir() if _is_version(entry.name)]
        held = [number for number in numbers if _model_in(folder / number) is not None]
        return sorted(held, key=int)

    def _find_path(self, path: Path) -> ModelLocation:
        if not is_archive(path):
            raise ModelNotFoundError(f"{path} is not a model directory (no dir_archive.ini in it)")
        version = path.parent.name
        if _is_version(version):
            return ModelLocation(path.parent.parent.name, version, path)
        return ModelLocation(path.stem, None, path)

    def _find_version(self, name: str, version: str) -> ModelLocation:
        path = _model_in(self.root / name / version) if _is_version(version) else None
        if path is None:
            held = ", ".join(self.versions(name)) or "none"
            raise ModelNotFoundError(
                f"no version {version!r} of model {name!r} in {self.root} (versions: {held})"
            )
        return ModelLocation(name, version, path)

    def _find_highest(self, name: str) -> ModelLocation:
        versions = self.versions(name)
        if versions:
            return self._find_version(name, versions[-1])
        flat = [name, f"{name}.model", _FLAT_FILES.get(name, name)]
        for file in flat:
            if is_archive(self.root / file):
                return ModelLocation(name, None, self.root / file)
        looked_for = f"{name}/<version>/ or {' or '.join(dict.fromkeys(flat[1:]))}"
        raise ModelNotFoundError(f"no model {name!r} in {self.root} (looked for {looked_for})")


def is_name(reference: str) -> bool:
    """Tell whether a reference is a bare registry name: no path, no version."""
    return not ("/" in reference or ":" in reference or Path(reference).is_absolute())


def _is_version(name: str) -> bool:
    return name.isascii() and name.isdecimal()


def _model_in(folder: Path) -> Path | None:
    """Return the one model directory in a version folder, or the folder itself if it is one."""
    if is_archive(folder):
        return folder
    if not folder.is_dir():
        return None
    held = sorted(entry for entry in folder.iterdir() if is_archive(entry))
    if len(held) > 1:
        names = ", ".join(entry.name for entry in held)
        raise ModelNotFoundError(f"{folder} holds more than one model: {names}")
    return held[0] if held else None
