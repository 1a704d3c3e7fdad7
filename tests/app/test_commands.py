"""`python -m app` as a process: starts, refusals, signals."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import IO

import httpx
import pytest

from app.addresses import check_address
from app.commands import run
from app.errors import ConfigurationError
from app.security.authenticator import Authenticator
from app.settings import SAMPLE_MODELS, Settings
from tests.support.ports import free_port, taken_port
from tests.support.processes import APP, ROOT, answers, app_process, environment, run_app
from tests.support.raw_http import RawConnection
from tests.support.waiting import PATIENCE_SECONDS, wait_until
from turi_recommender import __version__
from turi_recommender.versions.register import register
from turi_recommender.versions.retire import is_retired, retire

SAMPLE = SAMPLE_MODELS / "similarity_model" / "6" / "recommendation_s.model"
NOBODY = "sha256:" + 64 * "0"

pytestmark = pytest.mark.slow


def test_it_starts_answers_and_stops() -> None:
    with app_process() as (running, url):
        assert httpx.get(f"{url}/").text == "Healthy"
        answer = httpx.post(f"{url}/recommend/users", json={"users": [{"visitorid": 6000}]})
        assert len(answer.json()["recommendations"]) == 10
        assert "server" not in answer.headers
        running.send_signal(signal.SIGTERM)
        log, _ = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 0
    assert "similarity: similarity_model version 6, item_similarity, " in log
    assert "ranking: ranking_factorization_model version 1" in log
    assert "Traceback" not in log


def test_the_last_request_is_logged() -> None:
    with app_process() as (running, url):
        httpx.get(f"{url}/models", headers={"x-request-id": "the-last-one"}).raise_for_status()
        running.send_signal(signal.SIGTERM)
        log, _ = running.communicate(timeout=PATIENCE_SECONDS)
    assert '"request_id":"the-last-one"' in log


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"MODELS_DIR": "/nowhere"}, "no model found: no model 'similarity_model' in /nowhere"),
        ({"MAX_K": "many"}, "RECOMMENDER_MAX_K: it must be a whole number"),
        ({"SIMILARTY_MODEL": "x"}, "did you mean RECOMMENDER_SIMILARITY_MODEL?"),
        ({"RANKING_MODEL": "nothing:7"}, "RECOMMENDER_RANKING_MODEL: no version '7'"),
        ({"SIDE_DATA_DEFAULTS": '{"mouth": 8}'}, "no side column mouth"),
        ({"SIDE_DATA_DEFAULTS": "{"}, "RECOMMENDER_SIDE_DATA_DEFAULTS: a JSON object is needed"),
        ({"PORT": "abc"}, "RECOMMENDER_PORT: it must be a whole number"),
        ({"AUTH": "none", "API_KEYS": NOBODY}, "RECOMMENDER_AUTH=none and keys or an issuer"),
        ({"API_KEYS": "rk_secret"}, "RECOMMENDER_API_KEYS, entry 1: a key is given by its digest"),
        ({"API_KEY_FILES": "/nowhere/keys"}, "RECOMMENDER_API_KEY_FILES: key file /nowhere/keys"),
        ({"MODELS_DIR": __file__}, f"RECOMMENDER_MODELS_DIR: {__file__}: Not a directory"),
        ({"MODELS_DIR": 300 * "x"}, "RECOMMENDER_MODELS_DIR"),
    ],
)
def test_it_refuses_to_start_in_one_line(settings: dict[str, str], reason: str) -> None:
    done = run_app(**settings)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert re.match("cannot start: ", line)
    assert reason in line


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("no-such-host.invalid", "RECOMMENDER_HOST: no-such-host.invalid is not known: "),
        ("two words", "RECOMMENDER_HOST: two words is not known: "),
        ("a..b", "RECOMMENDER_HOST: a..b is not known: "),
        (300 * "x", "is not known: "),
        ("192.0.2.1", "RECOMMENDER_HOST: 192.0.2.1 is not an address of this machine"),
        ("2001:db8::1", "RECOMMENDER_HOST"),
    ],
)
def test_a_host_that_cannot_be_listened_on(host: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_address(host, 0)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_host_stops_the_start() -> None:
    done = run_app(HOST="no-such-host.invalid", API_KEYS=NOBODY)
    assert done.returncode == 2
    assert done.stderr.startswith("cannot start: RECOMMENDER_HOST: no-such-host.invalid is not")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_hosts_that_can_be_listened_on(host: str) -> None:
    check_address(host, 0)


WITHOUT_THE_RIGHT_TO_READ_ALL = (
    ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
)


@pytest.mark.skipif(
    bool(WITHOUT_THE_RIGHT_TO_READ_ALL) and shutil.which("setpriv") is None,
    reason="root may read everything",
)
@pytest.mark.parametrize(
    ("name", "unreadable", "reason"),
    [
        ("MODELS_DIR", "", "RECOMMENDER_MODELS_DIR: {path}: Permission denied"),
        ("MODELS_DIR", "similarity_model", "{path}/similarity_model: Permission denied"),
        ("API_KEY_FILES", "", "RECOMMENDER_API_KEY_FILES: key file {path}: Permission denied"),
    ],
)
def test_what_may_not_be_read(tmp_path: Path, name: str, unreadable: str, reason: str) -> None:
    path = tmp_path / "locked"
    (path / unreadable).mkdir(parents=True)
    if name == "API_KEY_FILES":
        path.rmdir()
        path.write_text(NOBODY)
    (path / unreadable).chmod(0)
    try:
        done = subprocess.run(
            [*WITHOUT_THE_RIGHT_TO_READ_ALL, *APP],
            cwd=ROOT,
            env=environment(**{name: path}),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    finally:
        (path / unreadable).chmod(0o700)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("cannot start: ")
    assert reason.format(path=path) in line


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "similarity_model" / "1" / "m.model"
    folder.mkdir(parents=True)
    (folder / "dir_archive.ini").write_text("nonsense")
    done = run_app(MODELS_DIR=tmp_path)
    assert done.returncode == 2
    assert f"cannot start: {folder}/dir_archive.ini, byte 0: expected an INI file" in done.stderr


def test_a_taken_port_is_an_error() -> None:
    with taken_port() as port:
        done = run_app(PORT=port)
    assert done.returncode == 2
    assert done.stderr == (
        f"cannot start: RECOMMENDER_PORT: address already in use: {port} on 127.0.0.1\n"
    )


def test_it_drains_before_it_stops() -> None:
    body = {"users": [{"visitorid": 6000}]}
    with app_process(DRAIN_SECONDS=1) as (running, url), httpx.Client(base_url=url) as client:
        assert "connection" not in client.post("/recommend/users", json=body).headers
        running.send_signal(signal.SIGTERM)
        wait_until(lambda: client.get("/healthz/ready").status_code == 503)
        ready = client.get("/healthz/ready")
        assert ready.status_code == 503
        assert ready.json()["detail"] == "The service is about to stop."
        assert client.get("/healthz/live").status_code == 200
        answer = client.post("/recommend/users", json=body)
        assert answer.status_code == 200
        assert answer.headers["connection"] == "close"
        assert running.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [("/recommend/users", b'{"users":'), ("/score", b"["), ("/admin/models/a/activate", b"{")],
)
def test_who_has_not_sent_all_when_it_stops_is_told_so(path: str, body: bytes) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with (
        app_process(GRACE_SECONDS=1, AUTH="none") as (running, url),
        RawConnection(httpx.URL(url).port or 0) as connection,
    ):
        connection.send(head.encode() + b"Content-Length: 1000\r\n\r\n" + body)
        wait_until(lambda: httpx.get(f"{url}/healthz/live").status_code == 200)
        running.send_signal(signal.SIGTERM)
        answer = connection.answer()
        assert answer.status == 503
        assert answer.headers["connection"] == "close"
        assert answer.headers["retry-after"] == "1"
        told = answer.json()
        if path == "/score":
            assert told == {
                "message": "The service is stopping, and no longer waits for this request."
            }
        else:
            assert answer.headers["content-type"] == "application/problem+json"
            assert told["status"] == 503
        assert connection.read_all() == b""
        assert running.wait(timeout=10) == 0
        assert running.stdout is not None
        log = running.stdout.read()
    assert "Traceback" not in log
    assert '"status": 503' in log or '"status":503' in log


def test_a_second_signal_does_not_wait() -> None:
    with app_process(DRAIN_SECONDS=60) as (running, url):
        running.send_signal(signal.SIGTERM)
        wait_until(lambda: httpx.get(f"{url}/healthz/ready").status_code == 503)
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=10) == 0


def test_a_signal_while_it_starts_stops_it() -> None:
    """As the first process of a container, too, for which SIGTERM has no effect by default."""
    with subprocess.Popen(
        ["/bin/sh", "-c", 'trap "" TERM; exec "$0" -m app', sys.executable],
        cwd=ROOT,
        env=environment(PORT=0),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            wait_until(lambda: _handles_sigterm(running.pid), interval=0.001)
            running.send_signal(signal.SIGTERM)  # its imports and models take longer than that
            assert running.wait(timeout=PATIENCE_SECONDS) == 0
            assert running.stdout is not None
            assert "Uvicorn running" not in running.stdout.read()
        finally:
            running.kill()


def _handles_sigterm(pid: int) -> bool:
    """Tell whether a process has a handler for the signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    (caught,) = re.findall(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


# Standard output


def run_shell(line: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which "$@" is the service's command line."""
    return subprocess.run(
        ["/bin/sh", "-c", line, "sh", *APP],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('"$@" key >&-', "cannot make a key: standard output is closed\n"),
        ('"$@" key >/dev/full', "cannot make a key: No space left on device\n"),
        ('"$@" key --from-stdin <&-', "cannot make a key: standard input is closed\n"),
        ('"$@" register /nowhere --name n >&-', "cannot register: standard output is closed\n"),
    ],
)
def test_an_answer_that_is_lost_is_an_error(line: str, reason: str) -> None:
    done = run_shell(line)
    assert (done.returncode, done.stderr) == (2, reason)


@pytest.mark.parametrize(
    ("output", "log_format"),
    [(">&-", "auto"), (">&- <&-", "text"), (">&- <&- 2>&-", "json"), (">/dev/full", "text")],
)
def test_it_serves_without_an_output(output: str, log_format: str) -> None:
    port = free_port()
    settings = {"PORT": port, "DRAIN_SECONDS": 0, "LOG_FORMAT": log_format, "LOG_LEVEL": "debug"}
    with subprocess.Popen(
        ["/bin/sh", "-c", f'exec "$@" {output}', "sh", *APP],
        cwd=ROOT,
        env=environment(**settings),
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: answers(f"{url}/healthz/ready") or running.poll() is not None)
            for _ in range(3):
                body = {"users": [{"visitorid": 6000}]}
                assert httpx.post(f"{url}/recommend/users", json=body).status_code == 200
            running.send_signal(signal.SIGTERM)
            _, errors = running.communicate(timeout=PATIENCE_SECONDS)
        finally:
            running.kill()
    assert (running.returncode, errors) == (0, "")


def test_it_serves_on_when_nobody_reads_its_log() -> None:
    with app_process() as (running, url):
        assert running.stdout is not None
        running.stdout.close()  # standard error goes there, too
        for _ in range(3):
            assert httpx.get(f"{url}/models").status_code == 200
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=PATIENCE_SECONDS) == 0


