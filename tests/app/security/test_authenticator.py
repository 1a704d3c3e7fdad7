"""Keys and key files. What is true of tokens is tested in test_tokens."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.errors import ConfigurationError, NotAuthenticatedError
from app.security import key_files
from app.security.authenticator import Authenticator
from app.security.key_files import KeyFile
from app.security.keys import new_key
from app.security.scopes import ADMIN, RECOMMEND
from app.settings import Settings
from tests.support.problems import assert_problem
from tests.support.processes import app_process
from tests.support.serving import serving
from tests.support.waiting import PATIENCE_SECONDS, wait_until

ASK, ASK_DIGEST = new_key()
NEXT, NEXT_DIGEST = new_key()
ADMINISTRATE, ADMINISTRATE_DIGEST = new_key()
BODY = {"users": [{"visitorid": 6000}]}
SCORE_BODY = '{"data":[{"visitorid":6000}]}'


def bearer(credential: str) -> dict[str, str]:
    return {"authorization": f"Bearer {credential}"}


def may(authenticator: Authenticator, key: str) -> bool:
    try:
        return RECOMMEND in authenticator.scopes(key)
    except NotAuthenticatedError:
        return False


@pytest.fixture(scope="module")
def locked() -> Iterator[httpx.Client]:
    """Serve with keys, and with documentation and metrics behind them."""
    settings = Settings(
        api_keys=f"{ASK_DIGEST}, {NEXT_DIGEST}",
        admin_keys=ADMINISTRATE_DIGEST,
        docs="auth",
        metrics="auth",
    )
    with serving(settings) as client:
        yield client


# Keys


def test_new_keys_are_long_random_and_known_by_their_digest() -> None:
    key, digest = new_key()
    assert key.startswith("rk_")
    assert len(key) >= 40
    assert digest == "sha256:" + hashlib.sha256(key.encode()).hexdigest()
    assert new_key()[0] != key


def test_two_keys_are_live_at_once(locked: httpx.Client) -> None:
    for key in (ASK, NEXT):
        answer = locked.post("/recommend/users", json=BODY, headers=bearer(key))
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {ASK}"},
        {"authorization": f"bearer {ASK}"},
        {"authorization": f"BEARER   {ASK}"},
        {"x-api-key": ASK},
        {"X-API-KEY": ASK},
        {"authorization": "Basic dTpw", "x-api-key": ASK},  # some proxy's own
    ],
)
def test_ways_to_send_a_key(locked: httpx.Client, headers: dict[str, str]) -> None:
    assert locked.post("/recommend/users", json=BODY, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": ASK},
        {"authorization": f"Basic {ASK}"},
        {"authorization": f"Bearer{ASK}"},
        {"authorization": f"Bearer {ASK[:-1]}"},
        {"authorization": f"Bearer {ASK}x"},
        {"authorization": f"Bearer {ASK.upper()}"},
        {"authorization": f"Bearer {ASK} {ASK}"},
        {"authorization": f"Bearer {ASK_DIGEST}"},
        {"authorization": f"Bearer {ASK_DIGEST.removeprefix('sha256:')}"},
        {"authorization": b"Bearer \xff\xfe\x80"},
        {"authorization": "Bearer " + 20_000 * "x"},
        {"authorization": "Bearer a.b.c"},
        {"x-api-key": ""},
        {"x-api-key": "x"},
        {"x-api-key": b"\xc3\xa9\xff"},
        {"x-api-key": f"Bearer {ASK}"},
        {"authorization": f"Bearer {ASK}x", "x-api-key": ASK},  # which one is meant?
    ],
)
def test_what_is_no_key(locked: httpx.Client, headers: dict[str, Any]) -> None:
    answer = locked.post("/recommend/users", json=BODY, headers=headers)
    problem = assert_problem(answer, 401)
    assert problem["type"] == "urn:turi-recommender:problem:unauthenticated"
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert "x-request-id" in answer.headers
    for name, value in headers.items():
        if len(value) > 10 and isinstance(value, str):
            assert value.split()[-1] not in answer.text, name


def test_no_key_on_the_drop_in_has_the_original_shape(locked: httpx.Client) -> None:
    answer = locked.post("/score", content=SCORE_BODY)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert answer.json() == {"message": "A key is needed: Authorization: Bearer, or X-API-Key"}
    assert locked.post("/score", content=SCORE_BODY, headers=bearer(ASK)).status_code != 401


def test_a_key_that_may_only_ask(locked: httpx.Client) -> None:
    for path in (
        "/admin/models/similarity_model/reload",
        "/admin/models/similarity_model/activate",
        "/admin/models/nothing/reload",
    ):
        answer = locked.post(path, headers=bearer(ASK))
        problem = assert_problem(answer, 403)
        assert problem["type"] == "urn:turi-recommender:problem:not-allowed"
        assert_problem(locked.post(path), 401)
    # A path that no route has needs a key, and no more than that.
    assert_problem(locked.post("/admin/nothing"), 401)
    assert_problem(locked.post("/admin/nothing", headers=bearer(ASK)), 404)


def test_a_key_that_may_administrate_may_also_ask(locked: httpx.Client) -> None:
    headers = bearer(ADMINISTRATE)
    path = "/admin/models/similarity_model/reload"
    assert locked.post(path, headers=headers).json()["version"] == "6"
    assert locked.post("/recommend/users", json=BODY, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "path", ["/%61dmin/models/similarity_model/reload", "/admin/models/similarity%5Fmodel/reload"]
)
def test_an_escaped_path_needs_the_same_scope(locked: httpx.Client, path: str) -> None:
    assert_problem(locked.post(path, headers=bearer(ASK)), 403)


def test_unknown_paths_do_not_show_to_strangers(locked: httpx.Client) -> None:
    assert_problem(locked.get("/nope"), 401)
    assert_problem(locked.get("/nope", headers=bearer(ASK)), 404)


def test_probes_are_open(locked: httpx.Client) -> None:
    for path in ("/", "/healthz/live", "/healthz/ready"):
        assert locked.get(path).status_code == 200


# Documentation and metrics

PAGES = ("/docs", "/redoc", "/openapi.json", "/swagger.json", "/metrics")


@pytest.mark.parametrize("path", [*PAGES, "/docs/assets/none.js"])
def test_pages_behind_keys(locked: httpx.Client, path: str) -> None:
    assert_problem(locked.get(path), 401)
    assert locked.get(path, headers=bearer(ASK)).status_code in {200, 307, 404}
    assert_problem(locked.get(path, headers=bearer(ASK + "x")), 401)


def test_open_pages_and_no_pages() -> None:
    with serving(Settings(api_keys=ASK_DIGEST)) as client:
        for path in ("/docs", "/openapi.json", "/metrics"):
            assert client.get(path).status_code == 200
        assert_problem(client.get("/models"), 401)
        for path in ("/metrics/", "/metricsx"):  # what is open is only what is meant
            assert_problem(client.get(path), 401)
    with serving(Settings(api_keys=ASK_DIGEST, docs="off", metrics="off")) as client:
        for path in ("/docs", "/redoc", "/openapi.json", "/metrics", "/docs/assets/none.js"):
            assert_problem(client.get(path, headers=bearer(ASK)), 404)
        assert_problem(client.get("/swagger.json"), 401)  # a part of the drop-in: not off


# Settings


@pytest.mark.parametrize(
    "given",
    [
        "rk_not-a-digest-but-a-key-that-is-long-enough",
        "sha256:" + 63 * "0",
        "sha256:" + 65 * "0",
        "sha256:" + 64 * "g",
        "md5:" + 32 * "0",
        f"{ASK_DIGEST},nonsense",
    ],
)
def test_settings_take_digests_only(given: str) -> None:
    for settings in (Settings(api_keys=given), Settings(admin_keys=given)):
        with pytest.raises(ConfigurationError, match="sha256:<64 hexadecimal digits>") as caught:
            Authenticator(settings)
        assert given.rsplit(",", maxsplit=1)[-1] not in str(caught.value)  # it may be a key


def test_empty_parts_of_settings_are_no_keys() -> None:
    assert not Authenticator(Settings(api_keys=" , ,")).is_configured
    authenticator = Authenticator(Settings(api_keys=f",{ASK_DIGEST}, "))
    assert authenticator.scopes(ASK) == {RECOMMEND}
    assert not may(authenticator, "")


@pytest.mark.parametrize("name", ["api_keys", "api_key_files", "admin_keys", "admin_key_files"])
def test_keys_and_no_keys_contradict_each_other(name: str) -> None:
    with pytest.raises(ValueError, match="contradict each other"):
        Settings.model_validate({"auth": "none", name: ASK_DIGEST})


# Key files


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(key_files, "_LOOK_SECONDS", 0.02)
    return tmp_path / "keys"


def test_lines_of_a_key_file(file: Path) -> None:
    old, digest = new_key()
    file.write_text(
        f"# the team's, since May\n\n  {ASK}  \r\n{NEXT_DIGEST}\n"
        f"{ADMINISTRATE_DIGEST.removeprefix('sha256:')}\n# withdrawn in June, {old}\n#{digest}\n"
    )
    authenticator = Authenticator(Settings(api_key_files=str(file)))
    for key in (ASK, NEXT, ADMINISTRATE):
        assert authenticator.scopes(key) == {RECOMMEND}
    for key in (old, "", "# the team's, since May", NEXT_DIGEST):
        assert not may(authenticator, key)


def test_files_of_both_kinds(file: Path, tmp_path: Path) -> None:
    file.write_text(ASK)
    (tmp_path / "second").write_text(NEXT)
    (tmp_path / "admin").write_text(ADMINISTRATE)
    authenticator = Authenticator(
        Settings(
            api_key_files=f"{file}, {tmp_path / 'second'}", admin_key_files=f"{tmp_path}/admin"
        )
    )
    assert authenticator.scopes(ASK) == authenticator.scopes(NEXT) == {RECOMMEND}
    assert authenticator.scopes(ADMINISTRATE) == {RECOMMEND, ADMIN}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"key: tooshort\n", "a key must have 24 characters or more"),
        (b"tooshort and plain, and no key", "line 1: not a digest"),
        (b"\n\nsha256:" + 63 * b"0", "line 3: not a digest"),
        (b"sha256:" + 64 * b"z", "line 1: not a digest"),
        (b"\xff\xfe" + 40 * b"k\0", "UTF-16: save it as UTF-8"),
        (b"\xff" + 40 * b"k", "line 1: not UTF-8"),
        (b"rk_" + 40 * b"k" + b"\0", "line 1: not UTF-8"),
        (64 * 1024 * b"#" + b"\n", "larger than 65536 bytes"),
    ],
)
def test_key_files_that_are_refused_by_name(file: Path, content: bytes, reason: str) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        Authenticator(Settings(api_key_files=str(file)))
    assert str(file) in str(caught.value)
    assert reason in str(caught.value)
    assert "tooshort" not in str(caught.value)


def test_a_key_file_that_is_not_there(file: Path) -> None:
    with pytest.raises(ConfigurationError, match="keys: No such file"):
        Authenticator(Settings(api_key_files=str(file)))


def test_rotation_by_rewriting(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.write_text(ASK)
    authenticator = Authenticator(Settings(api_key_files=str(file)))
    with caplog.at_level(logging.INFO):
        file.write_text(f"{ASK}\n{NEXT}\n")
        wait_until(lambda: may(authenticator, NEXT))
        assert may(authenticator, ASK)
        file.write_text(NEXT)
        wait_until(lambda: not may(authenticator, ASK))
        assert may(authenticator, NEXT)
    assert "read again, 2 keys and 0 digests" in caplog.text
    assert ASK not in caplog.text
    assert NEXT not in caplog.text


def test_rotation_by_a_symlink_as_a_kubelet_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(name: str, key: str) -> None:
        (tmp_path / name).mkdir()
        (tmp_path / name / "keys").write_text(key)
        (tmp_path / "..data_tmp").symlink_to(name)
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")

    monkeypatch.setattr(key_files, "_LOOK_SECONDS", 0.02)
    publish("..2026_05", ASK)
    (tmp_path / "keys").symlink_to("..data/keys")
    authenticator = Authenticator(Settings(api_key_files=f"{tmp_path}/keys"))
    assert may(authenticator, ASK)
    publish("..2026_06", NEXT)
    shutil.rmtree(tmp_path / "..2026_05")
    wait_until(lambda: may(authenticator, NEXT))
    assert not may(authenticator, ASK)


def make_huge(file: Path) -> None:
    """Make a file that would fill the memory, on no disk."""
    with file.open("wb") as opened:
        opened.truncate(1 << 40)


NO_KEY_FILES: dict[str, Callable[[Path], object]] = {
    "a directory": Path.mkdir,
    "a FIFO": os.mkfifo,
    "a device without end": lambda file: file.symlink_to("/dev/zero"),
    "a device without content": lambda file: file.symlink_to("/dev/null"),
    "a file without end": make_huge,
    "a file that says it is empty": lambda file: file.symlink_to("/proc/self/environ"),
}


def in_time(call: Callable[[], object]) -> list[object]:
    """Call in a thread; return its answer or error, or fail because it hangs."""
    result: list[object] = []

    def run() -> None:
        try:
            result.append(call())
        except Exception as error:
            result.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive(), "it hangs"
    return result


@pytest.mark.parametrize("kind", NO_KEY_FILES)
def test_what_is_no_file_of_keys_stops_the_start(file: Path, kind: str) -> None:
    NO_KEY_FILES[kind](file)
    (error,) = in_time(lambda: Authenticator(Settings(admin_key_files=str(file))))
    assert isinstance(error, ConfigurationError)
    assert str(error).startswith(f"RECOMMENDER_ADMIN_KEY_FILES: key file {file}")
    assert "\n" not in str(error)


DAMAGES: dict[str, Callable[[Path], object]] = {
    **NO_KEY_FILES,
    "too short": lambda file: file.write_text("key: short"),
    "not text": lambda file: file.write_bytes(b"\xff\xfe\xff"),
    "a loop": lambda file: file.symlink_to(file),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_cannot_be_read_withdraws_nothing(
    file: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    file.write_text(ASK)
    authenticator = Authenticator(Settings(api_key_files=str(file)))
    damaged = file.with_name("damaged")
    file.unlink()
    DAMAGES[damage](file if damage == "a loop" else damaged)
    if damage != "a loop":
        damaged.rename(file)

    def is_logged() -> bool:
        assert in_time(lambda: authenticator.scopes(ASK)) == [{RECOMMEND}]
        assert not may(authenticator, NEXT)
        return "its last keys stay valid" in caplog.text

    wait_until(is_logged)
    assert str(file) in caplog.text
    if file.is_dir():
        file.rmdir()
    else:
        file.unlink()
    file.write_text(NEXT)
    wait_until(lambda: may(authenticator, NEXT))
    assert not may(authenticator, ASK)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["directory", "pipe"])
def test_only_regular_files_are_key_files(file: Path, make: Callable[[Path], object]) -> None:
    make(file)
    with pytest.raises(ConfigurationError, match="not a regular file"):
        Authenticator(Settings(api_key_files=str(file)))


def test_a_device_is_no_key_file() -> None:
    with pytest.raises(ConfigurationError, match="not a regular file"):
        Authenticator(Settings(api_key_files="/dev/zero"))


def test_a_byte_order_mark_is_no_part_of_a_key(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + ASK.encode() + b"\r\n")
    assert may(Authenticator(Settings(api_key_files=str(file))), ASK)


def test_what_is_wrong_is_logged_when_it_begins(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_text(ASK)
    authenticator = Authenticator(Settings(api_key_files=str(file)))
    for other in (NEXT, ADMINISTRATE):
        caplog.clear()
        file.write_text("key: short")
        wait_until(lambda: "stay valid" in caplog.text)
        file.write_text(other)
        wait_until(lambda key=other: may(authenticator, key))  # type: ignore[misc]
        assert caplog.text.count("stay valid") == 1


@pytest.mark.parametrize(
    "content",
    ["", "# none at the moment\n", "\ufeff\n "],
    ids=["empty", "remarks", "byte order mark"],
)
def test_an_empty_file_withdraws_all_keys(
    file: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    file.write_text(ASK)
    authenticator = Authenticator(Settings(api_key_files=str(file)))
    file.write_text(content)
    wait_until(lambda: not may(authenticator, ASK))
    assert authenticator.is_configured  # it does not open the door
    assert "lets nobody in" in caplog.text


def test_a_deleted_file_withdraws_all_keys(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.write_text(ASK)
    authenticator = Authenticator(Settings(api_key_files=str(file)))
    file.unlink()
    wait_until(lambda: not may(authenticator, ASK))
    assert authenticator.is_configured
    assert f"{file} is gone: its keys are withdrawn" in caplog.text
    file.write_text(ASK)  # the same content as before
    wait_until(lambda: may(authenticator, ASK))


def test_a_missing_file_withdraws_its_keys_at_the_next_look(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_files, "_LOOK_SECONDS", 3600.0)  # here only when told
    file.write_text(ASK)
    read = KeyFile(file, "VARIABLE")
    for _ in range(3):
        file.unlink()
        read.look()
        assert not read.digests
        file.write_text(ASK)
        read.look()
        assert read.digests


def test_a_file_that_is_swapped_by_renaming_is_never_missing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a kubelet does: the file is a link into a folder that is itself a link."""
    monkeypatch.setattr(key_files, "_LOOK_SECONDS", 3600.0)  # here only when told
    root = file.parent
    for version in "12":
        (root / version).mkdir()
        (root / version / "keys").write_text(ASK)
    (root / "data").symlink_to("1")
    file.symlink_to("data/keys")
    read = KeyFile(file, "VARIABLE")
    (root / "new").symlink_to("2")
    (root / "new").rename(root / "data")
    (root / "1" / "keys").unlink()
    read.look()
    assert read.digests


