"""How a person scales an EC2 Auto Scaling group up, or brings one to none: all three sizes in one call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pilotlight.domain.handwork import Command, Handwork, aws, held_in
from pilotlight.estate.autoscaling.group import NONE, Sizes
from pilotlight.estate.fencing import LEFT_BY_HAND

_SIZES = "[MinSize,MaxSize,DesiredCapacity,SuspendedProcesses[].ProcessName|join(',',@)]"


def scaling(name: str, sizes: Sizes, enough: int, suspended: Iterable[str], region: str) -> Handwork:
    """Bring a group up; `suspended` are the processes that may be resumed."""
    resumed = list(suspended)
    way = (
        (
            Command(
                "Resume what keeps it from starting instances.",
                aws("autoscaling", "ResumeProcesses", region, AutoScalingGroupName=name, ScalingProcesses=resumed),
            ),
        )
        if resumed
        else ()
    )
    states = _ask(name, region, "Instances[].[InstanceId,LifecycleState,HealthStatus]")
    return Handwork(
        do=(*_noted(name, region), *way, Command(f"Ask for {sizes.said}.", _set(name, sizes, region))),
        check=(
            Command("Repeat until enough are in service.", states, f"InService and Healthy, {enough} times or more"),
            Command("Repeat until enough answer, in each target group.", _health(name, region),
                    f"healthy, {enough} times or more; an empty line is no target at all"),
            Command("If nothing starts: what Auto Scaling says.",
                    aws("autoscaling", "DescribeScalingActivities", region,
                        query="Activities[:5].[StartTime,StatusCode,StatusMessage]", AutoScalingGroupName=name)),
        ),
        stop_if="more instances are wanted already: ask for as many as there are, and lower no size. Processes that "
        "are suspended start nothing and say nothing.",
        undo=_given_back(name, region),
        gives={"in_service": _ask(name, region, "length(Instances[?LifecycleState=='InService'])")},
    )  # fmt: skip


def stopping(name: str, region: str) -> Handwork:
    """Bring a group of the primary to none."""
    left = _ask(name, region, "Instances[].[InstanceId,LifecycleState,ProtectedFromScaleIn]")
    return Handwork(
        do=(*_noted(name, region), Command("Ask for no instance.", _set(name, NONE, region))),
        check=(Command("Repeat until there is none, in whatever state; it takes some 5 minutes.", left, "nothing"),),
        stop_if=f"{LEFT_BY_HAND}. Instances that "
        "are protected, stand in Standby, or stay because Terminate is suspended are not ended.",
        undo=_given_back(name, region),
    )


def _ask(name: str, region: str, query: str) -> str:
    called = {"AutoScalingGroupNames": [name]}
    return aws("autoscaling", "DescribeAutoScalingGroups", region, query=f"AutoScalingGroups[0].{query}", **called)


def _set(name: str, sizes: Sizes, region: str) -> str:
    return _update(name, region, MinSize=sizes.minimum, MaxSize=sizes.maximum, DesiredCapacity=sizes.desired)


def _update(name: str, region: str, **sizes: Any) -> str:
    return aws("autoscaling", "UpdateAutoScalingGroup", region, AutoScalingGroupName=name, **sizes)


def _noted(name: str, region: str) -> tuple[Command, ...]:
    return (Command("Write its sizes down.", _ask(name, region, _SIZES), "least, most, wanted; what is suspended"),)


def _given_back(name: str, region: str) -> tuple[Command, ...]:
    before = {"MinSize": "MINIMUM_BEFORE", "MaxSize": "MAXIMUM_BEFORE", "DesiredCapacity": "DESIRED_BEFORE"}
    order = _update(name, region, **{size: held_in(variable) for size, variable in before.items()})
    return (
        Command("Type the sizes that were written down, in one line.", f"read -r {' '.join(before.values())}"),
        Command("Give them back.", order),
    )


def _health(name: str, region: str) -> str:
    health = aws(
        "elbv2",
        "DescribeTargetHealth",
        region,
        query="TargetHealthDescriptions[].TargetHealth.State",
        TargetGroupArn=held_in("TARGET_GROUP"),
    )
    return f"for TARGET_GROUP in $({_ask(name, region, 'TargetGroupARNs')}); do {health}; done"
