"""Put a new NAT gateway in the place of one that fails, in another public subnet, and lead the default routes to it.

The new gateway gets the Elastic IP that the plan names, or a new one, and is waited for until it is `available`; only
then are the routes to 0.0.0.0/0 of the named tables turned, each of which has to lead to the old gateway. Done means:
each of them leads to the new gateway and is `active`. The old gateway is kept, so that aborting the run turns the
routes back; it costs money until somebody deletes it, and so does the new one after that.

It is disruptive: connections through the old gateway break when their route turns, and partners who let the old address
in have to be told the new one. What the run makes carries its name in a tag, and the gateway is asked for with a client
token, so that no second one is made. An address that was allocated and not found again, because EC2 did not show it
yet, would be allocated twice.

Sources: botocore's text on CreateNatGateway (`ClientToken`), NatGateway (`State`, `FailureCode`), ReplaceRoute and
Route (`State`).
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import ClassVar

from pydantic import Field

from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    Params,
    Pending,
    Receipt,
    Settled,
    Severity,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate.ec2 import nat_gateways
from pilotlight.estate.ec2.by_hand import replacing_nat
from pilotlight.estate.ec2.nat_gateways import (
    AVAILABLE,
    RUN_TAG,
    AllocationId,
    DefaultRoute,
    NatGateway,
    NatGatewayId,
    RouteTableId,
    SubnetId,
)

ACTIVE = "active"


class ReplaceNatGatewayParams(Params):
    """Which gateway is replaced, and where its successor stands.

    ```yaml
    step: replace-nat
    kind: replace_nat_gateway
    params:
      gateway: nat-0123456789abcdef0
      subnet: subnet-0123456789abcdef1
      route_tables: [rtb-0123456789abcdef0, rtb-0123456789abcdef1]
    ```
    """

    gateway: NatGatewayId = Field(description="The gateway that fails; it is kept.")
    subnet: SubnetId = Field(description="A public subnet for the new gateway, best in another zone.")
    allocation: AllocationId | None = Field(None, description="A free Elastic IP; none allocates a new one.")
    route_tables: tuple[RouteTableId, ...] = Field(
        min_length=1, description="The tables whose route to 0.0.0.0/0 leads to the old gateway."
    )


class ReplaceNatGateway(StepKind[ReplaceNatGatewayParams]):
    """The step kind `replace_nat_gateway`."""

    name: ClassVar[str] = "replace_nat_gateway"
    params = ReplaceNatGatewayParams
    harm: ClassVar[Harm] = Harm.DISRUPTIVE
    stands_in_for_nothing: ClassVar[str] = "changes the routes of everything in its subnets"
    # A gateway is available after one to three minutes: an estimate.
    timing: ClassVar[Timing] = Timing(
        shortest=timedelta(seconds=45),
        typical=timedelta(minutes=2),
        longest=timedelta(minutes=5),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=20),
    )
    outputs: ClassVar[tuple[str, ...]] = ("gateway", "address")
    operations: ClassVar[tuple[Operation, ...]] = (
        *(
            Operation("ec2", name, Access.READ)
            for name in ("DescribeNatGateways", "DescribeRouteTables", "DescribeAddresses", "DescribeSubnets")
        ),
        Operation("ec2", "AllocateAddress", Access.WRITE),
        Operation("ec2", "CreateNatGateway", Access.WRITE),
        Operation("ec2", "ReplaceRoute", Access.WRITE),
    )

    def title(self, params: ReplaceNatGatewayParams) -> str:
        """A verb and the gateway."""
        return f"Replace {params.gateway}"

    def statements(self, params: ReplaceNatGatewayParams, place: Place) -> tuple[Statement, ...]:
        """The subnet, the tables and the address by name; what is made has no name yet, so its tag narrows it."""
        gateways, addresses = place.arn("ec2", "natgateway/*"), place.arn("ec2", "elastic-ip/*")
        tables = tuple(place.arn("ec2", f"route-table/{table}") for table in params.route_tables)
        own = {"ForAllValues:StringEquals": {"aws:TagKeys": [RUN_TAG]}}
        tagging = {"StringEquals": {"ec2:CreateAction": "CreateNatGateway"}}
        return (
            Statement(Access.WRITE, ("ec2:CreateNatGateway",), (place.arn("ec2", f"subnet/{params.subnet}"),)),
            Statement(Access.WRITE, ("ec2:CreateNatGateway",), (gateways,), own),
            Statement(Access.WRITE, ("ec2:CreateTags",), (gateways,), tagging),
            *_address_statements(params, place, addresses),
            Statement(Access.WRITE, ("ec2:ReplaceRoute",), tables),
            Statement(
                Access.READ,
                ("ec2:DescribeNatGateways", "ec2:DescribeRouteTables", "ec2:DescribeAddresses", "ec2:DescribeSubnets"),
                ("*",),
            ),
        )

    def standing(self, params: ReplaceNatGatewayParams, place: Place) -> tuple[Standing, ...]:
        facts = {**params.model_dump(mode="json"), "route_tables": list(params.route_tables)}
        why = "Its default routes are turned to a new gateway."
        return (Standing("ec2", "nat gateway", place.standby, facts, why),)

    def readiness(self, params: ReplaceNatGatewayParams, context: StepContext) -> tuple[Finding, ...]:
        """The same as preflight: all of it can be seen at once."""
        return self.preflight(params, context)

    def preflight(self, params: ReplaceNatGatewayParams, context: StepContext) -> tuple[Finding, ...]:
        """Whether the subnet, the address and the routes are as the plan says."""
        wrong = _unfit(params, context)
        if wrong:
            return (wrong.foreseen("target"),)
        tables = len(params.route_tables)
        said = f"{params.gateway} can be replaced in {params.subnet}, for {tables} route tables."
        return (Finding(Severity.FINE, "target", said),)

    def execute(self, params: ReplaceNatGatewayParams, context: StepContext) -> Receipt | NotYet | Failed:
        """Make a gateway, wait for it, then turn the routes that lead to the old one."""
        made = nat_gateways.made_by(context)
        if made is None:
            wrong = _unfit(params, context)
            return wrong or _make(params, context)
        if made.state == "failed":
            return Failed(
                f"EC2 could not make the new gateway {made.id}: {made.trouble or 'it gives no reason'}.",
                "Mend what it says, release the address that was allocated for it, then start the run again.",
            )
        if made.state != AVAILABLE:
            return NotYet(f"The new gateway {made.id} is {made.state}.")
        return _turn(params, made, context)

    def verify(
        self, params: ReplaceNatGatewayParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        """Read the routes back."""
        made = nat_gateways.look(context, receipt.data["gateway"])
        routes = nat_gateways.default_routes(context, params.route_tables)
        if made is None or routes is None:
            return Failed("The new gateway or a route table is gone.", "Look who removed it, then start the run again.")
        for route in routes:
            if route.target != made.id or route.state != ACTIVE:
                where = f"leads to {route.target}, {route.state}" if route.target else "leads nowhere"
                return Pending(f"{route.table} {where}.")
        address = made.addresses[0] if made.addresses else ""
        tables, old = len(routes), params.gateway
        sentence = (
            f"The default routes of {tables} tables lead to {made.id} in {made.subnet}, which goes by {address}; "
            f"{old} is kept, and costs money until it is deleted."
        )
        return Settled(sentence, {"gateway": made.id, "address": address})

    def undo(self, params: ReplaceNatGatewayParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """Turn the routes back that lead to the new gateway, if the old one is still there."""
        made = receipt.data["gateway"]
        old = nat_gateways.look(context, params.gateway)
        if old is None or old.state != AVAILABLE:
            state = old.state if old else "gone"
            return CannotUndo(f"The routes stay with {made}, because {params.gateway} is {state}.")
        routes = nat_gateways.default_routes(context, params.route_tables)
        mine = [route for route in routes or () if route.target == made]
        for route in mine:
            nat_gateways.lead(context, route.table, params.gateway)
        return Undone(
            f"The default routes of {len(mine)} tables lead to {params.gateway} again; {made} and its address stay, "
            "and cost money until they are deleted."
        )

    def stand_in(self, params: ReplaceNatGatewayParams, isolation: Isolation) -> Refusal:
        """A drill does not turn routes."""
        return Refusal(
            f"{params.gateway} is not replaced in a drill, because connections through it would break; name a gateway "
            "of a staging environment instead."
        )

    def by_hand(self, params: ReplaceNatGatewayParams, place: Place) -> Handwork:
        tables, where = params.route_tables, place.standby
        return replacing_nat(params.gateway, params.subnet, params.allocation, tables, where)


def _address_statements(params: ReplaceNatGatewayParams, place: Place, any_address: str) -> tuple[Statement, ...]:
    """The address that the plan names; or making one, and using what a run has made and tagged."""
    if params.allocation:
        named = place.arn("ec2", f"elastic-ip/{params.allocation}")
        return (Statement(Access.WRITE, ("ec2:CreateNatGateway",), (named,)),)
    own = {"ForAllValues:StringEquals": {"aws:TagKeys": [RUN_TAG]}}
    made, tagging = {"Null": {f"aws:ResourceTag/{RUN_TAG}": "false"}}, {"ec2:CreateAction": "AllocateAddress"}
    return (
        Statement(Access.WRITE, ("ec2:AllocateAddress",), (any_address,), own),
        Statement(Access.WRITE, ("ec2:CreateTags",), (any_address,), {"StringEquals": tagging}),
        Statement(Access.WRITE, ("ec2:CreateNatGateway",), (any_address,), made),
    )


def _unfit(params: ReplaceNatGatewayParams, context: StepContext) -> Failed | None:
    """What is not as the plan says, before anything is made."""
    if not nat_gateways.subnet_exists(context, params.subnet):
        return Failed(f"There is no subnet {params.subnet} in {context.place.standby}.", "Correct subnet in the plan.")
    if params.allocation is not None:
        used = nat_gateways.is_in_use(context, params.allocation)
        if used is None:
            return Failed(f"There is no address {params.allocation}.", "Correct allocation in the plan.")
        if used:
            return Failed(f"Address {params.allocation} is in use.", "Name a free one, or none to allocate one.")
    routes = nat_gateways.default_routes(context, params.route_tables)
    if routes is None:
        tables = ", ".join(params.route_tables)
        return Failed(f"One of the route tables {tables} does not exist.", "Correct route_tables in the plan.")
    return next((_led_elsewhere(route) for route in routes if route.target != params.gateway), None)


def _led_elsewhere(route: DefaultRoute) -> Failed:
    where = f"leads to {route.target}" if route.target else "has no default route"
    return Failed(
        f"{route.table} {where}, which is not the gateway to be replaced, so it is left alone.",
        "Correct gateway and route_tables in the plan.",
    )


def _make(params: ReplaceNatGatewayParams, context: StepContext) -> NotYet:
    """Ask for a gateway with its address; an address that this step allocated before is used."""
    region = context.place.standby
    allocation = params.allocation or nat_gateways.allocated_by(context)
    if allocation is None:
        tagged = nat_gateways.tags(context, "elastic-ip")
        answer = context.aws.call("ec2", "AllocateAddress", region, Domain="vpc", TagSpecifications=tagged)
        allocation = str(answer["AllocationId"])
    answer = context.aws.call(
        "ec2",
        "CreateNatGateway",
        region,
        SubnetId=params.subnet,
        AllocationId=allocation,
        ClientToken=sha256(nat_gateways.owner(context).encode()).hexdigest(),
        TagSpecifications=nat_gateways.tags(context, "natgateway"),
    )
    made = NatGateway.read(answer["NatGateway"])
    return NotYet(f"The new gateway {made.id} is {made.state}.")


def _turn(params: ReplaceNatGatewayParams, made: NatGateway, context: StepContext) -> Receipt | Failed:
    """Turn what leads to the old gateway; what leads to the new one was turned before."""
    routes = nat_gateways.default_routes(context, params.route_tables) or ()
    foreign = next((route for route in routes if route.target not in (params.gateway, made.id)), None)
    if foreign:
        return _led_elsewhere(foreign)
    for route in routes:
        if route.target == params.gateway:
            nat_gateways.lead(context, route.table, made.id)
    data = {"gateway": made.id, "before": dict.fromkeys(params.route_tables, params.gateway)}
    sentence = f"The default routes of {len(routes)} tables were turned from {params.gateway} to {made.id}."
    return Receipt(sentence, acted=True, data=data)


KIND = ReplaceNatGateway()
