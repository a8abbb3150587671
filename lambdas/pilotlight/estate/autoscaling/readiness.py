"""Whether a group of the standby could be brought up: what can be seen of it before it is needed.

What its instances are made of stands in `source`. Not looked at here: whether the key of an encrypted image has a grant
for the service-linked role of Auto Scaling, whether the security groups let the load balancer in, and what the
application does once it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Finding, Severity, StepContext
from pilotlight.estate.autoscaling.group import TERMINATE, Group, Sizes, look, say_instances
from pilotlight.estate.autoscaling.progress import BLOCKING, suspended_sentence
from pilotlight.estate.autoscaling.source import check_source
from pilotlight.estate.elbv2.targets import group_name

_REPLACING = (TERMINATE, "HealthCheck", "ReplaceUnhealthy")
_EC2_ONLY = "EC2"


@dataclass(frozen=True)
class Asked:
    """What a plan asks of a group."""

    group: str
    sizes: Sizes
    enough: int
    target_groups: Mapping[str, int]
    resume_suspended: bool
    marker: str | None


def check_scalable(group: Group | None, asked: Asked) -> tuple[Finding, ...]:
    """What makes a start impossible, as far as one look at the group shows it."""
    if group is None:
        sentence = f"Group {asked.group} cannot be started because the standby has no Auto Scaling group of that name."
        return (
            Finding.impossible("group-missing", sentence, "Create the group with no instances, or correct the plan."),
        )
    if group.deleting:
        sentence = f"Group {group.name} cannot be started because it is being deleted."
        return (Finding.impossible("group-deleting", sentence, "Create the group again, with no instances."),)
    attached = {group_name(arn) for arn in group.target_groups}
    for name in asked.target_groups:
        if name not in attached:
            sentence = f"Group {group.name} cannot become healthy in {name} because it is not attached to it."
            fix = "Attach the target group to the group, or correct the plan."
            return (Finding.impossible("target-group-not-attached", sentence, fix),)
    suspended = group.suspends(*BLOCKING)
    if suspended and not asked.resume_suspended and len(group.serving) < asked.enough:
        fix = "Resume it, or let the plan do so with resume_suspended."
        return (Finding.impossible("suspended", suspended_sentence(group, suspended), fix),)
    return ()


def check_readiness(context: StepContext, asked: Asked) -> tuple[Finding, ...]:
    """Everything that can be seen; one finding that says so if nothing is wrong."""
    group = look(context, asked.group)
    blocked = check_scalable(group, asked)
    if group is None or blocked:
        return blocked
    found = [*_check_processes(group, asked), *_check_size(group, asked)]
    found += check_source(context, group, max(0, asked.sizes.desired - group.sizes.desired), asked.marker)
    found += _check_target_groups(context, group, asked)
    wanted = max(group.sizes.desired, asked.sizes.desired)
    fine = f"Group {group.name} can go from {group.sizes.desired} to {say_instances(wanted)}."
    return tuple(found) or (Finding(Severity.FINE, "group-ready", fine),)


def _check_processes(group: Group, asked: Asked) -> Iterator[Finding]:
    suspended = group.suspends(*BLOCKING)
    if suspended:
        then = "and the step will resume it" if asked.resume_suspended else "and as many as the plan needs serve by now"
        sentence = f"{suspended_sentence(group, suspended)[:-1]}, {then}."
        yield Finding.warning("suspended", sentence, "Resume it now, unless that is wanted.")
    idle = group.suspends(*_REPLACING)
    if idle:
        sentence = f"Group {group.name} will not replace what falls ill because {' and '.join(idle)} is suspended."
        yield Finding.warning("replacing-suspended", sentence, "Resume it, unless that is wanted.")


def _check_size(group: Group, asked: Asked) -> Iterator[Finding]:
    if group.sizes.desired:
        sentence = (
            f"Group {group.name} wants {say_instances(group.sizes.desired)} already, and the step leaves what runs as "
            "it is."
        )
        yield Finding.warning("not-idle", sentence, "Bring it to none, unless the standby is to be warm.")
    larger = group.sizes.maximum > asked.sizes.maximum or group.sizes.minimum > asked.sizes.minimum
    if larger:
        has = f"{group.sizes.minimum} and {group.sizes.maximum}"
        sentence = f"Group {group.name} keeps its bounds of {has}, of which one is larger than the plan's."
        yield Finding.warning("larger-bounds", sentence, "Put the bounds that are meant into the plan.")


def _check_target_groups(context: StepContext, group: Group, asked: Asked) -> Iterator[Finding]:
    if not group.target_groups:
        sentence = f"Group {group.name} stands behind no target group, so only its instances can be counted."
        yield Finding.warning("no-target-group", sentence, "Attach one, unless the group takes no requests.")
        return
    arns = list(group.target_groups)
    try:
        answer = context.aws.call("elbv2", "DescribeTargetGroups", group.region, TargetGroupArns=arns)
    except NotFound:
        sentence = f"Group {group.name} cannot become healthy because a target group of it is gone."
        yield Finding.impossible("target-group-missing", sentence, "Attach target groups that are there.")
        return
    for described in answer["TargetGroups"]:
        name, port = described["TargetGroupName"], described.get("Port")
        wanted = asked.target_groups.get(name, port)
        if port != wanted:
            sentence = f"Group {group.name} would be asked by {name} at port {port}, and the plan says {wanted}."
            yield Finding.impossible("target-group-port", sentence, "Correct the target group's port, or the plan.")
        if not described.get("LoadBalancerArns"):
            sentence = f"Group {group.name} cannot become healthy because no load balancer uses {name}."
            yield Finding.impossible("target-group-unused", sentence, "Add it to a listener of the load balancer.")
    if group.health_check == _EC2_ONLY:
        sentence = f"Group {group.name} does not ask its load balancer, so it keeps instances that answer nobody."
        yield Finding.warning("no-elb-health-check", sentence, "Set its health check type to ELB.")
    elif group.grace_seconds == 0:
        sentence = f"Group {group.name} has no grace period, so instances slow to start are ended as unhealthy."
        yield Finding.warning("no-grace-period", sentence, "Set HealthCheckGracePeriod to the longest start.")
