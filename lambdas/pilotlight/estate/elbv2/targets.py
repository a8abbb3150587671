"""How the targets of a target group are, each by its own id: a count alone does not say whose a healthy target is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pilotlight.domain.step import StepContext

HEALTHY, UNUSED = "healthy", "unused"


@dataclass(frozen=True)
class Targets:
    """The targets of one target group: the state of each, and what the load balancer says of the first sick one."""

    group: str
    states: Mapping[str, str]
    complaint: str = ""

    @property
    def healthy(self) -> frozenset[str]:
        """The ids of those that get traffic: initial, draining, unused and unavailable ones do not count."""
        return frozenset(target for target, state in self.states.items() if state == HEALTHY)

    def others(self, among: frozenset[str]) -> str:
        """The states of all these but the healthy ones, as in `2 initial, 1 draining`."""
        states = Counter(state for target, state in self.states.items() if target in among and state != HEALTHY)
        return ", ".join(f"{count} {state}" for state, count in sorted(states.items()))


def read_targets(context: StepContext, arn: str) -> Targets:
    """The targets of a group of the standby; a target that is registered at several ports is as its best one is."""
    answer = context.aws.call("elbv2", "DescribeTargetHealth", context.place.standby, TargetGroupArn=arn)
    states: dict[str, str] = {}
    complaint = ""
    for described in answer.get("TargetHealthDescriptions", ()):
        target, health = described["Target"]["Id"], described["TargetHealth"]
        if states.get(target) != HEALTHY:
            states[target] = health["State"]
        complaint = complaint or (health.get("Description", "") if health["State"] == "unhealthy" else "")
    return Targets(group_name(arn), states, complaint)


def group_name(arn: str) -> str:
    """The name in a target group's ARN; a name is its own."""
    return arn.split("/")[1] if arn.startswith("arn:") else arn
