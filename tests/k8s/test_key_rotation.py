"""Keys change in a running pod, the way a kubelet changes mounted files.

It writes a new folder, lets `..data` point to it by one rename, and removes the old folder; each
file that the pod sees is a link through `..data`.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from app.errors import ConfigurationError, NotAuthenticatedError
from app.security import key_files
from app.security.authenticator import Authenticator
from app.security.keys import new_key
from app.settings import Settings
from tests.support.waiting import wait_until

from .kustomize import read_variables
from .manifests import FOLDER


class Mount:
    """A folder of links as a kubelet keeps it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0

    def write(self, **files: str) -> None:
        self._count += 1
        now = self.folder / f"..{self._count}"
        now.mkdir(parents=True)
        for name, content in files.items():
            (now / name).write_text(content)
            link = self.folder / name
            if not link.is_symlink():
                link.symlink_to(Path("..data") / name)
        (self.folder / "..new").symlink_to(now.name)
        (self.folder / "..new").rename(self.folder / "..data")
        shutil.rmtree(self.folder / f"..{self._count - 1}", ignore_errors=True)


@pytest.fixture
def mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mount:
    monkeypatch.setattr(key_files, "_LOOK_SECONDS", 0.01)
    return Mount(tmp_path / "keys")


def start(mount: Mount) -> Authenticator:
    """Start with the settings of the manifests, the mount elsewhere."""
    variables = read_variables(FOLDER / "base" / "service" / "20-settings.env")
    files: dict[str, Any] = {
        name: variables[f"RECOMMENDER_{name.upper()}"].replace("/keys/", f"{mount.folder}/")
        for name in ("api_key_files", "admin_key_files")
    }
    return Authenticator(Settings(**files))


def is_valid(authenticator: Authenticator, key: str) -> bool:
    try:
        return bool(authenticator.scopes(key))
    except NotAuthenticatedError:
        return False


NOBODY = "sha256:" + "0" * 64


def test_rotation_without_a_moment_of_refusal(mount: Mount) -> None:
    (old, old_digest), (new, new_digest) = new_key(), new_key()
    mount.write(primary=old_digest, secondary=NOBODY, admin=NOBODY)
    running = start(mount)
    assert is_valid(running, old)
    assert not is_valid(running, new)
    mount.write(primary=old_digest, secondary=new_digest, admin=NOBODY)
    wait_until(lambda: is_valid(running, new))
    assert is_valid(running, old)
    mount.write(primary=NOBODY, secondary=new_digest, admin=NOBODY)
    wait_until(lambda: not is_valid(running, old))
    assert is_valid(running, new)


def test_an_empty_file_withdraws(mount: Mount) -> None:
    (old, old_digest), (new, new_digest) = new_key(), new_key()
    mount.write(primary=old_digest, secondary=new_digest, admin=NOBODY)
    running = start(mount)
    assert is_valid(running, old)
    mount.write(primary="", secondary=new_digest, admin=NOBODY)
    wait_until(lambda: not is_valid(running, old))
    assert is_valid(running, new)


def test_a_broken_file_withdraws_nothing(mount: Mount, caplog: pytest.LogCaptureFixture) -> None:
    key, digest = new_key()
    mount.write(primary=digest, secondary=NOBODY, admin=NOBODY)
    running = start(mount)
    mount.write(primary="sha256:abc", secondary=NOBODY, admin=NOBODY)
    wait_until(lambda: "its last keys stay valid" in caplog.text)
    assert is_valid(running, key)


def test_a_file_that_is_gone_withdraws_its_key(mount: Mount) -> None:
    key, digest = new_key()
    mount.write(primary=digest, secondary=NOBODY, admin=NOBODY)
    running = start(mount)
    mount.write(secondary=NOBODY, admin=NOBODY)
    wait_until(lambda: not is_valid(running, key))


def test_no_start_without_one_of_the_files(mount: Mount) -> None:
    mount.write(primary=NOBODY, admin=NOBODY)
    with pytest.raises(ConfigurationError, match="secondary"):
        start(mount)


def test_the_admin_key_administrates(mount: Mount) -> None:
    (user, user_digest), (admin, admin_digest) = new_key(), new_key()
    mount.write(primary=user_digest, secondary=NOBODY, admin=admin_digest)
    running = start(mount)
    assert running.scopes(user) == {"recommend"}
    assert running.scopes(admin) == {"recommend", "admin"}


def test_zeros_let_nobody_in(mount: Mount) -> None:
    mount.write(primary=NOBODY, secondary=NOBODY, admin=NOBODY)
    running = start(mount)
    assert not is_valid(running, NOBODY)
    assert not is_valid(running, "0" * 64)
    assert not is_valid(running, "")
