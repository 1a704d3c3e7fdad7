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

from app.main import create_app
from app.observability.metrics import Metrics
from app.settings import Settings

from .checks import Cluster, find_flaws
from .kustomize import kustomize, read_variables
from .manifests import (
    FOLDER,
    KUBECTL,
    ROOT,
    VERSION,
    Obj,
    Variant,
    find_variants,
    joined,
    render,
    render_by_kubectl,
    switch_on,
    write_all,
)

needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="no kubectl to render with")

# What a base without components has not got: a share, a way in, a second pod.
ALONE = ("disruption", "models", "monitoring", "network", "routes", "scaling")
BASE_KINDS = {"Namespace", "ServiceAccount", "ConfigMap", "Secret", "Deployment", "Service"}
AKS, LOCAL, CANARY = Variant("."), Variant("local"), Variant("canary")
VARIANTS = find_variants()


def test_every_variant_is_found() -> None:
    assert {str(each) for each in VARIANTS} == {
        "aks", "aks+tokens", "aks+spans", "aks+ingress-aks", "aks+key-vault",
        "anywhere", "anywhere+tokens", "anywhere+spans", "anywhere+training",
        "base", "canary", "canary+key-vault", "local", "one-model", "one-model+ranking-only",
    }  # fmt: skip


def test_every_component_is_in_a_variant() -> None:
    used = set()
    for file in FOLDER.rglob("kustomization.yaml"):
        used |= set(re.findall(r"^  (?:# )?- (?:\S*/)?([a-z-]+)\b", file.read_text(), re.M))
    assert {each.name for each in (FOLDER / "components").iterdir()} <= used


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_variant_has_no_flaw(variant: Variant) -> None:
    objects = render(variant)
    if variant == LOCAL:
        _undo_mode(objects)
    if variant.folder == "canary":
        switch = variant.switch and variant.switch.removeprefix("../")
        objects = joined(render(Variant(".", switch)), objects)
    without = ALONE if variant.folder in ("base", "local") else ()
    assert find_flaws(objects, without) == []


def _undo_mode(objects: list[Obj]) -> None:
    """Undo what podman needs, which has no fsGroup."""
    [deployment] = [each for each in objects if each["kind"] == "Deployment"]
    keys = deployment["spec"]["template"]["spec"]["volumes"][0]["secret"]
    assert keys["defaultMode"] == 0o444
    keys["defaultMode"] = 0o440


@needs_kubectl
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_kubectl_reads_as_the_tests_do(variant: Variant) -> None:
    def plain(objects: list[Obj]) -> list[str]:
        texts = (json.dumps(each, sort_keys=True) for each in objects)
        return sorted(re.sub(r"(-settings|-canary)-[a-z0-9]{10}\b", r"\1", text) for text in texts)

    assert plain(render_by_kubectl(variant)) == plain(render(variant))


def test_variants_are_written_for_the_scanners(tmp_path: Path) -> None:
    assert sorted(write_all(tmp_path)) == sorted(str(each) for each in VARIANTS)
    for each in VARIANTS:
        written = yaml.safe_load_all((tmp_path / f"{each}.yaml").read_text())
        assert len(list(written)) == len(render(each))


def test_switching_on_refuses_what_is_not_there() -> None:
    text = (FOLDER / "kustomization.yaml").read_text()
    with pytest.raises(ValueError, match="not enough values"):
        switch_on(text, "components/metrics")


@pytest.mark.parametrize(
    ("variant", "comes", "goes"),
    [
        (Variant(".", "components/key-vault"), "SecretProviderClass", "Secret"),
        (Variant(".", "components/ingress-aks"), "Ingress", "Gateway"),
        (Variant("anywhere"), "Ingress", "StorageClass"),
        (Variant("anywhere", "../components/training"), "CronJob", "StorageClass"),
    ],
    ids=str,
)
def test_kinds_of_a_variant(variant: Variant, comes: str, goes: str) -> None:
    kinds = {each["kind"] for each in render(variant)}
    assert comes in kinds
    assert goes not in kinds


@pytest.mark.parametrize(
    "variant", [each for each in VARIANTS if each.folder in ("base", "anywhere", "one-model")],
    ids=str,
)  # fmt: skip
def test_other_clusters_get_nothing_of_azure(variant: Variant) -> None:
    assert "azure" not in yaml.safe_dump(render(variant))
    assert "azmonitoring" not in yaml.safe_dump(render(variant))


