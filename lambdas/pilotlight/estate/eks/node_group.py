"""A managed node group as EKS shows it, and the instances that its Auto Scaling group has for it.

EKS says how many nodes a group should have and what is wrong with it, and not how many nodes there are. The instances
of the group's Auto Scaling group can be counted: one that is InService and Healthy has booted. Whether Kubernetes calls
it Ready is known to Kubernetes alone; EKS names a node that never joined as `NodeCreationFailure`, some time later.

Sources: botocore's models of EKS (Nodegroup, NodegroupHealth, Update) and of Auto Scaling; aws-facts sections 4.2, 4.3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Access, Operation, StepContext

ClusterName = Annotated[str, Field(pattern=r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$", examples=["portforge-dr-cluster"])]
NodeGroupName = Annotated[str, Field(pattern=r"^[0-9A-Za-z][A-Za-z0-9_-]{0,62}$", examples=["portforge-dr-nodes"])]

Taint = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}=[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", examples=["use=drill"])
]
"""A taint of nodes, as `key=value`."""

GROUP_LABEL = "eks.amazonaws.com/nodegroup"
"""EKS labels each node of a managed group with its name: EKS user guide, "Learn how to customize managed nodes"."""

BROKEN = frozenset({"CREATE_FAILED", "DELETING", "DELETE_FAILED"})
"""States in which a group takes no nodes; DEGRADED is none of them: it names its issues, and may heal."""

_KEEPS_OFF = ("NO_SCHEDULE", "NO_EXECUTE")

_eks, _autoscaling = partial(Operation, "eks"), partial(Operation, "autoscaling")
_WRONG = ("ClientException", "InvalidParameterException")
_EKS_AGAIN = {"ServerException": "asked again"}
_GROUP_AGAIN = {"ResourceContention": "asked again"}

OPERATIONS = (
    _eks(
        "DescribeNodegroup",
        Access.READ,
        {
            **_EKS_AGAIN,
            "ServiceUnavailableException": "asked again",
            "ResourceNotFoundException": "said as a missing group",
        },
        _WRONG,
    ),
    _eks(
        "DescribeUpdate",
        Access.READ,
        {**_EKS_AGAIN, "ResourceNotFoundException": "the nodes are counted all the same"},
        _WRONG,
    ),
    _eks(
        "UpdateNodegroupConfig",
        Access.WRITE,
        {
            "ServerException": "read before it is repeated",
            "ResourceInUseException": "another update is waited for",
        },
        (*_WRONG, "InvalidRequestException", "ResourceNotFoundException"),
    ),
    _autoscaling("DescribeAutoScalingGroups", Access.READ, _GROUP_AGAIN, ("InvalidNextToken",)),
    _autoscaling("DescribeScalingActivities", Access.READ, _GROUP_AGAIN, ("InvalidNextToken",)),
)


class OwnNodes(BaseModel):
    """The nodes of one group, whose taint keeps all other pods off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    node_group: NodeGroupName
    taint: Taint


@dataclass(frozen=True)
class Sizes:
    """How many nodes a group may have, and is to have."""

    minimum: int
    maximum: int
    desired: int

    @property
    def data(self) -> dict[str, int]:
        """The sizes for a receipt."""
        return {"minimum": self.minimum, "maximum": self.maximum, "desired": self.desired}

    def __str__(self) -> str:
        return f"{say_nodes(self.desired)} within {self.minimum} and {self.maximum}"


