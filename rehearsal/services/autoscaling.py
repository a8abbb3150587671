"""EC2 Auto Scaling as a recovery sees it: groups, their instances and their scaling activities, by region.

The traps are: a group that is not there is an empty list to who describes, and a ValidationError to who changes; an
update answers before anything is launched; with Launch suspended it is accepted, and nothing happens and nothing is
said; why a launch failed stands only in the activities, which AWS tries again by itself; an instance in service is not
yet one that answers. ValidationError stands in no model of an operation. Errors and answers: botocore's model of Auto
Scaling; aws-facts section 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar

from pilotlight.domain.step import Standing
from rehearsal.service import Service, operation
from rehearsal.services.autoscaling_groups import AutoScalingGroup, Process
from rehearsal.services.autoscaling_instances import Activity, GroupInstance
from rehearsal.services.autoscaling_making import Making
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ec2_launching import LATEST, LaunchTemplate, Subnet
from rehearsal.services.elbv2 import Elbv2, TargetGroup
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

MOST_ACTIVITIES = 100
_SERVING = 2
"""So many instances a group of the primary has before an incident."""
_PORT = 8080
_UPDATABLE = {"AutoScalingGroupName", "MinSize", "MaxSize", "DesiredCapacity"}


class AutoScaling(Making, Service):
    """Groups."""

    name: ClassVar[str] = "autoscaling"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.groups: list[AutoScalingGroup] = []

    def add_group(
        self,
        region: str,
        name: str,
        template: LaunchTemplate,
        subnets: tuple[Subnet, ...],
        *target_groups: TargetGroup,
        sizes: tuple[int, int, int] = (0, 0, 0),
        version: str = LATEST,
    ) -> AutoScalingGroup:
        """Set the scene: a group of these least, most and wanted sizes, with as many healthy instances."""
        code = sha256(f"{region}/{name}".encode()).hexdigest()
        identity = "-".join((code[:8], code[8:12], code[12:16], code[16:20], code[20:32]))
        owner = f"arn:aws:autoscaling:{region}:{self.world.account}"
        arn = f"{owner}:autoScalingGroup:{identity}:autoScalingGroupName/{name}"
        place = (self.world, self.random, self.world.model(Ec2), region, name, arn)
        named = (template.id, template.name, version)
        self.groups.append(AutoScalingGroup(*place, named, subnets, target_groups, *sizes))
        return self.groups[-1]

    def furnish(self, standing: Standing) -> None:
        """A group of no instances, or one that serves, its launch template, and its target groups behind a balancer.

        Or of two groups that the standby's launches a copy of what the primary's launches.
        """
        if standing.what == "same image":
            self._copy_image(standing)
            return
        if standing.what == "copied group":
            self._furnish_copied(standing)
            return
        if standing.what not in ("group", "serving group"):
            super().furnish(standing)
        facts, region, name = standing.facts, standing.region, str(standing.facts["group"])
        ec2, balancing = self.world.model(Ec2), self.world.model(Elbv2)
        ports: Mapping[str, int] = facts.get("target_groups") or {f"{name}-tg": _PORT}
        balancer = balancing.add_load_balancer(region, f"{name}-alb")
        behind = [balancing.add_target_group(region, n, balancer, port=p, target_type="instance")
                  for n, p in ports.items()]  # fmt: skip
        made_of = {"user_data": f"#!/bin/bash\n{facts.get('user_data_marker') or ''}\n"}
        template = ec2.add_template(region, f"{name}-lt", ec2.add_image(region), **made_of)
        subnets = tuple(ec2.add_subnet(region, f"{region}{zone}") for zone in "ac")
        most = int(facts.get("maximum") or _SERVING)
        sizes = (_SERVING, 2 * _SERVING, _SERVING) if standing.what == "serving group" else (0, most, 0)
        self.add_group(region, name, template, subnets, *behind, sizes=sizes)

    def _furnish_copied(self, standing: Standing) -> None:
        """A group of no instances that has the named target group, however it is furnished besides."""
        facts, region = standing.facts, standing.region
        if self.find(region, facts["group"]) is None:
            behind = {facts["target_group"]: _PORT} if facts["target_group"] else {}
            self.furnish(Standing(self.name, "group", region, {"group": facts["group"], "target_groups": behind}))

    def _copy_image(self, standing: Standing) -> None:
        facts, ec2 = standing.facts, self.world.model(Ec2)
        theirs = self._made("serving group", facts["primary"], facts["like"])
        ours = self._made("group", standing.region, facts["name"])
        images = {image.id: image for image in ec2.images}
        copied, copy = (images[ec2.template_of(group.template[0]).versions[-1].image] for group in (theirs, ours))
        copied.name, copy.name, copy.source = copied.name or facts["like"], facts["name"], (copied.region, copied.id)

    def _made(self, what: str, region: str, name: str) -> AutoScalingGroup:
        if self.find(region, name) is None:
            self.furnish(Standing(self.name, what, region, {"group": name}))
        found = self.find(region, name)
        assert found is not None
        return found

    def find(self, region: str, name: str) -> AutoScalingGroup | None:
        """A group by its name."""
        return next((g for g in self.groups if (g.region, g.name) == (region, name)), None)

    @operation("DescribeAutoScalingGroups")
    def describe_groups(self, call: Call) -> Mapping[str, Any]:
        """The named groups, or all of the region; an unknown name is simply not there."""
        if call.parameters.get("Filters") or call.parameters.get("NextToken"):
            raise NotModelled(call)
        wanted = call.parameters.get("AutoScalingGroupNames")
        here = [g for g in self.groups if g.region == call.region and (not wanted or g.name in wanted)]
        return {"AutoScalingGroups": [_say_group(group) for group in here]}

    @operation("UpdateAutoScalingGroup")
    def update_group(self, call: Call) -> Mapping[str, Any]:
        """Change sizes; what is left out stays, and a wanted size that is left out moves between the bounds."""
        if set(call.parameters) - _UPDATABLE:
            raise NotModelled(call)
        group, given = self._named(call), call.parameters
        minimum, maximum = given.get("MinSize", group.minimum), given.get("MaxSize", group.maximum)
        if minimum > maximum:
            text = f"Max bound, {maximum}, must be greater than or equal to min bound, {minimum}"
            raise ServiceError("ValidationError", text)
        desired = given.get("DesiredCapacity", min(max(group.desired, minimum), maximum))
        if not minimum <= desired <= maximum:
            bounds = f"min size:{minimum} and max size:{maximum}"
            raise ServiceError("ValidationError", f"Desired capacity:{desired} must be between the specified {bounds}")
        seconds = group.resize(minimum, maximum, desired)
        if seconds > 0:
            self.world.begin_effect(group.arn, seconds)
        return {}

    @operation("DescribeScalingActivities")
    def describe_activities(self, call: Call) -> Mapping[str, Any]:
        """The activities of one group, newest first; those of a group that is not there are refused."""
        if not call.parameters.get("AutoScalingGroupName") or set(call.parameters) - {
            "AutoScalingGroupName",
            "MaxRecords",
        }:
            raise NotModelled(call)
        group, most = self._named(call), int(call.parameters.get("MaxRecords", MOST_ACTIVITIES))
        # botocore's text on the answer: "Activities still in progress are described first."
        in_order = sorted(group.activities, key=lambda activity: activity.ended is not None)
        return {"Activities": [_say_activity(group, activity) for activity in in_order[:most]]}

    @operation("SuspendProcesses")
    def suspend(self, call: Call) -> Mapping[str, Any]:
        """Suspend the named processes, or all where none is named."""
        group = self._named(call)
        reason = f"User suspended at {self.world.time.now():%Y-%m-%dT%H:%M:%SZ}"
        group.suspended |= dict.fromkeys(_processes(call), reason)
        return {}

    @operation("ResumeProcesses")
    def resume(self, call: Call) -> Mapping[str, Any]:
        """Resume the named processes, or all where none is named."""
        self._named(call).resume(*_processes(call))
        return {}

    @operation("CreateOrUpdateTags")
    def tag(self, call: Call) -> Mapping[str, Any]:
        """Tag groups; a key that is there gets the new value."""
        for tag in call.parameters["Tags"]:
            group = self._tagged(call, tag)
            group.tags[tag["Key"]] = (tag.get("Value", ""), bool(tag.get("PropagateAtLaunch", False)))
        return {}

    @operation("DeleteTags")
    def untag(self, call: Call) -> Mapping[str, Any]:
        """Remove tags from groups; a key that is not there is as good."""
        for tag in call.parameters["Tags"]:
            self._tagged(call, tag).tags.pop(tag["Key"], None)
        return {}

    def _named(self, call: Call) -> AutoScalingGroup:
        return self._of_name(call, str(call.parameters["AutoScalingGroupName"]))

    def _tagged(self, call: Call, tag: Mapping[str, Any]) -> AutoScalingGroup:
        return self._of_name(call, str(tag.get("ResourceId")))

    def _of_name(self, call: Call, name: str) -> AutoScalingGroup:
        found = self.find(call.region, name)
        if found is None:
            text = f"AutoScalingGroup name not found - AutoScalingGroup {name} not found"
            raise ServiceError("ValidationError", text)
        return found


def _processes(call: Call) -> list[str]:
    named = call.parameters.get("ScalingProcesses") or [process.value for process in Process]
    if set(named) - {process.value for process in Process}:
        raise ServiceError("ValidationError", f"Invalid process: {', '.join(named)}")
    return list(named)


def _say_group(group: AutoScalingGroup) -> dict[str, Any]:
    return {
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "LaunchTemplate": _say_template(group),
        "MinSize": group.minimum,
        "MaxSize": group.maximum,
        "DesiredCapacity": group.desired,
        "DefaultCooldown": 300,
        "AvailabilityZones": sorted({subnet.zone for subnet in group.subnets}),
        "LoadBalancerNames": [],
        "TargetGroupARNs": [target_group.arn for target_group in group.groups],
        "HealthCheckType": group.health_check_type,
        "HealthCheckGracePeriod": group.grace_seconds,
        "Instances": [_say_instance(group, instance) for instance in group.instances],
        "CreatedTime": group.created,
        "SuspendedProcesses": [
            {"ProcessName": name, "SuspensionReason": reason} for name, reason in group.suspended.items()
        ],
        "VPCZoneIdentifier": ",".join(subnet.id for subnet in group.subnets),
        "EnabledMetrics": [],
        "Tags": [
            {"ResourceId": group.name, "ResourceType": "auto-scaling-group", "Key": key, "Value": value,
             "PropagateAtLaunch": passed_on}
            for key, (value, passed_on) in group.tags.items()
        ],
        "TerminationPolicies": ["Default"],
        "NewInstancesProtectedFromScaleIn": group.protects_new,
        **({"Status": "Delete in progress"} if group.deleting else {}),
    }  # fmt: skip


def _say_template(group: AutoScalingGroup, version: str | None = None) -> dict[str, str]:
    identity, name, wanted = group.template
    return {"LaunchTemplateId": identity, "LaunchTemplateName": name, "Version": version or wanted}


def _say_instance(group: AutoScalingGroup, instance: GroupInstance) -> dict[str, Any]:
    return {
        "InstanceId": instance.id,
        "InstanceType": instance.version.instance_type,
        "AvailabilityZone": instance.subnet.zone,
        "LifecycleState": instance.lifecycle.value,
        "HealthStatus": "Healthy" if instance.healthy else "Unhealthy",
        "LaunchTemplate": _say_template(group, str(instance.version.number)),
        "ProtectedFromScaleIn": instance.protected,
    }


def _say_activity(group: AutoScalingGroup, activity: Activity) -> dict[str, Any]:
    said = {
        "ActivityId": activity.id,
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": activity.started,
        "EndTime": activity.ended,
        "StatusCode": activity.status,
        "StatusMessage": activity.message,
        "Progress": 100 if activity.ended else 50,
        "Details": "{}",
    }
    return {key: value for key, value in said.items() if value not in (None, "")}
