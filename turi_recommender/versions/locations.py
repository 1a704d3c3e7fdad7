"""Where models live: names and versions to directories.

Two layouts are understood below a root directory::

    <root>/<name>/<version>/<anything>.model/    a registry, as Azure ML lays it out
    <root>/<name>.model/                         flat, without versions

A `.model` is a directory that Turi Create saved. What names and versions may be: `names`. The
highest version that is not retired (`retire`) is meant unless another is named.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from turi_recommender.errors import ModelError, ModelFormatError, ModelNotFoundError
from turi_recommender.format.archive import is_archive, tell_below
from turi_recommender.loading import load_model
from turi_recommender.scoring import Recommender
from turi_recommender.versions.checked import is_noted
from turi_recommender.versions.hold import Hold
from turi_recommender.versions.manifest import check_manifest, find_training
from turi_recommender.versions.names import is_model_name, is_name, is_path, is_version
from turi_recommender.versions.retire import Retirement, is_retired, retirement_of
from turi_recommender.versions.training import Training

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
        return _version_folders(self.version, self.path)


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
    hold : Hold or None
        Keeps `sync` from removing the version while this entry is there.
    training : Training or None
        What the version's manifest says of its training, if anything.
    training_trouble : str
        Why that cannot be read; empty if it can. It keeps no model from being loaded.
    unhashed : tuple of Path
        Folders with a manifest whose files were not hashed, because a note says that they have been
        before and did not change since. See `Registry`.
    """

    name: str
    version: str | None
    path: Path
    model: Recommender
    hold: Hold | None = field(default=None, repr=False, compare=False)
    training: Training | None = field(default=None, repr=False, compare=False)
    training_trouble: str = field(default="", repr=False, compare=False)
    unhashed: tuple[Path, ...] = field(default=(), repr=False, compare=False)

    def retirement(self) -> Retirement | None:
        """Return why and when the version was retired; None if it is not, or is no version."""
        folders = _version_folders(self.version, self.path)
        return retirement_of(folders[-1]) if len(folders) > 0 else None


def _version_folders(version: str | None, path: Path) -> list[Path]:
    """Return the folders of a model that bear its version as their name, the innermost first."""
    return [folder for folder in (path, path.parent) if folder.name == version]