def test_refusals_without_an_output_have_their_line() -> None:
    done = run_shell('"$@" >&-', PORT="abc")
    assert done.returncode == 2
    assert done.stderr == "cannot start: RECOMMENDER_PORT: it must be a whole number\n"


def test_it_does_not_listen_to_others_without_keys() -> None:
    def start(**settings: object) -> subprocess.CompletedProcess[str]:
        return run_app(HOST="0.0.0.0", **settings)

    done = start()
    assert done.returncode == 2
    assert "listening on 0.0.0.0 needs keys" in done.stderr
    assert "RECOMMENDER_AUTH=none" in done.stderr
    with taken_port("0.0.0.0") as port:  # so that it gets past that check and no further
        assert "auth: none" in start(AUTH="none", PORT=port).stdout
        digest = "sha256:" + 64 * "0"
        assert "auth: none" not in start(API_KEYS=digest, PORT=port).stdout


def test_commands(tmp_path: Path) -> None:
    key, digest = (line.split()[-1] for line in run_app("key").stdout.splitlines())
    assert digest == "sha256:" + hashlib.sha256(key.encode()).hexdigest()
    source = "app/sample_models/similarity_model/6/recommendation_s.model"
    registry = ("--name", "similarity_model", "--models-dir", str(tmp_path))
    assert run_app("register", source, *registry).stdout.strip() == f"{tmp_path}/similarity_model/1"
    done = run_app("register", source, *registry, "--version", "1")
    assert done.returncode == 2
    assert done.stderr == f"cannot register: {tmp_path}/similarity_model/1 exists already\n"
    assert run_app("register", "/nowhere", *registry).stderr.startswith("cannot register: /nowhere")
    nowhere = run_app("register", source, "--name", "similarity_model")
    assert nowhere.stderr.startswith("cannot register: say where: --models-dir")  # no samples
    nowhere = run_app("sync", str(tmp_path))
    assert nowhere.stderr == "cannot sync: say where: set RECOMMENDER_MODELS_DIR\n"
    done = run_app("register", source, *registry, "--version", "0")
    assert done.stdout.strip() == f"{tmp_path}/similarity_model/0"
    assert sorted(entry.name for entry in (tmp_path / "similarity_model").iterdir()) == ["0", "1"]


