"""The subnets of the standby have free addresses for what a recovery starts there.

A task of Fargate, an instance and a node of a cache each take an address of their own. Tasks that are replaced need
theirs twice for a while, so `addresses` is best written with that in mind. Subnets of one zone alone are a warning.

Source: botocore's model of EC2 (AvailableIpAddressCount is what is free by now).
"""

from __future__ import annotations

from typing import ClassVar

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


class SubnetsParams(Params):
    """The subnets, and how many addresses a recovery takes in them.

    ```yaml
    requirement: room-for-tasks
    kind: subnets_have_room
    params:
      subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
      addresses: 8
    ```
    """

    subnets: tuple[str, ...] = Field(min_length=1, description="The ids of the subnets, in the standby.")
    addresses: int = Field(ge=1, description="How many addresses a recovery takes in them together.")


class SubnetsHaveRoom(RequirementKind[SubnetsParams]):
    """Adds up the free addresses."""

    name = "subnets_have_room"
    params = SubnetsParams
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation(
            "ec2",
            "DescribeSubnets",
            Access.READ,
            {"InvalidSubnetID.NotFound": "says that one of the subnets is not there"},
        ),
    )

    def title(self, params: SubnetsParams) -> str:
        """What has to have room."""
        return f"Free addresses in {', '.join(params.subnets)}"

    def statements(self, params: SubnetsParams, place: Place) -> tuple[Statement, ...]:
        """EC2 gives descriptions no resource to name."""
        return (Statement(Access.READ, ("ec2:DescribeSubnets",), ("*",)),)

    def standing(self, params: SubnetsParams, place: Place) -> tuple[Standing, ...]:
        """The subnets, with room."""
        why = f"A recovery takes {params.addresses} addresses there, and what gets none does not start."
        facts = {"name": params.subnets[0], "subnets": params.subnets, "addresses": params.addresses}
        return (Standing("ec2", "subnets", place.standby, facts, why),)

    def readiness(self, params: SubnetsParams, context: StepContext) -> tuple[Finding, ...]:
        """The room, and the zones."""
        where = context.place.standby
        try:
            answer = context.aws.call("ec2", "DescribeSubnets", where, SubnetIds=list(params.subnets))
        except NotFound as error:
            said = f"A subnet of the plan is not there in {where}: {error.message}"
            return (Finding(Severity.ERROR, "subnets", said, "Create it, or correct subnets in the plan."),)
        found = answer.get("Subnets", [])
        free = sum(int(subnet["AvailableIpAddressCount"]) for subnet in found)
        said = f"{', '.join(params.subnets)} have {free} free addresses, and a recovery takes {params.addresses}."
        if free < params.addresses:
            fix = "Free addresses, or give the service further subnets; a subnet cannot be made larger."
            room = Finding(Severity.ERROR, "free-addresses", said, fix)
        else:
            room = Finding(Severity.FINE, "free-addresses", said)
        zones = sorted({str(subnet["AvailabilityZone"]) for subnet in found})
        if len(zones) > 1:
            return (room, Finding(Severity.FINE, "zones", f"The subnets lie in {', '.join(zones)}."))
        alone = f"The subnets lie in {', '.join(zones)} alone, so the standby would not survive the loss of one zone."
        return (room, Finding(Severity.WARNING, "zones", alone, "Add a subnet of another zone."))


KIND = SubnetsHaveRoom()
