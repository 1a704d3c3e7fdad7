"""Whether the CronJob trains, judges and publishes, in this order and at its time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from zoneinfo import available_timezones

from .check_pods import SERVICE_IMAGE, TRAINER_IMAGE, claim_of
from .cluster import Cluster, Workload, check, label, mount_above, mount_at
from .manifests import Obj

# Statuses after which a second try would end in the same way: a log that the trainer cannot use; a
# gate that could not do its work, or has refused a candidate.
FINAL = {"train": [2], "gate": [2, 3]}
# A shop's own options may follow: columns of its log, and how strict the gate is.
_TRAIN = re.compile("training.run (/[^ ]+) --out (/[^ ]+)(?: --.+)?")
_GATE = re.compile("gate (/[^ ]+) --models-dir (/[^ ]+) --keep-in (/[^ ]+) --keep [0-9]+(?: --.+)?")


class _Steps(NamedTuple):
    """The two containers, and the paths that they are told."""

    train: Obj
    gate: Obj
    log: str
    run: str
    models: str
    kept: str


@check
def check_training(cluster: Cluster) -> Iterator[str]:
    """A step that trains and sees no share, and one that publishes what passes."""
    claims = {
        claim_of(work, each)
        for work in cluster.services
        for each in work.containers
        if each.spec.get("args", [])[:1] == ["sync"]
    }
    for work in cluster.workloads:
        if work.is_deployment:
            continue
        steps = _steps(work)
        if steps is None:
            yield f"{work.label}: not a step that trains, and then one that judges what it made"
            continue
        flaws = (
            *_images(steps),
            *_train(work, steps),
            *_gate(work, steps, claims),
            *_judge(cluster, cluster.variables(work, steps.gate)),
        )
        for flaw in flaws:
            yield f"{work.label}: {flaw}"


def _steps(work: Workload) -> _Steps | None:
    if [each.role for each in work.containers] != ["init", "main"]:
        return None
    train, gate = (each.spec for each in work.containers)
    trained = _TRAIN.fullmatch(" ".join(train.get("args", [])))
    judged = _GATE.fullmatch(" ".join(gate.get("args", [])))
    if trained is None or judged is None or trained[2] != judged[1]:
        return None
    return _Steps(train, gate, *trained.groups(), *judged.groups()[1:])


def _images(steps: _Steps) -> Iterator[str]:
    for container, wanted in ((steps.train, TRAINER_IMAGE), (steps.gate, SERVICE_IMAGE)):
        image = container.get("image", "")
        if image.rpartition("/")[2].partition(":")[0] != wanted:
            yield f"{container['name']} runs {image!r}, and not {wanted}"


def _train(work: Workload, steps: _Steps) -> Iterator[str]:
    if mount_at(steps.train, steps.log.rpartition("/")[0]) is None:
        yield f"{steps.log} is mounted nowhere"
    ours, theirs = (mount_above(each, steps.run) or {} for each in (steps.train, steps.gate))
    if ours.get("name") != theirs.get("name"):
        yield f"{steps.run} is not on the same volume for both steps"
    if "emptyDir" not in work.volumes.get(ours.get("name", ""), {}) or ours.get("readOnly"):
        yield f"nothing can be left aside in {steps.run}"
    for mount in steps.train.get("volumeMounts", []):
        if "persistentVolumeClaim" in work.volumes[mount["name"]] and not mount.get("readOnly"):
            yield "the trainer could publish what nobody has judged"


def _gate(work: Workload, steps: _Steps, claims: set[str | None]) -> Iterator[str]:
    mount = mount_at(steps.gate, steps.models) or {}
    claim = _claim(work, mount)
    if claim.get("claimName", "none") not in claims:
        yield "publishes models where no pod looks"
    if mount.get("readOnly") or claim.get("readOnly"):
        yield "cannot publish models"
    if not _claim(work, mount_above(steps.gate, steps.kept) or {}):
        yield "what is refused is lost with the pod"


def _judge(cluster: Cluster, told: dict[str, str]) -> Iterator[str]:
    settings = [cluster.settings(service) for service in cluster.services]
    if not any(told.items() >= each.items() for each in settings):
        yield "judges by other settings than those by which a service answers"


def _claim(work: Workload, mount: Obj) -> Obj:
    found: Obj = work.volumes.get(mount.get("name", ""), {}).get("persistentVolumeClaim", {})
    return found


_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_CRON: list[tuple[int, int, list[str]]] = [
    (0, 59, []), (0, 23, []), (1, 31, []), (1, 12, _MONTHS), (0, 6, _DAYS),
]  # fmt: skip


@check
def check_schedule(cluster: Cluster) -> Iterator[str]:
    """Cron fields, a time zone that exists, one run at a time."""
    for each in cluster.all("CronJob"):
        spec = each["spec"]
        parts = str(spec.get("schedule", "")).split()
        if len(parts) != 5:
            yield f"{label(each)}: {spec.get('schedule')!r} has not five fields"
        else:
            for part, (low, high, names) in zip(parts, _CRON, strict=True):
                if not all(_is_cron(one, low, high, names) for one in part.split(",")):
                    yield f"{label(each)}: {part!r} is not within {low} and {high}"
        if spec.get("timeZone") not in available_timezones():
            yield f"{label(each)}: no time zone {spec.get('timeZone')!r}"
        if spec.get("concurrencyPolicy") != "Forbid":
            yield f"{label(each)}: two runs at once would take one version number"
        job = spec["jobTemplate"]["spec"]
        if not job.get("activeDeadlineSeconds") or "backoffLimit" not in job:
            yield f"{label(each)}: may run or retry for ever"
        for container, statuses in FINAL.items():
            if not _fails_at_once(job, container, statuses):
                yield f"{label(each)}: what {container} refuses is tried again"
        if job["template"]["spec"].get("restartPolicy") not in ("Never", "OnFailure"):
            yield f"{label(each)}: a Job's pod cannot restart always"


def _fails_at_once(job: Obj, container: str, statuses: list[int]) -> bool:
    """Tell whether a job fails when a container ends with one of some statuses."""
    return any(
        rule["action"] == "FailJob"
        and codes.get("containerName") == container
        and (codes.get("operator"), codes.get("values")) == ("In", statuses)
        for rule in job.get("podFailurePolicy", {}).get("rules", [])
        for codes in [rule.get("onExitCodes", {})]
    )


def _is_cron(text: str, low: int, high: int, names: list[str]) -> bool:
    found = re.fullmatch(r"(\*|(\w+)(?:-(\w+))?)(?:/([1-9][0-9]*))?", text)
    if not found:
        return False
    if found[1] == "*":
        return True
    ends = []
    for end in (found[2], found[3] or found[2]):
        if end.lower() in names:
            ends.append(names.index(end.lower()) + low)
        elif end.isdecimal():
            ends.append(int(end))
        else:
            return False
    return low <= ends[0] <= ends[1] <= high
