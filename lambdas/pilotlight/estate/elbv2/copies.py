"""The target group, load balancer and listener of a drill's copy: made with the drill's tags, looked at, deleted.

A listener goes with its load balancer. A load balancer that is deleted shows no more at once, and its network
interfaces linger in the subnets for minutes; so its target group, which bears the drill's tags, is deleted after them,
and stands for them until then.

Shapes: botocore's model of ELBv2; ELB user guide, "Delete a load balancer".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pilotlight.domain.errors import InvalidState, NotFound
from pilotlight.domain.step import StepContext
from pilotlight.estate.elbv2.copied_balancer import CopiedBalancer
from pilotlight.estate.marking import Thing, marks

ACTIVE, FAILED = "active", "failed"
_COPIED = (
    "Protocol", "ProtocolVersion", "Port", "VpcId", "HealthCheckProtocol", "HealthCheckPort", "HealthCheckEnabled",
    "HealthCheckPath", "HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds", "HealthyThresholdCount",
    "UnhealthyThresholdCount", "Matcher", "TargetType", "IpAddressType",
)  # fmt: skip
"""What a target group is created with, and shown as."""


@dataclass(frozen=True)
class Balancer:
    """A load balancer of the standby: `host` is its DNS name."""

    arn: str
    state: str
    host: str
    thing: Thing


@dataclass(frozen=True)
class Group:
    """A target group of the standby."""

    arn: str
    thing: Thing


@dataclass(frozen=True)
class Made:
    """What stands of a copy's front: its load balancer, if it has one yet, and the ARN of its target group."""

    balancer: Balancer | None
    group: str


def look_at_balancer(context: StepContext, name: str) -> Balancer | None:
    """The load balancer of that name; None where there is none."""
    try:
        answer = context.aws.call("elbv2", "DescribeLoadBalancers", context.place.standby, Names=[name])
    except NotFound:
        return None
    found = answer["LoadBalancers"][0]
    arn, state = found["LoadBalancerArn"], str(found.get("State", {}).get("Code", "unknown"))
    tags = _tags(context, arn)
    if tags is None:
        return None
    return Balancer(arn, state, found.get("DNSName", ""), Thing(f"load balancer {name} ({state})", tags))


def look_at_group(context: StepContext, name: str) -> Group | None:
    """The target group of that name; None where there is none."""
    try:
        answer = context.aws.call("elbv2", "DescribeTargetGroups", context.place.standby, Names=[name])
    except NotFound:
        return None
    arn = answer["TargetGroups"][0]["TargetGroupArn"]
    tags = _tags(context, arn)
    return None if tags is None else Group(arn, Thing(f"target group {name}", tags))


def forwards_to(context: StepContext, balancer: str, port: int) -> str | None:
    """The target group that the listener on that port forwards to; empty for another answer, None for no listener."""
    answer = context.aws.call("elbv2", "DescribeListeners", context.place.standby, LoadBalancerArn=balancer)
    listener = next((each for each in answer.get("Listeners", ()) if each["Port"] == port), None)
    if listener is None:
        return None
    groups = [action.get("TargetGroupArn") for action in listener["DefaultActions"] if action["Type"] == "forward"]
    return next(filter(None, groups), "")


def create_group(context: StepContext, name: str, original: Mapping[str, Any]) -> str:
    """Create a target group as another one is; its ARN."""
    copied = {key: original[key] for key in _COPIED if key in original}
    answer = context.aws.call(
        "elbv2", "CreateTargetGroup", context.place.standby, Name=name, **copied, Tags=_own_tags(context)
    )
    return str(answer["TargetGroups"][0]["TargetGroupArn"])


def create_balancer(
    context: StepContext, name: str, scheme: str, subnets: tuple[str, ...], security_groups: tuple[str, ...]
) -> str:
    """Create a load balancer, which is provisioned for some minutes; its ARN."""
    answer = context.aws.call(
        "elbv2",
        "CreateLoadBalancer",
        context.place.standby,
        Name=name,
        Type="application",
        Scheme=scheme,
        Subnets=list(subnets),
        SecurityGroups=list(security_groups),
        Tags=_own_tags(context),
    )
    return str(answer["LoadBalancers"][0]["LoadBalancerArn"])


def delete_balancer(context: StepContext, balancer: Balancer) -> None:
    """Delete a load balancer with its listeners; gone already is as good."""
    try:
        context.aws.call("elbv2", "DeleteLoadBalancer", context.place.standby, LoadBalancerArn=balancer.arn)
    except NotFound:
        return


def delete_group(context: StepContext, group: Group) -> bool:
    """Delete a target group; False where a load balancer still uses it, so that it is asked again."""
    try:
        context.aws.call("elbv2", "DeleteTargetGroup", context.place.standby, TargetGroupArn=group.arn)
    except InvalidState:
        return False
    return True


def take_front_down(context: StepContext, name: str, balancer: Balancer | None, group: Group | None) -> list[str]:
    """Ask for the end of a load balancer, or of its target group once that is free; what was asked."""
    if balancer is not None and balancer.thing.is_ours(context):
        delete_balancer(context, balancer)
        return [f"load balancer {name} is deleted"]
    if group is None or not group.thing.is_ours(context):
        return []
    if has_interfaces(context, name):
        return [f"target group {name} waits for the load balancer's network interfaces to go"]
    if delete_group(context, group):
        return [f"target group {name} is deleted"]
    return [f"target group {name} waits for its load balancer to go"]


def serve_by(context: StepContext, name: str, wanted: CopiedBalancer, subnets: tuple[str, ...], made: Made) -> None:
    """Make what is missing of a load balancer with one listener that forwards to a target group.

    Parameters: `made` is the load balancer that stands already, if one does, and the target group by ARN.
    """
    balancer = made.balancer.arn if made.balancer else ""
    if not balancer:
        balancer = create_balancer(context, name, wanted.scheme.value, subnets, wanted.security_groups)
    if forwards_to(context, balancer, wanted.port) is None:
        context.aws.call("elbv2", "CreateListener", context.place.standby, **wanted.listener(balancer, made.group))


def has_interfaces(context: StepContext, name: str) -> bool:
    """Whether network interfaces of a load balancer of that name are in the subnets, though it may be gone."""
    described = [{"Name": "description", "Values": [f"ELB app/{name}/*"]}]
    answer = context.aws.call("ec2", "DescribeNetworkInterfaces", context.place.standby, Filters=described)
    return bool(answer.get("NetworkInterfaces"))


def _own_tags(context: StepContext) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in marks(context).items()]


def _tags(context: StepContext, arn: str) -> dict[str, str] | None:
    try:
        answer = context.aws.call("elbv2", "DescribeTags", context.place.standby, ResourceArns=[arn])
    except NotFound:
        return None
    return {tag["Key"]: tag.get("Value", "") for entry in answer["TagDescriptions"] for tag in entry["Tags"]}
