"""Write the rules of ``alerts.yaml`` in their other forms: ``python -m monitoring.generate``.

The Prometheus operator wants a PrometheusRule, Azure Managed Prometheus a resource of Azure.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
RULES = ROOT / "monitoring" / "alerts.yaml"
_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
# Azure counts from 0, critical, to 4, verbose.
_SEVERITIES = {"critical": 0, "warning": 2}
_HEAD = """\
# monitoring/alerts.yaml for the Prometheus operator; `python -m monitoring.generate` writes it.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: recommender
  namespace: recommender
  labels:
    app.kubernetes.io/name: recommender
spec:
"""


def prometheus_rule(rules: str) -> str:
    """Return the text of a PrometheusRule that has the content of a file of rules."""
    groups = rules[rules.index("groups:\n") :]
    return _HEAD + "".join(f"  {line}\n" if line else "\n" for line in groups.splitlines())


def azure_template(rules: str) -> str:
    """Return the text of an Azure Resource Manager template that makes the same rules."""
    [group] = yaml.safe_load(rules)["groups"]
    parameters = {
        "location": "Region of the Azure Monitor workspace",
        "workspace": "Resource id of the Azure Monitor workspace",
        "cluster": "Name of the AKS cluster",
        "actionGroup": "Resource id of the action group that is told",
    }
    template = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {
            name: {"type": "string", "metadata": {"description": text}}
            for name, text in parameters.items()
        },
        "resources": [
            {
                "type": "Microsoft.AlertsManagement/prometheusRuleGroups",
                "apiVersion": "2023-03-01",
                "name": group["name"],
                "location": "[parameters('location')]",
                "properties": {
                    "description": "Written by python -m monitoring.generate",
                    "scopes": ["[parameters('workspace')]"],
                    "clusterName": "[parameters('cluster')]",
                    "enabled": True,
                    "interval": "PT1M",
                    "rules": [_azure_rule(rule) for rule in group["rules"]],
                },
            }
        ],
    }
    return json.dumps(template, indent=1) + "\n"


def _azure_rule(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "alert": rule["alert"],
        "enabled": True,
        "expression": " ".join(rule["expr"].split()),
        "for": f"PT{rule['for'].upper()}",
        "severity": _SEVERITIES[rule["labels"]["severity"]],
        "labels": rule["labels"],
        "annotations": rule["annotations"],
        "actions": [{"actionGroupId": "[parameters('actionGroup')]"}],
    }


def outputs() -> dict[Path, str]:
    """Return the files that belong to the rules, and what must be in them."""
    rules = RULES.read_text()
    return {
        ROOT / "k8s" / "components" / "alerts" / "prometheus-rule.yaml": prometheus_rule(rules),
        ROOT / "monitoring" / "alerts-azure.json": azure_template(rules),
    }


if __name__ == "__main__":
    for path, text in outputs().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
