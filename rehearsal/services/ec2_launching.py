"""What EC2 launches instances from: launch templates and their versions, key pairs, subnets; `ec2` holds them.

Images stand in `ec2_images`.

A launch template is only a note: whether its image and its key pair are there is found out at the launch, and not
before. `$Latest` and `$Default` are resolved at the launch, too. A launch that fails says why in a sentence, which a
group's scaling activity repeats. Answers: botocore's model of EC2. Sentences: EC2 Auto Scaling user guide,
"Troubleshoot: EC2 instance launch failures" and "AMI issues"; that of the vCPU limit as it was quoted by people who
met it; that of a full subnet from the error InsufficientFreeAddressesInSubnet of RunInstances.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.service import operation
from rehearsal.services.ec2_images import AVAILABLE, DISABLED, Image, Images, ids_in, must_all_be_there
from rehearsal.wire import Call, NotModelled, ServiceError

LATEST, DEFAULT = "$Latest", "$Default"
_VCPUS = {"t2.small": 1}
"""EC2 user guide, "Instance types"; every type that is not named here counts as one of two vCPUs."""


class LaunchRefused(Exception):
    """EC2 launches nothing; the sentence says why."""


@dataclass(frozen=True)
class TemplateVersion:
    """One version of a launch template: what an instance is made of."""

    number: int
    image: str
    instance_type: str
    key_name: str | None = None
    profile: str | None = None
    user_data: str = ""
    other: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """All else that it says, as EC2 shows it."""


@dataclass(eq=False)
class LaunchTemplate:
    """A launch template with its versions, oldest first."""

    region: str
    id: str
    name: str
    versions: list[TemplateVersion]
    default: int = 1
    tags: dict[str, str] = field(default_factory=dict)

    def version(self, wanted: str) -> TemplateVersion | None:
        """The version of a number, `$Latest` or `$Default`."""
        number = {LATEST: self.versions[-1].number, DEFAULT: self.default}.get(wanted)
        return next((v for v in self.versions if str(v.number) == str(number or wanted)), None)


@dataclass(eq=False)
class Subnet:
    """A subnet of one zone, with the addresses that are free in it."""

    region: str
    id: str
    zone: str
    free: int = 250


@dataclass
class Limits:
    """What keeps a region from launching: types without room by zone, zones without a type, and the quota of vCPUs."""

    no_room: set[tuple[str, str]] = field(default_factory=set)
    not_offered: set[tuple[str, str]] = field(default_factory=set)
    vcpus: int = 384
    running: int = 0


class Launching(Images):
    """The part of EC2 that launches."""

    templates: list[LaunchTemplate]
    key_pairs: dict[tuple[str, str], str]
    subnets: list[Subnet]
    limits: dict[str, Limits]

    def add_key_pair(self, region: str, name: str) -> None:
        """Set the scene: a key pair."""
        self.key_pairs[region, name] = "rsa"

    def add_subnet(self, region: str, zone: str) -> Subnet:
        """Set the scene: a subnet of a zone, as in `ap-northeast-1a`."""
        self.subnets.append(Subnet(region, f"subnet-{self.random.getrandbits(68):017x}", zone))
        return self.subnets[-1]

    def add_template(self, region: str, name: str, image: Image, **made_of: Any) -> LaunchTemplate:
        """Set the scene: a launch template of one version, of an instance of type t2.small unless told otherwise."""
        first = TemplateVersion(1, image.id, **{"instance_type": "t2.small", **made_of})
        self.templates.append(LaunchTemplate(region, f"lt-{self.random.getrandbits(68):017x}", name, [first]))
        self.limits_of(region)  # they are there before the first launch, and no trace of one
        return self.templates[-1]

    def template_of(self, identity: str) -> LaunchTemplate:
        """One launch template by its id, to look at it or to give it a version; KeyError if there is none."""
        return {template.id: template for template in self.templates}[identity]

    def limits_of(self, region: str) -> Limits:
        """The limits of a region, to change them."""
        return self.limits.setdefault(region, Limits())

    def launch(self, region: str, template: str, wanted: str, subnet: Subnet) -> TemplateVersion:
        """Take an address and vCPUs for an instance of a template; raises `LaunchRefused`."""
        found = next((t for t in self.templates if t.region == region and template in (t.id, t.name)), None)
        version = found.version(wanted) if found else None
        if version is None:
            raise LaunchRefused(f"The specified launch template, with ID {template}, does not exist.")
        self.must_be_whole(region, version)
        self._must_have_room(region, version, subnet)
        subnet.free -= 1
        self.limits_of(region).running += vcpus_of(version.instance_type)
        return version

    def release(self, version: TemplateVersion, subnet: Subnet) -> None:
        """Give back what an instance took."""
        subnet.free += 1
        self.limits_of(subnet.region).running -= vcpus_of(version.instance_type)

    def must_be_whole(self, region: str, version: TemplateVersion) -> None:
        """Raise `LaunchRefused` where something that the version names is not there, or cannot be used."""
        image = next((i for i in self.images if (i.region, i.id) == (region, version.image)), None)
        if image is None:
            raise LaunchRefused(f"The image id '{version.image}' does not exist.")
        if image.state == DISABLED:
            raise LaunchRefused(f"AMI '{version.image}' is disabled, and cannot be run.")
        if image.state != AVAILABLE:
            raise LaunchRefused(f"AMI {version.image} is {image.state}, and cannot be run.")
        if version.key_name and (region, version.key_name) not in self.key_pairs:
            raise LaunchRefused(f"The key pair '{version.key_name}' does not exist.")

    def _must_have_room(self, region: str, version: TemplateVersion, subnet: Subnet) -> None:
        kind, limits = version.instance_type, self.limits_of(region)
        if (kind, subnet.zone) in limits.not_offered:
            raise LaunchRefused(
                f"Your requested instance type ({kind}) is not supported in your requested Availability Zone "
                f"({subnet.zone})."
            )
        if limits.running + vcpus_of(kind) > limits.vcpus:
            raise LaunchRefused(
                f"You have requested more vCPU capacity than your current vCPU limit of {limits.vcpus} allows for the "
                "instance bucket that the specified instance type belongs to. Please visit "
                "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit."
            )
        if (kind, subnet.zone) in limits.no_room:
            raise LaunchRefused(
                f"We currently do not have sufficient {kind} capacity in the Availability Zone you requested "
                f"({subnet.zone}). Our system will be working on provisioning additional capacity."
            )
        if subnet.free < 1:
            raise LaunchRefused(
                f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of "
                "instances."
            )

    @operation("DescribeLaunchTemplateVersions")
    def describe_template_versions(self, call: Call) -> Mapping[str, Any]:
        """The named versions of one template; one that is not there refuses the call."""
        given = call.parameters
        asked, wanted = given.get("LaunchTemplateId") or given.get("LaunchTemplateName"), given.get("Versions")
        if not asked or not wanted:
            raise NotModelled(call)
        template = next((t for t in self.templates if t.region == call.region and asked in (t.id, t.name)), None)
        if template is None:
            by_id = "LaunchTemplateId" in given
            code = "InvalidLaunchTemplateId.NotFound" if by_id else "InvalidLaunchTemplateName.NotFoundException"
            raise ServiceError(code, f"The specified launch template, {asked}, does not exist.")
        versions = [template.version(each) for each in wanted]
        if None in versions:
            code = "InvalidLaunchTemplateId.VersionNotFound"
            raise ServiceError(code, f"Could not find the specified version {wanted[0]} for {template.id}")
        return {"LaunchTemplateVersions": [_say_version(template, v) for v in versions if v]}

    @operation("DescribeKeyPairs")
    def describe_key_pairs(self, call: Call) -> Mapping[str, Any]:
        """The named key pairs; one unknown name refuses the whole call."""
        wanted = ids_in(call, "KeyNames")
        here = [name for name in wanted if (call.region, name) in self.key_pairs]
        must_all_be_there(wanted, here, "InvalidKeyPair.NotFound", "The key pair '{}' does not exist")
        return {"KeyPairs": [{"KeyName": name, "KeyType": self.key_pairs[call.region, name]} for name in here]}

    @operation("DescribeSubnets")
    def describe_subnets(self, call: Call) -> Mapping[str, Any]:
        """The named subnets; one unknown id refuses the whole call."""
        wanted = ids_in(call, "SubnetIds")
        here = [s for s in self.subnets if s.region == call.region and s.id in wanted]
        text = "The subnet ID '{}' does not exist"
        must_all_be_there(wanted, [s.id for s in here], "InvalidSubnetID.NotFound", text)
        return {
            "Subnets": [
                {"SubnetId": s.id, "AvailabilityZone": s.zone, "AvailableIpAddressCount": s.free, "State": AVAILABLE}
                for s in here
            ]
        }

    @operation("DescribeInstanceTypeOfferings")
    def describe_offerings(self, call: Call) -> Mapping[str, Any]:
        """Which zones of the region's subnets offer the types that the filter `instance-type` names."""
        filters = {f["Name"]: f["Values"] for f in call.parameters.get("Filters", ())}
        if call.parameters.get("LocationType") != "availability-zone" or set(filters) != {"instance-type"}:
            raise NotModelled(call)
        zones = sorted({s.zone for s in self.subnets if s.region == call.region})
        absent = self.limits.get(call.region, Limits()).not_offered
        offered = [(t, z) for t in filters["instance-type"] for z in zones if (t, z) not in absent]
        return {
            "InstanceTypeOfferings": [
                {"InstanceType": kind, "LocationType": "availability-zone", "Location": zone} for kind, zone in offered
            ]
        }

    @operation("DescribeInstanceTypes")
    def describe_instance_types(self, call: Call) -> Mapping[str, Any]:
        """The vCPUs of the named types."""
        wanted = ids_in(call, "InstanceTypes")
        return {"InstanceTypes": [{"InstanceType": t, "VCpuInfo": {"DefaultVCpus": vcpus_of(t)}} for t in wanted]}


def vcpus_of(instance_type: str) -> int:
    """The vCPUs of a type."""
    return _VCPUS.get(instance_type, 2)


def _say_version(template: LaunchTemplate, version: TemplateVersion) -> dict[str, Any]:
    data = {
        "ImageId": version.image,
        "InstanceType": version.instance_type,
        "KeyName": version.key_name,
        "IamInstanceProfile": {"Name": version.profile} if version.profile else None,
        "UserData": b64encode(version.user_data.encode()).decode() if version.user_data else None,
    }
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "VersionNumber": version.number,
        "DefaultVersion": version.number == template.default,
        "LaunchTemplateData": {**version.other, **{key: value for key, value in data.items() if value}},
    }