def test_what_the_key_command_prints_can_be_pasted(tmp_path: Path) -> None:
    printed = run_app("key").stdout
    first, second = printed.splitlines()
    key = first.split()[-1]
    for content in (printed, first, second, key, second.split()[-1]):
        (tmp_path / "keys").write_text(content)
        authenticator = Authenticator(Settings(api_key_files=str(tmp_path / "keys")))
        assert authenticator.scopes(key) == {"recommend"}
    for given in (second, second.split()[-1]):
        assert Authenticator(Settings(api_keys=given)).scopes(key) == {"recommend"}


def test_a_key_goes_into_a_file_alone_if_that_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "key"
    done = run_shell(f'"$@" key --bare > {file} && "$@" key --from-stdin < {file}')
    key = file.read_text().removesuffix("\n")
    assert (key[:3], len(key)) == ("rk_", 46)
    assert done.stdout == f"digest: sha256:{hashlib.sha256(key.encode()).hexdigest()}\n"
    assert done.stderr == ""


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_digest_of_a_key_that_callers_have_already(end: str) -> None:
    old = "nQ8vX2bTz5LmY0dRkW7cJ4hGs1fPa9Ue"
    done = run_shell(f"printf '%s' '{old}{end}' | \"$@\" key --from-stdin")
    assert done.stderr == ""
    assert done.stdout == f"digest: sha256:{hashlib.sha256(old.encode()).hexdigest()}\n"
    short = run_shell('echo short | "$@" key --from-stdin')
    assert (short.returncode, short.stdout) == (2, "")
    assert "short" not in short.stderr


