"""What a group's instances are made of and where they go, looked at before it is needed.

A launch template is only a note, and nobody looks whether its image is there until an instance is launched. So the
version that the group would use today is resolved, and its image, key pair and instance profile are looked for; and
whether the subnets have addresses, their zones the instance type, and the account vCPUs enough. Whether a zone has
room at that very moment nobody can say; a capacity reservation can.

Sources: botocore's models of EC2; EC2 Auto Scaling user guide, "Troubleshoot: EC2 instance launch failures"; Service
Quotas, "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances" (L-1216C47A, in vCPUs). IAM is global, and
is asked here, before an incident, and never in a run.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Finding, StepContext
from pilotlight.estate.autoscaling.group import Group

QUOTA_CODE = "L-1216C47A"
_OF_THE_QUOTA = "acdhimrtz"
_BY_PARAMETER = "resolve:ssm:"
_AVAILABLE = "available"


@dataclass(frozen=True)
class Source:
    """The version of a launch template that a group would use now."""

    said: str
    image: str
    instance_type: str
    key_name: str
    profile: str
    user_data: str

    @classmethod
    def from_answer(cls, version: Mapping[str, Any]) -> Source:
        """Read one entry of DescribeLaunchTemplateVersions."""
        data = version["LaunchTemplateData"]
        profile = data.get("IamInstanceProfile", {})
        return cls(
            f"version {version['VersionNumber']} of launch template {version['LaunchTemplateName']}",
            data.get("ImageId", ""),
            data.get("InstanceType", ""),
            data.get("KeyName", ""),
            profile.get("Name") or profile.get("Arn", "").rsplit("/", 1)[-1],
            b64decode(data.get("UserData", "")).decode("utf-8", "replace"),
        )


def check_source(context: StepContext, group: Group, wanted: int, marker: str | None) -> Iterator[Finding]:
    """What would keep the group from launching `wanted` more instances, or these from knowing what they are for."""
    if group.template is None:
        sentence = f"Group {group.name} uses a launch configuration, whose image and key pair are not looked at."
        yield Finding.warning("no-launch-template", sentence, "Give the group a launch template.")
        return
    source = resolve(context, group)
    if source is None:
        gone = f"{group.template.id} has no version {group.template.version}"
        sentence = f"Group {group.name} cannot launch anything because launch template {gone} in the standby."
        yield Finding.impossible(
            "template-missing", sentence, "Create the launch template again, or correct the group."
        )
        return
    yield from _check_image(context, group, source)
    yield from _check_key(context, group, source)
    yield from _check_profile(context, group, source)
    if marker is not None and marker not in source.user_data:
        sentence = (
            f"Group {group.name} would launch instances whose user data does not hold '{marker}' ({source.said})."
        )
        yield Finding.impossible("marker-missing", sentence, "Put it into a new version of the launch template.")
    yield from _check_room(context, group, source, wanted)


def resolve(context: StepContext, group: Group) -> Source | None:
    """What the group would launch now, in its own region; None without that version, or without a launch template."""
    if group.template is None:
        return None
    asked = {"LaunchTemplateId": group.template.id, "Versions": [group.template.version]}
    try:
        answer = context.aws.call("ec2", "DescribeLaunchTemplateVersions", group.region, **asked)
    except NotFound:
        return None
    versions = answer.get("LaunchTemplateVersions", [])
    return Source.from_answer(versions[0]) if versions else None


def _check_image(context: StepContext, group: Group, source: Source) -> Iterator[Finding]:
    if source.image.startswith(_BY_PARAMETER):
        sentence = f"Group {group.name} takes its image from {source.image}, which is read at the launch only."
        yield Finding.warning(
            "image-by-parameter", sentence, "Look whether the parameter names an image of the standby."
        )
        return
    try:
        answer = context.aws.call("ec2", "DescribeImages", group.region, ImageIds=[source.image], IncludeDisabled=True)
        images = answer.get("Images", [])
    except NotFound:
        images = []
    if not images:
        sentence = f"Group {group.name} cannot launch anything because image {source.image} is not in {group.region}."
        fix = "Copy the image there and name the copy in a new version of the launch template."
        yield Finding.impossible("image-missing", f"{sentence[:-1]} ({source.said}).", fix)
    elif images[0]["State"] != _AVAILABLE:
        sentence = f"Group {group.name} cannot launch anything because image {source.image} is {images[0]['State']}."
        yield Finding.impossible("image-unavailable", sentence, "Wait until it is available, or name another one.")
    elif images[0].get("OwnerId") != context.place.account:
        owner = images[0].get("OwnerId", "nobody we know")
        sentence = f"Group {group.name} launches image {source.image} of account {owner}, which may take it back."
        yield Finding.warning("image-of-others", sentence, "Copy it into this account, in the standby.")


def _check_key(context: StepContext, group: Group, source: Source) -> Iterator[Finding]:
    if not source.key_name:
        return
    try:
        context.aws.call("ec2", "DescribeKeyPairs", group.region, KeyNames=[source.key_name])
    except NotFound:
        sentence = f"Group {group.name} cannot launch anything because key pair {source.key_name} is not there."
        fix = "Import the key pair into the standby, or take it out of the launch template."
        yield Finding.impossible("key-pair-missing", sentence, fix)


def _check_profile(context: StepContext, group: Group, source: Source) -> Iterator[Finding]:
    if source.profile and source.profile not in _profiles(context):
        sentence = f"Group {group.name} cannot launch anything because instance profile {source.profile} is not there."
        yield Finding.impossible(
            "profile-missing", sentence, "Create the instance profile, or correct the launch template."
        )


def _profiles(context: StepContext) -> set[str]:
    names: set[str] = set()
    page: dict[str, Any] = {}
    while True:
        answer = context.aws.call("iam", "ListInstanceProfiles", "us-east-1", **page)
        names |= {profile["InstanceProfileName"] for profile in answer.get("InstanceProfiles", ())}
        if not answer.get("IsTruncated"):
            return names
        page = {"Marker": answer["Marker"]}


def _check_room(context: StepContext, group: Group, source: Source, wanted: int) -> Iterator[Finding]:
    zones = set()
    if group.subnets:
        try:
            answer = context.aws.call("ec2", "DescribeSubnets", group.region, SubnetIds=list(group.subnets))
        except NotFound:
            sentence = f"Group {group.name} cannot launch into all of its subnets because one of them is gone."
            yield Finding.impossible("subnet-missing", sentence, "Name subnets of the standby in the group.")
            return
        zones = {subnet["AvailabilityZone"] for subnet in answer["Subnets"]}
        free = sum(subnet["AvailableIpAddressCount"] for subnet in answer["Subnets"])
        if free < wanted:
            sentence = f"Group {group.name} needs {wanted} addresses, and its subnets have {free}."
            yield Finding.impossible("subnets-full", sentence, "Give the group larger subnets, or free some addresses.")
    if source.instance_type:
        yield from _check_type(context, group, source, zones)
        yield from _check_quota(context, group, source, wanted)


def _check_type(context: StepContext, group: Group, source: Source, zones: set[str]) -> Iterator[Finding]:
    kind = source.instance_type
    filters = [{"Name": "instance-type", "Values": [kind]}]
    answer = context.aws.call(
        "ec2", "DescribeInstanceTypeOfferings", group.region, LocationType="availability-zone", Filters=filters
    )
    without = sorted(zones - {offering["Location"] for offering in answer.get("InstanceTypeOfferings", ())})
    if zones and len(without) == len(zones):
        sentence = f"Group {group.name} cannot launch anything because none of its zones offers {kind}."
        yield Finding.impossible(
            "type-not-offered", sentence, "Name a type that the standby offers in the launch template."
        )
    elif without:
        sentence = f"Group {group.name} has no {kind} in {' and '.join(without)}, so it stands in fewer zones."
        yield Finding.warning("type-not-everywhere", sentence, "Name a type that all zones of the group offer.")


def _check_quota(context: StepContext, group: Group, source: Source, wanted: int) -> Iterator[Finding]:
    kind = source.instance_type
    if kind[0] not in _OF_THE_QUOTA or kind.startswith(("inf", "trn", "dl", "hpc")):
        return
    types = context.aws.call("ec2", "DescribeInstanceTypes", group.region, InstanceTypes=[kind])["InstanceTypes"]
    needed = wanted * sum(found["VCpuInfo"]["DefaultVCpus"] for found in types)
    answer = context.aws.call(
        "service-quotas", "GetServiceQuota", group.region, ServiceCode="ec2", QuotaCode=QUOTA_CODE
    )
    quota = int(answer["Quota"]["Value"])
    if needed > quota:
        sentence = f"Group {group.name} needs {needed} vCPUs of {kind}, and the standby's quota is {quota} in all."
        yield Finding.impossible(
            "quota", sentence, "Ask for a higher quota of On-Demand Standard instances in the standby."
        )
