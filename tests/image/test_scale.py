"""The image with models of RetailRocket scale, under load, within 1 CPU and 1 GB.

Needs wrk, and the models that ``benchmarks.large_models`` makes with real Turi Create.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.asked import read_asked, written
from benchmarks.http import KINDS, measure
from benchmarks.large_models import large_models
from benchmarks.servers import Server
from tests.image.container import IMAGE, NO_IMAGE, Container, inspect, serving

if not IMAGE:
    pytest.skip(NO_IMAGE, allow_module_level=True)
if shutil.which("wrk") is None:
    pytest.skip("wrk is not installed", allow_module_level=True)

CONNECTIONS = 16
SECONDS = 15
GIGABYTE = 1 << 30
# Of the control group: version 2, then version 1. Both count the page cache, which may be dropped.
PEAKS = ("/sys/fs/cgroup/memory.peak", "/sys/fs/cgroup/memory/memory.max_usage_in_bytes")
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@pytest.fixture(scope="module")
def service() -> Iterator[Container]:
    models = large_models()
    make_readable(models)
    forget(models)
    mount = ("--volume", f"{models}:/models:ro")
    started = time.monotonic()
    with serving(IMAGE, *mount, AUTH="none", MODELS_DIR="/models", ACCESS_LOG="false") as running:
        print(f"\nready {time.monotonic() - started:.1f} s after the engine was told to run it")
        yield running


def make_readable(folder: Path) -> None:
    """Let the image's user read what this one made."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))


def forget(folder: Path) -> None:
    """Drop files from the page cache, so that what is read of them counts as the container's."""
    os.sync()
    for path in filter(Path.is_file, folder.rglob("*")):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def first_number(service: Container, *paths: str) -> int:
    """Return what the first of some files inside, the one that is there, says."""
    code = (
        "import os\n"
        f"path = next(filter(os.path.exists, {paths!r}), None)\n"
        "print(open(path).read().strip() if path else '0')"
    )
    return int(service.execute("python", "-c", code).stdout)


def memory_of_process(service: Container) -> dict[str, float]:
    """Return megabytes: the most that was resident, what is, and what of it is not of files."""
    text = service.execute("python", "-c", "print(open('/proc/1/status').read())").stdout
    found = dict(re.findall(r"^(VmHWM|VmRSS|RssAnon):\s+(\d+) kB", text, re.MULTILINE))
    return {name: int(kilobytes) * 1024 / 1e6 for name, kilobytes in found.items()}


def test_load(service: Container) -> None:
    assert first_number(service, *LIMITS) == GIGABYTE
    print("after loading:", memory_of_process(service))
    users = [{"visitorid": 1000, "period": "Night"}]
    answer = service.client.post("/recommend/users", json={"users": users}).json()
    assert len(answer["recommendations"]) == 10
    port = service.client.base_url.port
    assert port is not None
    server = Server("service", port, 0)
    with written(read_asked(large_models())) as bodies:
        for kind in KINDS:
            found = measure(
                server, kind, CONNECTIONS, SECONDS, bodies
            )  # it raises if one is not 2xx
            rate, p50, p99 = found["rate"], found["p50"], found["p99"]
            print(f"{kind}: {rate:.0f}/s, p50 {p50:.1f}, p99 {p99:.1f} ms")
            assert rate > 0
    print("after that:", memory_of_process(service))
    peak = first_number(service, *PEAKS)
    print(f"peak of the control group, page cache included: {peak / 1e6:.0f} MB")
    assert 0 < peak <= GIGABYTE
    assert service.client.get("/healthz/ready").status_code == 200
    state = inspect("container", service.id)["State"]
    assert state["Running"]
    assert not state["OOMKilled"]


def test_a_greedy_process_would_be_killed() -> None:
    """The limit is in force: the control to the test above."""
    with serving(IMAGE, AUTH="none") as running:
        greedy = "b = bytearray(2 << 30); b[::4096] = bytes(len(b[::4096])); print(len(b))"
        done = running.execute("python", "-c", greedy, check=False)
        assert done.returncode != 0
        assert not done.stdout