def test_a_folder_that_is_gone_withdraws_nothing(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(key_files, "_LOOK_SECONDS", 3600.0)  # here only when told
    folder, file = tmp_path / "mount", tmp_path / "mount" / "keys"
    folder.mkdir()
    file.write_text(ASK)
    read = KeyFile(file, "VARIABLE")
    folder.rename(tmp_path / "elsewhere")
    for _ in range(4):
        read.look()
        assert read.digests
    assert caplog.text.count("its last keys stay valid") == 1
    folder.mkdir()  # now that it is back, what it says counts
    read.look()
    assert not read.digests


def test_keys_and_digests_are_counted_apart(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        file.write_text(f"{ASK}\n{NEXT_DIGEST}\n{ADMINISTRATE_DIGEST}\n")
        authenticator = Authenticator(Settings(api_key_files=str(file)))
        assert "read, 1 key and 2 digests" in caplog.text
        file.write_text(f"{ASK}\n{NEXT}\n{ADMINISTRATE_DIGEST}\n")
        wait_until(lambda: "read again, 2 keys and 1 digest" in caplog.text)
    assert may(authenticator, NEXT)


def test_a_hanging_mount_holds_nobody_up(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that does not come back, as from a network share whose server is away."""
    file.write_text(ASK)
    authenticator = Authenticator(Settings(api_key_files=str(file)))
    hanging, going = threading.Event(), threading.Event()

    def never(_: Path) -> bytes:
        hanging.set()
        going.wait()
        raise OSError("timed out")

    monkeypatch.setattr(key_files, "_read", never)
    try:
        assert hanging.wait(PATIENCE_SECONDS)
        assert in_time(lambda: authenticator.scopes(ASK)) == [{RECOMMEND}]
    finally:
        going.set()


def test_a_file_is_looked_at_for_as_long_as_it_is_used(file: Path) -> None:
    file.write_text(ASK)

    def is_followed() -> bool:
        return any(str(file) in thread.name for thread in threading.enumerate())

    authenticator = Authenticator(Settings(api_key_files=str(file)))
    assert is_followed()
    del authenticator
    wait_until(lambda: not is_followed())


def test_a_withdrawn_key_over_http(file: Path) -> None:
    file.write_text(ASK)
    os.utime(file, (1, 1))
    with serving(Settings(api_key_files=str(file))) as client:
        assert client.get("/models", headers=bearer(ASK)).status_code == 200
        file.write_text(NEXT)
        wait_until(lambda: client.get("/models", headers=bearer(NEXT)).status_code == 200)
        assert_problem(client.get("/models", headers=bearer(ASK)), 401)


# What is written


@pytest.mark.slow
@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_key_is_written_anywhere(file: Path, log_format: str) -> None:
    file.write_text(ADMINISTRATE)
    wrong = new_key()[0]
    settings = {"API_KEYS": ASK_DIGEST, "ADMIN_KEY_FILES": file, "LOG_FORMAT": log_format}
    with (
        app_process(**settings, LOG_LEVEL="debug") as (running, url),
        httpx.Client(base_url=url) as client,
    ):
        answers = [
            client.post("/recommend/users", json=BODY, headers=bearer(ASK)),
            client.post("/recommend/users", json=BODY, headers=bearer(wrong)),
            client.post("/recommend/users", json=BODY, headers={"x-api-key": wrong}),
            client.post("/admin/models/nope/reload", headers=bearer(ADMINISTRATE)),
            client.post("/admin/models/nope/reload", headers=bearer(ASK)),
            client.get("/nope", headers=bearer(ASK)),
            client.get("/metrics"),
        ]
        assert [answer.status_code for answer in answers] == [200, 401, 401, 404, 403, 404, 200]
        running.send_signal(signal.SIGTERM)
        log, _ = running.communicate(timeout=PATIENCE_SECONDS)
    assert log.count("/recommend/users") == 1  # who is not let in does not get to a route
    if log_format == "json":
        lines = [json.loads(line) for line in log.splitlines()]
        assert sum(line["event"] == "request" for line in lines) == len(answers)
    for key in (ASK, wrong, ADMINISTRATE):
        assert key not in log
        assert all(key not in answer.text for answer in answers)
        assert all(key not in str(answer.headers) for answer in answers)
