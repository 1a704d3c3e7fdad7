"""Withdraw a version: it is not chosen any more, and nothing of it is deleted.

A marker beside the version's folder, ``<name>/<version>.retired``, says so: JSON with reason and
time. It lies outside of the folder, so the version stays as its manifest says, and its name is
no version's, so 0.1.0 passes over it. That it is there is what counts; what it says is for people.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from turi_recommender.errors import ModelFormatError, ModelNotFoundError, RegistrationError
from turi_recommender.versions.names import is_model_name, is_version
from turi_recommender.versions.record import Record, read_json, write_moment
from turi_recommender.versions.staging import write_whole

RETIRED = ".retired"
MAX_REASON = 500  # characters
_MAX_MARKER_BYTES = 1 << 14


@dataclass(frozen=True, slots=True)
class Retirement:
    """That a version was withdrawn.

    Attributes
    ----------
    reason : str
        Why.
    time : datetime or None
        When, in UTC; None if the marker does not say.
    """

    reason: str
    time: datetime | None

    def __str__(self) -> str:
        when = "" if self.time is None else f" on {self.time:%Y-%m-%d %H:%M} UTC"
        return f"retired{when}: {self.reason}"


def retire(root: str | os.PathLike[str], name: str, version: int | str, reason: str) -> Retirement:
    """Withdraw a version: a bare name never means it any more, until it is reinstated.

    Services that follow new versions go back to the highest one that is not retired. Whoever names
    the version explicitly still gets it.

    Parameters
    ----------
    root : str or path-like
        The directory of the registry.
    name : str
        Registry name.
    version : int or str
        A version that is there, whole or not. If it is retired already, its reason is replaced.
    reason : str
        Why, in one line of up to 500 printable characters.

    Raises
    ------
    ModelNotFoundError
        If there is no such version.
    RegistrationError
        If the reason is none, or the system refuses.
    """
    folder = _version_folder(Path(root), name, version)
    if not _is_reason(reason):
        raise RegistrationError(
            f"a reason is needed: one line of up to {MAX_REASON} printable characters"
        )
    retirement = Retirement(reason.strip(), datetime.now(timezone.utc).replace(microsecond=0))
    with _marker_errors(folder):
        write_marker(folder, retirement)
    return retirement


def reinstate(root: str | os.PathLike[str], name: str, version: int | str) -> None:
    """Take back that a version was retired.

    Parameters
    ----------
    root : str or path-like
        The directory of the registry.
    name : str
        Registry name.
    version : int or str
        A retired version.

    Raises
    ------
    ModelNotFoundError
        If there is no such version.
    RegistrationError
        If it is not retired, or the system refuses.
    """
    folder = _version_folder(Path(root), name, version)
    if not is_retired(folder):
        raise RegistrationError(f"{name}:{version} is not retired")
    with _marker_errors(folder):
        remove_marker(folder)


def _is_reason(text: object) -> bool:
    """Tell whether this is one line that says something."""
    return (
        isinstance(text, str)
        and text.isprintable()
        and text.strip() != ""
        and len(text) <= MAX_REASON
    )


def _version_folder(root: Path, name: str, version: int | str) -> Path:
    if not is_model_name(name) or not is_version(str(version)):
        raise ModelNotFoundError(f"{f'{name}:{version}':.300} is not a model's name:version")
    folder = root / name / str(version)
    if not folder.is_dir():
        raise ModelNotFoundError(f"no version {str(version)!r} of model {name!r} in {root}")
    return folder


@contextmanager
def _marker_errors(folder: Path) -> Iterator[None]:
    marker = marker_of(folder)
    try:
        yield
    except OSError as error:
        raise RegistrationError(f"cannot change {marker}: {error.strerror or error}") from error


def marker_of(folder: Path) -> Path:
    """Return the path of the marker of a version's folder."""
    return folder.parent / f"{folder.name}{RETIRED}"


def is_retired(folder: Path) -> bool:
    """Tell whether the version of a folder is retired."""
    return os.path.lexists(marker_of(folder))


def retirement_of(folder: Path) -> Retirement | None:
    """Return why and when the version of a folder was retired, None if it was not.

    A marker that cannot be read is one, too: somebody wanted to withdraw the version.
    """
    if not is_retired(folder):
        return None
    marker = marker_of(folder)
    try:
        record = Record.of(read_json(marker, _MAX_MARKER_BYTES), "the marker", marker)
        reason = record.text("reason")
        if not _is_reason(reason):
            raise ModelFormatError(marker, 0, "a reason in one line", "another text")
        return Retirement(reason, record.moment("time") if record.has("time") else None)
    except ModelFormatError as error:
        if not is_retired(folder):  # it has just been reinstated
            return None
        return Retirement(f"its marker cannot be read (expected {error.expected:.200})", None)


def write_marker(folder: Path, retirement: Retirement) -> None:
    """Write the marker of a version's folder, whole or not at all.

    Parameters
    ----------
    folder : Path
        The version's folder; it need not be there yet.
    retirement : Retirement
        What the marker is to say.

    Raises
    ------
    OSError
        If the system refuses.
    """
    time = None if retirement.time is None else write_moment(retirement.time)
    content = json.dumps({"reason": retirement.reason, "time": time})
    write_whole(marker_of(folder), content + "\n")


def remove_marker(folder: Path) -> None:
    """Remove the marker of a version's folder, if it has one."""
    marker_of(folder).unlink(missing_ok=True)