@pytest.mark.parametrize(
    "command", ["serve", "key", "register", "sync", "versions", "retire", "compare", "probe"]
)
def test_every_command_has_help(command: str) -> None:
    done = run_app(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: turi-recommender {command}")
    example = "RECOMMENDER_PORT" if command == "probe" else f"turi-recommender {command} "
    assert example.strip() in done.stdout.split("options:")[1]
    assert max(map(len, done.stdout.splitlines())) <= 100


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (("sync", "/x", "--every", "0"), "a number of seconds, more than 0, is needed"),
        (("sync", "/x", "--every", "-1"), "a number of seconds, more than 0, is needed"),
        (("sync", "/x", "--every", "nan"), "a number of seconds, more than 0, is needed"),
        (("sync", "/x", "--every", "inf"), "a number of seconds, more than 0, is needed"),
        (("sync", "/x", "--every", "often"), "a number of seconds, more than 0, is needed"),
        (("sync", "/x", "--keep", "0"), "a whole number, 1 or more, is needed"),
        (("sync", "/x", "--keep=-1"), "a whole number, 1 or more, is needed"),
        (("sync", "/x", "--keep", 5000 * "9"), "a whole number, 1 or more, is needed"),
        (("register", "/x", "--name", "n", "--version", "007"), "a version is needed: 0, or"),
        (("register", "/x", "--name", "n", "--version", 19 * "9"), "a version is needed: 0, or"),
        (("register", "/x", "--name", "n", "--version", "x"), "a version is needed: 0, or"),
        (("register", "/x", "--name", "n", "--version", "1.5"), "a version is needed: 0, or"),
        (("register", "", "--name", "n"), "argument source: a path is needed"),
        (("register", "/x", "--name", "n", "--models-dir", ""), "a path is needed"),
        (("sync", ""), "argument source: a path is needed"),
        (("register", "/x", "--name", "n", "--figures", ""), "a path is needed"),
        (("key", "--bare", "--from-stdin"), "not allowed with argument --bare"),
        (("retire", "m", "--reason", "no"), "NAME:VERSION is needed, such as similarity_model:6"),
        (("retire", "m:x", "--reason", "no"), "NAME:VERSION is needed"),
        (("retire", "m:1"), "one of the arguments --reason --undo is required"),
        (("retire", "m:1", "--reason", "no", "--undo"), "not allowed with argument --reason"),
        (("compare", ""), "argument payloads: a path is needed"),
        (("compare", "--at-once", "x"), "argument --at-once: invalid int value"),
        (("compare", "--timeout", "soon"), "argument --timeout: invalid float value"),
    ],
)
def test_arguments_that_cannot_be_honoured(
    arguments: tuple[str, ...], needed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run(list(arguments))
    assert caught.value.code == 2
    assert needed in capsys.readouterr().err


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"turi-recommender {__version__}\n"


def test_a_registration_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    model = tmp_path / "m.model"
    shutil.copytree(SAMPLE_MODELS / "similarity_model" / "6" / "recommendation_s.model", model)
    for number in range(3000):  # each is written to the disk by itself
        (model / f"m_c0026e5362f0ae79.{number + 1:04d}").write_bytes(b"x")
    folder = tmp_path / "models" / "n"
    command = [*APP, "register", str(model), "--name", "n", "--models-dir", str(folder.parent)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            wait_until(lambda: any(folder.glob(".registering-*/*/*")), interval=0.001)
            running.send_signal(signal.SIGTERM)
            _, errors = running.communicate(timeout=PATIENCE_SECONDS)
        finally:
            running.kill()
    assert (running.returncode, errors) == (2, "cannot register: stopped by SIGTERM\n")
    assert list(folder.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("sync", "nowhere"), "cannot sync: nowhere: No such file or directory"),
        (("sync", __file__), f"cannot sync: {__file__}: Not a directory"),
        (("sync", "local"), "cannot sync: local cannot be copied into itself"),
        (("sync", "loop"), "cannot sync: loop: Too many levels of symbolic links"),
        (
            ("register", str(SAMPLE), "--name", "n", "--models-dir", "loop"),
            "cannot register: cannot",
        ),
        (
            ("register", "loop", "--name", "n", "--models-dir", "m"),
            "cannot register: loop/dir_arch",
        ),
        (
            ("register", str(SAMPLE), "--name", "n", "--models-dir", "file"),
            "cannot register: cannot",
        ),
        (
            ("register", str(SAMPLE), "--name", "file", "--models-dir", "."),
            "cannot register: cannot",
        ),
    ],
)
def test_mistakes_of_operators_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...], reason: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECOMMENDER_MODELS_DIR", "local")
    Path("local").mkdir()
    Path("file").touch()
    Path("loop").symlink_to("loop")
    with pytest.raises(SystemExit) as caught:
        run(list(arguments))
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (2, "")
    assert err.startswith(reason)
    assert err.count("\n") == 1
    left = sorted(path.name for path in tmp_path.rglob("*"))
    assert [name for name in left if name != "m"] == ["file", "local", "loop"]


