"""Restarting the deployments of a cluster, and judging how far they are with it.

Pods read a ConfigMap as variables only when they start, so they are replaced: by an annotation of the template, as
`kubectl rollout restart` does it. Whether the rollout is over is judged as `kubectl rollout status` judges it: the
controller has seen this generation, all pods are of the new template, none of the old is left, and all are available.
Why pods do not get there stands in the pods alone, so they are read while something is missing.

Sources: Kubernetes documentation, "Deployments" and "Pod Lifecycle"; github.com/kubernetes/kubectl, rollout_status.go
and objectrestarter.go in pkg/polymorphichelpers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from pilotlight.domain.errors import Ambiguous, NotFound
from pilotlight.domain.step import Failed, Pending, StepContext
from pilotlight.estate.eks.node_group import GROUP_LABEL, OwnNodes
from pilotlight.estate.eks.values import Namespace

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_MOST_PODS = 20
_QUOTED = 300
_STARTING = ("ContainerCreating", "PodInitializing")
_WAYS_OUT = (
    ("ImagePull", "Put the image into the standby's registry or correct the deployment, then retry the step."),
    ("ErrImage", "Put the image into the standby's registry or correct the deployment, then retry the step."),
    ("Unschedulable", "Give the cluster nodes that the pods fit on, then retry the step."),
    ("CreateContainerConfig", "Put what it names into the namespace, then retry the step."),
    ("CrashLoop", "Read the logs of the pods, mend what they say, then retry the step."),
)
_ANY_OTHER_WAY_OUT = "Look at its pods (kubectl describe pods), mend what they say, then retry the step."


@dataclass(frozen=True)
class Deployment:
    """A deployment as its cluster shows it."""

    name: str
    wanted: int
    generation: int
    observed: int
    all_pods: int
    updated: int
    available: int
    timed_out: str
    restarted: str
    selector: str
    tolerates: tuple[str, ...] = ()
    """The taints that its pods tolerate, each as `key=value`."""
    selects: Mapping[str, str] = field(default_factory=dict)
    """The labels that a node must have for its pods."""

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> Self:
        """Read one deployment; a count that is not there is 0 (Kubernetes leaves zeros out), but one pod is wanted."""
        spec, status = answer["spec"], answer.get("status") or {}
        exceeded = [c for c in status.get("conditions") or () if c.get("reason") == "ProgressDeadlineExceeded"]
        labels = (spec.get("selector") or {}).get("matchLabels") or {}
        annotations = (spec["template"].get("metadata") or {}).get("annotations") or {}
        pod = spec["template"].get("spec") or {}
        tolerations = pod.get("tolerations") or ()
        return cls(
            name=answer["metadata"]["name"],
            wanted=spec.get("replicas", 1),
            generation=answer["metadata"]["generation"],
            observed=status.get("observedGeneration", 0),
            all_pods=status.get("replicas", 0),
            updated=status.get("updatedReplicas", 0),
            available=status.get("availableReplicas", 0),
            timed_out=exceeded[0].get("message", "no reason given") if exceeded else "",
            restarted=annotations.get(RESTARTED_AT, ""),
            selector=",".join(f"{name}={value}" for name, value in labels.items()),
            tolerates=tuple(f"{each.get('key', '')}={each.get('value', '')}" for each in tolerations),
            selects=dict(pod.get("nodeSelector") or {}),
        )

    def starts_elsewhere(self, where: Namespace, only_on: OwnNodes | None) -> Failed | None:
        """Why its pods would not start on these nodes, or would on others too; None where they start as they should."""
        if only_on is None:
            return None
        said, selector = f"Deployment {self.name} of namespace {where.name}", f"{GROUP_LABEL}: {only_on.node_group}"
        if self.selects.get(GROUP_LABEL) != only_on.node_group:
            others = "so its pods would start on any nodes, those of the application among them"
            return Failed(f"{said} does not select {selector}, {others}.", "Give its pods that nodeSelector.")
        if only_on.taint not in self.tolerates:
            group = f"so its pods would not start on the nodes of {only_on.node_group}"
            return Failed(f"{said} does not tolerate {only_on.taint}, {group}.", "Give its pods that toleration.")
        return None

    def unfinished(self) -> str:
        """What is missing until the rollout is over; empty where nothing is."""
        if self.observed < self.generation:
            return "its controller has not seen the restart yet"
        if self.updated < self.wanted:
            return f"{self.updated} of {self.wanted} pods are new"
        if self.all_pods > self.updated:
            return f"{self.all_pods - self.updated} of its old pods are not gone yet"
        if self.available < self.wanted:
            return f"{self.available} of {self.wanted} new pods are available"
        return ""


def look(context: StepContext, where: Namespace, name: str) -> Deployment | None:
    """The deployment; None where there is none of that name."""
    region = context.place.standby
    try:
        found = context.aws.call("kubernetes", "GetDeployment", region, **where.named, Name=name)
    except NotFound:
        return None
    return Deployment.from_answer(found)


def restart(context: StepContext, where: Namespace, deployment: Deployment, stamp: str) -> bool:
    """Replace its pods, unless that stamp did so already; whether it had to be said."""
    if deployment.restarted == stamp:
        return False
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: stamp}}}}}
    region, name = context.place.standby, deployment.name
    try:
        context.aws.call("kubernetes", "PatchDeployment", region, **where.named, Name=name, Patch=patch)
    except Ambiguous:
        seen = look(context, where, name)
        if seen is None or seen.restarted != stamp:
            raise
    return True


def judge(
    context: StepContext, where: Namespace, name: str, stamp: str, since: datetime
) -> Deployment | Pending | Failed:
    """The deployment once its rollout is over; else how far it is, or why it goes no further."""
    deployment = look(context, where, name)
    if deployment is None:
        return Failed(f"Deployment {name} is gone.", "Deploy it again, then retry the step.")
    if not _is_since(deployment.restarted, stamp):
        fix = "Find what sets its template back and stop it, then retry the step."
        return Failed(f"Deployment {name} does not show the restart of this step: something took it back.", fix)
    missing = deployment.unfinished()
    if not missing:
        return deployment
    troubles = _troubles(context, where, deployment, since)
    said = f"Deployment {name} is rolling out: {missing}" + (f"; {troubles[0][:_QUOTED]}" if troubles else "")
    if deployment.timed_out and deployment.observed >= deployment.generation:
        why = troubles[0][:_QUOTED] if troubles else f"Kubernetes says '{deployment.timed_out}'"
        reason = f"Deployment {name} did not roll out within its deadline ({missing}): {why}."
        return Failed(reason, next((fix for word, fix in _WAYS_OUT if word in why), _ANY_OTHER_WAY_OUT))
    return Pending(f"{said}.")


def _is_since(restarted: str, stamp: str) -> bool:
    """Whether pods are as new as that restart: a later one, by a person for example, replaces them just as well."""
    try:
        return restarted == stamp or datetime.fromisoformat(restarted) >= datetime.fromisoformat(stamp)
    except (ValueError, TypeError):
        return False


def _troubles(context: StepContext, where: Namespace, deployment: Deployment, since: datetime) -> list[str]:
    """Why pods wait that were made since then, the most frequent reason first, in the words of Kubernetes."""
    region = context.place.standby
    query = {"labelSelector": deployment.selector, "limit": str(_MOST_PODS)}
    pods = context.aws.call("kubernetes", "ListPods", region, **where.named, Query=query).get("items") or ()
    told = [_trouble(pod) for pod in pods if _made(pod) >= since.replace(microsecond=0)]
    said = [trouble for trouble in told if trouble]
    return [f"{_waiting(said.count(each))} with {each}" for each in sorted(set(said), key=said.count, reverse=True)]


def _made(pod: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(pod["metadata"]["creationTimestamp"])


def _trouble(pod: Mapping[str, Any]) -> str:
    status = pod.get("status") or {}
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
            return f"'Unschedulable: {condition.get('message', '')}'"
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") and waiting["reason"] not in _STARTING:
            return f"'{waiting['reason']}: {waiting.get('message', '')}'"
    return ""


def _waiting(count: int) -> str:
    return "1 pod waits" if count == 1 else f"{count} pods wait"
