"""The manifests: without a flaw, in every shape in which they are applied."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import __version__
from app.main import create_app
from app.observability.metrics import Metrics
from app.settings import Settings

from .checks import Cluster, find_flaws
from .manifests import (
    FOLDER,
    KUBECTL,
    ROOT,
    Obj,
    read_base,
    read_variables,
    render,
    render_onto,
    render_with,
)

needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="no kubectl to render with")

# What the local one has not got: a share, a way in, a second pod, Azure.
NOT_LOCAL = (
    "completeness", "disruption", "models", "monitoring", "network", "routes", "scaling",
)  # fmt: skip
LOCAL_KINDS = {"Namespace", "ServiceAccount", "ConfigMap", "Secret", "Deployment", "Service"}


def test_base_without_kubectl() -> None:
    assert find_flaws(read_base()) == []


@needs_kubectl
@pytest.mark.parametrize("folder", [".", "base"])
def test_rendered(folder: str) -> None:
    assert find_flaws(render(FOLDER / folder)) == []


@needs_kubectl
@pytest.mark.parametrize(
    ("component", "comes", "goes"),
    [("key-vault", "SecretProviderClass", "Secret"), ("ingress", "Ingress", "Gateway")],
)
def test_rendered_with(tmp_path: Path, component: str, comes: str, goes: str) -> None:
    objects = render_with(component, tmp_path / "k8s")
    assert find_flaws(objects) == []
    kinds = {each["kind"] for each in objects}
    assert comes in kinds
    assert goes not in kinds


@needs_kubectl
def test_local_is_of_no_cloud() -> None:
    objects = render(FOLDER / "local")
    [deployment] = [each for each in objects if each["kind"] == "Deployment"]
    keys = deployment["spec"]["template"]["spec"]["volumes"][0]["secret"]
    assert keys["defaultMode"] == 0o444  # podman has no fsGroup
    keys["defaultMode"] = 0o440
    assert find_flaws(objects, without=NOT_LOCAL) == []
    assert {each["kind"] for each in objects} == LOCAL_KINDS
    assert "azure" not in yaml.safe_dump(objects)
    [work] = Cluster(objects).services
    assert work.owner["spec"]["replicas"] == 1
    assert len(work.containers) == 1


@needs_kubectl
def test_local_key_is_the_one_that_is_named() -> None:
    [secret] = [each for each in render(FOLDER / "local") if each["kind"] == "Secret"]
    text = (FOLDER / "local" / "settings.env").read_text()
    [key] = re.findall(r"local-key-[a-z-]+", text)
    digest = hashlib.sha256(key.encode()).hexdigest()
    assert secret["stringData"]["primary"] == f"sha256:{digest}"


@needs_kubectl
def test_kubectl_reads_the_base_as_the_tests_do() -> None:
    def plain(objects: list[Obj]) -> list[str]:
        texts = (json.dumps(each, sort_keys=True) for each in objects)
        return sorted(re.sub(r"-settings-[a-z0-9]{10}\b", "-settings", text) for text in texts)

    assert plain(render(FOLDER / "base")) == plain(read_base())


@needs_kubectl
def test_canary_beside_what_is_there() -> None:
    before = render(FOLDER)
    objects = render_onto(before, FOLDER / "canary")
    assert find_flaws(objects) == []
    assert len(objects) - len(before) == 3
    for each in objects:
        is_canary = each["metadata"]["name"].startswith("recommender-canary")
        labels = each["metadata"].get("labels", {})
        assert is_canary == (labels.get("app.kubernetes.io/instance") == "canary")
    first, second = Cluster(objects).services
    assert first.labels != second.labels
    [route] = [each for each in objects if each["kind"] == "HTTPRoute"]
    backends = route["spec"]["rules"][0]["backendRefs"]
    assert [(each["name"], each["weight"]) for each in backends] == [
        ("recommender", 90),
        ("recommender-canary", 10),
    ]


def test_site_names_the_images_of_this_version() -> None:
    for name in ("site", "canary"):
        content = yaml.safe_load((FOLDER / name / "kustomization.yaml").read_text())
        for image in content["images"]:
            assert image["newTag"] == __version__


def test_every_file_is_used() -> None:
    for kustomization in FOLDER.rglob("kustomization.yaml"):
        content: dict[str, Any] = yaml.safe_load(kustomization.read_text())
        listed = {*content.get("resources", []), "kustomization.yaml"}
        for generator in content.get("configMapGenerator", []):
            listed |= set(generator.get("envs", []))
        there = {each.name for each in kustomization.parent.iterdir() if each.is_file()}
        assert {name for name in there if not name.startswith(".")} <= listed


def test_files_are_in_reading_order() -> None:
    content = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text())
    assert content["resources"] == sorted(content["resources"])


def test_routes_lead_to_endpoints() -> None:
    known = {*create_app(Settings()).openapi()["paths"], "/", "/swagger.json"}
    known.add("/api/v1/service/{service}/score")  # not in the description, see test_score.py
    [route] = [each for each in read_base() if each["kind"] == "HTTPRoute"]
    for match in route["spec"]["rules"][0]["matches"]:
        path, exact = match["path"]["value"], match["path"]["type"] == "Exact"
        found = path in known if exact else any(each.startswith(f"{path}/") for each in known)
        assert found, path


def test_settings_show_the_defaults() -> None:
    """Those that differ do so on purpose."""
    variables = read_variables(FOLDER / "base" / "20-settings.env")
    names = {f"RECOMMENDER_{name.upper()}": name for name in Settings.model_fields}
    given = {names[variable]: value for variable, value in variables.items()}
    defaults = Settings.model_construct()
    parsed = Settings.model_validate(
        {name: yaml.safe_load(value) if name == "side_data_defaults" else value
         for name, value in given.items()}
    )  # fmt: skip
    differing = {name for name in given if getattr(parsed, name) != getattr(defaults, name)}
    assert differing == {
        "host", "models_dir", "api_key_files", "admin_key_files", "docs", "log_format",
    }  # fmt: skip


@needs_kubectl
def test_the_page_makes_it_yours(tmp_path: Path) -> None:
    """The command of docs/deploy-aks.md leaves no placeholder."""
    page = (ROOT / "docs" / "deploy-aks.md").read_text()
    [command] = re.findall(r'^sed -i ".*?" [^\n]*$', page, flags=re.M | re.S)
    given = {
        "REGISTRY": "shop", "VAULT": "shop-vault", "CLIENT": "client", "TENANT": "tenant",
        "HOST": "shop.example.org", "PRIMARY": "1" * 64, "SECONDARY": "2" * 64, "ADMIN": "3" * 64,
    }  # fmt: skip
    shutil.copytree(FOLDER, tmp_path / "k8s")
    subprocess.run(["sh", "-euc", command], cwd=tmp_path, env=given | {"PATH": os.environ["PATH"]},
                   check=True)  # fmt: skip
    objects = render(tmp_path / "k8s")
    assert find_flaws(objects) == []
    text = json.dumps(objects)
    for placeholder in ("REGISTRY", "VAULT", "_CLIENT_ID", "recommender.example.com", "0" * 20):
        assert placeholder not in text
    for value in given.values():
        assert value in text or value == "tenant"  # it is for Key Vault only
    canary = json.dumps(render(tmp_path / "k8s" / "canary"))
    assert "shop.azurecr.io/turi-recommender:" in canary
    assert "REGISTRY" not in canary


def test_the_pages_name_metrics_that_are() -> None:
    known = {
        name
        for family in Metrics().registry.collect()
        for name in (family.name, *(f"{family.name}_{end}" for end in ("total", "bucket", "info")))
    }
    named = set()
    for page in ("deploy-aks.md", "migrate-from-azure-ml.md"):
        named |= set(re.findall(r"recommender_[a-z_]+", (ROOT / "docs" / page).read_text()))
    assert named
    assert named <= known


@pytest.mark.parametrize(
    "page", ["README.md", "docs/deploy-aks.md", "docs/migrate-from-azure-ml.md"]
)
def test_links_and_files_of_the_pages_are_there(page: str) -> None:
    text = (ROOT / page).read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    assert links or page == "docs/deploy-aks.md"
    for link in links:
        assert ((ROOT / page).parent / link).exists(), link
    for name in re.findall(r"`(k8s/[a-z0-9./-]+|[0-9]{2}-[a-z-]+\.(?:yaml|env))`", text):
        assert (ROOT / name).exists() or (FOLDER / "base" / name).exists(), name