@pytest.mark.parametrize(
    ("variant", "named"),
    [
        (Variant("anywhere"), {"SIMILARITY", "RANKING"}),
        (Variant("one-model"), {"SIMILARITY"}),
        (Variant("one-model", "../components/ranking-only"), {"RANKING"}),
    ],
    ids=str,
)
def test_models_that_must_be_there(variant: Variant, named: set[str]) -> None:
    [config] = [each for each in render(variant) if each["kind"] == "ConfigMap"]
    roles = {"SIMILARITY", "RANKING"}
    assert {role for role in roles if f"RECOMMENDER_{role}_MODEL" in config["data"]} == named
    assert config["data"]["RECOMMENDER_MODELS_DIR"] == "/models"
    # Given, they must be columns of the ranking model; left out, they need not.
    assert "RECOMMENDER_SIDE_DATA_DEFAULTS" not in config["data"]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_whom_the_operator_scrapes_it_alerts_about(variant: Variant) -> None:
    """Azure's managed Prometheus has no such kind: its rules are resources of Azure."""
    kinds = {(each["apiVersion"], each["kind"]) for each in render(variant)}
    scraped = ("monitoring.coreos.com/v1", "PodMonitor") in kinds
    assert (("monitoring.coreos.com/v1", "PrometheusRule") in kinds) == scraped


def test_no_variant_takes_away_but_key_vault() -> None:
    for file in FOLDER.rglob("kustomization.yaml"):
        assert file.read_text().count("$patch: delete") == (file.parent.name == "key-vault")


def test_local_is_of_no_cloud() -> None:
    objects = render(LOCAL)
    assert {each["kind"] for each in objects} == BASE_KINDS
    assert "azure" not in yaml.safe_dump(objects)
    [work] = Cluster(objects).services
    assert work.owner["spec"]["replicas"] == 1
    assert len(work.containers) == 1


def test_local_key_is_the_one_that_is_named() -> None:
    [secret] = [each for each in render(LOCAL) if each["kind"] == "Secret"]
    text = (FOLDER / "local" / "kustomization.yaml").read_text()
    [key] = re.findall(r"local-key-[a-z-]+", text)
    digest = hashlib.sha256(key.encode()).hexdigest()
    assert secret["stringData"]["primary"] == f"sha256:{digest}"


def test_canary_beside_what_is_there() -> None:
    before = render(AKS)
    objects = joined(before, render(CANARY))
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


def test_canary_goes_without_taking_anything_along() -> None:
    """`kubectl delete -k k8s/canary` must not take the namespace, the keys or the share."""
    names = {each["metadata"]["name"] for each in render(CANARY) if each["kind"] != "HTTPRoute"}
    assert names == {"recommender-canary"}


def test_site_names_the_images_of_this_version() -> None:
    for name in ("site", "anywhere/site", "canary"):
        content = yaml.safe_load((FOLDER / name / "kustomization.yaml").read_text())
        for image in content["images"]:
            assert image["newTag"] == VERSION


def test_every_file_is_used() -> None:
    for kustomization in FOLDER.rglob("kustomization.yaml"):
        content: dict[str, Any] = yaml.safe_load(kustomization.read_text())
        listed = {*content.get("resources", []), "kustomization.yaml"}
        listed |= {each["path"] for each in content.get("patches", []) if "path" in each}
        for generator in content.get("configMapGenerator", []):
            listed |= set(generator.get("envs", []))
        there = {each.name for each in kustomization.parent.iterdir() if each.is_file()}
        assert {name for name in there if not name.startswith(".")} <= listed


def test_files_are_in_reading_order() -> None:
    for folder in ("base", "base/service"):
        content = yaml.safe_load((FOLDER / folder / "kustomization.yaml").read_text())
        assert content["resources"] == sorted(content["resources"])


def test_routes_lead_to_endpoints() -> None:
    known = {*create_app(Settings()).openapi()["paths"], "/", "/swagger.json"}
    known.add("/api/v1/service/{service}/score")  # not in the description, see test_score.py
    [route] = [each for each in render(AKS) if each["kind"] == "HTTPRoute"]
    for match in route["spec"]["rules"][0]["matches"]:
        path, exact = match["path"]["value"], match["path"]["type"] == "Exact"
        found = path in known if exact else any(each.startswith(f"{path}/") for each in known)
        assert found, path


def test_settings_show_the_defaults() -> None:
    """Those that differ do so on purpose."""
    variables = read_variables(FOLDER / "base" / "service" / "20-settings.env")
    names = {f"RECOMMENDER_{name.upper()}": name for name in Settings.model_fields}
    given = {names[variable]: value for variable, value in variables.items()}
    defaults = Settings.model_construct()
    parsed = Settings.model_validate(
        {name: yaml.safe_load(value) if name == "side_data_defaults" else value
         for name, value in given.items()}
    )  # fmt: skip
    differing = {name for name in given if getattr(parsed, name) != getattr(defaults, name)}
    assert differing == {
        "host", "api_key_files", "admin_key_files", "docs", "log_format",
    }  # fmt: skip


