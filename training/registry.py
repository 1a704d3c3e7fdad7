"""Save models in registry layout: ``<name>/<version>/``, each version with its manifest."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from typing import Any, Iterable, Optional, Tuple

from training.command import Say
from training.errors import in_one_line

SIMILARITY = ("similarity_model", "recommendation_s.model")
POPULARITY = ("popularity_model", "recommendation_p.model")
RANKING = ("ranking_factorization_model", "recommendation_r.model")
# The service reads names of up to 18 digits as versions.
LARGEST_VERSION = 10**18 - 1


def require_free(root: str, names: Iterable[Tuple[str, str]], version: Optional[int]) -> None:
    """Refuse a version that one of the models has already.

    Parameters
    ----------
    root : str
        The registry.
    names : iterable of (str, str)
        As in `save`.
    version : int, optional
        The version; the next one is always free.

    Raises
    ------
    FileExistsError
        If there is one.
    """
    if version is None:
        return
    for name, _ in names:
        target = os.path.join(root, name, str(version))
        if os.path.lexists(target):
            raise FileExistsError("{} exists already; choose another --version".format(target))


def save(model: Any, root: str, names: Tuple[str, str], version: Optional[int], say: Say) -> str:
    """Save a model as a new version, which appears whole or not at all.

    Parameters
    ----------
    model : turicreate recommender
        The model.
    root : str
        The registry.
    names : (str, str)
        Registry name, and name of the model directory.
    version : int, optional
        Version; the highest that exists plus one if absent.
    say : callable
        Prints a line.

    Returns
    -------
    str
        The new version's folder.

    Raises
    ------
    OSError
        If it exists already, or a file cannot be written.
    TrainingError
        If Turi Create cannot write the model.
    """
    name, file = names
    folder = os.path.join(root, name)
    os.makedirs(folder, exist_ok=True)
    if version is None:
        version = 1 + max([0] + [int(entry) for entry in os.listdir(folder) if entry.isdigit()])
    require_free(root, [names], version)
    target = os.path.join(folder, str(version))
    staging = tempfile.mkdtemp(prefix=".saving-", dir=folder)
    try:
        with in_one_line():
            model.save(os.path.join(staging, file))
        write_manifest(staging)
        os.chmod(staging, 0o755)
        os.rename(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    say("saved " + os.path.join(target, file))
    return target


def write_manifest(folder: str) -> None:
    """Write ``manifest.json``, as ``turi_recommender/versions/manifest.py`` reads it."""
    files = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            files[os.path.relpath(path, folder).replace(os.sep, "/")] = describe(path)
    with open(os.path.join(folder, "manifest.json"), "w") as manifest:
        json.dump({"format": 1, "files": files}, manifest, indent=1, sort_keys=True)
        manifest.write("\n")
        manifest.flush()
        os.fsync(manifest.fileno())


def describe(path: str) -> dict:
    """Return the digest and the length of a file."""
    digest, length = hashlib.sha256(), 0
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
            length += len(block)
    return {"sha256": digest.hexdigest(), "bytes": length}