class Registry:
    """Models below a root directory.

    Parameters
    ----------
    root : str or path-like
        The directory of models; it need not exist until something is looked up.
    trust_notes : bool
        Whether files that a note of `register` or `sync` vouches for (`checked`) are loaded without
        being hashed. Whoever sets it hashes what `ModelEntry.unhashed` names later.

    Attributes
    ----------
    root : Path
        The same.
    """

    def __init__(self, root: str | os.PathLike[str], *, trust_notes: bool = False) -> None:
        self.root = Path(root)
        self._trusts_notes = trust_notes

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
        hold = None
        folders = found.version_folders()
        unhashed: list[Path] = []
        for folder in folders:
            hold = Hold(folder)  # the last one is the version's: the model itself comes first
            if self._trusts_notes and is_noted(folder):
                unhashed.append(folder)
            else:
                check_manifest(folder)
        model = load_model(found.path)
        training, trouble = find_training(folders)
        return ModelEntry(
            found.name,
            found.version,
            found.path,
            model,
            hold,
            training,
            trouble,
            tuple(unhashed),
        )

    def load_newest(
        self,
        reference: str,
        check: Callable[[ModelEntry], None] = lambda _: None,
        refused: dict[str, str] | None = None,
    ) -> tuple[ModelEntry, dict[str, str]]:
        """Load a model; if it is not pinned, the highest version that is offered and can be loaded.

        Parameters
        ----------
        reference : str
            As for `find`.
        check : callable
            Called with each version that was loaded; it raises a `ModelError` to refuse it.
        refused : dict of str to str, optional
            The dictionary to fill and return, for who needs it where none can be loaded, too.

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
        versions = self.offered(reference) if is_name(reference) else []
        refused = {} if refused is None else refused
        first: ModelError | None = None
        for version in reversed(versions):
            try:
                entry = self.load(f"{reference}:{version}")
                check(entry)
                return entry, refused
            except ModelError as error:
                first = first or error
                refused[version] = str(error)
        if first is not None:
            raise first
        entry = self.load(reference)
        check(entry)
        return entry, refused

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
            If there is no such model, or more than one; the message says where it was looked for.
        ModelFormatError
            If the version's folder cannot be read.
        """
        if not isinstance(reference, str):
            raise ModelNotFoundError(f"{reference!r} is not a model name, name:version or path")
        if is_path(reference):
            return self._find_path(Path(reference))
        name, colon, version = reference.partition(":")
        if not is_model_name(name) or (colon and not version):
            raise ModelNotFoundError(f"{reference!r} is not a model name, name:version or path")
        if colon:
            return self._find_version(name, version)
        return self._find_highest(name)

    def versions(self, name: str) -> list[str]:
        """Return the versions of a name, lowest first.

        Those that hold a model, or something that `load` refuses with a reason, such as two models.

        Raises
        ------
        ModelNotFoundError
            If the folder of the name cannot be read.
        """
        if not is_model_name(name):
            return []
        folder = self.root / name
        try:
            if not folder.is_dir():
                return []
            numbers = [entry.name for entry in folder.iterdir() if is_version(entry.name)]
        except OSError as error:
            raise ModelNotFoundError(f"{folder}: {error.strerror}") from error
        held = [number for number in numbers if _is_worth_a_try(folder / number)]
        return sorted(held, key=int)

    def offered(self, name: str) -> list[str]:
        """Return the versions that a bare name can mean, lowest first: those not retired.

        Raises
        ------
        ModelNotFoundError
            If the folder of the name cannot be read.
        """
        return [one for one in self.versions(name) if not is_retired(self.root / name / one)]

    def _find_path(self, path: Path) -> ModelLocation:
        if not _is_archive(path):
            raise ModelNotFoundError(
                f"{path} is not a model directory (no dir_archive.ini in it{tell_below(path)})"
            )
        name, version = path.parent.parent.name, path.parent.name
        if is_version(version) and is_model_name(name):
            return ModelLocation(name, version, path)
        return ModelLocation(path.stem, None, path)

    def _find_version(self, name: str, version: str) -> ModelLocation:
        folder = self.root / name / version
        models = _hold_models(folder) if is_version(version) else []
        if len(models) > 1:
            names = ", ".join(entry.name for entry in models)
            raise ModelNotFoundError(f"{folder} holds more than one model: {names}")
        if not models:
            held = ", ".join(self.versions(name)) or "none"
            raise ModelNotFoundError(
                f"no version {version!r} of model {name!r} in {self.root} (versions: {held}"
                f"{_tell_hollow(folder) if is_version(version) else ''})"
            )
        return ModelLocation(name, version, models[0])

    def _find_highest(self, name: str) -> ModelLocation:
        offered = self.offered(name)
        if offered:
            return self._find_version(name, offered[-1])
        if retired := self.versions(name):
            last = retired[-1]
            raise ModelNotFoundError(
                f"every version of model {name!r} in {self.root} is retired ({last} is "
                f"{retirement_of(self.root / name / last)}): register another one, name one as "
                f"{name}:{last}, or reinstate one"
            )
        flat = [name, f"{name}.model", _FLAT_FILES.get(name, name)]
        for file in flat:
            if _is_archive(self.root / file):
                return ModelLocation(name, None, self.root / file)
        looked_for = f"looked for {name}/<version>/ or {' or '.join(dict.fromkeys(flat[1:]))}"
        raise ModelNotFoundError(
            f"no model {name!r} in {self.root} ({_tell_gone(self.root) or looked_for})"
        )


def _is_archive(path: Path) -> bool:
    try:
        return is_archive(path)
    except (OSError, ValueError):  # nobody may look there, or it is no path
        return False


def _hold_models(folder: Path) -> list[Path]:
    """Return the models in a version folder: the folder itself, or those in it.

    Raises
    ------
    ModelFormatError
        If the folder cannot be read.
    """
    try:
        if is_archive(folder):
            return [folder]
        if not folder.is_dir():
            return []
        return sorted(entry for entry in folder.iterdir() if is_archive(entry))
    except OSError as error:
        raise ModelFormatError(folder, 0, "a readable folder", error.strerror or "none") from error


def _tell_gone(root: Path) -> str:
    """Return words on a registry whose own directory is not there, or nothing."""
    return "" if os.path.lexists(root) else "there is no such directory"


def _tell_hollow(folder: Path) -> str:
    """Return words on something that has a version's place and holds no model, or nothing."""
    if folder.is_dir():
        return f"; {folder} holds no model"
    if gone := _tell_gone(folder.parent.parent):
        return f"; {gone}"
    return f"; {folder} is not a folder" if os.path.lexists(folder) else ""


def _is_worth_a_try(folder: Path) -> bool:
    """Tell whether a version folder holds a model, or something that is refused when it is loaded.

    What is wrong with one version must not hide the others.
    """
    try:
        return len(_hold_models(folder)) > 0
    except ModelFormatError:
        return True