GIVEN = {
    "REGISTRY": "shop", "VAULT": "shop-vault", "CLIENT": "client", "TENANT": "tenant",
    "HOST": "shop.example.org", "PRIMARY": "1" * 64, "SECONDARY": "2" * 64, "ADMIN": "3" * 64,
}  # fmt: skip
ELSEWHERE = {each: GIVEN[each] for each in ("HOST", "PRIMARY", "SECONDARY", "ADMIN")}
ELSEWHERE |= {"REGISTRY": "registry.example.org/shop", "STORAGE": "shared"}
PLACEHOLDERS = (
    "REGISTRY", "VAULT", "_CLIENT_ID", "STORAGE_CLASS", "recommender.example.com", "0" * 20,
)  # fmt: skip


@pytest.mark.parametrize(
    ("page", "folder", "given"),
    [
        ("deploy-aks.md", ".", GIVEN),
        ("deploy-anywhere.md", "anywhere", ELSEWHERE),
        ("deploy-anywhere.md", "one-model", ELSEWHERE),
    ],
)
def test_the_page_makes_it_yours(
    tmp_path: Path, page: str, folder: str, given: dict[str, str]
) -> None:
    """The command of the page leaves no placeholder."""
    _run_command_of(page, given, tmp_path)
    objects = kustomize(tmp_path / "k8s" / folder)
    assert find_flaws(objects) == []
    text = json.dumps(objects)
    for placeholder in PLACEHOLDERS:
        assert placeholder not in text
    for value in given.values():
        assert value in text or value == "tenant"  # it is for Key Vault only


@pytest.mark.parametrize("site", ["site", "anywhere/site"])
def test_the_example_of_a_shops_own_options_is_a_patch(tmp_path: Path, site: str) -> None:
    """It is what the page says it is, and the Job is without a flaw with it."""
    text = (ROOT / "docs" / "operations.md").read_text()
    [patch] = re.findall(r"^```yaml\n(  - target: {kind: CronJob.*?)^```", text, re.M | re.S)
    shutil.copytree(FOLDER, tmp_path / "k8s")
    folder = (tmp_path / "k8s" / site).parent
    listed = folder / "kustomization.yaml"
    listed.write_text(re.sub(r"# (- .*components/training)", r"\1", listed.read_text()))
    path = tmp_path / "k8s" / site / "kustomization.yaml"
    path.write_text(f"{path.read_text()}{patch}")
    objects = kustomize(folder)
    assert find_flaws(objects) == []
    [job] = [each for each in objects if each["kind"] == "CronJob"]
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert "--user=customer" in pod["initContainers"][0]["args"]
    assert pod["containers"][0]["args"][-1] == "--least-log=0.9"


def test_the_page_makes_the_canary_yours(tmp_path: Path) -> None:
    _run_command_of("deploy-aks.md", GIVEN, tmp_path)
    canary = json.dumps(kustomize(tmp_path / "k8s" / "canary"))
    assert "shop.azurecr.io/turi-recommender:" in canary
    assert "REGISTRY" not in canary


def _run_command_of(page: str, given: dict[str, str], folder: Path) -> None:
    text = (ROOT / "docs" / page).read_text()
    [command] = re.findall(r'^sed -i ".*?" [^\n]*$', text, flags=re.M | re.S)
    shutil.copytree(FOLDER, folder / "k8s")
    subprocess.run(["sh", "-euc", command], cwd=folder, env=given | {"PATH": os.environ["PATH"]},
                   check=True)  # fmt: skip


def test_the_pages_name_metrics_that_are() -> None:
    known = {
        name
        for family in Metrics().registry.collect()
        for name in (family.name, *(f"{family.name}_{end}" for end in ("total", "bucket", "info")))
    }
    named = set()
    for page in ("deploy-aks.md", "deploy-anywhere.md", "migrate-from-azure-ml.md"):
        named |= set(re.findall(r"recommender_[a-z_]+", (ROOT / "docs" / page).read_text()))
    assert named
    assert named <= known


@pytest.mark.parametrize(
    "page",
    ["README.md", "docs/deploy-aks.md", "docs/deploy-anywhere.md", "docs/migrate-from-azure-ml.md"],
)
def test_links_and_files_of_the_pages_are_there(page: str) -> None:
    text = (ROOT / page).read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    assert links
    for link in links:
        assert ((ROOT / page).parent / link).exists(), link
    for name in re.findall(r"`(k8s/[a-z0-9./-]+)`", text):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", ["README.md", "docs/deploy-aks.md", "docs/deploy-anywhere.md"])
def test_the_pages_say_that_no_cluster_has_applied_this(page: str) -> None:
    text = " ".join((ROOT / page).read_text().split())
    assert "No cluster has applied these manifests yet" in text
