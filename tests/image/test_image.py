"""The image, run hardened and asked over HTTP."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import tarfile
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import __version__
from app.settings import SAMPLE_MODELS
from tests.image.container import (
    ENGINE,
    IMAGE,
    NO_IMAGE,
    TRAINER_IMAGE,
    USER,
    Container,
    engine,
    inspect,
    run,
    serving,
)
from tests.support.raw_http import RawConnection, post
from tests.support.waiting import wait_until

if not IMAGE:
    pytest.skip(NO_IMAGE, allow_module_level=True)

DATA = Path(__file__).parent.parent / "app" / "routers" / "azure" / "data" / "score.json"
CASES = json.loads(DATA.read_text())
LARGEST_ADDITION = 60_000_000
BODY = {"users": [{"visitorid": 6000}]}


@pytest.fixture(scope="module")
def service() -> Iterator[Container]:
    with serving(IMAGE, AUTH="none") as running:
        yield running


def test_recorded_answers(service: Container) -> None:
    for case in CASES:  # the first four are the payloads of the original deployment
        answer = service.client.post("/score", content=case["request"])
        assert answer.content == case["response"].encode()


@pytest.mark.parametrize(
    ("records", "rows"),
    [
        ([{"visitorid": 6000, "period": "Night", "weekday": 2}, {"visitorid": 567987987988}], 20),
        ([{"visitorid": 6000}, {"visitorid": 567987987988}], 20),
        ([{"visitorid": 6000, "period": "Night", "weekday": 2, "month": 9}], 10),
        ([{"itemid": 152913}, {"itemid": 355908}], 20),
    ],
)
def test_recommendations(service: Container, records: list[dict[str, Any]], rows: int) -> None:
    if "itemid" in records[0]:
        answer = service.client.post("/similar/items", json={"items": records})
        found = answer.json()["similar_items"]
    else:
        answer = service.client.post("/recommend/users", json={"users": records})
        found = answer.json()["recommendations"]
    assert answer.status_code == 200
    assert len(found) == rows
    assert [row["rank"] for row in found] == [*range(1, 11)] * (rows // 10)


def test_probes_models_and_pages(service: Container) -> None:
    for path in ("/", "/healthz/live", "/healthz/ready", "/docs", "/redoc", "/metrics"):
        assert service.client.get(path).status_code == 200
    models = service.client.get("/models").json()["models"]
    assert [(model["name"], model["version"]) for model in models] == [
        ("similarity_model", "6"),
        ("ranking_factorization_model", "1"),
    ]
    assert service.client.get("/openapi.json").json()["info"]["version"] == __version__


def test_logs_are_json(service: Container) -> None:
    service.client.post("/recommend/users", json=BODY)
    lines = [line for line in service.logs().splitlines() if line]
    assert len(lines) > 3
    assert all(isinstance(json.loads(line), dict) for line in lines)


# Who may ask


def test_without_keys_it_does_not_start() -> None:
    done = run(IMAGE, check=False)
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if "cannot" in line]
    assert line.startswith("cannot start: listening on 0.0.0.0 needs keys (RECOMMENDER_API_KEYS")
    assert line.endswith("RECOMMENDER_AUTH=none")


def test_a_key() -> None:
    key, digest = (line.split()[-1] for line in run(IMAGE, "key").stdout.splitlines())
    with serving(IMAGE, API_KEYS=digest) as running:
        assert running.client.post("/recommend/users", json=BODY).status_code == 401
        for credential, status in ((key + "x", 401), (key, 200)):
            headers = {"authorization": f"Bearer {credential}"}
            answer = running.client.post("/recommend/users", json=BODY, headers=headers)
            assert answer.status_code == status
        assert running.client.get("/models").status_code == 401
        assert key not in running.logs()


# Its end and its health


def health(service: Container) -> int:
    """Run the image's own health check inside."""
    image = inspect("image", IMAGE)
    check = image.get("Healthcheck") or image["Config"]["Healthcheck"]  # podman's place, docker's
    kind, *command = check["Test"]
    assert kind == "CMD"  # no shell
    return service.execute(*command, check=False).returncode


def test_health_check(service: Container) -> None:
    assert health(service) == 0
    if "podman" in engine("--version").stdout:  # docker runs it by itself
        engine("healthcheck", "run", service.id)


def test_health_check_on_another_port() -> None:
    with serving(IMAGE, AUTH="none", PORT=9001) as running:
        assert health(running) == 0


def listens(service: Container) -> bool:
    try:
        service.client.get("/healthz/live")
    except httpx.TransportError:
        return False
    return True


