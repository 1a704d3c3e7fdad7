"""The dashboard and the alerts ask for metrics that the service really has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from app.http.declaration import RECOMMEND, declaration_of
from app.main import create_app
from app.security.keys import new_key
from app.settings import Settings
from monitoring.generate import outputs
from reliability.service import SIMILARITY
from reliability.variants import truncated
from tests.support.serving import serving
from tests.turi_recommender.trained import a_training
from turi_recommender.versions.register import register

ROOT = Path(__file__).parent.parent
OPERATIONS = ROOT / "docs" / "operations.md"
KEY, DIGEST = new_key()
# What the one who scrapes adds to each series, and words of the query language.
_ADDED = {"namespace", "job", "pod"}
_WORDS = {
    "sum", "min", "max", "count", "by", "on", "and", "or", "unless", "offset",
    "rate", "increase", "histogram_quantile", "absent", "time",
}  # fmt: skip
# The metrics of kube-state-metrics that are asked for, and their labels, after its documentation.
_KUBERNETES = {
    "kube_job_failed": {"job_name", "condition"},
    "kube_job_complete": {"job_name", "condition"},
    "kube_job_status_start_time": {"job_name"},
    "kube_cronjob_info": {"cronjob"},
}


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the metrics of a service that has met everything."""
    root = tmp_path_factory.mktemp("models")
    register(SIMILARITY, root, "similarity_model", training=a_training())
    truncated(SIMILARITY, root / "similarity_model" / "2" / "s.model")
    with serving(Settings(models_dir=root, admin_keys=DIGEST)) as client:
        assert client.get("/models").status_code == 401
        client.headers["x-api-key"] = KEY
        client.post("/recommend/users", json={"users": [{"visitorid": -1}]})
        client.post("/admin/models/similarity_model/reload", json={})
        return client.get("/metrics").text


@pytest.fixture(scope="module")
def page(text: str) -> dict[str, set[str]]:
    """Return the label names of each series."""
    series: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            series.setdefault(sample.name, set()).update(sample.labels)
    return series | _KUBERNETES


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "monitoring" / "dashboard.json").read_text())
    return found


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((ROOT / "monitoring" / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries() -> Iterator[str]:
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    for variable in dashboard()["templating"]["list"][1:]:
        yield variable["query"]
    for rule in alerts():
        yield rule["expr"]


def unknown(query: str, page: dict[str, set[str]]) -> set[str]:
    """Return the metrics and labels of a query that the page does not have."""
    plain = re.sub(r'"[^"]*"', '""', query)
    plain = re.sub(r"\[[^\]]*\]", "", plain)
    plain = re.sub(r"\boffset\s+\w+", "", plain)
    labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", plain))
    for group in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", plain):
        labels |= {label.strip() for label in group.split(",")}
    plain = re.sub(r"\b(by|on)\s*\([^)]*\)|\{[^}]*\}", "", plain)
    if asked := re.fullmatch(r"label_values\((\w+), (\w+)\)", plain):
        plain = asked[1]
        labels.add(asked[2])
    metrics = set(re.findall(r"\b[a-zA-Z_:][\w:]*", plain)) - _WORDS
    known = _ADDED.union(*(page.get(metric, set()) for metric in metrics))
    return (metrics - set(page)) | (labels - known)


def test_every_query_finds_its_metrics(page: dict[str, set[str]]) -> None:
    asked = list(queries())
    assert len(asked) > 20
    for query in asked:
        assert any(each in query for each in ("recommender_", "process_", "kube_"))
        assert unknown(query, page) == set(), query


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        ("sum(rate(recommender_request_total[5m]))", {"recommender_request_total"}),
        ('recommender_in_flight{route="/x"}', {"route"}),
        ("sum by (status) (recommender_model_info)", {"status"}),
        ("process_memory_bytes > 1", {"process_memory_bytes"}),
        ("sum(rate(http_requests_total[5m]))", {"http_requests_total"}),
        ("label_values(recommender_in_flight, cluster)", {"cluster"}),
        ("sum by (le) (recommender_in_flight)", {"le"}),
    ],
)
def test_a_query_for_what_is_not_there_is_found(
    page: dict[str, set[str]], query: str, missing: set[str]
) -> None:
    assert unknown(query, page) == missing


def test_every_metric_of_ours_is_on_the_dashboard_and_described(page: dict[str, set[str]]) -> None:
    shown = "\n".join(queries())
    described = OPERATIONS.read_text()
    for name in page:
        family = re.sub(r"_(total|bucket|sum|count|created)$", "", name)
        if family.startswith("recommender_"):
            assert family in shown
            assert f"`{family}" in described


