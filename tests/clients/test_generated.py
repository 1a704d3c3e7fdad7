"""Clients made of our document, run against the service (scripts/test-clients)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.security.keys import new_key
from app.settings import Settings
from tests.support.serving import serving

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
KEY, DIGEST = new_key()
SECONDS = 300
COMPILER = [
    "--strict", "--noUncheckedIndexedAccess", "--module", "nodenext", "--target", "es2022",
    "--lib", "es2022,dom,dom.iterable", "--skipLibCheck",
]  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving(Settings(api_keys=DIGEST)) as running:
        yield running


@pytest.fixture
def document(client: httpx.Client, tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(client.get("/openapi.json").json()))
    return path


def run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_python(client: httpx.Client, document: Path, tmp_path: Path) -> None:
    python = os.environ.get("CLIENTS_PYTHON")
    if python is None:
        pytest.skip("no openapi-python-client here (scripts/test-clients)")
    tool = Path(python).with_name("openapi-python-client")
    target = tmp_path / "recommender"
    config = tmp_path / "config.yaml"
    config.write_text("post_hooks: []\n")
    told = run(
        tool, "generate", "--path", document, "--output-path", target, "--meta", "none",
        "--config", config, "--fail-on-warning", folder=tmp_path,
    )  # fmt: skip
    assert "WARNING" not in told
    shutil.copy(HERE / "shop.py", tmp_path)
    assert run(python, "shop.py", str(client.base_url), KEY, folder=tmp_path) == "done\n"


def test_typescript(client: httpx.Client, document: Path, tmp_path: Path) -> None:
    modules = os.environ.get("CLIENTS_MODULES")
    if modules is None:
        pytest.skip("no openapi-typescript here (scripts/test-clients, with node and npm)")
    (tmp_path / "node_modules").symlink_to(modules)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copy(HERE / "shop.ts", tmp_path)
    tool = Path(modules) / "openapi-typescript" / "bin" / "cli.js"
    run("node", tool, document, "-o", "recommender.d.ts", folder=tmp_path)
    (tmp_path / "globals.d.ts").write_text("declare const process: { argv: string[] };\n")
    compiler = Path(modules) / "typescript" / "bin" / "tsc"
    run("node", compiler, *COMPILER, "globals.d.ts", "shop.ts", folder=tmp_path)
    assert run("node", "shop.js", str(client.base_url), KEY, folder=tmp_path) == "done\n"