def test_names_with_spaces_and_other_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SAMPLE, "mein m\u00f6bel.model")
    shutil.copytree(SAMPLE, "manifest.json")  # which is the name of the manifest, too
    for number, source in enumerate(("mein m\u00f6bel.model", "./manifest.json"), 1):
        run(["register", source, "--name", "f\u00fcr dich", "--models-dir", "a b/c"])
        assert capsys.readouterr().out == f"a b/c/f\u00fcr dich/{number}\n"


def test_a_key_that_is_too_long_is_not_cut() -> None:
    done = run_shell('head -c 4097 /dev/zero | tr "\\0" k | "$@" key --from-stdin')
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "cannot make a key: a key must have no more than 4096 characters\n"


def test_versions_that_settings_name_stay(tmp_path: Path) -> None:
    """Of both roles, whichever of them a version was copied for."""
    local, share = tmp_path / "local", tmp_path / "share"
    for version in (1, 2, 3):
        register(SAMPLE, share, "m", version)
    settings = {"MODELS_DIR": local, "SIMILARITY_MODEL": "m:1"}
    assert run_app("sync", str(share), "--keep", "1", **settings, RANKING_MODEL="m:2").stderr == ""
    assert run_app("sync", str(share), "--keep", "1", **settings, RANKING_MODEL="m").stderr == ""
    assert sorted(folder.name for folder in (local / "m").iterdir()) == ["1", "3"]


