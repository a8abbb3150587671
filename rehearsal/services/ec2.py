"""EC2: security groups with their ingress rules, and the tags of both; `ec2_routing` has what leads out of a VPC.

What instances are launched from stands in `ec2_launching` and `ec2_images`, what joins VPCs in `ec2_peering`.

The traps are: a revoked rule leaves open connections alone (the model of RDS knows nothing of sessions at all), a rule
that is authorised again has another id, a duplicate is refused, and a tag may have 255 characters of value at most. A
rule opens one kind of source. Codes are those of the EC2 API reference; botocore's model lists none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from pilotlight.domain.step import Standing
from rehearsal.service import Service, operation
from rehearsal.services.ec2_images import Image
from rehearsal.services.ec2_interfaces import Interface, Interfaces
from rehearsal.services.ec2_launching import Launching, LaunchTemplate, Limits, Subnet
from rehearsal.services.ec2_peering import Connection
from rehearsal.services.ec2_routing import Routing
from rehearsal.services.ec2_templates import Templates
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

MOST_TAGS, LONGEST_VALUE = 50, 256
DATABASE_PORT = 3306
_SOURCES = (
    ("IpRanges", "CidrIp", "CidrIpv4"),
    ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
    ("PrefixListIds", "PrefixListId", "PrefixListId"),
    ("UserIdGroupPairs", "GroupId", "GroupId"),
)
"""A source as a permission names it, its member there, and its name in a rule."""


@dataclass(frozen=True)
class Rule:
    """One rule: `source` is the name and the value of what may come in or, of an egress rule, of where it leads."""

    id: str
    protocol: str
    first: int
    last: int
    source: tuple[str, str]
    description: str = ""

    @property
    def content(self) -> tuple[Any, ...]:
        """What two rules of a group cannot have in common."""
        return self.protocol, self.first, self.last, self.source

    def lets_in(self, port: int) -> bool:
        """Whether a TCP connection to that port may come in by it."""
        every = self.protocol == "-1" or self.first == -1
        return self.protocol in ("-1", "tcp", "6") and (every or self.first <= port <= self.last)


EVERYWHERE = Rule("sgr-everywhere", "-1", -1, -1, ("CidrIpv4", "0.0.0.0/0"))
"""What EC2 lets a new group let out, until it is taken away."""


@dataclass(eq=False)
class SecurityGroup:
    """One security group: what it lets in, and out; a scene is set, and trouble caused, by changing it."""

    region: str
    id: str
    rules: list[Rule] = field(default_factory=list)
    egress: list[Rule] = field(default_factory=lambda: [EVERYWHERE])
    tags: dict[str, str] = field(default_factory=dict)


class Ec2(Launching, Templates, Routing, Interfaces, Service):
    """The security groups of all regions, what instances are launched from, and what leads out of a VPC."""

    name: ClassVar[str] = "ec2"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._begin_routing()
        self._groups: dict[tuple[str, str], SecurityGroup] = {}
        self.images: list[Image] = []
        self.templates: list[LaunchTemplate] = []
        self.key_pairs: dict[tuple[str, str], str] = {}
        self.subnets: list[Subnet] = []
        self.limits: dict[str, Limits] = {}
        self.connections: list[Connection] = []
        self.interfaces: list[Interface] = []

    def add_group(self, region: str, identifier: str, *rules: Rule) -> SecurityGroup:
        """Set the scene: a group with these rules."""
        made = SecurityGroup(region, identifier, list(rules))
        self._groups[region, identifier] = made
        return made

    def group(self, region: str, identifier: str) -> SecurityGroup:
        """One group, to look at it or to change it from outside; KeyError if there is none."""
        return self._groups[region, identifier]

    def has_group(self, region: str, identifier: str) -> bool:
        """Whether there is such a group."""
        return (region, identifier) in self._groups

    def furnish(self, standing: Standing) -> None:
        """Security groups that let an application's network reach a database, subnets, a NAT gateway or a peering."""
        furnishing = {
            "subnets": self._furnish_subnets,
            "isolated security groups": self._furnish_isolated,
            "security groups": self._furnish_front,
            "nat gateway": self.furnish_gateway,
            "peering": self.furnish_peering,
        }.get(standing.what)
        if furnishing is not None:
            furnishing(standing)
            return
        if standing.what != "security groups of a database":
            super().furnish(standing)
        for identifier in standing.facts["security_groups"]:
            if (standing.region, identifier) not in self._groups:
                network = ("CidrIpv4", "10.0.0.0/16")
                rule = Rule(self._rule_id(), "tcp", DATABASE_PORT, DATABASE_PORT, network, "the application")
                self.add_group(standing.region, identifier, rule)

    def _furnish_subnets(self, standing: Standing) -> None:
        there = {subnet.id for subnet in self.subnets if subnet.region == standing.region}
        for number, identifier in enumerate(standing.facts["subnets"]):
            zone = f"{standing.region}{'acd'[number % 3]}"
            if identifier not in there:
                self.subnets.append(Subnet(standing.region, identifier, zone))

    def _furnish_isolated(self, standing: Standing) -> None:
        for identifier in standing.facts["security_groups"]:
            allowed = [rule for each in standing.facts["egress"] for rule in rules_to(each["to"], each["ports"])]
            self.add_group(standing.region, identifier).egress = allowed

    def _furnish_front(self, standing: Standing) -> None:
        for identifier in standing.facts["security_groups"]:
            port = int(standing.facts["port"])
            rule = Rule(self._rule_id(), "tcp", port, port, ("CidrIpv4", "10.0.0.0/16"), "who asks it")
            self.add_group(standing.region, identifier, rule)

    @operation("DescribeSecurityGroups")
    def describe_groups(self, call: Call) -> Mapping[str, Any]:
        """The named groups; one unknown id refuses the whole call."""
        if not call.parameters.get("GroupIds") or call.parameters.get("Filters"):
            raise NotModelled(call)
        return {"SecurityGroups": [self._say_group(self._find(call, i)) for i in call.parameters["GroupIds"]]}

    @operation("DescribeSecurityGroupRules")
    def describe_rules(self, call: Call) -> Mapping[str, Any]:
        """The rules of groups, chosen by the filter `group-id`; an unknown group has none."""
        filters = call.parameters.get("Filters", ())
        if [f["Name"] for f in filters] != ["group-id"]:
            raise NotModelled(call)
        wanted = [self._groups.get((call.region, i)) for i in filters[0]["Values"]]
        rules = [
            {**self._say_rule(group, rule), "IsEgress": out}
            for group in wanted
            if group
            for out, several in ((False, group.rules), (True, group.egress))
            for rule in several
        ]
        return {"SecurityGroupRules": rules}

    @operation("RevokeSecurityGroupIngress")
    def revoke_ingress(self, call: Call) -> Mapping[str, Any]:
        """Take rules away by their ids, all or none."""
        group, ids = self._find(call, call.parameters["GroupId"]), call.parameters.get("SecurityGroupRuleIds")
        if not ids:
            raise NotModelled(call)
        unknown = set(ids) - {rule.id for rule in group.rules}
        if unknown:
            text = f"The security group rule ID '{sorted(unknown)[0]}' does not exist"
            raise ServiceError("InvalidSecurityGroupRuleId.NotFound", text)
        group.rules = [rule for rule in group.rules if rule.id not in ids]
        return {"Return": True}

    @operation("AuthorizeSecurityGroupIngress")
    def authorize_ingress(self, call: Call) -> Mapping[str, Any]:
        """Add rules, all or none; one that is there already refuses the call."""
        group = self._find(call, call.parameters["GroupId"])
        if not call.parameters.get("IpPermissions"):
            raise NotModelled(call)
        new = [rule for permission in call.parameters["IpPermissions"] for rule in self._rules_of(permission)]
        there = {rule.content for rule in group.rules}
        if any(rule.content in there for rule in new):
            raise ServiceError("InvalidPermission.Duplicate", "the specified rule already exists")
        group.rules += new
        return {"Return": True, "SecurityGroupRules": [self._say_rule(group, rule) for rule in new]}

    @operation("CreateTags")
    def create_tags(self, call: Call) -> Mapping[str, Any]:
        """Tag groups; a key that is there gets the new value."""
        given = {tag["Key"]: tag.get("Value", "") for tag in call.parameters["Tags"]}
        for identifier in call.parameters["Resources"]:
            group = self._find(call, identifier)
            if len({**group.tags, **given}) > MOST_TAGS:
                raise ServiceError("TagLimitExceeded", f"More than {MOST_TAGS} tags on {identifier}")
            if any(len(value) > LONGEST_VALUE for value in given.values()):
                raise ServiceError("InvalidParameterValue", f"Tag value exceeds the maximum length of {LONGEST_VALUE}")
            group.tags |= given
        return {}

    @operation("DeleteTags")
    def delete_tags(self, call: Call) -> Mapping[str, Any]:
        """Remove tags from groups; a key that is not there is as good."""
        for identifier in call.parameters["Resources"]:
            for tag in call.parameters.get("Tags", ()):
                self._find(call, identifier).tags.pop(tag["Key"], None)
        return {}

    def _find(self, call: Call, identifier: Any) -> SecurityGroup:
        found = self._groups.get((call.region, str(identifier)))
        if found is None:
            raise ServiceError("InvalidGroup.NotFound", f"The security group '{identifier}' does not exist")
        return found

    def _rule_id(self) -> str:
        return f"sgr-{self.random.getrandbits(68):017x}"

    def _rules_of(self, permission: Mapping[str, Any]) -> Iterator[Rule]:
        ports = int(permission.get("FromPort", -1)), int(permission.get("ToPort", -1))
        for named, member, source in _SOURCES:
            for entry in permission.get(named, ()):
                made = Rule(self._rule_id(), permission["IpProtocol"], *ports, (source, entry[member]))
                yield replace(made, description=entry.get("Description", ""))

    def _say_group(self, group: SecurityGroup) -> dict[str, Any]:
        tags = [{"Key": key, "Value": value} for key, value in group.tags.items()]
        said = {"GroupId": group.id, "GroupName": group.id, "OwnerId": self.world.account, "Tags": tags}
        return said | {"IpPermissionsEgress": [_permission(rule) for rule in group.egress]}

    def _say_rule(self, group: SecurityGroup, rule: Rule) -> dict[str, Any]:
        source, value = rule.source
        other = {"ReferencedGroupInfo": {"GroupId": value, "UserId": self.world.account}}
        said = {
            "SecurityGroupRuleId": rule.id,
            "GroupId": group.id,
            "GroupOwnerId": self.world.account,
            "IsEgress": False,
            "IpProtocol": rule.protocol,
            "FromPort": rule.first,
            "ToPort": rule.last,
            **(other if source == "GroupId" else {source: value}),
        }
        return said | ({"Description": rule.description} if rule.description else {})


def rules_to(destination: str, ports: Iterable[int]) -> list[Rule]:
    """Set the scene: egress rules that let TCP out to a group, a prefix list or a CIDR, on each of these ports."""
    kind = {"sg-": "GroupId", "pl-": "PrefixListId"}.get(destination[:3], "CidrIpv4")
    return [Rule(f"sgr-{destination}-{port}", "tcp", port, port, (kind, destination)) for port in ports]


def _permission(rule: Rule) -> dict[str, Any]:
    """A rule as DescribeSecurityGroups shows it; all protocols have no ports."""
    kind, value = rule.source
    named, member = next((named, member) for named, member, source in _SOURCES if source == kind)
    ports = {} if rule.protocol == "-1" else {"FromPort": rule.first, "ToPort": rule.last}
    return {"IpProtocol": rule.protocol, **ports, named: [{member: value}]}