def test_requests_in_flight_are_finished() -> None:
    """A request of which half was sent before SIGTERM is answered, after the drain."""
    with serving(IMAGE, AUTH="none", DRAIN_SECONDS=1) as running:
        content = json.dumps(BODY).encode()
        request = post("/recommend/users", BODY, "Expect: 100-continue\r\n")
        with RawConnection(running.client.base_url.port or 0, timeout=30) as connection:
            connection.send(request.removesuffix(content[5:]))
            assert connection.socket.recv(1 << 10).startswith(b"HTTP/1.1 100 ")  # it waits for it
            running.signal("TERM")
            wait_until(lambda: not listens(running), "it still takes connections", seconds=30)
            connection.send(content[5:])
            answer = connection.answer()
        assert answer.status == 200
        assert len(answer.json()["recommendations"]) == 10
        assert running.wait() == 0


def test_no_request_fails_in_the_drain() -> None:
    """Clients that stop within the drain, as a balancer's do, never see an error.

    The health check is run in the container, which takes seconds where the machine is busy.
    """
    with serving(IMAGE, AUTH="none", DRAIN_SECONDS=12) as running:
        url = running.client.base_url
        content, headers = json.dumps(BODY), {"content-type": "application/json"}
        statuses: list[int] = []
        over = threading.Event()

        def ask() -> None:
            while not over.is_set():
                connection = http.client.HTTPConnection(url.host, url.port, timeout=30)
                connection.request("POST", "/recommend/users", content, headers)
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
                connection.close()

        with ThreadPoolExecutor(4) as threads:
            asking = [threads.submit(ask) for _ in range(4)]
            try:
                wait_until(lambda: len(statuses) > 20)
                before = len(statuses)
                running.signal("TERM")
                wait_until(lambda: running.client.get("/healthz/ready").status_code == 503)
                wait_until(lambda: len(statuses) > before)
                assert health(running) == 1
            finally:
                over.set()
            for one in asking:
                one.result()
        assert len(statuses) > before > 0
        assert set(statuses) == {200}
        assert running.wait() == 0


# What it may do


def test_user_capabilities_and_files(service: Container) -> None:
    found = service.evaluate(
        """
import json, os
status = dict(line.split(":", 1) for line in open("/proc/1/status") if ":" in line)
def write(folder):
    try:
        open(folder + "/x", "w").close()
        return "written"
    except OSError as error:
        return error.strerror
names = ("Uid", "Gid", "CapPrm", "CapEff", "CapBnd", "NoNewPrivs")
print(json.dumps({
    "status": [status[name].split() for name in names],
    "files": {folder: write(folder) for folder in ("/", "/opt/venv", "/models", "/tmp")},
    "command": open("/proc/1/cmdline").read().split("\\0")[:-1],
}))
"""
    )
    uid, gid = USER.split(":")
    none, one = ["0000000000000000"], ["1"]
    assert found["status"] == [[uid] * 4, [gid] * 4, none, none, none, one]
    read_only = "Read-only file system"
    assert found["files"] == {
        **dict.fromkeys(("/", "/opt/venv", "/models"), read_only),
        "/tmp": "written",
    }
    assert found["command"] == ["/opt/venv/bin/python", "/opt/venv/bin/turi-recommender"]


def test_contents(service: Container) -> None:
    """No tools, no tests, no settings of the machine that built it; all bytecode is there."""
    found = service.evaluate(
        """
import importlib.util, json, os, sys
from pathlib import Path
venv = Path("/opt/venv/lib").resolve()
sources = [path for path in venv.rglob("*.py")]
print(json.dumps({
    "tools": [name for name in ("pip", "setuptools", "wheel", "hatchling", "pytest", "turicreate")
              if importlib.util.find_spec(name)],
    "left": [str(path) for path in venv.rglob("*")
             if path.name == "tests" or path.suffix in (".pyi", ".pyx", ".c", ".h")],
    "sources": len(sources),
    "not compiled": [str(path) for path in sources
                     if not Path(importlib.util.cache_from_source(path)).exists()],
    "not ours": [name for name in ("/build", "/app", "/root/.cache") if os.path.exists(name)],
    "pip": Path("/etc/pip.conf").read_text() if os.path.exists("/etc/pip.conf") else "",
    "sys": [sys.prefix, sys.flags.safe_path],
    "where": __import__("turi_recommender").__file__.startswith(str(venv)),
}))
"""
    )
    assert found.pop("sources") > 500
    assert found == {
        "tools": [],
        "left": [],
        "not compiled": [],
        "not ours": [],
        "pip": "",
        "sys": ["/opt/venv", True],
        "where": True,
    }


