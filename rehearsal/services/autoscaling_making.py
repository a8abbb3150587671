"""The part of the embedded EC2 Auto Scaling that makes and deletes groups.

The traps are: a group is refused whose launch template launches nothing, which is looked at when the group is made and
never again; who makes one has to be allowed what the launch takes; one with instances is deleted by force alone; and a
group that is being deleted is shown, and holds its name, until its last instance is gone. Errors: botocore's model of
Auto Scaling. Sentences: EC2 Auto Scaling user guide, "Troubleshoot: launch templates".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.access import also_needs
from rehearsal.service import operation
from rehearsal.services.autoscaling_groups import AutoScalingGroup
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ec2_launching import LaunchRefused, LaunchTemplate, Subnet, TemplateVersion
from rehearsal.services.elbv2 import Elbv2, TargetGroup
from rehearsal.services.iam import Iam
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

_KNOWN = {
    "AutoScalingGroupName", "LaunchTemplate", "MinSize", "MaxSize", "DesiredCapacity", "VPCZoneIdentifier",
    "TargetGroupARNs", "HealthCheckType", "HealthCheckGracePeriod", "Tags",
}  # fmt: skip


class Making:
    """Groups, as calls make and delete them."""

    world: World
    groups: list[AutoScalingGroup]
    find: Callable[[str, str], AutoScalingGroup | None]
    add_group: Callable[..., AutoScalingGroup]

    @operation("CreateAutoScalingGroup")
    def create_group(self, call: Call) -> Mapping[str, Any]:
        """A group by a launch template in named subnets, which begins to launch at once."""
        asked, name = call.parameters, str(call.parameters["AutoScalingGroupName"])
        if set(asked) - _KNOWN or "LaunchTemplate" not in asked or not asked.get("VPCZoneIdentifier"):
            raise NotModelled(call)
        if self.find(call.region, name) is not None:
            text = f"AutoScalingGroup by this name already exists - A group with the name {name} already exists"
            raise ServiceError("AlreadyExists", text)
        template, version = self._template(call)
        subnets = self._subnets(call)
        self._must_be_allowed(call, template, version, subnets)
        sizes = (int(asked["MinSize"]), int(asked["MaxSize"]), int(asked.get("DesiredCapacity", asked["MinSize"])))
        if not sizes[0] <= sizes[2] <= sizes[1]:
            bounds = f"min size:{sizes[0]} and max size:{sizes[1]}"
            raise ServiceError("ValidationError", f"Desired capacity:{sizes[2]} must be between the specified {bounds}")
        named = str(asked["LaunchTemplate"].get("Version", "$Default"))
        made = self.add_group(call.region, name, template, subnets, *self._target_groups(call), version=named)
        made.health_check_type = str(asked.get("HealthCheckType", "EC2"))
        made.grace_seconds = int(asked.get("HealthCheckGracePeriod", 0))
        made.tags = {t["Key"]: (t.get("Value", ""), bool(t.get("PropagateAtLaunch"))) for t in asked.get("Tags", ())}
        self.world.begin_effect(made.arn, made.resize(*sizes))
        return {}

    @operation("DeleteAutoScalingGroup")
    def delete_group(self, call: Call) -> Mapping[str, Any]:
        """Delete a group; one with instances only by force, which ends them."""
        name = str(call.parameters["AutoScalingGroupName"])
        group = self.find(call.region, name)
        if group is None:
            text = f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"
            raise ServiceError("ValidationError", text)
        if group.instances and not call.parameters.get("ForceDelete"):
            text = "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s)"
            raise ServiceError("ResourceInUse", f"{text} still in the group.")
        if not group.deleting:
            group.delete(lambda: self.groups.remove(group))
        return {}

    def _template(self, call: Call) -> tuple[LaunchTemplate, TemplateVersion]:
        asked, ec2 = call.parameters["LaunchTemplate"], self.world.model(Ec2)
        wanted = asked.get("LaunchTemplateId") or asked.get("LaunchTemplateName")
        here = [t for t in ec2.templates if t.region == call.region]
        template = next((t for t in here if wanted in (t.id, t.name)), None)
        version = template.version(str(asked.get("Version", "$Default"))) if template else None
        if template is None or version is None:
            raise _unusable(f"The specified launch template, with ID {wanted}, does not exist.")
        try:
            ec2.must_be_whole(call.region, version)
        except LaunchRefused as refused:
            raise _unusable(str(refused)) from refused
        missing = [group for group in _security_groups(version) if not ec2.has_group(call.region, group)]
        if missing:
            raise _unusable(f"The security group '{missing[0]}' does not exist")
        if version.profile and version.profile not in self.world.model(Iam).profiles:
            named = f"Value ({version.profile}) for parameter iamInstanceProfile.name is invalid."
            raise _unusable(f"{named} Invalid IAM Instance Profile name")
        return template, version

    def _subnets(self, call: Call) -> tuple[Subnet, ...]:
        there = {s.id: s for s in self.world.model(Ec2).subnets if s.region == call.region}
        wanted = str(call.parameters["VPCZoneIdentifier"]).split(",")
        missing = [each for each in wanted if each not in there]
        if missing:
            raise ServiceError("ValidationError", f"The subnet ID '{missing[0]}' does not exist")
        return tuple(there[each] for each in wanted)

    def _target_groups(self, call: Call) -> tuple[TargetGroup, ...]:
        there = {g.arn: g for g in self.world.model(Elbv2).target_groups if g.region == call.region}
        wanted = list(map(str, call.parameters.get("TargetGroupARNs", ())))
        missing = [each for each in wanted if each not in there]
        if missing:
            raise ServiceError("ValidationError", f"Provided Target Groups may not be valid: {missing[0]}")
        return tuple(there[each] for each in wanted)

    def _must_be_allowed(
        self, call: Call, template: LaunchTemplate, version: TemplateVersion, subnets: tuple[Subnet, ...]
    ) -> None:
        """What Auto Scaling asks of who makes a group of a version that is named by its number: all of a launch."""
        own, public = f"arn:aws:ec2:{call.region}:{self.world.account}", f"arn:aws:ec2:{call.region}:"
        new = "0123456789abcdef0"
        key = (f"key-pair/{version.key_name}",) if version.key_name else ()
        touched = (
            f"launch-template/{template.id}", f"instance/i-{new}", f"network-interface/eni-{new}", f"volume/vol-{new}",
            *(f"subnet/{subnet.id}" for subnet in subnets),
            *(f"security-group/{group}" for group in _security_groups(version)), *key,
        )  # fmt: skip
        for resource in (*(f"{own}:{each}" for each in touched), f"{public}:image/{version.image}"):
            also_needs("ec2:RunInstances", resource)
        for each in version.other.get("TagSpecifications", ()):
            also_needs("ec2:CreateTags", f"{own}:{each['ResourceType']}/{new}")
        for role in self.world.model(Iam).profiles[version.profile] if version.profile else ():
            also_needs("iam:PassRole", role)


def _security_groups(version: TemplateVersion) -> list[str]:
    interfaces = version.other.get("NetworkInterfaces", ())
    return [*version.other.get("SecurityGroupIds", ()), *(g for each in interfaces for g in each.get("Groups", ()))]


def _unusable(why: str) -> ServiceError:
    return ServiceError("ValidationError", f"You must use a valid fully-formed launch template. {why}")