@dataclass(frozen=True)
class NodeGroup:
    """A node group of the standby; `issues` are its health issues, each in the words of EKS."""

    cluster: str
    name: str
    status: str
    sizes: Sizes
    scaling_groups: tuple[str, ...]
    issues: tuple[str, ...]
    arn: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[str, ...] = ()
    """Those that keep pods off which do not tolerate them, each as `key=value`."""

    @property
    def said(self) -> str:
        """The group, for a sentence."""
        return f"Node group {self.name} of {self.cluster}"

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> Self:
        """Read the answer of DescribeNodegroup."""
        scaling = answer["scalingConfig"]
        groups = answer.get("resources", {}).get("autoScalingGroups", ())
        issues = answer.get("health", {}).get("issues", ())
        taints = answer.get("taints") or ()
        return cls(
            cluster=answer["clusterName"],
            name=answer["nodegroupName"],
            status=answer["status"],
            sizes=Sizes(scaling["minSize"], scaling["maxSize"], scaling["desiredSize"]),
            scaling_groups=tuple(group["name"] for group in groups),
            issues=tuple(f"{issue.get('code', 'Unknown')}: {issue.get('message', '')}" for issue in issues),
            arn=answer.get("nodegroupArn", ""),
            tags=dict(answer.get("tags") or {}),
            taints=tuple(f"{t['key']}={t.get('value', '')}" for t in taints if t.get("effect") in _KEEPS_OFF),
        )


@dataclass(frozen=True)
class Instances:
    """The instances behind a node group: how many serve, the states of the others, and what is suspended."""

    serving: int
    others: Counter[str]
    suspended: tuple[str, ...]

    @property
    def coming(self) -> int:
        """How many are on their way."""
        return sum(count for state, count in self.others.items() if state.startswith("Pending"))

    @property
    def there(self) -> int:
        """How many there are, in whatever state."""
        return self.serving + sum(self.others.values())

    @property
    def say_others(self) -> str:
        """The states of those that do not serve, as in `2 Pending`."""
        return ", ".join(f"{count} {state}" for state, count in sorted(self.others.items())) or "none on its way"


def look(context: StepContext, cluster: str, name: str) -> NodeGroup | None:
    """The node group in the standby; None where there is no such group or cluster."""
    region = context.place.standby
    try:
        answer = context.aws.call("eks", "DescribeNodegroup", region, clusterName=cluster, nodegroupName=name)
    except NotFound:
        return None
    return NodeGroup.from_answer(answer["nodegroup"])


def count_instances(context: StepContext, group: NodeGroup) -> Instances:
    """Count what the group's Auto Scaling groups hold; a group without one has no instances."""
    if not group.scaling_groups:
        return Instances(0, Counter(), ())
    answer = context.aws.call(
        "autoscaling",
        "DescribeAutoScalingGroups",
        context.place.standby,
        AutoScalingGroupNames=list(group.scaling_groups),
    )
    found = answer.get("AutoScalingGroups", ())
    instances = [(i["LifecycleState"], i["HealthStatus"]) for each in found for i in each.get("Instances", ())]
    serving = instances.count(("InService", "Healthy"))
    others = Counter(state if health == "Healthy" else health for state, health in instances)
    others.pop("InService", None)
    suspended = {p["ProcessName"] for each in found for p in each.get("SuspendedProcesses", ())}
    return Instances(serving, others, tuple(sorted(suspended)))


def failed_launch_since(context: StepContext, group: NodeGroup, moment: datetime) -> str:
    """What Auto Scaling says of the latest launch that failed since then; empty where none did."""
    for name in group.scaling_groups:
        answer = context.aws.call(
            "autoscaling",
            "DescribeScalingActivities",
            context.place.standby,
            AutoScalingGroupName=name,
            MaxRecords=20,
        )
        for activity in answer.get("Activities", ()):
            if activity["StatusCode"] == "Failed" and activity["StartTime"] >= moment:
                return str(activity.get("StatusMessage", "Auto Scaling gives no reason"))
    return ""


def update_trouble(context: StepContext, group: NodeGroup, update: str) -> tuple[str, str]:
    """The status of an update, and the errors that EKS names; an update that is not to be seen has no status."""
    try:
        answer = context.aws.call(
            "eks",
            "DescribeUpdate",
            context.place.standby,
            name=group.cluster,
            nodegroupName=group.name,
            updateId=update,
        )
    except NotFound:
        return "", ""
    found = answer["update"]
    errors = [f"{e.get('errorCode', 'Unknown')}: {e.get('errorMessage', '')}" for e in found.get("errors", ())]
    return str(found["status"]), "; ".join(errors)


def say_nodes(count: int) -> str:
    """So many nodes, for a sentence."""
    return "1 node" if count == 1 else f"{count or 'no'} nodes"
