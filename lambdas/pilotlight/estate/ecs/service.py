"""What ECS, its load balancer and its autoscaler show of a service: counts, rollout, events, health, bounds.

`look` gives None where there is no such service or cluster: ECS answers a missing service with an entry in
`failures` and no error. Why tasks do not start stands only in the stopped tasks and in the events, so both
are read here too. A status that is not known here is carried on by name and never counted as good.

Sources: botocore's models of ECS, ELBv2 and Application Auto Scaling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import StepContext
from pilotlight.estate.elbv2.targets import group_name

ACTIVE = "ACTIVE"
COUNT = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
"""The one dimension in which an ECS service scales."""
_DESCRIBED_AT_ONCE = 100
_NO_START = ("TaskFailedToStart", "EssentialContainerExited")
_SICK = "Task failed "
"""ECS stops a sick task with the stop code of any scale-in; only its reason begins so."""


@dataclass(frozen=True)
class Deployment:
    """One rollout; `state` is empty where another controller than ECS rolls out."""

    id: str
    primary: bool
    created: datetime
    running: int
    pending: int
    state: str
    reason: str


@dataclass(frozen=True)
class EcsService:
    """A service as ECS shows it, in its region."""

    region: str
    cluster: str
    name: str
    status: str
    desired: int
    running: int
    pending: int
    definition: str
    target_groups: tuple[str, ...]
    deployments: tuple[Deployment, ...]
    controller: str
    strategy: str
    grace_seconds: int
    events: tuple[tuple[datetime, str], ...]
    arn: str
    tags: Mapping[str, str]

    @property
    def primary(self) -> Deployment | None:
        """The rollout that the service goes towards."""
        return next((d for d in self.deployments if d.primary), None)

    def events_since(self, moment: datetime, words: str) -> list[str]:
        """The events since then that hold these words, newest first."""
        return [message for at, message in self.events if at >= moment and words in message]

    @classmethod
    def from_answer(cls, region: str, cluster: str, answer: Mapping[str, Any]) -> Self:
        """Read one entry of DescribeServices or the answer of UpdateService; tags are there where they were asked."""
        balancers = [b.get("targetGroupArn", "") for b in answer.get("loadBalancers", ())]
        deployments = [
            Deployment(
                d["id"],
                d["status"] == "PRIMARY",
                d["createdAt"],
                d.get("runningCount", 0),
                d.get("pendingCount", 0),
                d.get("rolloutState", ""),
                d.get("rolloutStateReason", ""),
            )
            for d in answer.get("deployments", ())
        ]
        return cls(
            region=region,
            cluster=cluster,
            name=answer["serviceName"],
            status=answer["status"],
            desired=answer["desiredCount"],
            running=answer["runningCount"],
            pending=answer["pendingCount"],
            definition=answer.get("taskDefinition", ""),
            target_groups=tuple(dict.fromkeys(arn for arn in balancers if arn)),
            deployments=tuple(deployments),
            controller=answer.get("deploymentController", {}).get("type", "ECS"),
            strategy=answer.get("schedulingStrategy", "REPLICA"),
            grace_seconds=answer.get("healthCheckGracePeriodSeconds", 0),
            events=tuple((e["createdAt"], e["message"]) for e in answer.get("events", ())),
            arn=answer.get("serviceArn", ""),
            tags={tag["key"]: tag.get("value", "") for tag in answer.get("tags", ())},
        )


@dataclass(frozen=True)
class Bounds:
    """Between which counts the autoscaler keeps a service, and which parts of it are suspended."""

    minimum: int
    maximum: int
    suspended: tuple[str, ...] = ()

    def same_as(self, other: Mapping[str, int]) -> bool:
        """Whether these are the bounds that a receipt holds."""
        return (self.minimum, self.maximum) == (other["minimum"], other["maximum"])

    @property
    def data(self) -> dict[str, int]:
        """The bounds for a receipt."""
        return {"minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True)
class Health:
    """The targets of one target group by state, and what the load balancer says of the first sick one."""

    group: str
    states: Counter[str]
    complaint: str = ""

    @property
    def healthy(self) -> int:
        """Only this state counts: initial, draining, unused and unavailable are not healthy."""
        return self.states["healthy"]

    @property
    def others(self) -> str:
        """The states of all other targets, as in `2 initial, 1 draining`."""
        return ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()) if state != "healthy")


def look(
    context: StepContext, cluster: str, service: str, *, region: str | None = None, tags: bool = False
) -> EcsService | None:
    """The service, in the standby unless a region is named; None where there is no such service or cluster."""
    where = region or context.place.standby
    include = {"include": ["TAGS"]} if tags else {}
    try:
        answer = context.aws.call("ecs", "DescribeServices", where, cluster=cluster, services=[service], **include)
    except NotFound:
        return None
    found = answer.get("services", [])
    return EcsService.from_answer(where, cluster, found[0]) if found else None


def tasks_before(context: StepContext, service: EcsService, moment: datetime) -> int:
    """How many tasks that are to run were made before then."""
    tasks = tasks_of(context, service, "RUNNING")
    return sum(task["createdAt"] < moment for task in tasks if "createdAt" in task)


def failures_since(context: StepContext, service: EcsService, moment: datetime) -> list[str]:
    """Why each task made since then stopped by a failure of its own, newest first."""
    tasks = [t for t in tasks_of(context, service, "STOPPED") if "createdAt" in t and t["createdAt"] >= moment]
    tasks.sort(key=lambda task: task["createdAt"], reverse=True)
    reasons = [(t.get("stopCode", ""), t.get("stoppedReason", "")) for t in tasks]
    return [reason for code, reason in reasons if code in _NO_START or reason.startswith(_SICK)]


def leaving(context: StepContext, service: EcsService) -> int:
    """How many tasks were told to stop and have not: they count as running no more, and may work for minutes."""
    return sum(task.get("lastStatus") != "STOPPED" for task in tasks_of(context, service, "STOPPED"))


def read_health(context: StepContext, group: str) -> Health:
    """How the targets of a group are; no targets are no healthy ones."""
    region = context.place.standby
    answer = context.aws.call("elbv2", "DescribeTargetHealth", region, TargetGroupArn=group)
    targets = [t["TargetHealth"] for t in answer.get("TargetHealthDescriptions", ())]
    complaints = [t.get("Description", "") for t in targets if t["State"] == "unhealthy"]
    states = Counter(target["State"] for target in targets)
    return Health(group_name(group), states, next(iter(complaints), ""))


def read_bounds(context: StepContext, cluster: str, service: str, *, region: str | None = None) -> Bounds | None:
    """The autoscaler's bounds, or None where the service is not registered with it."""
    answer = context.aws.call(
        "application-autoscaling",
        "DescribeScalableTargets",
        region or context.place.standby,
        ResourceIds=[f"service/{cluster}/{service}"],
        **COUNT,
    )
    targets = answer.get("ScalableTargets", [])
    if not targets:
        return None
    suspended = [part for part, off in targets[0].get("SuspendedState", {}).items() if off]
    return Bounds(targets[0]["MinCapacity"], targets[0]["MaxCapacity"], tuple(sorted(suspended)))


def say_tasks(count: int) -> str:
    """So many tasks, for a sentence."""
    return "1 task" if count == 1 else f"{count} tasks"


def tasks_of(context: StepContext, service: EcsService, desired_status: str) -> list[dict[str, Any]]:
    """The tasks of a service that are to be in that status, as DescribeTasks shows them."""
    region, cluster = service.region, service.cluster
    listing: dict[str, Any] = {"serviceName": service.name, "desiredStatus": desired_status}
    arns: list[str] = []
    while True:
        page = context.aws.call("ecs", "ListTasks", region, cluster=cluster, **listing)
        arns += page.get("taskArns", [])
        if not page.get("nextToken"):
            break
        listing["nextToken"] = page["nextToken"]
    tasks: list[dict[str, Any]] = []
    for some in _chunks(arns):
        tasks += context.aws.call("ecs", "DescribeTasks", region, cluster=cluster, tasks=some)["tasks"]
    return tasks


def _chunks(arns: Sequence[str]) -> list[Sequence[str]]:
    return [arns[at : at + _DESCRIBED_AT_ONCE] for at in range(0, len(arns), _DESCRIBED_AT_ONCE)]
