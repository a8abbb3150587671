"""The changes made to a group: its sizes, all in one call, and its suspended processes.

A lost answer is not a failure: the effect is read before anything is repeated, and if it is not to be seen the error
goes on, so that whoever calls looks again later. A group that is busy says so in an error of its own; that passes like
a throttle, and is raised as one.
"""

from __future__ import annotations

from typing import Any

from pilotlight.domain.errors import Ambiguous, InvalidState, Throttled
from pilotlight.domain.step import StepContext
from pilotlight.estate.autoscaling.group import Group, Sizes, look

_BUSY = ("ScalingActivityInProgress", "ResourceInUse")


def set_sizes(context: StepContext, group: Group, sizes: Sizes) -> None:
    """Set all three in one call: one after the other, a wanted size is pulled between the bounds or refused."""
    try:
        _change(
            context,
            "UpdateAutoScalingGroup",
            group,
            MinSize=sizes.minimum,
            MaxSize=sizes.maximum,
            DesiredCapacity=sizes.desired,
        )
    except Ambiguous:
        seen = look(context, group.name, region=group.region)
        if seen is None or seen.sizes != sizes:
            raise


def resume(context: StepContext, group: Group, processes: tuple[str, ...]) -> None:
    """Let processes go on; twice is once."""
    _change(context, "ResumeProcesses", group, ScalingProcesses=list(processes))


def suspend(context: StepContext, group: Group, processes: tuple[str, ...]) -> None:
    """Suspend processes again; twice is once."""
    _change(context, "SuspendProcesses", group, ScalingProcesses=list(processes))


def tag(context: StepContext, group: Group, key: str, value: str) -> None:
    """Put a tag on the group, and on none of its instances."""
    entry = {**_entry(group, key), "Value": value, "PropagateAtLaunch": False}
    _call(context, "CreateOrUpdateTags", group, Tags=[entry])


def untag(context: StepContext, group: Group, key: str) -> None:
    """Take a tag off; gone already is as good."""
    _call(context, "DeleteTags", group, Tags=[_entry(group, key)])


def _change(context: StepContext, operation: str, group: Group, **parameters: Any) -> None:
    """Make one change to a group, named by its name."""
    _call(context, operation, group, AutoScalingGroupName=group.name, **parameters)


def _call(context: StepContext, operation: str, group: Group, **parameters: Any) -> None:
    try:
        context.aws.call("autoscaling", operation, group.region, **parameters)
    except InvalidState as busy:
        if busy.code in _BUSY:
            raise Throttled(busy.service, busy.operation, busy.region, busy.code, busy.message) from busy
        raise


def _entry(group: Group, key: str) -> dict[str, Any]:
    return {"ResourceId": group.name, "ResourceType": "auto-scaling-group", "Key": key}
