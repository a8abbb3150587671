"""The copy of an Auto Scaling group that a drill runs: what is asked of EC2 and Auto Scaling, and what is not copied.

Of the launch template's version that the original would use now, all is kept that makes an instance: image, type, user
data, metadata options. Not kept are the instance profile and the security groups, in whose place the drill's own stand;
tags, by which others find what is production's; a capacity reservation, which is held for the day itself; protection
from ending, and volumes that outlive their instance, because a drill leaves nothing behind.

The copied group has no scaling policies, scheduled actions or lifecycle hooks, which would change its size or hold its
instances; it asks its load balancer for their health as the original does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from pilotlight.domain.step import Params, StepContext
from pilotlight.estate.autoscaling.group import Group, Sizes
from pilotlight.estate.autoscaling.permissions import GroupName
from pilotlight.estate.ec2.egress import Destination
from pilotlight.estate.elbv2.copied_balancer import CopiedBalancer, CopyName, SecurityGroup, Subnet
from pilotlight.estate.marking import marks

FIRST = "1"
"""The one version that a copied launch template has. A group that names a version by its number has all of a launch's
permissions checked when it is made, and launches no other."""

KEPT = (
    "KernelId", "EbsOptimized", "ImageId", "InstanceType", "KeyName", "Monitoring", "Placement", "RamDiskId",
    "InstanceInitiatedShutdownBehavior", "UserData", "ElasticGpuSpecifications", "ElasticInferenceAccelerators",
    "InstanceMarketOptions", "CreditSpecification", "CpuOptions", "LicenseSpecifications", "HibernationOptions",
    "MetadataOptions", "EnclaveOptions", "InstanceRequirements", "PrivateDnsNameOptions", "MaintenanceOptions",
    "NetworkPerformanceOptions",
)  # fmt: skip
"""What a copied launch template has of the original's."""
_TAGGED = ("instance", "volume")
_SHOWN_ONLY = "State"
"""What EC2 shows of metadata options and takes from nobody."""

ProfileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9+=,.@_-]{1,128}$")]
RoleArn = Annotated[str, Field(pattern=r"^arn:aws:iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]+$")]


@dataclass(frozen=True)
class Made:
    """What a copied group is made of: its target group by ARN, its launch template by id."""

    group: str
    template: str


class CopySpecification(Params):
    """A copy of a group, walled in, as it is to be."""

    group: GroupName = Field(description="The original: it is read, and never changed.")
    copy_as: CopyName = Field(
        description="The name of the copied group, launch template, target group and load balancer."
    )
    instances: int = Field(ge=1, description="So many are to run, and to answer: neither more nor fewer.")
    instance_profile: ProfileName = Field(description="The drill's own; the original's is refused.")
    instance_role: RoleArn = Field(description="The one role that the instance profile holds.")
    security_groups: tuple[SecurityGroup, ...] = Field(
        min_length=1, max_length=5, description="Of the instances; they let nothing out but `egress`."
    )
    egress: tuple[Destination, ...] = Field(description="The allow-list; an empty one is nothing but themselves.")
    subnets: tuple[Subnet, ...] = Field(
        min_length=2, max_length=16, description="Of instances and load balancer; of two zones at least."
    )
    target_group: str | None = Field(
        None, min_length=1, description="Which of the original's is copied, by name or ARN, where it has several."
    )
    load_balancer: CopiedBalancer

    @model_validator(mode="after")
    def _is_another_one(self) -> Self:
        if self.copy_as == self.group:
            raise ValueError(f"copy_as is {self.group} itself; give the copy a name of its own")
        return self

    @property
    def sizes(self) -> Sizes:
        """The sizes of the copied group, which nothing moves."""
        return Sizes(self.instances, self.instances, self.instances)

    def template(
        self, original: Mapping[str, Any], lasting: Iterable[str], public: bool | None, context: StepContext
    ) -> dict[str, Any]:
        """What is asked of EC2 for the launch template.

        Parameters: `original` is the version that is copied, `lasting` names devices of its image whose volumes would
        outlive their instance, and `public` says whether its instances have public addresses; None is as in the subnet.
        """
        tags = [{"Key": key, "Value": value} for key, value in marks(context).items()]
        data = {name: original[name] for name in KEPT if name in original}
        if "MetadataOptions" in data:
            data["MetadataOptions"] = {k: v for k, v in data["MetadataOptions"].items() if k != _SHOWN_ONLY}
        devices = _that_end(original.get("BlockDeviceMappings", ()), lasting)
        return {
            "LaunchTemplateName": self.copy_as,
            "LaunchTemplateData": {
                **data,
                **({"BlockDeviceMappings": devices} if devices else {}),
                **self._network(public),
                "IamInstanceProfile": {"Name": self.instance_profile},
                "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in _TAGGED],
                "CapacityReservationSpecification": {"CapacityReservationPreference": "none"},
            },
            "TagSpecifications": [{"ResourceType": "launch-template", "Tags": tags}],
        }

    def order(self, original: Group, made: Made, context: StepContext) -> dict[str, Any]:
        """What is asked of Auto Scaling for the group."""
        tagged = {"ResourceId": self.copy_as, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
        return {
            "AutoScalingGroupName": self.copy_as,
            "LaunchTemplate": {"LaunchTemplateId": made.template, "Version": FIRST},
            "MinSize": self.instances,
            "MaxSize": self.instances,
            "DesiredCapacity": self.instances,
            "VPCZoneIdentifier": ",".join(self.subnets),
            "TargetGroupARNs": [made.group],
            "HealthCheckType": original.health_check,
            "HealthCheckGracePeriod": original.grace_seconds,
            "Tags": [{"Key": key, "Value": value, **tagged} for key, value in marks(context).items()],
        }

    def _network(self, public: bool | None) -> dict[str, Any]:
        groups = list(self.security_groups)
        if public is None:
            return {"SecurityGroupIds": groups}
        interface = {"DeviceIndex": 0, "Groups": groups, "AssociatePublicIpAddress": public}
        return {"NetworkInterfaces": [{**interface, "DeleteOnTermination": True}]}


def _that_end(mapped: Iterable[Mapping[str, Any]], lasting: Iterable[str]) -> list[dict[str, Any]]:
    """The devices of the template, and those of its image that have to be named, with volumes that end."""
    devices = [
        {**each, "Ebs": {**each["Ebs"], "DeleteOnTermination": True}} if "Ebs" in each else dict(each)
        for each in mapped
    ]
    named = {each["DeviceName"] for each in devices}
    ended = {"Ebs": {"DeleteOnTermination": True}}
    return devices + [{"DeviceName": device, **ended} for device in lasting if device not in named]
