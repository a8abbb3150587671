"""How far a group is on its way to a number of instances that answer, and why it does not get further.

An instance counts once it is in service and healthy, and healthy as a target in each of the group's target groups: by
its own id, so that no two halves make a whole. Patience is for what passes: a zone without room, which AWS itself tries
again, or one failure of an unknown kind. What a person must mend (an image, a key pair, a quota, an application that
does not answer) ends the wait, with the words of AWS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from pilotlight.domain.step import Failed, Pending, Settled, StepContext
from pilotlight.estate.autoscaling.group import (
    ADD_TO_LOAD_BALANCER,
    HOOK,
    LAUNCH,
    Group,
    History,
    Sizes,
    history_since,
    say_instances,
)
from pilotlight.estate.elbv2.targets import UNUSED, Targets, read_targets

BLOCKING = (LAUNCH, ADD_TO_LOAD_BALANCER)
"""Suspended, these let no instance come into being, or none before the load balancer."""
ROUNDS = 2
"""So many failures for each instance, and never less than three in all, are no passing trouble."""
SHOWS_AFTER = timedelta(seconds=60)
"""For so long Auto Scaling may still show the sizes from before: an estimate."""
_QUOTED = 300
_NO_ROOM = re.compile(r"do(es)? not have sufficient|InsufficientInstanceCapacity")
_MENDED_BY_PEOPLE = (
    (
        re.compile(r"(image id|AMI).*(does not exist|is disabled|is invalid|is deregistered)"),
        "Copy the image into the group's region, name it in a new version of the launch template, then retry the step.",
    ),
    (
        re.compile(r"key pair.*does not exist"),
        "Import the key pair into the group's region or take it out of the launch template, then retry the step.",
    ),
    (
        re.compile(r"(security group|launch template|subnet).*does not exist", re.IGNORECASE),
        "Put what it names into the group's region or correct the launch template, then retry the step.",
    ),
    (
        re.compile(r"more vCPU capacity than your current vCPU limit"),
        "Ask for more vCPUs in the group's region, or end other instances there, then retry the step.",
    ),
)
_ANY_OTHER_WAY_OUT = "Read the group's scaling activities, mend what they say, then retry the step."
_NO_ANSWER = "Ask the application why it does not answer its health check, then retry the step."


@dataclass(frozen=True)
class Goal:
    """What is waited for: `healthy` instances of a group that wants `sizes`.

    `since` is when the step began, `accepted` when AWS took the last change.
    """

    sizes: Sizes
    healthy: int
    since: datetime
    accepted: datetime


def suspended_sentence(group: Group, processes: tuple[str, ...]) -> str:
    """That a group launches nothing, or nothing that is asked."""
    named = " and ".join(processes)
    what = "launch no instance" if LAUNCH in processes else "put no instance before its load balancer"
    return f"Group {group.name} will {what} because {named} is suspended."


def progress(context: StepContext, group: Group, goal: Goal) -> Settled | Pending | Failed:
    """Judge a group that can be scaled at all; asks for the reasons only while something is missing."""
    if group.sizes.desired < goal.sizes.desired:
        return _pulled_back(context, group, goal)
    healths = [read_targets(context, arn) for arn in group.target_groups]
    fit = group.serving.intersection(*(health.healthy for health in healths))
    if len(fit) >= goal.healthy:
        behind = " and ".join(health.group for health in healths)
        where = f"healthy in {behind}" if behind else "with no target group to ask"
        return Settled(
            f"Group {group.name} has {say_instances(len(fit))} in service, {where}.",
            outputs={"in_service": str(len(fit))},
        )
    history = history_since(context, group, goal.since)
    hopeless = _hopeless(group, goal, history, len(fit))
    if hopeless is not None:
        return hopeless
    if len(group.serving) < goal.healthy:
        return _launching(group, goal, history)
    return _targets(group, goal, healths, len(fit))


def _hopeless(group: Group, goal: Goal, history: History, fit: int) -> Failed | None:
    """What no waiting mends: a process that is suspended, an application that never answers."""
    suspended = group.suspends(*BLOCKING)
    if suspended:
        fix = "Resume it, or let the plan do so with resume_suspended, then retry the step."
        return Failed(suspended_sentence(group, suspended), fix)
    if len(history.sick) < max(ROUNDS * goal.healthy, ROUNDS + 1):
        return None
    return Failed(
        f"Group {group.name} has {fit} of {say_instances(goal.healthy)} that answer because {len(history.sick)} were "
        f"replaced as unhealthy, the last with '{history.sick[0][:_QUOTED]}'.",
        _NO_ANSWER,
    )


def _pulled_back(context: StepContext, group: Group, goal: Goal) -> Pending | Failed:
    wanted = say_instances(goal.sizes.desired)
    if context.now - goal.accepted < SHOWS_AFTER:
        return Pending(f"Group {group.name} does not show yet that it wants {wanted}.")
    return Failed(
        f"Group {group.name} wants {say_instances(group.sizes.desired)} and not {goal.sizes.desired} because something "
        "took its size back after this step set it.",
        fix="Find the scaling policy, scheduled action or deployment that sets the size, then retry the step.",
    )


def _launching(group: Group, goal: Goal, history: History) -> Pending | Failed:
    counts = f"Group {group.name} has {len(group.serving)} of {say_instances(goal.healthy)} in service"
    if history.failures:
        return _after_failure(group, goal, history, counts)
    held = [instance for instance in group.instances if instance.state.endswith(HOOK)]
    if held:
        return Pending(f"{counts}; a lifecycle hook holds {len(held)} ({group.states}).")
    return Pending(f"{counts}; it shows {group.states or 'none yet'}.")


def _after_failure(group: Group, goal: Goal, history: History, counts: str) -> Pending | Failed:
    said = history.failures[0][:_QUOTED]
    if _NO_ROOM.search(said):
        return Pending(f"{counts}; AWS looks for room and tries again: '{said}'")
    for words, way_out in _MENDED_BY_PEOPLE:
        if words.search(said):
            return Failed(f"{counts} because a launch failed: '{said}'", way_out)
    missing = goal.healthy - len(group.serving)
    if len(history.failures) >= max(ROUNDS * missing, ROUNDS + 1):
        return Failed(
            f"{counts} because {len(history.failures)} launches failed, the last with '{said}'", _ANY_OTHER_WAY_OUT
        )
    return Pending(f"{counts}; a launch failed with '{said}' and AWS tries again.")


def _targets(group: Group, goal: Goal, healths: list[Targets], fit: int) -> Pending | Failed:
    serving = group.serving
    health = min(healths, key=lambda each: len(serving & each.healthy))
    lacking = f"Group {group.name} has {say_instances(len(serving))} in service, but {health.group} has "
    states = {health.states[target] for target in serving if target in health.states}
    if not states:
        return Pending(f"{lacking}none of them as a target yet.")
    if states == {UNUSED}:
        return Failed(
            f"{lacking}them as unused targets, because no load balancer sends it traffic.",
            fix=f"Add {health.group} to a listener of the load balancer in {group.region}, then retry the step.",
        )
    here = len(serving & health.healthy)
    if here >= goal.healthy:
        every = " and ".join(each.group for each in healths)
        return Pending(f"Group {group.name} has {fit} of {say_instances(goal.healthy)} healthy in each of {every}.")
    complaint = f" ({health.complaint})" if health.complaint else ""
    rest = health.others(serving) or "not there"
    return Pending(f"{lacking}{here} of {goal.healthy} as healthy targets, the others are {rest}{complaint}.")
