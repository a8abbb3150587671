"""Network interfaces that other services keep in subnets, by their description; `ec2` holds them.

An interface cannot be deleted by hand while its service keeps it, and its security groups and subnet cannot be deleted
before it. Answers: botocore's model of EC2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from rehearsal.service import operation
from rehearsal.wire import Call, NotModelled


@dataclass(eq=False)
class Interface:
    """One network interface of a load balancer."""

    region: str
    subnet: str
    description: str


class Interfaces:
    """The part of EC2 that knows network interfaces."""

    interfaces: list[Interface]

    def forget_interfaces(self, gone: Sequence[Interface]) -> None:
        """These are no more."""
        for each in gone:
            self.interfaces.remove(each)

    @operation("DescribeNetworkInterfaces")
    def describe_interfaces(self, call: Call) -> Mapping[str, Any]:
        """Those whose description meets a pattern; no other filter is known here."""
        filters = call.parameters.get("Filters", ())
        if [each["Name"] for each in filters] != ["description"]:
            raise NotModelled(call)
        patterns = filters[0]["Values"]
        here = [each for each in self.interfaces if each.region == call.region]
        found = [each for each in here if any(fnmatchcase(each.description, pattern) for pattern in patterns)]
        said = [{"Description": e.description, "SubnetId": e.subnet, "RequesterManaged": True} for e in found]
        return {"NetworkInterfaces": said}
