"""What EC2 Auto Scaling shows of a group: its sizes, its instances, what is suspended, and what it did lately.

`look` gives None where there is no such group: Auto Scaling answers an unknown name with an empty list and no error.
A lifecycle state that is not known here is carried on by name and never counted as good. Why an instance was not
launched stands only in the scaling activities. Sources: botocore's models of Auto Scaling; aws-facts section 4.2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from pilotlight.domain.step import StepContext

IN_SERVICE, STANDBY = "InService", "Standby"
LAUNCH, TERMINATE, ADD_TO_LOAD_BALANCER = "Launch", "Terminate", "AddToLoadBalancer"
HOOK = ":Wait"
"""How the states of an instance end that a lifecycle hook holds."""
_FAILED = ("Failed", "Cancelled")
_LAUNCHING, _HEALTH = "Launching", "health check failure"


@dataclass(frozen=True)
class Sizes:
    """The least, the most and the wanted number of instances."""

    minimum: int
    maximum: int
    desired: int

    def raised_to(self, least: Sizes) -> Sizes:
        """Each of these, or the other where that is larger."""
        return Sizes(
            max(self.minimum, least.minimum), max(self.maximum, least.maximum), max(self.desired, least.desired)
        )

    @property
    def data(self) -> dict[str, int]:
        """The sizes for a receipt or a mark."""
        return {"minimum": self.minimum, "maximum": self.maximum, "desired": self.desired}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The sizes that a receipt or a mark holds."""
        return cls(int(data["minimum"]), int(data["maximum"]), int(data["desired"]))

    @property
    def said(self) -> str:
        """The sizes, for a sentence."""
        return f"{say_instances(self.desired)} between {self.minimum} and {self.maximum}"


NONE = Sizes(0, 0, 0)


@dataclass(frozen=True)
class Template:
    """The launch template of a group; `version` is a number, `$Latest` or `$Default`."""

    id: str
    version: str


@dataclass(frozen=True)
class Instance:
    """One instance of a group."""

    id: str
    state: str
    healthy: bool
    protected: bool


@dataclass(frozen=True)
class Group:
    """A group as Auto Scaling shows it, in its region; `template` is None for what uses no launch template."""

    region: str
    name: str
    sizes: Sizes
    instances: tuple[Instance, ...]
    suspended: tuple[str, ...]
    target_groups: tuple[str, ...]
    template: Template | None
    subnets: tuple[str, ...]
    health_check: str
    grace_seconds: int
    deleting: bool
    warm_pool: bool
    protects_new: bool
    mixed: bool
    tags: Mapping[str, str]

    @property
    def serving(self) -> frozenset[str]:
        """The ids of the instances that are in service and healthy, as Auto Scaling has it."""
        return frozenset(i.id for i in self.instances if i.state == IN_SERVICE and i.healthy)

    @property
    def states(self) -> str:
        """All instances by state, as in `1 InService, 2 Pending`; empty without any."""
        counts = Counter(instance.state for instance in self.instances)
        return ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))

    def suspends(self, *processes: str) -> tuple[str, ...]:
        """Those of the processes that are suspended."""
        return tuple(process for process in processes if process in self.suspended)

    @classmethod
    def from_answer(cls, region: str, answer: Mapping[str, Any]) -> Self:
        """Read one entry of DescribeAutoScalingGroups."""
        policy = answer.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
        template = answer.get("LaunchTemplate") or policy.get("LaunchTemplateSpecification")
        return cls(
            region=region,
            name=answer["AutoScalingGroupName"],
            sizes=Sizes(answer["MinSize"], answer["MaxSize"], answer["DesiredCapacity"]),
            instances=tuple(
                Instance(
                    i["InstanceId"],
                    i["LifecycleState"],
                    i["HealthStatus"] == "Healthy",
                    i["ProtectedFromScaleIn"],
                )
                for i in answer.get("Instances", ())
            ),
            suspended=tuple(process["ProcessName"] for process in answer.get("SuspendedProcesses", ())),
            target_groups=tuple(answer.get("TargetGroupARNs", ())),
            # botocore's text on LaunchTemplateSpecification: the default value is $Default.
            template=Template(template["LaunchTemplateId"], template.get("Version", "$Default")) if template else None,
            subnets=tuple(filter(None, answer.get("VPCZoneIdentifier", "").split(","))),
            health_check=answer.get("HealthCheckType", "EC2"),
            grace_seconds=answer.get("HealthCheckGracePeriod", 0),
            deleting=bool(answer.get("Status")),
            warm_pool="WarmPoolConfiguration" in answer,
            protects_new=answer.get("NewInstancesProtectedFromScaleIn", False),
            mixed="MixedInstancesPolicy" in answer,
            tags={tag["Key"]: tag.get("Value", "") for tag in answer.get("Tags", ())},
        )


@dataclass(frozen=True)
class History:
    """What a group did since a moment, newest first: why launches failed, and why instances were called sick."""

    failures: tuple[str, ...]
    sick: tuple[str, ...]


def look(context: StepContext, name: str, *, region: str | None = None) -> Group | None:
    """The group, in the standby unless a region is named; None where there is none of that name."""
    where = region or context.place.standby
    answer = context.aws.call("autoscaling", "DescribeAutoScalingGroups", where, AutoScalingGroupNames=[name])
    found = answer.get("AutoScalingGroups", [])
    return Group.from_answer(where, found[0]) if found else None


def history_since(context: StepContext, group: Group, moment: datetime) -> History:
    """What is to be read in the last hundred activities, those that began since then."""
    answer = context.aws.call("autoscaling", "DescribeScalingActivities", group.region, AutoScalingGroupName=group.name)
    begun = [activity for activity in answer.get("Activities", ()) if activity["StartTime"] >= moment]
    begun.sort(key=lambda activity: activity["StartTime"], reverse=True)
    failed = [a for a in begun if a["StatusCode"] in _FAILED and a.get("Description", "").startswith(_LAUNCHING)]
    return History(
        tuple(a.get("StatusMessage") or a.get("Description", "") for a in failed),
        tuple(a["Cause"] for a in begun if _HEALTH in a.get("Cause", "")),
    )


def say_instances(count: int) -> str:
    """So many instances, for a sentence."""
    return "1 instance" if count == 1 else f"{count} instances"
