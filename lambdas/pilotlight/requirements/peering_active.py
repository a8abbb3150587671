"""The VPCs of both regions reach each other by peering. A failover does not need it.

Nothing that a run does goes that way: databases and buckets are replicated over AWS's own network, and the standby's
application asks its own database. So whatever is wrong here is a warning. It counts for what people do across it before
and after: compare data, run a drill, bring the data back.

Peering is not transitive, needs a route on each side, and its option to resolve the other side's private names is set
for each side in its own region.

Sources: botocore's model of EC2 (codes of VpcPeeringConnectionStateReason, states of a route, and
ModifyVpcPeeringConnectionOptions on connections between regions); VPC Peering Guide, "VPC peering basics"; Amazon RDS
User Guide, "Creating a read replica in a different AWS Region" (a replica needs no connection of one's own).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from pilotlight.domain.errors import NotFound
from pilotlight.domain.place import Place
from pilotlight.domain.requirement import (
    Access,
    Finding,
    Operation,
    Params,
    RequirementKind,
    Severity,
    Standing,
    Statement,
    StepContext,
)

NOT_NEEDED = "A failover does not need it"
_ACTIVE = "active"


class PeeringParams(Params):
    """The connection.

    ```yaml
    requirement: peering-with-seoul
    kind: peering_active
    params:
      connection: pcx-0123456789abcdef0
      resolves_names: true
    ```
    """

    connection: str = Field(pattern=r"^pcx-[0-9a-f]{8,17}$", description="The id of the connection.")
    resolves_names: bool = Field(False, description="Whether private names of one side are resolved by the other.")


@dataclass(frozen=True)
class _Side:
    """One side of a connection: its VPC and the networks in it, and whether it answers the other with private names."""

    region: str
    vpc: str
    networks: tuple[str, ...]
    resolves: bool | None

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> _Side:
        """Read a side as EC2 describes it."""
        blocks = [each["CidrBlock"] for each in found.get("CidrBlockSet", ())] or [found.get("CidrBlock", "")]
        resolves = found.get("PeeringOptions", {}).get("AllowDnsResolutionFromRemoteVpc")
        return cls(found.get("Region", ""), found.get("VpcId", ""), tuple(b for b in blocks if b), resolves)


class PeeringActive(RequirementKind[PeeringParams]):
    """Reads the connection and the routes on each side, in its own region."""

    name = "peering_active"
    params = PeeringParams
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation(
            "ec2",
            "DescribeVpcPeeringConnections",
            Access.READ,
            {"InvalidVpcPeeringConnectionID.NotFound": "says that there is no such connection"},
        ),
        Operation("ec2", "DescribeRouteTables", Access.READ),
    )

    def title(self, params: PeeringParams) -> str:
        """What joins the regions."""
        return f"Peering {params.connection} of the VPCs"

    def statements(self, params: PeeringParams, place: Place) -> tuple[Statement, ...]:
        """EC2 gives descriptions no resource to name."""
        actions = ("ec2:DescribeVpcPeeringConnections", "ec2:DescribeRouteTables")
        return (Statement(Access.READ, actions, ("*",)),)

    def standing(self, params: PeeringParams, place: Place) -> tuple[Standing, ...]:
        """The connection, with a route on each side."""
        why = "People compare and bring back data across it; a failover does not need it."
        facts = {"name": params.connection, "with": place.primary, "resolves_names": params.resolves_names}
        return (Standing("ec2", "peering", place.standby, facts, why),)

    def readiness(self, params: PeeringParams, context: StepContext) -> tuple[Finding, ...]:
        """The connection, then each side of it."""
        place, name = context.place, params.connection
        found = _described(context, name, place.standby)
        if found is None:
            return (_warning("peering", f"There is no peering {name} in {place.standby}", "Correct the plan."),)
        state = found.get("Status", {}).get("Code")
        if state != _ACTIVE:
            fix = "Accept it." if state == "pending-acceptance" else "Create it again, with its routes."
            return (_warning("peering", f"Peering {name} is {state} and not {_ACTIVE}", fix),)
        sides = [_Side.read(found.get(f"{role}VpcInfo", {})) for role in ("Requester", "Accepter")]
        if {side.region for side in sides} != {place.primary, place.standby}:
            said = f"Peering {name} joins {' with '.join(side.region for side in sides)}"
            return (_warning("peering", said, f"Name the one of {place.primary} and {place.standby}."),)
        active = Finding(Severity.FINE, "peering", f"Peering {name} is {_ACTIVE}. {NOT_NEEDED}.")
        return (active, *_routes(sides, name, context), *_names(params, context))


def _described(context: StepContext, name: str, region: str) -> Mapping[str, Any] | None:
    try:
        answer = context.aws.call("ec2", "DescribeVpcPeeringConnections", region, VpcPeeringConnectionIds=[name])
    except NotFound:
        return None
    return next(iter(answer.get("VpcPeeringConnections", ())), None)


def _routes(sides: list[_Side], name: str, context: StepContext) -> Iterator[Finding]:
    for side, other in (sides, reversed(sides)):
        routes = list(_routes_over(context, side, name))
        for network in other.networks:
            states = {route.get("State") for route in routes if route.get("DestinationCidrBlock") == network}
            way = f"route from {side.vpc} in {side.region} to {network} over {name}"
            if _ACTIVE in states:
                yield Finding(Severity.FINE, "route", f"There is a {way}.")
            elif states:
                yield _warning("route", f"The {way} is {', '.join(sorted(map(str, states)))}", "Make the route again.")
            else:
                yield _warning("route", f"There is no {way}", "Add it to the tables of the private subnets.")


def _routes_over(context: StepContext, side: _Side, name: str) -> Iterator[Mapping[str, Any]]:
    filters = [
        {"Name": "vpc-id", "Values": [side.vpc]},
        {"Name": "route.vpc-peering-connection-id", "Values": [name]},
    ]
    more: dict[str, str] = {}
    while True:
        answer = context.aws.call("ec2", "DescribeRouteTables", side.region, Filters=filters, **more)
        for table in answer.get("RouteTables", ()):
            yield from (route for route in table.get("Routes", ()) if route.get("VpcPeeringConnectionId") == name)
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def _names(params: PeeringParams, context: StepContext) -> Iterator[Finding]:
    """Whether each side answers the other with private addresses, as its own region says."""
    for region in (context.place.primary, context.place.standby) if params.resolves_names else ():
        found = _described(context, params.connection, region) or {}
        sides = [_Side.read(found.get(f"{role}VpcInfo", {})) for role in ("Requester", "Accepter")]
        own = next((side.resolves for side in sides if side.region == region), None)
        if not own:
            how = "does not resolve" if own is False else "is not known to resolve"
            said = f"The VPC in {region} {how} its private names for the other side of {params.connection}"
            fix = f"Allow it in {region} (modify-vpc-peering-connection-options)."
            yield _warning("names", said, fix)


def _warning(code: str, said: str, fix: str) -> Finding:
    return Finding(Severity.WARNING, code, f"{said}. {NOT_NEEDED}.", fix)


KIND = PeeringActive()