@pytest.mark.parametrize(
    ("command", "status", "says"),
    [
        (("key", "--from-stdin"), 2, "cannot make a key: stopped by SIGINT\n"),
        (("sync", "share", "--every", "60"), 0, ""),
    ],
)
def test_ctrl_c_ends_a_command_in_one_line(
    tmp_path: Path, command: tuple[str, ...], status: int, says: str
) -> None:
    register(SAMPLE, tmp_path / "share", "similarity_model")
    with subprocess.Popen(
        [*APP, *command],
        cwd=tmp_path,
        env={**environment(MODELS_DIR=tmp_path / "local"), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            copied = tmp_path / "local" / "similarity_model" / "1"
            assert running.stdin is not None
            if command[0] == "sync":
                wait_until(copied.exists)
            else:
                running.stdin.write("x")
                running.stdin.flush()
                wait_until(lambda: _is_read(running.stdin))
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=PATIENCE_SECONDS)
        finally:
            running.kill()
    assert (running.returncode, errors) == (status, says)


def _is_read(pipe: IO[str] | None) -> bool:
    """Tell whether the other end has read all that was written to a pipe."""
    assert pipe is not None
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder) == 0


def test_following_a_share_stops_when_told(tmp_path: Path) -> None:
    sample = ROOT / "app" / "sample_models" / "similarity_model" / "6" / "recommendation_s.model"
    register(sample, tmp_path / "share", "similarity_model")
    command = [*APP, "sync", str(tmp_path / "share"), "--every", "0.1"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(MODELS_DIR=tmp_path / "local"),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        for version in ("1", "2"):
            copy = tmp_path / "local" / "similarity_model" / version
            wait_until(copy.exists, f"{copy} does not appear")
            register(sample, tmp_path / "share", "similarity_model")
        running.send_signal(signal.SIGTERM)
        log, _ = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 0
    assert "copied " in log
    assert "Traceback" not in log


def test_nothing_to_follow(tmp_path: Path) -> None:
    done = run_app("sync", str(tmp_path), MODELS_DIR=tmp_path / "local")
    assert done.returncode == 2
    assert done.stderr.startswith("cannot sync: no model 'similarity_model' in")


def test_both_models_come_before_what_a_roll_back_needs(tmp_path: Path) -> None:
    share, local = tmp_path / "share", tmp_path / "local"
    for version in (1, 2):
        register(SAMPLE, share, "a", version)
        register(SAMPLE, share, "b", version)
    done = run_app("sync", str(share), MODELS_DIR=local, SIMILARITY_MODEL="a", RANKING_MODEL="b")
    assert (done.returncode, done.stderr) == (0, "")
    copied = re.findall(r"copied \S+/(\w/\d)", done.stdout)
    assert copied == ["a/2", "b/2", "a/1", "b/1"]


def test_help_says_what_becomes_of_an_address() -> None:
    assert "/score is added" in " ".join(run_app("compare", "--help").stdout.split())


def test_a_directory_of_models_that_is_not_there() -> None:
    done = run_app("serve", MODELS_DIR="/nope")
    assert done.returncode == 2
    assert "in /nope (there is no such directory)" in done.stderr


def test_what_is_retired_on_the_share_is_retired_in_every_copy(tmp_path: Path) -> None:
    local, share = tmp_path / "local", tmp_path / "share"
    for version in (1, 2):
        register(SAMPLE, share, "m", version)
    settings = {"MODELS_DIR": local, "SIMILARITY_MODEL": "m"}
    assert run_app("sync", str(share), **settings).stderr == ""
    for version in (2, 1):
        retire(share, "m", version, "no")
        done = run_app("sync", str(share), **settings)
        assert is_retired(local / "m" / str(version))
    assert done.returncode == 2
    assert done.stderr.startswith("cannot sync: every version of model 'm'")
    assert sorted(entry.name for entry in (local / "m").iterdir()) == [
        "1", "1.retired", "2", "2.retired",
    ]  # fmt: skip
