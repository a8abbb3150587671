"""How a person scales, stops and mends services of ECS.

A change of the count starts no deployment, so `rolloutState` says COMPLETED while not one task runs: what counts is
what runs, and what is healthy behind the load balancer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pilotlight.domain.handwork import Command, Handwork, Shell, aws, held_in, keep
from pilotlight.domain.place import Place
from pilotlight.estate.ecs.service import COUNT, Bounds
from pilotlight.estate.fencing import LEFT_BY_HAND

_NEWEST = "deployments[?status=='PRIMARY']|[0].[rolloutState,createdAt,failedTasks]"


def scaling(cluster: str, service: str, tasks: int, bounds: Bounds | None, *, fresh: bool, place: Place) -> Handwork:
    """Bring a service up to a number of tasks."""
    here = place.standby
    own = Bounds(bounds.minimum, max(bounds.maximum, tasks)) if bounds else None
    raised = (Command("Raise the autoscaler's bounds first.", _set_bounds(cluster, service, here, own)),) if own else ()
    order = _update(cluster, service, here, desiredCount=tasks, **({"forceNewDeployment": True} if fresh else {}))
    return Handwork(
        do=(*_noted(cluster, service, here), *raised, Command(f"Ask for {tasks} tasks.", order, "the service")),
        check=_serves(cluster, service, here, f"{tasks} or more"),
        stop_if="more tasks are wanted already: ask for as many as there are, and lower neither count nor bounds.",
        undo=_given_back(cluster, service, here),
        gives={"running": _ask(cluster, service, here, "runningCount")},
    )


def stopping(cluster: str, service: str, place: Place) -> Handwork:
    """Stop a service of the primary."""
    there = place.primary
    none = _set_bounds(cluster, service, there, Bounds(0, 0))
    count = _ask(cluster, service, there, "[desiredCount,runningCount,pendingCount]")
    left = aws("ecs", "ListTasks", there, query="length(taskArns)", cluster=cluster, serviceName=service)
    return Handwork(
        do=(
            *_noted(cluster, service, there),
            Command("Only if it has bounds: allow the autoscaler none, or it starts tasks again.", none),
            Command("Ask for no tasks.", _update(cluster, service, there, desiredCount=0), "the service"),
        ),
        check=(
            Command("Repeat until nothing runs.", count, "0 0 0"),
            Command("Tasks that are told to stop work on while they drain, 5 minutes and more.", left, "0"),
        ),
        stop_if=f"{LEFT_BY_HAND}.",
        undo=_given_back(cluster, service, there),
    )


def redeploying(cluster: str, service: str, region: str) -> Handwork:
    """Replace all tasks by fresh ones."""
    return Handwork(
        do=(
            Command(
                "See that it serves.", _ask(cluster, service, region, "[status,desiredCount]"), "ACTIVE, 1 or more"
            ),
            Command("Replace its tasks.", _update(cluster, service, region, forceNewDeployment=True), "the service"),
        ),
        check=(
            Command("Follow the new deployment.", _ask(cluster, service, region, _NEWEST), "COMPLETED, of just now"),
            *_serves(cluster, service, region, "as many as are wanted"),
        ),
        stop_if="the deployment shows FAILED, or a time before yours: ECS went back. Read the logs of what stopped.",
        stays="it runs what it ran before.",
        gives={"running": _ask(cluster, service, region, "runningCount")},
    )


def stopping_a_task(cluster: str, service: str, region: str) -> Handwork:
    """Stop the oldest task of a service."""
    listed = aws(
        "ecs", "ListTasks", region, query="taskArns[]", cluster=cluster, serviceName=service, desiredStatus="RUNNING"
    )
    oldest = aws(
        "ecs",
        "DescribeTasks",
        region,
        query="sort_by(tasks,&to_string(createdAt))[0].taskArn",
        cluster=cluster,
        tasks=[Shell(f"$({listed})")],
    )
    why = "by hand, to see it replaced"
    stop = aws("ecs", "StopTask", region, cluster=cluster, task=held_in("STOPPED_TASK"), reason=why)
    return Handwork(
        do=(
            Command("Keep the oldest of the tasks that run.", keep("STOPPED_TASK", oldest)),
            Command("Stop it.", stop, "the task"),
        ),
        check=_serves(cluster, service, region, "as many as are wanted"),
        stop_if="only one task runs: without it nobody is served until the next one is healthy.",
        stays="ECS itself puts another task in its place.",
        gives={"stopped": 'echo "$STOPPED_TASK"'},
    )


def running_once(order: Mapping[str, Any], cluster: str, container: str, place: Place) -> Handwork:
    """Run a task to its end; `order` are the parameters of RunTask."""
    here, task = place.standby, held_in("TASK")
    state = f"tasks[0].[lastStatus,containers[?name=='{container}'].exitCode|[0],stoppedReason]"
    return Handwork(
        do=(
            Command("Run it, and keep which task it is.",
                    keep("TASK", aws("ecs", "RunTask", here, query="tasks[0].taskArn", **order))),
            Command("See that it was started.", 'echo "$TASK"', "an ARN; None means that ECS did not start it"),
        ),
        check=(
            Command("Repeat until it has ended.",
                    aws("ecs", "DescribeTasks", here, query=state, cluster=cluster, tasks=[task]), "STOPPED 0"),
        ),
        stop_if="it ends with another exit code than 0, or with None: read its log before anything else.",
        stays="what it changed stays, and it is not stopped midway.",
        gives={"task": 'echo "$TASK"'},
    )  # fmt: skip


def _ask(cluster: str, service: str, region: str, query: str) -> str:
    return aws("ecs", "DescribeServices", region, query=f"services[0].{query}", cluster=cluster, services=[service])


def _update(cluster: str, service: str, region: str, **changes: object) -> str:
    return aws("ecs", "UpdateService", region, query="service.serviceName", cluster=cluster, service=service, **changes)


def _set_bounds(cluster: str, service: str, region: str, bounds: Bounds) -> str:
    sizes: dict[str, Any] = {"MinCapacity": bounds.minimum, "MaxCapacity": bounds.maximum}
    name = f"service/{cluster}/{service}"
    return aws("application-autoscaling", "RegisterScalableTarget", region, ResourceId=name, **COUNT, **sizes)


def _noted(cluster: str, service: str, region: str) -> Sequence[Command]:
    names = [f"service/{cluster}/{service}"]
    bounds = aws(
        "application-autoscaling",
        "DescribeScalableTargets",
        region,
        query="ScalableTargets[0].[MinCapacity,MaxCapacity]",
        ServiceNamespace=COUNT["ServiceNamespace"],
        ResourceIds=names,
    )
    return (
        Command("Write down how many tasks are wanted.", _ask(cluster, service, region, "desiredCount"), "a number"),
        Command("Write down the autoscaler's bounds.", bounds, "two numbers; None where it has none"),
    )


def _given_back(cluster: str, service: str, region: str) -> tuple[Command, ...]:
    name = f"service/{cluster}/{service}"
    before = {"MinCapacity": held_in("MINIMUM_BEFORE"), "MaxCapacity": held_in("MAXIMUM_BEFORE")}
    bounds = aws("application-autoscaling", "RegisterScalableTarget", region, ResourceId=name, **COUNT, **before)
    return (
        Command(
            "Type what was written down, one after the other.", "read -r MINIMUM_BEFORE MAXIMUM_BEFORE TASKS_BEFORE"
        ),
        Command("Only if it has bounds: give them back.", bounds),
        Command("Give the count back.", _update(cluster, service, region, desiredCount=held_in("TASKS_BEFORE"))),
    )


def _serves(cluster: str, service: str, region: str, enough: str) -> tuple[Command, ...]:
    groups = _ask(cluster, service, region, "loadBalancers[].targetGroupArn")
    health = aws(
        "elbv2",
        "DescribeTargetHealth",
        region,
        query="TargetHealthDescriptions[].TargetHealth.State",
        TargetGroupArn=held_in("TARGET_GROUP"),
    )
    counts = "[runningCount,pendingCount,desiredCount]"
    return (
        Command("Repeat until enough run.", _ask(cluster, service, region, counts), f"{enough}, then 0 pending"),
        Command("Repeat until enough are healthy, in each target group.",
                f'for TARGET_GROUP in $({groups}); do {health}; done',
                f"healthy, {enough} times; an empty line is no target at all"),
        Command("If nothing starts: what ECS says.", _ask(cluster, service, region, "events[:5].[createdAt,message]")),
    )  # fmt: skip
