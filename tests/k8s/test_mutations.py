"""The checks see what they are for: each flaw, put into the manifests alone, is found by name."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import yaml

from .checks import CHECKS, find_flaws, quantity
from .manifests import VERSION, Obj, find_variants, render

Change = Callable[[list[Obj]], None]


class Mutant(NamedTuple):
    check: str
    flaw: str
    change: Change
    base: str = "aks"


def pick(objects: list[Obj], target: str) -> Obj:
    kind, name = target.split("/")
    [found] = [e for e in objects if e["kind"] == kind and e["metadata"]["name"] == name]
    return found


def _walk(objects: list[Obj], target: str, path: str) -> tuple[Any, Any]:
    """Return the place that a path (`/` between keys, `~1` for a slash in one) leads to."""
    place: Any = pick(objects, target)
    *way, last = [part.replace("~1", "/") for part in path.split("/")]
    for part in way:
        place = place[int(part) if isinstance(place, list) else part]
    return place, int(last) if isinstance(place, list) else last


def put(target: str, path: str, value: Any) -> Change:
    def change(objects: list[Obj]) -> None:
        place, key = _walk(objects, target, path)
        assert not isinstance(place, dict) or place.get(key) != value
        place[key] = value

    return change


def drop(target: str, path: str) -> Change:
    def change(objects: list[Obj]) -> None:
        place, key = _walk(objects, target, path)
        del place[key]

    return change


def push(target: str, path: str, value: Any) -> Change:
    def change(objects: list[Obj]) -> None:
        place, key = _walk(objects, target, path)
        place[key].append(value)

    return change


def remove(target: str) -> Change:
    return lambda objects: objects.remove(pick(objects, target))


def add(text: str) -> Change:
    return lambda objects: objects.append(yaml.safe_load(text))


def double(target: str, **metadata: str) -> Change:
    def change(objects: list[Obj]) -> None:
        twin = copy.deepcopy(pick(objects, target))
        twin["metadata"] |= metadata
        objects.append(twin)

    return change


def issuer_without(target: str, path: str) -> Change:
    """Name an issuer whose keys need the rule that is dropped."""

    def change(objects: list[Obj]) -> None:
        put(CONFIG, "data/RECOMMENDER_JWT_JWKS_URL", "https://issuer.example.com/keys")(objects)
        assert not {each.check for each in find_flaws(objects)} & {"egress"}
        drop(target, path)(objects)

    return change


DEPLOYMENT, SERVICE, TRAINING = (
    "Deployment/recommender",
    "Service/recommender",
    "CronJob/train-models",
)
POD = "spec/template/spec"
MAIN = f"{POD}/containers/0"
FETCH, FOLLOW = f"{POD}/initContainers/0", f"{POD}/initContainers/1"
JOB = "spec/jobTemplate/spec"
TRAINER = f"{JOB}/template/spec/initContainers/0"
GATE = f"{JOB}/template/spec/containers/0"
RULES = f"{JOB}/podFailurePolicy/rules"
CONFIG, SECRET = "ConfigMap/recommender-settings", "Secret/recommender-keys"
GATEWAY, ROUTE = "Gateway/recommender", "HTTPRoute/recommender"
SCALER, BUDGET = "HorizontalPodAutoscaler/recommender", "PodDisruptionBudget/recommender"
POLICY, MONITOR = "NetworkPolicy/recommender", "PodMonitor/recommender"
TRAINER_POLICY = "NetworkPolicy/recommender-trainer"
BACKEND = "spec/rules/0/backendRefs/0"
CLASS, CLAIM = "StorageClass/recommender-files", "PersistentVolumeClaim/models"
PROVIDER, INGRESS = "SecretProviderClass/recommender-keys", "Ingress/recommender"
NAME, INSTANCE = "app.kubernetes.io~1name", "app.kubernetes.io~1instance"
MUTANTS = [
    # kinds
    Mutant(
        "kinds",
        "a kind that nobody checks",
        add("{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: recommender}}"),
    ),
    Mutant(
        "kinds", "an API version that is gone", put(SCALER, "apiVersion", "autoscaling/v2beta2")
    ),
    Mutant(
        "kinds", "a namespace that is not made", put(BUDGET, "metadata/namespace", "recommenders")
    ),
    Mutant("kinds", "no namespace", drop(SECRET, "metadata/namespace")),
    Mutant(
        "kinds", "a StorageClass in a namespace", put(CLASS, "metadata/namespace", "recommender")
    ),
    Mutant("kinds", "one object twice", double(SERVICE)),
    # shapes
    Mutant(
        "shapes",
        "a misspelt field of the Gateway",
        put(GATEWAY, "spec/gatewayClass", "approuting-istio"),
    ),
    Mutant(
        "shapes", "the class of the mesh add-on", put(GATEWAY, "spec/gatewayClassName", "istio")
    ),
    Mutant("shapes", "plain HTTP", put(GATEWAY, "spec/listeners/0/protocol", "HTTP")),
    Mutant(
        "shapes",
        "a certificate that never renews",
        put(
            GATEWAY,
            "spec/listeners/0/tls/options/kubernetes.azure.com~1tls-cert-keyvault-uri",
            "https://example.vault.azure.net/certificates/recommender/0123",
        ),
    ),
    Mutant("shapes", "a host name in capitals", put(ROUTE, "spec/hostnames/0", "HOST_NAME")),
    Mutant(
        "shapes",
        "a type of path that is not there",
        put(ROUTE, "spec/rules/0/matches/0/path/type", "Prefix"),
    ),
    Mutant("shapes", "a time-out without unit", put(ROUTE, "spec/rules/0/timeouts/request", "35")),
    Mutant("shapes", "a port as text", put(ROUTE, "spec/rules/0/backendRefs/0/port", "80")),
    Mutant(
        "shapes",
        "an interval without unit",
        put(MONITOR, "spec/podMetricsEndpoints/0/interval", 30),
    ),
    Mutant(
        "shapes",
        "a vault that is not named",
        drop(PROVIDER, "spec/parameters/keyvaultName"),
        "aks+key-vault",
    ),
    Mutant(
        "shapes", "objects as a list", put(PROVIDER, "spec/parameters/objects", []), "aks+key-vault"
    ),
    Mutant(
        "shapes",
        "a flag that is no text",
        put(PROVIDER, "spec/parameters/usePodIdentity", False),
        "aks+key-vault",
    ),
    Mutant(
        "shapes",
        "a misspelt field deep in a route",
        put(ROUTE, "spec/rules/0/timeouts/requests", "35s"),
    ),
    Mutant("shapes", "a misspelt field of a backend", put(ROUTE, f"{BACKEND}/wieght", 1)),
    Mutant("shapes", "a weight that is too large", put(ROUTE, f"{BACKEND}/weight", 10**6 + 1)),
    Mutant(
        "shapes",
        "a misspelt field of the operator's PodMonitor",
        put(MONITOR, "spec/podMetricsEndpoints/0/scrapeInterval", "30s"),
        "anywhere",
    ),
    Mutant(
        "shapes",
        "an interval that the operator does not read",
        put(MONITOR, "spec/podMetricsEndpoints/0/interval", "half a minute"),
        "anywhere",
    ),
    Mutant(
        "shapes",
        "an object of the vault without alias",
        put(
            PROVIDER,
            "spec/parameters/objects",
            'array: ["{objectName: a, objectType: secret}"]',
        ),
        "aks+key-vault",
    ),
    # selectors
    Mutant(
        "selectors",
        "a Service that selects nothing",
        put(SERVICE, f"spec/selector/{NAME}", "recommend"),
    ),
    Mutant("selectors", "two Services of one selector", double(SERVICE, name="recommender-too")),
    Mutant(
        "selectors",
        "a Deployment that does not select its pods",
        put(DEPLOYMENT, f"spec/selector/matchLabels/{INSTANCE}", "canary"),
    ),
    Mutant(
        "selectors",
        "a pod without the label",
        drop(DEPLOYMENT, f"spec/template/metadata/labels/{INSTANCE}"),
    ),
    Mutant(
        "selectors",
        "a spread over nothing",
        put(DEPLOYMENT, f"{POD}/topologySpreadConstraints/1/labelSelector/matchLabels/{NAME}", "x"),
    ),
    # references
    Mutant(
        "references",
        "no such ConfigMap",
        put(DEPLOYMENT, f"{MAIN}/envFrom/0/configMapRef/name", "settings"),
    ),
    Mutant("references", "no such Secret", remove(SECRET)),
    Mutant(
        "references",
        "no such claim",
        put(DEPLOYMENT, f"{POD}/volumes/0/persistentVolumeClaim/claimName", "model"),
    ),
    Mutant("references", "no such claim of the trainer", remove("PersistentVolumeClaim/events")),
    Mutant(
        "references",
        "no such ServiceAccount",
        put(DEPLOYMENT, f"{POD}/serviceAccountName", "recommenders"),
    ),
    Mutant(
        "references",
        "the default ServiceAccount",
        drop(TRAINING, f"{JOB}/template/spec/serviceAccountName"),
    ),
    Mutant(
        "references", "a mount of no volume", put(DEPLOYMENT, f"{MAIN}/volumeMounts/2/name", "tmp")
    ),
    Mutant(
        "references",
        "a volume that nobody mounts",
        push(DEPLOYMENT, f"{POD}/volumes", {"name": "more", "emptyDir": {"sizeLimit": "1Mi"}}),
    ),
    Mutant(
        "references",
        "two mounts at one place",
        put(DEPLOYMENT, f"{MAIN}/volumeMounts/2/mountPath", "/keys"),
    ),
    Mutant(
        "references",
        "two containers of one name",
        put(DEPLOYMENT, f"{FETCH}/name", "follow-models"),
    ),
    Mutant(
        "references",
        "a variable from no Secret",
        put(
            DEPLOYMENT,
            f"{MAIN}/env",
            [
                {
                    "name": "A",
                    "valueFrom": {"secretKeyRef": {"name": "recommender-keys", "key": "third"}},
                }
            ],
        ),
    ),
    Mutant(
        "references",
        "no such SecretProviderClass",
        put(PROVIDER, "metadata/name", "keys"),
        "aks+key-vault",
    ),
    Mutant(
        "references",
        "an account without identity",
        drop("ServiceAccount/recommender", "metadata/annotations"),
        "aks+key-vault",
    ),
    # storage
    Mutant(
        "storage",
        "a driver inside the cluster",
        put(CLASS, "provisioner", "kubernetes.io/azure-file"),
    ),
    Mutant("storage", "a share that goes with its claim", put(CLASS, "reclaimPolicy", "Delete")),
    Mutant("storage", "files of another user", put(CLASS, "mountOptions/0", "uid=1000")),
    Mutant("storage", "no such class", put(CLAIM, "spec/storageClassName", "azurefile")),
    Mutant("storage", "for one node only", put(CLAIM, "spec/accessModes", ["ReadWriteOnce"])),
    Mutant("storage", "a size that is none", put(CLAIM, "spec/resources/requests/storage", "10GB")),
    Mutant(
        "storage",
        "the default class, which seldom is shared",
        drop(CLAIM, "spec/storageClassName"),
        "anywhere",
    ),
    # ports
    Mutant(
        "ports",
        "a probe of no port",
        put(DEPLOYMENT, f"{MAIN}/readinessProbe/httpGet/port", "https"),
    ),
    Mutant(
        "ports",
        "a probe of a path that is none",
        put(DEPLOYMENT, f"{MAIN}/livenessProbe/httpGet/path", "/health"),
    ),
    Mutant("ports", "a target of no port", put(SERVICE, "spec/ports/0/targetPort", "web")),
    Mutant(
        "ports",
        "a port where nobody listens",
        put(DEPLOYMENT, f"{MAIN}/ports/0/containerPort", 8080),
    ),
    Mutant(
        "ports", "a service that listens elsewhere", put(CONFIG, "data/RECOMMENDER_PORT", "8001")
    ),
    Mutant(
        "ports",
        "a service that listens to itself",
        put(CONFIG, "data/RECOMMENDER_HOST", "127.0.0.1"),
    ),
    # routes
    Mutant(
        "routes", "no Service there", put(ROUTE, "spec/rules/0/backendRefs/0/name", "recommend")
    ),
    Mutant(
        "routes", "no such port of the Service", put(ROUTE, "spec/rules/0/backendRefs/0/port", 8000)
    ),
    Mutant("routes", "no such listener", put(ROUTE, "spec/parentRefs/0/sectionName", "http")),
    Mutant("routes", "no such Gateway", put(ROUTE, "spec/parentRefs/0/namespace", "recommender")),
    Mutant("routes", "another host name", put(ROUTE, "spec/hostnames/0", "recommend.example.com")),
    Mutant(
        "routes",
        "a listener for others",
        put(
            GATEWAY,
            "spec/listeners/0/allowedRoutes/namespaces/selector/matchLabels/kubernetes.io~1metadata.name",
            "default",
        ),
    ),
    Mutant(
        "routes",
        "metrics for everyone",
        push(ROUTE, "spec/rules/0/matches", {"path": {"type": "PathPrefix", "value": "/"}}),
    ),
    Mutant(
        "routes",
        "administration for everyone",
        push(ROUTE, "spec/rules/0/matches", {"path": {"type": "PathPrefix", "value": "/admin"}}),
    ),
    Mutant("routes", "no way to /score", drop(ROUTE, "spec/rules/0/matches/4")),
    Mutant(
        "routes",
        "weights that do not add up",
        put(
            ROUTE,
            "spec/rules/0/backendRefs",
            [
                {"name": "recommender", "port": 80, "weight": 90},
                {"name": "recommender", "port": 80, "weight": 20},
            ],
        ),
    ),
    Mutant(
        "routes",
        "an account without the label",
        drop("ServiceAccount/gateway-certificate", "metadata/labels"),
    ),
    Mutant(
        "routes",
        "an account in the other namespace",
        put(
            GATEWAY,
            "spec/listeners/0/tls/options/kubernetes.azure.com~1tls-cert-service-account",
            "recommender",
        ),
    ),
    Mutant("routes", "no route at all", remove(ROUTE)),
    Mutant(
        "routes",
        "an Ingress to no port",
        put(INGRESS, "spec/rules/0/http/paths/0/backend/service/port/name", "web"),
        "aks+ingress-aks",
    ),
    Mutant("routes", "an Ingress without TLS", drop(INGRESS, "spec/tls"), "aks+ingress-aks"),
    Mutant(
        "routes",
        "an Ingress with another Secret",
        put(INGRESS, "spec/tls/0/secretName", "recommender"),
        "aks+ingress-aks",
    ),
    Mutant(
        "routes",
        "an Ingress for all paths",
        put(INGRESS, "spec/rules/0/http/paths/3/pathType", "Prefix"),
        "aks+ingress-aks",
    ),
    Mutant(
        "routes",
        "a class whose controller nobody knows",
        put(INGRESS, "spec/ingressClassName", "webapprouting"),
        "anywhere",
    ),
    Mutant(
        "routes",
        "a certificate from Key Vault where no add-on fetches it",
        put(INGRESS, "spec/ingressClassName", "traefik"),
        "aks+ingress-aks",
    ),
    Mutant("routes", "no way in", remove(INGRESS), "anywhere"),
    # scaling, disruption, shutdown
    Mutant("scaling", "nothing to scale", put(SCALER, "spec/scaleTargetRef/name", "recommend")),
    Mutant("scaling", "a number beside the autoscaler", put(DEPLOYMENT, "spec/replicas", 2)),
    Mutant("scaling", "one pod", put(SCALER, "spec/minReplicas", 1)),
    Mutant("scaling", "most below least", put(SCALER, "spec/maxReplicas", 1)),
    Mutant(
        "scaling",
        "no such container",
        put(SCALER, "spec/metrics/0/containerResource/container", "service"),
    ),
    Mutant("scaling", "no metric", put(SCALER, "spec/metrics", [])),
    Mutant("scaling", "a share of no request", drop(DEPLOYMENT, f"{MAIN}/resources/requests/cpu")),
    Mutant("scaling", "no autoscaler and no number", remove(SCALER)),
    Mutant(
        "disruption", "a budget for nobody", put(BUDGET, f"spec/selector/matchLabels/{NAME}", "x")
    ),
    Mutant("disruption", "a budget that holds up nodes", put(BUDGET, "spec/maxUnavailable", 0)),
    Mutant("disruption", "two budgets", double(BUDGET, name="recommender-too")),
    Mutant(
        "shutdown",
        "less time than drain and grace",
        put(DEPLOYMENT, f"{POD}/terminationGracePeriodSeconds", 30),
    ),
    Mutant(
        "shutdown",
        "a longer drain than allowed for",
        put(CONFIG, "data/RECOMMENDER_DRAIN_SECONDS", "30"),
    ),
    Mutant("shutdown", "no sleep", drop(DEPLOYMENT, f"{MAIN}/lifecycle")),
    Mutant(
        "shutdown",
        "a hook that needs a shell",
        put(DEPLOYMENT, f"{MAIN}/lifecycle/preStop", {"exec": {"command": ["sleep", "5"]}}),
    ),
    Mutant(
        "shutdown",
        "old pods go first",
        put(DEPLOYMENT, "spec/strategy/rollingUpdate/maxUnavailable", 1),
    ),
    # network and metrics
    Mutant(
        "network", "a policy for nobody", put(POLICY, f"spec/podSelector/matchLabels/{NAME}", "x")
    ),
    Mutant("network", "no policy for the trainer", remove(TRAINER_POLICY)),
    Mutant(
        "network",
        "the Gateway shut out",
        put(
            POLICY,
            "spec/ingress/0/from/0/podSelector/matchLabels/gateway.networking.k8s.io~1gateway-name",
            "x",
        ),
    ),
    Mutant("network", "Prometheus shut out", drop(POLICY, "spec/ingress/1")),
    Mutant("network", "open to all", drop(POLICY, "spec/ingress/0/from")),
    Mutant("network", "a port that is none", put(POLICY, "spec/ingress/0/ports/0/port", "web")),
    Mutant("network", "free to call anyone", put(POLICY, "spec/policyTypes", ["Ingress"])),
    Mutant(
        "network",
        "a namespace that is not there",
        put(
            POLICY,
            "spec/ingress/0/from/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name",
            "gateway",
        ),
    ),
    Mutant(
        "network",
        "the Ingress controller shut out",
        put(
            POLICY,
            "spec/ingress/0/from/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name",
            "recommender",
        ),
        "aks+ingress-aks",
    ),
    Mutant("network", "any controller shut out", drop(POLICY, "spec/ingress/0"), "anywhere"),
    Mutant("network", "any Prometheus shut out", drop(POLICY, "spec/ingress/1"), "anywhere"),
    Mutant(
        "network",
        "the namespace of Azure's Prometheus",
        put(
            POLICY,
            "spec/ingress/1/from/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name",
            "kube-system",
        ),
        "anywhere",
    ),
    Mutant(
        "egress",
        "tokens whose keys cannot be fetched",
        put(CONFIG, "data/RECOMMENDER_JWT_JWKS_URL", "https://issuer.example.com/keys"),
    ),
    Mutant(
        "egress",
        "spans that cannot be sent",
        put(CONFIG, "data/RECOMMENDER_OTLP_ENDPOINT", "http://collector.opentelemetry:4318"),
        "aks+tokens",
    ),
    Mutant("egress", "an issuer of no name", issuer_without(POLICY, "spec/egress/0"), "aks+tokens"),
    Mutant(
        "egress", "all ports of the internet", drop(POLICY, "spec/egress/1/ports"), "aks+tokens"
    ),
    Mutant(
        "egress",
        "the metadata of the node",
        drop(POLICY, "spec/egress/1/to/0/ipBlock/except"),
        "anywhere+tokens",
    ),
    Mutant("egress", "anybody's collector", drop(POLICY, "spec/egress/1/to"), "aks+spans"),
    Mutant(
        "egress",
        "a trainer that calls somebody",
        push(TRAINER_POLICY, "spec/egress", {"ports": [{"port": 443, "protocol": "TCP"}]}),
    ),
    Mutant("monitoring", "nobody watched", put(MONITOR, f"spec/selector/matchLabels/{NAME}", "x")),
    Mutant(
        "monitoring",
        "a port that is none",
        put(MONITOR, "spec/podMetricsEndpoints/0/port", "metrics"),
    ),
    Mutant(
        "monitoring", "another path", put(MONITOR, "spec/podMetricsEndpoints/0/path", "/prometheus")
    ),
    Mutant(
        "monitoring", "metrics that need a key", put(CONFIG, "data/RECOMMENDER_METRICS", "auth")
    ),
    # resources
    Mutant(
        "resources",
        "request above limit",
        put(DEPLOYMENT, f"{MAIN}/resources/requests/memory", "2Gi"),
    ),
    Mutant(
        "resources",
        "a quantity that is none",
        put(DEPLOYMENT, f"{MAIN}/resources/limits/memory", "1GB"),
    ),
    Mutant("resources", "no limit", drop(DEPLOYMENT, f"{FETCH}/resources/limits")),
    Mutant(
        "resources",
        "less than the Safeguards take",
        put(DEPLOYMENT, f"{FOLLOW}/resources/requests/cpu", "50m"),
    ),
    Mutant("resources", "a volume without end", put(DEPLOYMENT, f"{POD}/volumes/1/emptyDir", {})),
    Mutant(
        "resources",
        "a volume larger than the pod's disk",
        put(DEPLOYMENT, f"{POD}/volumes/1/emptyDir/sizeLimit", "20Gi"),
    ),
    Mutant(
        "resources",
        "a volume in the service's memory",
        put(DEPLOYMENT, f"{POD}/volumes/3/emptyDir/sizeLimit", "1Gi"),
    ),
    # images and settings
    Mutant(
        "images",
        "the newest, whatever it is",
        put(DEPLOYMENT, f"{MAIN}/image", "turi-recommender:latest"),
    ),
    Mutant("images", "no version", put(TRAINING, f"{TRAINER}/image", "turi-recommender-trainer")),
    Mutant(
        "images", "another version", put(DEPLOYMENT, f"{FETCH}/image", "turi-recommender:0.0.9")
    ),
    Mutant(
        "images", "somebody else's image", put(TRAINING, f"{TRAINER}/image", f"trainer:{VERSION}")
    ),
    Mutant(
        "images",
        "a registry that must be there",
        put(DEPLOYMENT, f"{MAIN}/imagePullPolicy", "Always"),
    ),
    Mutant(
        "settings", "a setting that is misspelt", put(CONFIG, "data/RECOMMENDER_MAX_USER", "10")
    ),
    Mutant("settings", "a value out of range", put(CONFIG, "data/RECOMMENDER_MAX_K", "0")),
    Mutant(
        "settings",
        "defaults that are not JSON",
        put(CONFIG, "data/RECOMMENDER_SIDE_DATA_DEFAULTS", "period=Night"),
    ),
    Mutant("settings", "open to all", put(CONFIG, "data/RECOMMENDER_AUTH", "none")),
    Mutant(
        "settings", "variables of the Service's name", drop(DEPLOYMENT, f"{POD}/enableServiceLinks")
    ),
    Mutant("completeness", "a setting that nobody sees", drop(CONFIG, "data/RECOMMENDER_MAX_K")),
    Mutant(
        "completeness",
        "a key in the ConfigMap",
        put(CONFIG, "data/RECOMMENDER_API_KEYS", "sha256:" + "1" * 64),
    ),
    Mutant(
        "keys",
        "a file that is not in the Secret",
        put(CONFIG, "data/RECOMMENDER_API_KEY_FILES", "/keys/first,/keys/secondary"),
    ),
    Mutant("keys", "one key only", put(CONFIG, "data/RECOMMENDER_API_KEY_FILES", "/keys/primary")),
    Mutant(
        "keys", "mounted elsewhere", put(DEPLOYMENT, f"{MAIN}/volumeMounts/1/mountPath", "/secrets")
    ),
    Mutant(
        "keys",
        "a file that never changes",
        put(DEPLOYMENT, f"{MAIN}/volumeMounts/1/subPath", "primary"),
    ),
    Mutant(
        "keys",
        "a key that everybody can read in git",
        put(SECRET, "stringData/primary", "rk_a-key-and-not-its-digest"),
    ),
    Mutant(
        "keys",
        "a file for everybody",
        put(DEPLOYMENT, f"{POD}/volumes/2/secret/defaultMode", 0o444),
    ),
    Mutant(
        "keys",
        "a Key Vault secret under another name",
        put(
            PROVIDER,
            "spec/parameters/objects",
            'array: ["{objectName: a, objectAlias: first, objectType: secret}"]',
        ),
        "aks+key-vault",
    ),
    # models, and training
    Mutant(
        "models", "served from the share", put(DEPLOYMENT, f"{MAIN}/volumeMounts/0/name", "share")
    ),
    Mutant("models", "nobody follows", drop(DEPLOYMENT, f"{POD}/initContainers/1")),
    Mutant("models", "a sidecar that must end", drop(DEPLOYMENT, f"{FOLLOW}/restartPolicy")),
    Mutant("models", "a sidecar that ends", put(DEPLOYMENT, f"{FOLLOW}/args", ["sync", "/share"])),
    Mutant("models", "copied from nowhere", put(DEPLOYMENT, f"{FETCH}/args", ["sync", "/shared"])),
    Mutant(
        "models",
        "copied to where nobody looks",
        put(CONFIG, "data/RECOMMENDER_MODELS_DIR", "/model"),
    ),
    Mutant(
        "models",
        "a copy that cannot be written",
        put(DEPLOYMENT, f"{FOLLOW}/volumeMounts/1/readOnly", True),
    ),
    Mutant(
        "models",
        "a service that could write models",
        drop(DEPLOYMENT, f"{MAIN}/volumeMounts/0/readOnly"),
    ),
    Mutant(
        "models",
        "a share that pods could write",
        drop(DEPLOYMENT, f"{POD}/volumes/0/persistentVolumeClaim/readOnly"),
    ),
    Mutant(
        "models",
        "two versions of the code",
        put(DEPLOYMENT, f"{FOLLOW}/image", "turi-recommender:0.0.9"),
    ),
    Mutant(
        "training",
        "a gate that cannot publish",
        put(TRAINING, f"{GATE}/volumeMounts/1/readOnly", True),
    ),
    Mutant("training", "a gate without the service's settings", drop(TRAINING, f"{GATE}/envFrom")),
    Mutant(
        "training",
        "a gate with a setting of its own",
        push(
            TRAINING,
            f"{GATE}/env",
            {"name": "RECOMMENDER_AUTO", "value": "similarity"},
        ),
    ),
    Mutant(
        "training",
        "a gate that publishes elsewhere",
        put(TRAINING, f"{JOB}/template/spec/volumes/1/persistentVolumeClaim/claimName", "events"),
    ),
    Mutant(
        "training",
        "a trainer without events",
        put(TRAINING, f"{TRAINER}/args/1", "/event/events.csv"),
    ),
    Mutant(
        "training",
        "a trainer that publishes by itself",
        put(TRAINING, f"{TRAINER}/args", ["training.train", "/events/events.csv"]),
    ),
    Mutant(
        "training",
        "a trainer that could publish",
        push(TRAINING, f"{TRAINER}/volumeMounts", {"name": "models", "mountPath": "/models"}),
    ),
    Mutant(
        "training",
        "a gate that looks elsewhere",
        put(TRAINING, f"{GATE}/args/1", "/work/another"),
    ),
    Mutant(
        "training",
        "a run that the gate does not get",
        put(TRAINING, f"{GATE}/volumeMounts/0/name", "scratch"),
    ),
    Mutant(
        "training",
        "nothing can be left aside",
        put(TRAINING, f"{TRAINER}/volumeMounts/1/readOnly", True),
    ),
    Mutant("training", "nobody trains", drop(TRAINING, f"{JOB}/template/spec/initContainers")),
    Mutant(
        "training",
        "candidates that are lost",
        put(TRAINING, f"{GATE}/args/5", "/work/candidates"),
    ),
    Mutant(
        "training",
        "a judge that is the trainer",
        put(TRAINING, f"{GATE}/image", f"turi-recommender-trainer:{VERSION}"),
    ),
    Mutant(
        "models",
        "nothing that must be there",
        drop(CONFIG, "data/RECOMMENDER_SIMILARITY_MODEL"),
        "one-model",
    ),
    Mutant(
        "models",
        "the sample models instead of one's own",
        drop(CONFIG, "data/RECOMMENDER_MODELS_DIR"),
        "one-model+ranking-only",
    ),
    # schedule
    Mutant("schedule", "a sixth field", put(TRAINING, "spec/schedule", "0 17 3 * * *")),
    Mutant("schedule", "the 60th minute", put(TRAINING, "spec/schedule", "60 3 * * *")),
    Mutant("schedule", "a day that is none", put(TRAINING, "spec/schedule", "17 3 * * mo")),
    Mutant("schedule", "from late to early", put(TRAINING, "spec/schedule", "17 5-3 * * *")),
    Mutant("schedule", "no such time zone", put(TRAINING, "spec/timeZone", "Europe/Bern")),
    Mutant("schedule", "two runs at once", put(TRAINING, "spec/concurrencyPolicy", "Allow")),
    Mutant("schedule", "refused, and tried again", drop(TRAINING, f"{RULES}/0")),
    Mutant("schedule", "a bad log, and tried again", drop(TRAINING, f"{RULES}/1")),
    Mutant(
        "schedule",
        "any failure of the gate but a refusal",
        put(TRAINING, f"{RULES}/0/onExitCodes/operator", "NotIn"),
    ),
    Mutant(
        "schedule",
        "a gate that refused a model, and judges it again",
        put(TRAINING, f"{RULES}/0/onExitCodes/values", [2]),
    ),
    Mutant("schedule", "a run without end", drop(TRAINING, f"{JOB}/activeDeadlineSeconds")),
    Mutant(
        "schedule",
        "restarts for ever",
        put(TRAINING, f"{JOB}/template/spec/restartPolicy", "Always"),
    ),
    # security and safeguards
    Mutant(
        "security",
        "a namespace that allows all",
        drop("Namespace/recommender", "metadata/labels/pod-security.kubernetes.io~1enforce"),
    ),
    Mutant("security", "the network of the node", put(DEPLOYMENT, f"{POD}/hostNetwork", True)),
    Mutant(
        "security",
        "a folder of the node",
        put(DEPLOYMENT, f"{POD}/volumes/1", {"name": "models", "hostPath": {"path": "/models"}}),
    ),
    Mutant("security", "root", put(DEPLOYMENT, f"{POD}/securityContext/runAsUser", 0)),
    Mutant(
        "security",
        "perhaps root",
        drop(TRAINING, f"{JOB}/template/spec/securityContext/runAsNonRoot"),
    ),
    Mutant(
        "security",
        "root in one container",
        put(
            DEPLOYMENT,
            f"{FETCH}/securityContext",
            {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "runAsUser": 0,
                "capabilities": {"drop": ["ALL"]},
            },
        ),
    ),
    Mutant("security", "no seccomp", drop(DEPLOYMENT, f"{POD}/securityContext/seccompProfile")),
    Mutant(
        "security",
        "more privileges later",
        drop(TRAINING, f"{TRAINER}/securityContext/allowPrivilegeEscalation"),
    ),
    Mutant(
        "security",
        "a capability",
        put(
            TRAINING,
            f"{TRAINER}/securityContext/capabilities",
            {"drop": ["ALL"], "add": ["NET_RAW"]},
        ),
    ),
    Mutant(
        "security",
        "an image that can be written",
        put(TRAINING, f"{TRAINER}/securityContext/readOnlyRootFilesystem", False),
    ),
    Mutant(
        "security",
        "a token of the cluster",
        drop(DEPLOYMENT, f"{POD}/automountServiceAccountToken"),
    ),
    Mutant("security", "a port of the node", put(DEPLOYMENT, f"{MAIN}/ports/0/hostPort", 80)),
    Mutant(
        "safeguards", "no spread over nodes", drop(DEPLOYMENT, f"{POD}/topologySpreadConstraints/1")
    ),
    Mutant("safeguards", "no liveness probe", drop(DEPLOYMENT, f"{MAIN}/livenessProbe")),
    Mutant(
        "safeguards",
        "live only when ready",
        put(DEPLOYMENT, f"{MAIN}/livenessProbe/httpGet/path", "/healthz/ready"),
    ),
    Mutant(
        "safeguards",
        "no time to start",
        put(DEPLOYMENT, f"{MAIN}/startupProbe/failureThreshold", 10),
    ),
    Mutant(
        "safeguards",
        "on the system's nodes",
        put(
            DEPLOYMENT, f"{POD}/tolerations", [{"key": "CriticalAddonsOnly", "operator": "Exists"}]
        ),
    ),
    Mutant(
        "safeguards",
        "a label that is AKS's",
        put(SERVICE, "metadata/labels/kubernetes.azure.com~1managedby", "aks"),
    ),
]


@pytest.fixture(scope="module")
def bases() -> dict[str, list[Obj]]:
    """Return the variants that are applied alone, by name."""
    return {str(each): render(each) for each in find_variants() if each.folder != "canary"}


@pytest.mark.parametrize("name", sorted({each.base for each in MUTANTS}))
def test_without_a_flaw_nothing_is_found(bases: dict[str, list[Obj]], name: str) -> None:
    assert find_flaws(bases[name]) == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=[f"{each.check}: {each.flaw}" for each in MUTANTS])
def test_flaw_is_found(bases: dict[str, list[Obj]], mutant: Mutant) -> None:
    objects = copy.deepcopy(bases[mutant.base])
    mutant.change(objects)
    assert mutant.check in {flaw.check for flaw in find_flaws(objects)}


def test_every_check_has_its_flaws() -> None:
    assert {each.check for each in MUTANTS} == CHECKS.keys()
    assert len({(each.check, each.flaw) for each in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("250m", 0.25), ("1Gi", 2**30), ("1.5k", 1500), ("1g", None), ("", None),
     ("-1", None), (None, None), ("1 Gi", None), ("1e3", None)],
)  # fmt: skip
def test_quantities(text: str | None, value: float | None) -> None:
    assert quantity(text) == value
