"""What stands of a copied group under its name: the group, its launch template, its target group and load balancer.

All of it is looked at by name and known by the tags that the creating calls set. A group that is deleted with its
instances is shown, and holds its name, until the last of them is ended; its launch template goes once the group is on
its way out. What bears another application's mark, or none, is never changed.

Sources: botocore's texts on DeleteAutoScalingGroup and DeleteLaunchTemplate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pilotlight.domain.errors import InvalidRequest, InvalidState, NotFound, Throttled
from pilotlight.domain.step import Failed, StepContext
from pilotlight.estate.autoscaling.copy_specification import FIRST, CopySpecification
from pilotlight.estate.autoscaling.group import Group as ScalingGroup
from pilotlight.estate.autoscaling.group import Template, look
from pilotlight.estate.elbv2.copies import Balancer, Group, look_at_balancer, look_at_group, take_front_down
from pilotlight.estate.elbv2.fronted import another_s, not_set_up
from pilotlight.estate.marking import Thing

_GONE = "not found"
"""How Auto Scaling says of a group, in a ValidationError, that there is none of that name."""


@dataclass(frozen=True)
class LaunchTemplate:
    """The launch template of a copy."""

    id: str
    thing: Thing


@dataclass(frozen=True)
class Copy:
    """What stands under a copy's name; each is None where there is none of that name."""

    group: ScalingGroup | None
    balancer: Balancer | None
    target_group: Group | None
    template: LaunchTemplate | None

    @property
    def things(self) -> tuple[Thing, ...]:
        """All that stands."""
        group = group_thing(self.group) if self.group else None
        others = (each.thing for each in (self.balancer, self.target_group, self.template) if each is not None)
        return (*((group,) if group else ()), *others)


def group_thing(group: ScalingGroup) -> Thing:
    """A group, as something that bears tags."""
    state = "being deleted" if group.deleting else group.states or "without instances"
    return Thing(f"Auto Scaling group {group.name} ({state})", group.tags)


def look_at_copy(context: StepContext, wanted: CopySpecification) -> Copy:
    """Everything of that name, whosever it is."""
    name = wanted.copy_as
    return Copy(
        look(context, name), look_at_balancer(context, name), look_at_group(context, name), _template(context, name)
    )


def create_template(context: StepContext, order: Mapping[str, Any]) -> str:
    """Create a launch template; its id."""
    answer = context.aws.call("ec2", "CreateLaunchTemplate", context.place.standby, **order)
    return str(answer["LaunchTemplate"]["LaunchTemplateId"])


def changed(
    wanted: CopySpecification, group: ScalingGroup, balancer: Balancer, template: str, context: StepContext
) -> Failed | None:
    """Why what stands is no longer what this run made: another's, of another launch template, or broken."""
    foreign = another_s(wanted, (group_thing(group), balancer.thing), context)
    if foreign:
        return foreign
    if group.template != Template(template, FIRST):
        uses = f"version {group.template.version} of {group.template.id}" if group.template else "no launch template"
        reason = f"Copy {wanted.copy_as} launches by {uses}, and not by version {FIRST} of {template}."
        return Failed(reason, "Find out who changed it, then start the drill again.")
    return not_set_up(wanted, balancer)


def take_down(context: StepContext, wanted: CopySpecification, copy: Copy) -> list[str]:
    """Ask for the end of all that a drill of this application made, as far as it can be asked for now; what was asked.

    The instances go first, so that nothing of the drill acts any longer than it must.
    """
    asked: list[str] = []
    group, template = copy.group, copy.template
    if group is not None and not group.deleting and group_thing(group).is_ours(context):
        _delete_group(context, group)
        asked.append(f"group {group.name} is deleted with its instances")
    asked += take_front_down(context, wanted.copy_as, copy.balancer, copy.target_group)
    unused = group is None or group_thing(group).is_ours(context)
    if template is not None and unused and template.thing.is_ours(context):
        _delete_template(context, template)
        asked.append(f"launch template {wanted.copy_as} is deleted")
    return asked


def _template(context: StepContext, name: str) -> LaunchTemplate | None:
    try:
        answer = context.aws.call("ec2", "DescribeLaunchTemplates", context.place.standby, LaunchTemplateNames=[name])
    except NotFound:
        return None
    found = answer.get("LaunchTemplates", [])
    if not found:
        return None
    tags = {tag["Key"]: tag.get("Value", "") for tag in found[0].get("Tags", ())}
    return LaunchTemplate(found[0]["LaunchTemplateId"], Thing(f"launch template {name}", tags))


def _delete_group(context: StepContext, group: ScalingGroup) -> None:
    asked: dict[str, Any] = {"AutoScalingGroupName": group.name, "ForceDelete": True}
    try:
        context.aws.call("autoscaling", "DeleteAutoScalingGroup", group.region, **asked)
    except InvalidState as busy:
        raise Throttled(busy.service, busy.operation, busy.region, busy.code, busy.message) from busy
    except InvalidRequest as refused:
        if _GONE not in refused.message:
            raise


def _delete_template(context: StepContext, template: LaunchTemplate) -> None:
    try:
        context.aws.call("ec2", "DeleteLaunchTemplate", context.place.standby, LaunchTemplateId=template.id)
    except NotFound:
        return
