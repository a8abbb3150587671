"""How far a service is on its way to a number of healthy tasks, and why it does not get further.

Patience is for what passes: one failed start of each task, a region without room, an event that came once.
What came twice of what a person must mend (an image, a secret, a quota, an application that does not
answer) ends the wait, with the words of AWS.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pilotlight.domain.step import Failed, Pending, Settled, StepContext
from pilotlight.estate.ecs.service import (
    Deployment,
    EcsService,
    Health,
    failures_since,
    read_health,
    say_tasks,
)
from pilotlight.estate.elbv2.targets import group_name

ROUNDS = 2
"""So many failures of each task, and never less than three in all, are no passing trouble."""
NO_ROOM = "unable to place a task"
QUOTA = "reached the limit"
SHOWS_AFTER = timedelta(seconds=60)
"""For so long ECS, which is eventually consistent, may still show the count from before."""
_QUOTED = 300
_WAYS_OUT = (
    (
        "CannotPull",
        "Push the image to the registry of the service's region or correct the task definition, then retry the step.",
    ),
    ("ResourceInit", "Put what it names into the service's region, check the execution role, then retry the step."),
    ("Task failed", "Ask the application why it does not answer its health check, then retry the step."),
)
_ANY_OTHER_WAY_OUT = "Read the logs of the stopped tasks, mend what they say, then retry the step."


@dataclass(frozen=True)
class Goal:
    """What is waited for: `tasks` healthy in each of `groups`, and a forced `deployment`.

    `since` is when the step began, `accepted` when AWS took the last change.
    """

    tasks: int
    groups: tuple[str, ...]
    deployment: str | None
    since: datetime
    accepted: datetime


def progress(context: StepContext, service: EcsService, goal: Goal) -> Settled | Pending | Failed:
    """Judge a service that serves at all; asks for the reasons only while something is missing."""
    if service.desired < goal.tasks:
        return _pulled_back(context, service, goal)
    rollout = _find_rollout(service, goal)
    if isinstance(rollout, Pending | Failed):
        return rollout
    running, pending = (rollout or service).running, (rollout or service).pending
    if running < goal.tasks:
        return _start(context, service, goal, running, pending)
    if pending:
        return Pending(f"Service {service.name} runs {say_tasks(running)} and starts {pending} more.")
    healths = [read_health(context, group) for group in goal.groups]
    sick = next((h for h in healths if h.healthy < goal.tasks), None)
    if sick is not None:
        return _targets(service, goal, sick)
    if rollout is not None and rollout.state != "COMPLETED":
        return Pending(f"Service {service.name} still replaces its tasks; the deployment is {rollout.state}.")
    behind = " and ".join(f"{h.healthy} healthy targets in {h.group}" for h in healths)
    return Settled(
        f"Service {service.name} runs {say_tasks(running)}, with {behind or 'no target group to ask'}.",
        outputs={"running": str(running)},
    )


def _pulled_back(context: StepContext, service: EcsService, goal: Goal) -> Pending | Failed:
    if context.now - goal.accepted < SHOWS_AFTER:
        return Pending(f"Service {service.name} does not show the count of {goal.tasks} yet.")
    return Failed(
        f"Service {service.name} wants {say_tasks(service.desired)} and not {goal.tasks} because something took "
        "the count back after this step set it.",
        fix="Find the autoscaler, scheduled action or deployment that sets the count, then retry the step.",
    )


def _find_rollout(service: EcsService, goal: Goal) -> Deployment | Pending | Failed | None:
    if goal.deployment is None:
        return None
    # A later deployment than this step's replaces tasks just as well; an older one is a stale answer.
    later = service.primary if service.primary and service.primary.created >= goal.since else None
    failed = next(
        (d for d in service.deployments if d.state == "FAILED" and (d is later or d.id == goal.deployment)), None
    )
    if failed is not None:
        return Failed(
            f"Service {service.name} did not take the new tasks because its deployment failed: "
            f"'{failed.reason or 'ECS gives no reason'}'.",
            fix="Read the service's events, mend what they say, then retry the step.",
        )
    return later or Pending(f"Service {service.name} does not show the deployment of this step yet.")


def _start(context: StepContext, service: EcsService, goal: Goal, running: int, pending: int) -> Pending | Failed:
    counts = f"{running} of {goal.tasks} {'fresh ' if goal.deployment else ''}tasks"
    failures = failures_since(context, service, goal.since)
    if len(failures) >= max(ROUNDS * goal.tasks, ROUNDS + 1):
        return Failed(
            f"Service {service.name} runs {counts} because {say_tasks(len(failures))} stopped, the last with "
            f"'{failures[0][:_QUOTED]}'.",
            fix=next((fix for word, fix in _WAYS_OUT if failures[0].startswith(word)), _ANY_OTHER_WAY_OUT),
        )
    placed = running + pending >= goal.tasks
    no_room = [] if placed else service.events_since(goal.since, NO_ROOM)
    if len([event for event in no_room if QUOTA in event]) >= ROUNDS:
        return Failed(
            f"Service {service.name} runs {counts} because of a quota: '{no_room[0]}'",
            fix=f"Ask for more Fargate vCPUs in {service.region}, or stop other tasks there, then retry the step.",
        )
    if no_room:
        return Pending(f"Service {service.name} runs {counts}; AWS looks for room: '{no_room[0]}'")
    if failures:
        again = f"{len(failures)} stopped with '{failures[0][:_QUOTED]}' and ECS tries again."
        return Pending(f"Service {service.name} runs {counts}; {again}")
    return Pending(f"Service {service.name} runs {counts} and starts {pending}.")


def _targets(service: EcsService, goal: Goal, health: Health) -> Pending | Failed:
    lacking = f"Service {service.name} runs {say_tasks(service.running)}, but {health.group} has "
    if not health.states:
        return Pending(f"{lacking}no target yet.")
    if set(health.states) == {"unused"}:
        return Failed(
            f"{lacking}only unused targets, because no load balancer sends it traffic.",
            fix=f"Add {health.group} to a listener of the load balancer in {service.region}, then retry the step.",
        )
    complaint = f" ({health.complaint})" if health.complaint else ""
    rest = f"the others are {health.others or 'not there'}{complaint}"
    return Pending(f"{lacking}{health.healthy} of {goal.tasks} healthy targets, {rest}.")


def choose_groups(service: EcsService, wanted: str | None) -> tuple[str, ...] | None:
    """The target groups to wait for: the wanted one, by name or ARN, or all; None if it is not there."""
    if wanted is None:
        return service.target_groups
    chosen = tuple(arn for arn in service.target_groups if wanted in (arn, group_name(arn)))
    return chosen or None
