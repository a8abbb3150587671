"""The part of the embedded EC2 that leads out of a VPC: Elastic IPs, NAT gateways and default routes.

The traps are: a gateway is `pending` for a minute or more, and one that cannot be made is accepted and `failed`; the
same client token gives the same gateway; a route is replaced only where there is one. Codes: EC2 API reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pilotlight.domain.step import Standing
from rehearsal.service import Spread, operation
from rehearsal.services.ec2_launching import Subnet
from rehearsal.services.ec2_peering import Peered
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

BECOMES_AVAILABLE = Spread(50, 90, 180)
"""From an accepted call to `available`, in seconds: an estimate."""
BECOMES_FAILED = Spread(5, 15, 60)
EVERYWHERE = "0.0.0.0/0"
_ITS_SUBNET = "subnet-0a0a0a0a0a0a0a0a0"


@dataclass(eq=False)
class Address:
    """An Elastic IP; `used_by` is what it belongs to."""

    region: str
    id: str
    ip: str
    used_by: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Gateway:
    """A NAT gateway; a scene is set, and trouble caused, by changing it."""

    region: str
    id: str
    subnet: str
    address: Address
    state: str = "available"
    token: str = ""
    failure: tuple[str, str] = ("", "")
    tags: dict[str, str] = field(default_factory=dict)


class Routing(Peered):
    """What leads out of the VPCs of all regions. `routes` are the targets of default routes, by region and table."""

    world: World
    random: Random
    subnets: list[Subnet]

    def _begin_routing(self) -> None:
        self.gateways: list[Gateway] = []
        self.addresses: list[Address] = []
        self.routes: dict[tuple[str, str], str] = {}

    def furnish_gateway(self, standing: Standing) -> None:
        """A gateway in a subnet of its own, with the tables that lead to it, and a subnet for its successor."""
        region, facts = standing.region, standing.facts
        for identifier, zone in ((_ITS_SUBNET, "a"), (str(facts["subnet"]), "c")):
            self.subnets.append(Subnet(region, identifier, region + zone))
        if facts.get("allocation"):
            self.addresses.append(self._new_address(region, str(facts["allocation"])))
        held = self._new_address(region)
        self.addresses.append(held)
        gateway = Gateway(region, str(facts["gateway"]), _ITS_SUBNET, held)
        held.used_by = gateway.id
        self.gateways.append(gateway)
        for table in facts["route_tables"]:
            self.routes[region, str(table)] = gateway.id

    def subnet(self, region: str, identifier: str) -> Subnet:
        """One subnet, to look at it or to change it from outside."""
        found = next((subnet for subnet in self.subnets if (subnet.region, subnet.id) == (region, identifier)), None)
        if found is None:
            raise ServiceError("InvalidSubnetID.NotFound", f"The subnet ID '{identifier}' does not exist")
        return found

    @operation("DescribeAddresses")
    def describe_addresses(self, call: Call) -> Mapping[str, Any]:
        """Addresses by id, or by one tag."""
        here = [address for address in self.addresses if address.region == call.region]
        wanted = call.parameters.get("AllocationIds", ())
        for identifier in wanted:
            if identifier not in {address.id for address in here}:
                raise ServiceError("InvalidAllocationID.NotFound", f"The allocation ID '{identifier}' does not exist")
        found = [a for a in here if a.id in wanted] if wanted else list(self._tagged(call, here, "Filters"))
        return {"Addresses": [_say_address(address) for address in found]}

    @operation("AllocateAddress")
    def allocate_address(self, call: Call) -> Mapping[str, Any]:
        """A new address, tagged as asked."""
        made = self._new_address(call.region, tags=_tags_of(call, "elastic-ip"))
        self.addresses.append(made)
        return {"AllocationId": made.id, "PublicIp": made.ip, "Domain": "vpc"}

    @operation("DescribeNatGateways")
    def describe_nat_gateways(self, call: Call) -> Mapping[str, Any]:
        """Gateways by id, or by one tag."""
        here = [gateway for gateway in self.gateways if gateway.region == call.region]
        wanted = call.parameters.get("NatGatewayIds", ())
        for identifier in wanted:
            if identifier not in {gateway.id for gateway in here}:
                raise ServiceError("NatGatewayNotFound", f"The Nat Gateway {identifier} was not found")
        found = [g for g in here if g.id in wanted] if wanted else list(self._tagged(call, here, "Filter"))
        return {"NatGateways": [_say_gateway(gateway) for gateway in found]}

    @operation("CreateNatGateway")
    def create_nat_gateway(self, call: Call) -> Mapping[str, Any]:
        """Accept a public gateway, or give the one of the same client token."""
        token, subnet = str(call.parameters.get("ClientToken", "")), str(call.parameters.get("SubnetId", ""))
        same = next((g for g in self.gateways if token and (g.region, g.token) == (call.region, token)), None)
        if same:
            return {"ClientToken": token, "NatGateway": _say_gateway(same)}
        self.subnet(call.region, subnet)
        allocation = call.parameters.get("AllocationId")
        address = next((a for a in self.addresses if (a.region, a.id) == (call.region, allocation)), None)
        if address is None:
            raise ServiceError("InvalidAllocationID.NotFound", f"The allocation ID '{allocation}' does not exist")
        made = Gateway(call.region, f"nat-{self.random.getrandbits(68):017x}", subnet, address, "pending", token)
        made.tags = _tags_of(call, "natgateway")
        self.gateways.append(made)
        self._make(made)
        return {"ClientToken": token, "NatGateway": _say_gateway(made)}

    @operation("DescribeRouteTables")
    def describe_route_tables(self, call: Call) -> Mapping[str, Any]:
        """The named tables with their default routes, or those with a route over a peering."""
        if call.parameters.get("Filters"):
            return self.tables_over_peering(call)
        tables = call.parameters.get("RouteTableIds") or self._not_modelled(call)
        return {"RouteTables": [self._say_table(call.region, self._table(call, table)) for table in tables]}

    @operation("ReplaceRoute")
    def replace_route(self, call: Call) -> Mapping[str, Any]:
        """Turn the default route of a table to a NAT gateway."""
        if call.parameters.get("DestinationCidrBlock") != EVERYWHERE or "NatGatewayId" not in call.parameters:
            raise NotModelled(call)
        table, gateway = self._table(call, call.parameters["RouteTableId"]), call.parameters["NatGatewayId"]
        if not self.routes[call.region, table]:
            raise ServiceError("InvalidRoute.NotFound", f"There is no route for {EVERYWHERE} in {table}")
        if gateway not in {g.id for g in self.gateways if g.region == call.region and g.state == "available"}:
            raise ServiceError("InvalidNatGatewayID.NotFound", f"The natGateway ID '{gateway}' does not exist")
        self.routes[call.region, table] = gateway
        return {}

    def _make(self, made: Gateway) -> None:
        subnet = self.subnet(made.region, made.subnet)
        if not subnet.free:
            trouble = ("InsufficientFreeAddressesInSubnet", "Subnet has insufficient free addresses")
        elif made.address.used_by:
            trouble = ("Resource.AlreadyAssociated", f"Elastic IP address {made.address.id} is already associated")
        else:
            trouble = ("", "")
            made.address.used_by = made.id
            subnet.free -= 1
        seconds = (BECOMES_FAILED if trouble[0] else BECOMES_AVAILABLE).draw(self.random)
        self.world.begin_effect(f"arn:aws:ec2:{made.region}:{self.world.account}:natgateway/{made.id}", seconds)

        def finish() -> None:
            made.state, made.failure = ("failed" if trouble[0] else "available"), trouble

        self.world.time.spawn(finish, name="ec2 at work", delay_seconds=seconds)

    def _new_address(self, region: str, identifier: str = "", tags: dict[str, str] | None = None) -> Address:
        identifier = identifier or f"eipalloc-{self.random.getrandbits(68):017x}"
        return Address(region, identifier, f"203.0.113.{1 + len(self.addresses)}", tags=tags or {})

    def _table(self, call: Call, table: Any) -> str:
        if (call.region, table) not in self.routes:
            raise ServiceError("InvalidRouteTableID.NotFound", f"The routeTable ID '{table}' does not exist")
        return str(table)

    def _say_table(self, region: str, table: str) -> dict[str, Any]:
        target, routes = self.routes[region, table], [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"}]
        if target:
            alive = any(g.id == target and g.state == "available" for g in self.gateways) or target.startswith("igw-")
            named = {("NatGatewayId" if target.startswith("nat-") else "GatewayId"): target}
            state = {"State": "active" if alive else "blackhole", "Origin": "CreateRoute"}
            routes.append({"DestinationCidrBlock": EVERYWHERE, **named, **state})
        return {"RouteTableId": table, "Routes": routes}

    def _tagged(self, call: Call, things: list[Any], member: str) -> Iterator[Any]:
        filters = call.parameters.get(member) or self._not_modelled(call)
        (only,) = filters
        key = str(only["Name"]).removeprefix("tag:")
        return (thing for thing in things if thing.tags.get(key) in only["Values"])

    def _not_modelled(self, call: Call) -> Any:
        raise NotModelled(call)


def _tags_of(call: Call, kind: str) -> dict[str, str]:
    given = [s for s in call.parameters.get("TagSpecifications", ()) if s["ResourceType"] == kind]
    return {tag["Key"]: tag.get("Value", "") for each in given for tag in each["Tags"]}


def _say_address(address: Address) -> dict[str, Any]:
    used = {"AssociationId": f"eipassoc-{address.used_by[4:]}"} if address.used_by else {}
    return {
        "AllocationId": address.id,
        "PublicIp": address.ip,
        "Domain": "vpc",
        **used,
        "Tags": _tag_list(address.tags),
    }


def _say_gateway(gateway: Gateway) -> dict[str, Any]:
    failure = {"FailureCode": gateway.failure[0], "FailureMessage": gateway.failure[1]} if gateway.failure[0] else {}
    return {
        "NatGatewayId": gateway.id,
        "State": gateway.state,
        "SubnetId": gateway.subnet,
        "ConnectivityType": "public",
        "NatGatewayAddresses": [{"AllocationId": gateway.address.id, "PublicIp": gateway.address.ip}],
        "Tags": _tag_list(gateway.tags),
        **failure,
    }


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
