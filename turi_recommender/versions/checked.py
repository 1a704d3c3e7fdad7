"""Notes of what was hashed, so that a start need not hash it again before it is ready.

`register` and `sync` hash each file that they copy. They write what the system says of these files
to ``<root>/.checked/<name>/<version>.json``, beside the versions and not in one, which stays as its
manifest lists it. Who finds a note that fits both the manifest and the files as they are now can
load the version at once and hash it later.

A note is a hint. One that is missing, cannot be read, or says anything else than expected counts as
none; its content is compared and never parsed. A copy on another disk has other inodes, so its note
fits no more. Damage that the disk itself does shows in no note: that is why files are hashed later.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from turi_recommender.errors import ModelError
from turi_recommender.format.files import read_regular
from turi_recommender.versions.digests import Hashed, stamp_of
from turi_recommender.versions.manifest import MANIFEST, check_sizes
from turi_recommender.versions.staging import write_whole

CHECKED = ".checked"  # no model's name begins with a dot


def note_of(folder: Path) -> Path:
    """Return the path of the note on a version's folder, whether it is there or not."""
    return folder.parent.parent / CHECKED / folder.parent.name / f"{folder.name}.json"


def write_note(folder: Path, hashed: Mapping[str, Hashed]) -> None:
    """Note what was hashed; where nothing can be written, there is no note.

    Parameters
    ----------
    folder : Path
        The version's folder.
    hashed : mapping of str to Hashed
        All files that its manifest lists, with the digests that it has for them.
    """
    note = note_of(folder)
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        write_whole(note, _text(hashed))


def remove_note(folder: Path) -> None:
    """Remove the note on a version's folder, if there is one and it can be removed."""
    with suppress(OSError):
        note_of(folder).unlink(missing_ok=True)


def is_noted(folder: Path) -> bool:
    """Tell whether a version's files are those that were hashed, as far as the system tells.

    Parameters
    ----------
    folder : Path
        The version's folder.

    Returns
    -------
    bool
        Whether its files are those that its manifest lists, with these lengths, and a note says
        that the same inodes had the manifest's digests and were not written to since.
    """
    if not os.path.lexists(note_of(folder)) or not os.path.lexists(folder / MANIFEST):
        return False
    try:
        listed = check_sizes(folder)
        if not all(isinstance(says.get("sha256"), str) for says in listed.values()):
            return False
        files = {
            name: Hashed(says["sha256"], says["bytes"], stamp_of(folder / name))
            for name, says in listed.items()
        }
        expected = _text(files).encode()
        return read_regular(note_of(folder), len(expected) + 1, follow=False) == expected
    except ModelError:  # of the model, the whole check will say what is wrong
        return False


def _text(hashed: Mapping[str, Hashed]) -> str:
    """Return a note: what a manifest says of each file, and the file's stamp."""
    files = {name: {**each.listed(), **each.stamp._asdict()} for name, each in hashed.items()}
    return json.dumps({"format": 1, "files": files}, indent=1, sort_keys=True) + "\n"
