"""The peering of VPCs in two regions and the routes over it, as a look at them sees them; `ec2` holds the connections.

No packet goes over it here: whether a function reaches the other region is what the world says (`World.peer`). A
connection that was deleted is listed for a while and its routes are blackholes (VPC Peering Guide, "VPC peering
connection lifecycle"; botocore's model of EC2). Each side's option is told in its own region alone, and left out in the
other's, which is how the model reads ModifyVpcPeeringConnectionOptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pilotlight.domain.step import Standing
from rehearsal.service import operation
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

ACTIVE, DELETED = "active", "deleted"


@dataclass(eq=False)
class Side:
    """One side: a VPC with one network, and its table of private routes, which may lack the one to the other."""

    region: str
    vpc: str
    network: str
    resolves: bool = False
    routed: bool = True


@dataclass(eq=False)
class Connection:
    """A peering; a scene changes its state and its sides."""

    id: str
    requester: Side
    accepter: Side
    state: str = ACTIVE

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both, the requester first."""
        return self.requester, self.accepter

    def reaches(self, region: str) -> bool:
        """Whether it is seen in that region."""
        return region in {side.region for side in self.sides}


class Peered:
    """The part of EC2 that peers."""

    world: World
    connections: list[Connection]

    def add_peering(self, identifier: str, primary: str, standby: str) -> Connection:
        """Set the scene: a connection that the primary asked for, with a route on each side."""
        sides = (
            Side(primary, "vpc-0aaaaaaaaaaaaaaaa", "10.0.0.0/16"),
            Side(standby, "vpc-0bbbbbbbbbbbbbbbb", "10.1.0.0/16"),
        )
        self.connections.append(Connection(identifier, *sides))
        return self.connections[-1]

    def furnish_peering(self, standing: Standing) -> None:
        """A connection, as a plan takes it to stand."""
        facts = standing.facts
        made = self.add_peering(facts["name"], facts["with"], standing.region)
        for side in made.sides:
            side.resolves = facts["resolves_names"]

    @operation("DescribeVpcPeeringConnections")
    def describe_peerings(self, call: Call) -> Mapping[str, Any]:
        """The named connections; one that is unknown in the region refuses the call."""
        wanted = call.parameters.get("VpcPeeringConnectionIds")
        if not wanted or call.parameters.get("Filters"):
            raise NotModelled(call)
        here = {each.id: each for each in self.connections if each.reaches(call.region)}
        unknown = next((each for each in wanted if each not in here), None)
        if unknown:
            text = f"The vpcPeeringConnection ID '{unknown}' does not exist"
            raise ServiceError("InvalidVpcPeeringConnectionID.NotFound", text)
        return {"VpcPeeringConnections": [self._say_peering(here[each], call.region) for each in wanted]}

    def tables_over_peering(self, call: Call) -> Mapping[str, Any]:
        """The tables of a VPC with a route over a connection."""
        asked = {each["Name"]: each["Values"] for each in call.parameters.get("Filters", ())}
        if set(asked) != {"vpc-id", "route.vpc-peering-connection-id"}:
            raise NotModelled(call)
        found = [
            _say_table(connection, side, other)
            for connection in self.connections
            for side, other in (connection.sides, connection.sides[::-1])
            if connection.id in asked["route.vpc-peering-connection-id"]
            and side.vpc in asked["vpc-id"]
            and (side.region, side.routed) == (call.region, True)
        ]
        return {"RouteTables": found}

    def _say_peering(self, connection: Connection, region: str) -> Mapping[str, Any]:
        def side(each: Side) -> dict[str, Any]:
            options = {"PeeringOptions": {"AllowDnsResolutionFromRemoteVpc": each.resolves}}
            said = {
                "CidrBlock": each.network,
                "CidrBlockSet": [{"CidrBlock": each.network}],
                "OwnerId": self.world.account,
                "VpcId": each.vpc,
                "Region": each.region,
            }
            return said | (options if each.region == region else {})

        return {
            "VpcPeeringConnectionId": connection.id,
            "Status": {"Code": connection.state, "Message": connection.state.capitalize()},
            "RequesterVpcInfo": side(connection.requester),
            "AccepterVpcInfo": side(connection.accepter),
        }


def _say_table(connection: Connection, side: Side, other: Side) -> Mapping[str, Any]:
    route = {
        "DestinationCidrBlock": other.network,
        "VpcPeeringConnectionId": connection.id,
        "Origin": "CreateRoute",
        "State": "active" if connection.state == ACTIVE else "blackhole",
    }
    return {"RouteTableId": f"rtb-{side.vpc[4:]}", "VpcId": side.vpc, "Routes": [route]}
