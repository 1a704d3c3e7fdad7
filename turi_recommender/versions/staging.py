"""Copies that appear whole or not at all: made under a name that nobody reads, then renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from turi_recommender.errors import RegistrationError

_STAGING = ".registering-"
_CLOCK = ".now-"
_WRITING = ".writing-"
_STALE_SECONDS = 24 * 60 * 60.0


def publish(
    source: Path,
    target: Path,
    fill: Callable[[Path], None],
    instead: Callable[[], Path] | None = None,
) -> Path:
    """Fill a folder under a name that nobody reads, and rename it.

    Parameters
    ----------
    source : Path
        What is copied; named in errors.
    target : Path
        The folder that is to appear.
    fill : callable
        Called with the staging folder; whatever it raises, nothing is left behind.
    instead : callable, optional
        Called for another target beside the first where somebody else has made that one meanwhile.

    Returns
    -------
    Path
        The folder that has appeared.

    Raises
    ------
    RegistrationError
        If the target exists already, or the system refuses.
    """
    with copy_errors(source):
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=target.parent))
        try:
            fill(staging)
            with suppress(PermissionError):  # some network volumes have no modes
                staging.chmod(0o755)
            while not _rename(staging, target):
                if instead is None:
                    raise RegistrationError(f"cannot copy {source}: {target} exists already")
                target = instead()
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return target


def _rename(staging: Path, target: Path) -> bool:
    """Rename a folder, unless the new name is taken: of two at once, one is told so."""
    try:
        staging.rename(target)
    except OSError:
        if target.exists():
            return False
        raise
    return True


@contextmanager
def copy_errors(source: Path) -> Iterator[None]:
    """Turn what the system says while `source` is copied into a `RegistrationError`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.filename is not None:
            reason = f"{error.filename}: {reason}"
        raise RegistrationError(f"cannot copy {source}: {reason}") from error


def copy_listed(source: Path, target: Path, names: Iterable[str]) -> None:
    """Copy some files of a folder, and nothing else.

    Parameters
    ----------
    source : Path
        The folder.
    target : Path
        The copy; it is there already.
    names : iterable of str
        The files' names, below the folder and with slashes.

    Raises
    ------
    OSError
        If the system refuses.
    """
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        _copy_file(source / name, target / name)


def _copy_file(source: Path, target: Path) -> None:
    """Copy a regular file; nothing else, for a pipe or a device would never end."""
    if not source.is_file():
        raise OSError(f"{source} is not a regular file")
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def write_whole(path: Path, text: str) -> None:
    """Write a small file that appears whole or not at all.

    Parameters
    ----------
    path : Path
        The file; one that is there is replaced.
    text : str
        Its content.

    Raises
    ------
    OSError
        If the system refuses.
    """
    descriptor, name = tempfile.mkstemp(prefix=_WRITING, dir=path.parent)
    staging = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with suppress(PermissionError):  # some network volumes have no modes
            staging.chmod(0o644)
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)


def set_aside(folder: Path) -> None:
    """Remove a folder so that nobody sees a part of it."""
    aside = Path(tempfile.mkdtemp(prefix=_STAGING, dir=folder.parent))
    with suppress(OSError):  # somebody else was faster
        folder.rename(aside / folder.name)
    shutil.rmtree(aside, ignore_errors=True)


def remove_stale(folder: Path, seconds: float = _STALE_SECONDS) -> None:
    """Remove what a copy that was killed left behind, where others may be copying at the moment.

    A copy that goes on writes: what nobody has touched for long has nobody any more. The time of
    the folder's own disk is compared, since a share and its clients can have different clocks.

    Parameters
    ----------
    folder : Path
        Where copies are made.
    seconds : float
        How long nobody must have touched one.
    """
    lefts = list(folder.glob(f"{_STAGING}*"))
    if len(lefts) == 0:
        return
    with suppress(OSError), tempfile.NamedTemporaryFile(prefix=_CLOCK, dir=folder) as clock:
        now = os.fstat(clock.fileno()).st_mtime
        for left in lefts:
            if now - _last_touched(left) > seconds:
                shutil.rmtree(left, ignore_errors=True)


def _last_touched(folder: Path) -> float:
    times = [folder.lstat().st_mtime]
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            with suppress(FileNotFoundError):  # it has just been renamed, or removed
                times.append((Path(place) / name).lstat().st_mtime)
    return max(times)