def test_configuration() -> None:
    config = inspect("image", IMAGE)["Config"]
    assert config["User"] == USER
    assert config["Entrypoint"] == ["turi-recommender"]
    assert list(config["ExposedPorts"]) == ["8000/tcp"]
    assert "RECOMMENDER_HOST=0.0.0.0" in config["Env"]
    assert not [entry for entry in config["Env"] if re.search("AUTH|KEY_|KEYS|JWT|TOKEN", entry)]
    prefix = "org.opencontainers.image."
    labels = {name.removeprefix(prefix): text for name, text in config["Labels"].items()}
    assert labels["version"] == __version__
    assert labels["title"] == "turi-recommender"
    assert labels["licenses"] == "BSD-3-Clause"
    assert labels["base.name"].startswith("docker.io/library/python:3.")
    assert {"description", "source", "revision"} <= set(labels)


def test_size() -> None:
    """What is added to the base, compressed as a registry keeps it."""
    image = inspect("image", IMAGE)
    name = image["Config"]["Labels"]["org.opencontainers.image.base.name"]
    if engine("image", "inspect", name, check=False).returncode != 0:
        pytest.skip(f"the base image {name} is not here")
    base = inspect("image", name)["RootFS"]["Layers"]
    assert image["RootFS"]["Layers"][: len(base)] == base
    sizes = layer_sizes()
    ours = sum(sizes[len(base) :])
    print(f"\nover its base: {ours / 1e6:.1f} MB; the base: {sum(sizes[: len(base)]) / 1e6:.1f} MB")
    assert ours <= LARGEST_ADDITION


def layer_sizes() -> list[int]:
    """Return the compressed size of each layer; 0 for one that is empty."""
    sizes: dict[str, int] = {}
    layers: list[str] = []
    with (
        subprocess.Popen([ENGINE, "save", IMAGE], stdout=subprocess.PIPE) as saving,
        tarfile.open(fileobj=saving.stdout, mode="r|") as archive,
    ):
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is None:
                continue
            if member.name == "manifest.json":
                layers = json.load(file)[0]["Layers"]
                continue
            compressor = zlib.compressobj(6, zlib.DEFLATED, 31)
            size = 0
            while block := file.read(1 << 20):
                size += len(compressor.compress(block))
            sizes[member.name] = size + len(compressor.flush())
    assert layers
    return [sizes.get(layer, 0) for layer in layers]


# Models from outside


@pytest.fixture
def volume() -> Iterator[str]:
    name = f"turi-recommender-test-{time.time_ns()}"
    engine("volume", "create", name)
    yield name
    engine("volume", "rm", "--force", name)


def test_register_and_serve(volume: str, tmp_path: Path) -> None:
    """`register` copies into a new named volume, which belongs to the image's user."""
    source = tmp_path / "source"
    shutil.copytree(SAMPLE_MODELS / "similarity_model" / "6", source)
    tmp_path.chmod(0o755)
    options = ("--volume", f"{source}:/source:ro", "--volume", f"{volume}:/models")
    command = ("register", "/source/recommendation_s.model", "--name", "similarity_model")
    for version in ("1", "2"):
        done = run(IMAGE, *command, "--models-dir", "/models", options=options)
        assert done.stdout.strip() == f"/models/similarity_model/{version}"
    mount = ("--volume", f"{volume}:/models:ro")
    with serving(IMAGE, *mount, AUTH="none", MODELS_DIR="/models") as running:
        similarity, ranking = running.client.get("/models").json()["models"]
        assert (similarity["version"], ranking["loaded"]) == ("2", False)
        answer = running.client.post("/recommend/users", json=BODY)
        assert answer.json()["model"]["version"] == "2"
        assert len(answer.json()["recommendations"]) == 10


def test_train_and_serve(volume: str) -> None:
    if not TRAINER_IMAGE:
        pytest.skip("no trainer given: TRAINER_IMAGE names one (scripts/test-image --trainer)")
    quick = ["--visitors", "2000", "--items", "300", "--iterations", "5", "--no-evaluation"]
    options = ("--network", "none", "--volume", f"{volume}:/models")
    run(TRAINER_IMAGE, "training.train", "--models-dir", "/models", *quick, options=options)
    mount = ("--volume", f"{volume}:/models:ro")
    with serving(IMAGE, *mount, AUTH="none", MODELS_DIR="/models") as running:
        models = running.client.get("/models").json()["models"]
        assert [model["version"] for model in models] == ["1", "1"]
        users = [{"visitorid": 1, "period": "Night"}]
        answer = running.client.post("/recommend/users", json={"users": users})
        assert len(answer.json()["recommendations"]) == 10
    for name in ("similarity_model", "ranking_factorization_model"):
        manifest = f"/models/{name}/1/manifest.json"
        code = f"print(open({manifest!r}).read())"
        done = engine("run", "--rm", *mount, "--entrypoint", "python", IMAGE, "-c", code)
        assert json.loads(done.stdout)["files"]
    assert inspect("image", TRAINER_IMAGE)["Config"]["User"] == USER
