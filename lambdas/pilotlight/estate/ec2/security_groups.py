"""The ingress rules of security groups: read, kept in tags on the group itself, taken away, and given back.

A rule that is taken away is gone with its description, and the id of the one that is given back is another. So each is
written into tags of its group first. Two rules of one content cannot stand in a group, so content is what a rule is
known by. The tags of a rule itself are not kept.

Sources: botocore's model of EC2 (which lists no errors); EC2 user guide, "Security group rules" (a description has up
to 255 characters, like the value of a tag; a group has up to 50 tags).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from pilotlight.domain.errors import InvalidRequest, NotFound
from pilotlight.domain.step import Access, Operation, StepContext
from pilotlight.estate.fencing import MARK_TAG

MOST_KEPT = 20
"""So many rules fit into the tags of a group, two tags each, beside a few of its own."""
RULE_TAG, TEXT_TAG = f"{MARK_TAG}:", f"{MARK_TAG}-text:"
DUPLICATE = "InvalidPermission.Duplicate"
ALL_PROTOCOLS = "-1"

OPERATIONS = (
    Operation("ec2", "DescribeSecurityGroups", Access.READ),
    Operation("ec2", "DescribeSecurityGroupRules", Access.READ),
    Operation("ec2", "RevokeSecurityGroupIngress", Access.WRITE),
    Operation("ec2", "AuthorizeSecurityGroupIngress", Access.WRITE),
    Operation("ec2", "CreateTags", Access.WRITE),
    Operation("ec2", "DeleteTags", Access.WRITE),
)
_SOURCES = {"cidr4": "CidrIpv4", "cidr6": "CidrIpv6", "list": "PrefixListId"}


@dataclass(frozen=True)
class IngressRule:
    """One ingress rule. `source` says from where, as in `cidr4 10.0.0.0/16` or `group sg-1/123456789012`."""

    group: str
    id: str
    protocol: str
    first: int
    last: int
    source: str
    description: str

    @property
    def content(self) -> str:
        """What the rule allows; a group has no two rules of one content."""
        return f"{self.protocol} {self.first} {self.last} {self.source}"

    def opens(self, port: int) -> bool:
        """Whether a TCP connection to that port may come in by it."""
        every = self.protocol == ALL_PROTOCOLS or -1 in (self.first, self.last)
        return self.protocol in (ALL_PROTOCOLS, "tcp", "6") and (every or self.first <= port <= self.last)

    def permission(self) -> dict[str, Any]:
        """The rule as `AuthorizeSecurityGroupIngress` takes it."""
        kind, value = self.source.split(" ", 1)
        said = {"Description": self.description} if self.description else {}
        ports = {} if self.protocol == ALL_PROTOCOLS else {"FromPort": self.first, "ToPort": self.last}
        group, _, owner = value.partition("/")
        source: dict[str, Any] = {
            "cidr4": {"IpRanges": [{"CidrIp": value, **said}]},
            "cidr6": {"Ipv6Ranges": [{"CidrIpv6": value, **said}]},
            "list": {"PrefixListIds": [{"PrefixListId": value, **said}]},
            "group": {"UserIdGroupPairs": [{"GroupId": group, "UserId": owner, **said}]},
        }[kind]
        return {"IpProtocol": self.protocol, **ports, **source}

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Self:
        """Read one entry of DescribeSecurityGroupRules."""
        other = found.get("ReferencedGroupInfo") or {}
        sources = [f"{kind} {found[name]}" for kind, name in _SOURCES.items() if found.get(name)]
        return cls(
            group=found["GroupId"],
            id=found["SecurityGroupRuleId"],
            protocol=found["IpProtocol"],
            first=found.get("FromPort", -1),
            last=found.get("ToPort", -1),
            source=sources[0] if sources else f"group {other['GroupId']}/{other.get('UserId', '')}",
            description=found.get("Description", ""),
        )

    @classmethod
    def from_content(cls, group: str, content: str, description: str) -> Self:
        """The rule that a tag or a receipt holds."""
        protocol, first, last, source = content.split(" ", 3)
        return cls(group, "", protocol, int(first), int(last), source, description)


def read_rules(context: StepContext, groups: Iterable[str]) -> list[IngressRule]:
    """The ingress rules of the groups in the primary."""
    asked: dict[str, Any] = {"Filters": [{"Name": "group-id", "Values": sorted(groups)}]}
    rules: list[IngressRule] = []
    while True:
        page = context.aws.call("ec2", "DescribeSecurityGroupRules", context.place.primary, **asked)
        rules += [IngressRule.read(found) for found in page.get("SecurityGroupRules", ()) if not found["IsEgress"]]
        if not page.get("NextToken"):
            return rules
        asked["NextToken"] = page["NextToken"]


def read_kept(context: StepContext, groups: Iterable[str]) -> list[IngressRule]:
    """The rules that a fence of this application took away, as the tags of the groups hold them."""
    wanted = sorted(groups)
    answer = context.aws.call("ec2", "DescribeSecurityGroups", context.place.primary, GroupIds=wanted)
    kept: list[IngressRule] = []
    for found in answer["SecurityGroups"]:
        tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}
        for key, value in tags.items():
            owner, _, content = value.partition(" ")
            if key.startswith(RULE_TAG) and owner == context.place.application:
                text = tags.get(TEXT_TAG + key.removeprefix(RULE_TAG), "")
                kept.append(IngressRule.from_content(found["GroupId"], content, text))
    return kept


def keep(context: StepContext, rules: Iterable[IngressRule]) -> None:
    """Write rules into the tags of their groups, so that they can be given back without a receipt."""
    for group, its in _by_group(rules).items():
        tags = {RULE_TAG + rule.id: f"{context.place.application} {rule.content}" for rule in its}
        tags |= {TEXT_TAG + rule.id: rule.description for rule in its if rule.description}
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        context.aws.call("ec2", "CreateTags", context.place.primary, Resources=[group], Tags=pairs)


def revoke(context: StepContext, rules: Iterable[IngressRule]) -> None:
    """Take rules away, by their ids; gone already is as good."""
    for group, its in _by_group(rules).items():
        ids = [rule.id for rule in its]
        try:
            context.aws.call(
                "ec2", "RevokeSecurityGroupIngress", context.place.primary, GroupId=group, SecurityGroupRuleIds=ids
            )
        except NotFound:
            continue


def give_back(context: StepContext, rules: Iterable[IngressRule]) -> None:
    """Allow again what the rules allowed; one that stands there already is as good."""
    for rule in rules:
        permissions = [rule.permission()]
        try:
            context.aws.call(
                "ec2",
                "AuthorizeSecurityGroupIngress",
                context.place.primary,
                GroupId=rule.group,
                IpPermissions=permissions,
            )
        except InvalidRequest as error:
            if error.code != DUPLICATE:
                raise


def forget(context: StepContext, groups: Iterable[str]) -> None:
    """Remove the tags of kept rules from the groups."""
    answer = context.aws.call("ec2", "DescribeSecurityGroups", context.place.primary, GroupIds=sorted(groups))
    for found in answer["SecurityGroups"]:
        keys = [tag["Key"] for tag in found.get("Tags", ()) if tag["Key"].startswith((RULE_TAG, TEXT_TAG))]
        if keys:
            tags = [{"Key": key} for key in keys]
            context.aws.call("ec2", "DeleteTags", context.place.primary, Resources=[found["GroupId"]], Tags=tags)


def _by_group(rules: Iterable[IngressRule]) -> dict[str, list[IngressRule]]:
    groups: dict[str, list[IngressRule]] = {}
    for rule in rules:
        groups.setdefault(rule.group, []).append(rule)
    return groups
