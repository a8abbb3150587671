"""What security groups let out, beside what a plan allows: the walls of a drilled application.

A rule that lets anything out is within a plan's allow-list if every address and every port of it is. What leads to the
groups themselves is always within it; any protocol but TCP leads nowhere else. A group that is missing or that shows no
rules, and a rule of a shape that is not known here, count as open: unknown is never closed.

What stands in a prefix list is not read, so a list is named by who vouches for it. The resolver of a VPC answers
whatever the rules are (VPC User Guide, "Security group rules"). Shapes: botocore's model of EC2, which lists no errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import StepContext

_NAMED = re.compile(r"(sg|pl)-[0-9a-f]{8,17}")
_WIDEST = {4: 9, 6: 33}
"""The shortest prefix of a destination: narrower than a /8, or what a provider is given of IPv6."""
_TCP, _ALL_PORTS = ("tcp", "6"), 65535
_SOURCES = {
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "PrefixListIds": "PrefixListId",
    "UserIdGroupPairs": "GroupId",
}
_KNOWN = {*_SOURCES, "IpProtocol", "FromPort", "ToPort"}

Port = Annotated[int, Field(ge=1, le=_ALL_PORTS)]


class Destination(BaseModel):
    """What a drilled application may reach over TCP: `{to: 10.1.0.0/24, ports: [443]}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: str = Field(description="A security group, a prefix list, or a CIDR narrower than /8.")
    ports: tuple[Port, ...] = Field(min_length=1)

    @field_validator("to")
    @classmethod
    def _is_narrow(cls, value: str) -> str:
        if _NAMED.fullmatch(value):
            return value
        network = _network(value)
        if network is None:
            raise ValueError(f"{value} is no security group (sg-...), prefix list (pl-...) or CIDR (10.1.0.0/24)")
        if network.prefixlen < _WIDEST[network.version]:
            raise ValueError(f"{value} is as good as everywhere; name what the drilled application needs")
        return value

    def holds(self, destination: str, first: int, last: int) -> bool:
        """Whether all that a rule lets out to there, on those ports, is within it."""
        return _within(destination, self.to) and set(range(first, last + 1)) <= set(self.ports)


def leaks(context: StepContext, groups: Iterable[str], allowed: Iterable[Destination]) -> tuple[str, ...]:
    """What the groups of the standby let out beyond what is allowed, each as a clause; empty where they are tight."""
    wanted, destinations = sorted(groups), tuple(allowed)
    try:
        answer = context.aws.call("ec2", "DescribeSecurityGroups", context.place.standby, GroupIds=wanted)
    except NotFound as missing:
        return (f"one of {', '.join(wanted)} is missing there ({missing.message})",)
    shown = {group["GroupId"]: group.get("IpPermissionsEgress") for group in answer.get("SecurityGroups", ())}
    found: list[str] = []
    for group in wanted:
        permissions = shown.get(group)
        if permissions is None:
            found.append(f"{group} does not show what it lets out")
            continue
        found += [f"{group} lets out {said}" for p in permissions for said in _beyond(p, wanted, destinations)]
    return tuple(found)


def _beyond(permission: Mapping[str, Any], own: list[str], allowed: tuple[Destination, ...]) -> Iterator[str]:
    protocol = str(permission.get("IpProtocol", ""))
    if unknown := [key for key, value in permission.items() if value and key not in _KNOWN]:
        yield f"something unknown ({', '.join(unknown)})"
    first, last = int(permission.get("FromPort", -1)), int(permission.get("ToPort", -1))
    for kind, member in _SOURCES.items():
        for entry in permission.get(kind, ()):
            to = str(entry.get(member, ""))
            if kind == "UserIdGroupPairs" and to in own:
                continue
            tight = protocol in _TCP and 0 < first <= last
            if not tight or not any(each.holds(to, first, last) for each in allowed):
                yield f"{_say(protocol, first, last)} to {to or 'somewhere unknown'}"


def _say(protocol: str, first: int, last: int) -> str:
    if protocol == "-1":
        return "everything"
    if first < 0:
        return protocol
    return f"{protocol} {first}" if first == last else f"{protocol} {first}-{last}"


def _within(destination: str, allowed: str) -> bool:
    if destination == allowed:
        return True
    inner, outer = _network(destination), _network(allowed)
    match inner, outer:
        case IPv4Network(), IPv4Network():
            return inner.subnet_of(outer)
        case IPv6Network(), IPv6Network():
            return inner.subnet_of(outer)
        case _:
            return False


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None