def test_the_table_of_metrics_is_that_of_the_page(text: str) -> None:
    row = re.compile(r"^\| `(recommender_\w+)` \| (\w+) \| ([^|]*) ?\|", re.M)
    rows = row.findall(OPERATIONS.read_text())
    described = {
        name: (kind, set(filter(None, labels.strip().split(", ")))) for name, kind, labels in rows
    }
    served: dict[str, tuple[str, set[str]]] = {}
    for family in text_string_to_metric_families(text):
        if family.name.startswith("recommender_") and not family.name.endswith("_created"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = set().union(*(sample.labels for sample in family.samples))
            served[name] = (family.type, labels - {"le"})
    assert described == served


def rule(name: str) -> dict[str, Any]:
    [found] = [each for each in alerts() if each["alert"] == name]
    return found


@pytest.mark.parametrize("alert", ["RecommenderNoSuccess", "RecommenderSlow"])
def test_alerts_know_every_route_that_recommends(alert: str) -> None:
    """The routes with a body that a caller's key is enough for; of a list, one would be missed."""
    [pattern] = re.findall(r'route=~"([^"]*)"', rule(alert)["expr"])
    recommends: dict[str, bool] = {}
    for route in create_app(Settings()).declared:
        does = "POST" in (route.methods or ()) and declaration_of(route).scope == RECOMMEND.scope
        recommends[route.path] = recommends.get(route.path, False) or does
    assert len(recommends) > 10
    assert sum(recommends.values()) >= 4
    for path, does in recommends.items():
        assert bool(re.fullmatch(pattern, path)) == does, path  # Prometheus, too, fits the whole


def test_routes_are_counted_under_the_names_that_alerts_know() -> None:
    with serving() as client:
        client.post("/api/v1/service/any/score", json=[{"visitorid": 6000}])
        line = 'recommender_requests_total{method="POST",route="%s",status="200"} 1.0'
        assert line % "/api/v1/service/{service}/score" in client.get("/metrics").text


def test_numbers_of_the_dashboard_are_those_of_the_alerts() -> None:
    drawn = {
        panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"]
        for panel in dashboard()["panels"]
        if panel["fieldConfig"]["defaults"].get("custom", {}).get("thresholdsStyle")
    }
    assert drawn == {
        "Share of failures": limit_of("RecommenderFailing"),
        "Time to answer, p99": limit_of("RecommenderSlow"),
        "Resident memory": limit_of("RecommenderMemory"),
        "In flight": Settings.model_fields["max_in_flight"].default,
    }


def limit_of(alert: str) -> float:
    [limit] = re.findall(r"> ([\d.e]+)\b", rule(alert)["expr"])
    return float(limit)


def test_memory_alert_is_below_the_limit_of_a_pod() -> None:
    manifest = ROOT / "k8s" / "base" / "service" / "40-service.yaml"
    [deployment] = [
        each for each in yaml.safe_load_all(manifest.read_text()) if each["kind"] == "Deployment"
    ]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == "1Gi"
    assert 0.8 * 2**30 < limit_of("RecommenderMemory") < 0.9 * 2**30


def test_a_failed_job_of_the_cron_job_is_one_of_the_alert() -> None:
    job = yaml.safe_load((ROOT / "k8s/components/training/cron-job.yaml").read_text())
    name = job["metadata"]["name"]
    patterns = set(re.findall(r'job_name=~"([^"]*)"', rule("RecommenderTrainingFailed")["expr"]))
    assert [bool(re.fullmatch(each, f"{name}-29411234")) for each in patterns] == [True]
    [cron_job] = re.findall(r'cronjob="([^"]*)"', rule("RecommenderModelStale")["expr"])
    assert cron_job == name


def test_the_runbook_knows_the_containers_and_the_statuses() -> None:
    job = yaml.safe_load((ROOT / "k8s/components/training/cron-job.yaml").read_text())
    spec = job["spec"]["jobTemplate"]["spec"]
    section = OPERATIONS.read_text().split("## Train, judge, publish", 1)[1].split("\n## ", 1)[0]
    for each in spec["podFailurePolicy"]["rules"]:
        if each["action"] == "FailJob":
            codes = each["onExitCodes"]
            block = section.split(f"| `{codes['containerName']}` | 0 |", 1)[1]
            end = block.find("| 0 |")  # of the next container
            statuses = re.findall(r"^\| +\| (\d) \|", block[: end if end >= 0 else None], re.M)
            assert statuses == [str(each) for each in codes["values"]]


def test_no_page_has_a_list_of_alerts_of_its_own() -> None:
    for page in ROOT.glob("docs/*.md"):
        assert not re.search(r"^\| `.*(rate|increase|count)\(.*`", page.read_text(), re.M), page


def test_the_other_forms_are_written_anew() -> None:
    """After a change of the rules: `python -m monitoring.generate`."""
    written = outputs()
    assert len(written) == 2
    for path, text in written.items():
        assert path.read_text() == text, path


def test_the_other_forms_say_the_same() -> None:
    [operator, azure] = (path.read_text() for path in outputs())
    original = yaml.safe_load((ROOT / "monitoring" / "alerts.yaml").read_text())
    assert yaml.safe_load(operator)["spec"] == original
    [group] = json.loads(azure)["resources"]
    rules = group["properties"]["rules"]
    assert [each["alert"] for each in rules] == [each["alert"] for each in alerts()]
    for here, there in zip(alerts(), rules, strict=True):
        assert there["expression"].split() == here["expr"].split()
        assert there["for"] == {"1m": "PT1M", "5m": "PT5M", "10m": "PT10M", "15m": "PT15M",
                                "30m": "PT30M"}[here["for"]]  # fmt: skip
        assert (there["labels"], there["annotations"]) == (here["labels"], here["annotations"])
        assert there["severity"] < 3


def test_panels_have_a_place_of_their_own() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


def test_every_alert_says_what_to_do() -> None:
    headings = re.findall(r"^#+ (\w+)$", OPERATIONS.read_text(), re.M)
    for rule in alerts():
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
        assert "for" in rule
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/operations.md"
        assert rule["alert"] in headings
        assert anchor == rule["alert"].lower()
        assert rule["labels"]["severity"] in {"warning", "critical"}


def test_alerts_fire_where_they_should() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool here (Debian: apt-get install prometheus)")
    for command in (["check", "rules", "alerts.yaml"], ["test", "rules", "alerts.test.yaml"]):
        done = subprocess.run(
            [promtool, *command],
            cwd=ROOT / "monitoring",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    tested = (ROOT / "monitoring" / "alerts.test.yaml").read_text()
    assert all(f"alertname: {rule['alert']}" in tested for rule in alerts())
