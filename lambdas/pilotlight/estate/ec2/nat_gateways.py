"""NAT gateways, the default routes that lead to them, and the addresses they go by, as EC2 shows them.

What a run makes carries its tag from the moment it is made (`TagSpecifications`), so that a run finds it again whose
answer was lost. Codes of errors are those of the EC2 API reference, because botocore's models of EC2 list none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import StepContext

RUN_TAG = "pilotlight:run"
EVERYWHERE = "0.0.0.0/0"
AVAILABLE = "available"
GONE = ("deleting", "deleted")

NatGatewayId = Annotated[str, Field(pattern=r"^nat-[0-9a-f]{8,17}$", examples=["nat-0123456789abcdef0"])]
SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$", examples=["subnet-0123456789abcdef0"])]
RouteTableId = Annotated[str, Field(pattern=r"^rtb-[0-9a-f]{8,17}$", examples=["rtb-0123456789abcdef0"])]
AllocationId = Annotated[str, Field(pattern=r"^eipalloc-[0-9a-f]{8,17}$", examples=["eipalloc-0123456789abcdef0"])]


@dataclass(frozen=True)
class NatGateway:
    """One NAT gateway; `trouble` is why EC2 could not make it."""

    id: str
    state: str
    subnet: str
    addresses: tuple[str, ...]
    trouble: str

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Self:
        """Read one entry of DescribeNatGateways, or the answer of CreateNatGateway."""
        public = tuple(a["PublicIp"] for a in found.get("NatGatewayAddresses", ()) if a.get("PublicIp"))
        trouble = f"{found.get('FailureCode', '')}: {found.get('FailureMessage', '')}".strip(": ")
        return cls(found["NatGatewayId"], found["State"], found.get("SubnetId", ""), public, trouble)


def owner(context: StepContext) -> str:
    """What the tag says on all that this step of this run makes."""
    return f"{context.run_id}/{context.step}"


def tags(context: StepContext, kind: str) -> list[dict[str, Any]]:
    """The tag on what is being made."""
    return [{"ResourceType": kind, "Tags": [{"Key": RUN_TAG, "Value": owner(context)}]}]


def look(context: StepContext, gateway: str) -> NatGateway | None:
    """A NAT gateway by its id; None where there is none, or none any more."""
    try:
        answer = context.aws.call("ec2", "DescribeNatGateways", context.place.standby, NatGatewayIds=[gateway])
    except NotFound:
        return None
    found = answer.get("NatGateways", ())
    return NatGateway.read(found[0]) if found else None


def made_by(context: StepContext) -> NatGateway | None:
    """The NAT gateway that this step of this run made, unless it is gone again."""
    own = [{"Name": f"tag:{RUN_TAG}", "Values": [owner(context)]}]
    answer = context.aws.call("ec2", "DescribeNatGateways", context.place.standby, Filter=own)
    found = [NatGateway.read(each) for each in answer.get("NatGateways", ())]
    return next((each for each in found if each.state not in GONE), None)


def allocated_by(context: StepContext) -> str | None:
    """The address that this step of this run allocated."""
    own = [{"Name": f"tag:{RUN_TAG}", "Values": [owner(context)]}]
    answer = context.aws.call("ec2", "DescribeAddresses", context.place.standby, Filters=own)
    return next((str(address["AllocationId"]) for address in answer.get("Addresses", ())), None)


def is_in_use(context: StepContext, allocation: str) -> bool | None:
    """Whether an address belongs to something already; None where there is no such address."""
    try:
        answer = context.aws.call("ec2", "DescribeAddresses", context.place.standby, AllocationIds=[allocation])
    except NotFound:
        return None
    return any("AssociationId" in address for address in answer.get("Addresses", ()))


def subnet_exists(context: StepContext, subnet: str) -> bool:
    """Whether there is such a subnet."""
    try:
        answer = context.aws.call("ec2", "DescribeSubnets", context.place.standby, SubnetIds=[subnet])
    except NotFound:
        return False
    return bool(answer.get("Subnets"))


@dataclass(frozen=True)
class DefaultRoute:
    """Where a route table leads what goes everywhere: `target` is empty where it leads nowhere."""

    table: str
    target: str
    state: str


def default_routes(context: StepContext, tables: Sequence[str]) -> tuple[DefaultRoute, ...] | None:
    """The default routes of some tables, in their order; None where one of the tables is missing."""
    try:
        answer = context.aws.call("ec2", "DescribeRouteTables", context.place.standby, RouteTableIds=list(tables))
    except NotFound:
        return None
    found = {table["RouteTableId"]: _default(table) for table in answer.get("RouteTables", ())}
    return tuple(found[table] for table in tables) if found.keys() >= set(tables) else None


def _default(table: Mapping[str, Any]) -> DefaultRoute:
    nowhere: Mapping[str, Any] = {}
    route = next((r for r in table.get("Routes", ()) if r.get("DestinationCidrBlock") == EVERYWHERE), nowhere)
    targets = ("NatGatewayId", "GatewayId", "TransitGatewayId", "NetworkInterfaceId", "VpcPeeringConnectionId")
    target = next((route[name] for name in targets if route.get(name)), "")
    return DefaultRoute(table["RouteTableId"], target, route.get("State", ""))


def lead(context: StepContext, table: str, gateway: str) -> None:
    """Let a table's default route lead to a NAT gateway, whatever it leads to."""
    route = {"RouteTableId": table, "DestinationCidrBlock": EVERYWHERE, "NatGatewayId": gateway}
    context.aws.call("ec2", "ReplaceRoute", context.place.standby, **route)
