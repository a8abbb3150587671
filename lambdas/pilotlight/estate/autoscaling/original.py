"""The group that a drill copies: what Auto Scaling, EC2 and load balancing show of it, and why it cannot be copied.

A copy is safe where its instances hold no role but the drill's, share no security group with the original's, and take
no network interface of production's. Which version of its launch template is copied is decided as at a launch: the one
that the group names, which is the newest where it names `$Latest`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Failed, StepContext
from pilotlight.estate.autoscaling.copy_specification import CopySpecification
from pilotlight.estate.autoscaling.group import Group, look

_BALANCED = ("HTTP", "HTTPS")
_BY_PARAMETER = "resolve:ssm:"


@dataclass(frozen=True)
class Original:
    """A group, the version of its launch template that it would use now, and the target group that is copied of it.

    `lasting` names the devices of the image whose volumes would outlive their instance.
    """

    group: Group
    data: Mapping[str, Any]
    lasting: tuple[str, ...]
    target_group: Mapping[str, Any]

    @property
    def public(self) -> bool | None:
        """Whether its instances have public addresses; None where the subnet says so."""
        return next((each["AssociatePublicIpAddress"] for each in _interfaces(self.data)
                     if "AssociatePublicIpAddress" in each), None)  # fmt: skip


def read_original(context: StepContext, wanted: CopySpecification) -> Original | Failed:
    """The original, or why it cannot be copied."""
    group = look(context, wanted.group)
    if group is None or group.deleting:
        return _cannot(
            wanted, "it is not there in the standby", "Create the group with no instances, or correct the plan."
        )
    data = _template(context, wanted, group)
    if isinstance(data, Failed):
        return data
    refused = _unfit(wanted, data)
    if refused:
        return _cannot(wanted, *refused)
    lasting = _lasting(context, data["ImageId"])
    if lasting is None:
        because = f"its image {data['ImageId']} is not in {context.place.standby}"
        return _cannot(wanted, because, "Copy the image there and name it in a new version of the launch template.")
    behind = _target_group(context, wanted, group)
    return behind if isinstance(behind, Failed) else Original(group, data, lasting, behind)


def _template(context: StepContext, wanted: CopySpecification, group: Group) -> Mapping[str, Any] | Failed:
    if group.template is None or group.mixed:
        because = "it mixes types of instances" if group.mixed else "it uses no launch template"
        return _cannot(wanted, because, "Give the group one launch template, or leave the step out of the drill.")
    named = {"LaunchTemplateId": group.template.id, "Versions": [group.template.version]}
    try:
        answer = context.aws.call("ec2", "DescribeLaunchTemplateVersions", context.place.standby, **named)
        found = answer.get("LaunchTemplateVersions", [])
    except NotFound:
        found = []
    if not found:
        because = f"its launch template {group.template.id} has no version {group.template.version}"
        return _cannot(wanted, because, "Create the launch template again, or correct the group.")
    data: Mapping[str, Any] = found[0]["LaunchTemplateData"]
    return data


def _unfit(wanted: CopySpecification, data: Mapping[str, Any]) -> tuple[str, str] | None:
    image = data.get("ImageId", "")
    if not image or image.startswith(_BY_PARAMETER):
        because = f"its launch template takes its image from {image}" if image else "its launch template has no image"
        return because, "Name an image by its id in a new version of the launch template."
    profile = data.get("IamInstanceProfile", {})
    if wanted.instance_profile in (profile.get("Name"), profile.get("Arn", "").rsplit("/", 1)[-1]):
        because = f"the original has the profile {wanted.instance_profile} too, which may write to production"
        return because, "Name the drill's own instance profile in the plan."
    shared = sorted({*_security_groups(data)} & {*wanted.security_groups})
    if shared:
        because = f"its instances stand in {shared[0]} themselves, which whatever lets them in lets the copy in by"
        return because, "Name security groups in the plan that are the drill's own."
    taken = next((each["NetworkInterfaceId"] for each in _interfaces(data) if each.get("NetworkInterfaceId")), None)
    if taken:
        because = f"its instances take the network interface {taken}, of which there is one"
        return because, "Leave the step out of the drill."
    return None


def _interfaces(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    return tuple(data.get("NetworkInterfaces", ()))


def _security_groups(data: Mapping[str, Any]) -> Iterator[str]:
    yield from data.get("SecurityGroupIds", ())
    for each in _interfaces(data):
        yield from each.get("Groups", ())


def _lasting(context: StepContext, image: str) -> tuple[str, ...] | None:
    try:
        images = context.aws.call("ec2", "DescribeImages", context.place.standby, ImageIds=[image]).get("Images", [])
    except NotFound:
        images = []
    if not images:
        return None
    devices = images[0].get("BlockDeviceMappings", ())
    return tuple(d["DeviceName"] for d in devices if d.get("Ebs", {}).get("DeleteOnTermination") is False)


def _target_group(context: StepContext, wanted: CopySpecification, group: Group) -> Mapping[str, Any] | Failed:
    named = wanted.target_group
    chosen = [arn for arn in group.target_groups if named in (None, arn, arn.split("/")[1])]
    if len(chosen) != 1:
        which = f"it stands behind {len(group.target_groups)} target groups"
        return _cannot(wanted, which, "Name one of its target groups in the plan (target_group).")
    try:
        asked = {"TargetGroupArns": chosen}
        answer = context.aws.call("elbv2", "DescribeTargetGroups", context.place.standby, **asked)
    except NotFound:
        return _cannot(wanted, f"its target group {chosen[0]} is gone", "Create it, and attach it to the group.")
    found: Mapping[str, Any] = answer["TargetGroups"][0]
    if found.get("Protocol") not in _BALANCED or found.get("TargetType") != "instance":
        because = f"its target group takes {found.get('Protocol')} for targets of type {found.get('TargetType')}"
        return _cannot(wanted, because, "Only one of HTTP or HTTPS to instances is copied; leave the step out.")
    return found


def _cannot(wanted: CopySpecification, because: str, fix: str) -> Failed:
    return Failed(f"Group {wanted.group} cannot be copied for the drill, because {because}.", fix)
