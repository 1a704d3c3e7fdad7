"""Digests of a version's files.

A version folder may hold ``manifest.json``: the SHA-256 and length of each of its files. A version
that has one is loaded only if its files are exactly those listed, with exactly that content.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from turi_recommender.errors import ModelFormatError

MANIFEST = "manifest.json"
_MAX_MANIFEST_BYTES = 1 << 20
_BYTES_AT_A_TIME = 1 << 18


def write_manifest(folder: str | os.PathLike[str]) -> None:
    """Write the manifest of a version folder as it is now."""
    folder = Path(folder)
    files = _describe_all(folder, _files(folder))
    content = json.dumps({"format": 1, "files": files}, indent=1)
    with (folder / MANIFEST).open("w") as file:
        file.write(content + "\n")
        file.flush()
        os.fsync(file.fileno())


def check_manifest(folder: str | os.PathLike[str]) -> None:
    """Check a version folder against its manifest, if it has one.

    Raises
    ------
    ModelFormatError
        If a file differs, is missing, or is there and not listed; it names the file.
    """
    folder = Path(folder)
    path = folder / MANIFEST
    if not path.is_file():
        return
    listed = _read(path)
    found = _files(folder)
    for name in sorted(set(listed) ^ set(found)):
        expected, there = ("a file", "none") if name in listed else ("no such file", "one")
        raise ModelFormatError(folder / name, 0, f"{expected}, says the manifest", there)
    for name, actual in _describe_all(folder, found).items():
        if actual != listed[name]:
            raise ModelFormatError(
                folder / name, 0, f"{listed[name]}, says the manifest", str(actual)
            )


def _files(folder: Path) -> list[str]:
    """Return the names of all files below a folder but the manifest itself."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if name != MANIFEST)


def _describe_all(folder: Path, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Describe files, several at a time: hashing them is what takes time at a start."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(names, pool.map(lambda name: _describe(folder / name), names), strict=True))


def _describe(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb", buffering=0) as file:
            digest, buffer = hashlib.sha256(), memoryview(bytearray(_BYTES_AT_A_TIME))
            while length := file.readinto(buffer):
                digest.update(buffer[:length])
            return {"sha256": digest.hexdigest(), "bytes": file.tell()}
    except OSError as error:
        raise ModelFormatError(path, 0, "a readable file", error.strerror or str(error)) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_MAX_MANIFEST_BYTES))
        files = content["files"]
        if isinstance(files, dict):
            return files
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        raise ModelFormatError(path, 0, "a manifest", str(error)) from error
    raise ModelFormatError(path, 0, "a manifest", "another file")
