"""How an application is reached: over the internet, or only from inside its own VPCs.

An application that only its VPCs reach has no health check of Route 53, whose checkers "only reach public endpoints"
(Route 53 Developer Guide, "Configuring failover in a private hosted zone"), and no probe over the internet. It is
asked by a function that stands in a VPC, in each region that the plan names here.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pilotlight.domain.part import Part

Subnet = Annotated[str, Field(pattern=r"^subnet-[0-9a-z]+$", examples=["subnet-0123456789abcdef0"])]
SecurityGroup = Annotated[str, Field(pattern=r"^sg-[0-9a-zA-Z]+$", examples=["sg-0123456789abcdef0"])]


class Foothold(Part):
    """Where a function stands in the VPC of one region, so that it reaches what is private there and beyond.

    At most 16 subnets and 5 security groups (botocore's model of Lambda, VpcConfig).
    """

    subnets: tuple[Subnet, ...] = Field(
        min_length=1, max_length=16, description="Subnets of one VPC, in two zones at least."
    )
    security_groups: tuple[SecurityGroup, ...] = Field(
        min_length=1, max_length=5, description="What the function may reach: the load balancers' port, out."
    )
    vpc: str | None = Field(
        None, pattern=r"^vpc-[0-9a-z]+$", description="The VPC of these subnets, for those who read the plan."
    )


class Network(Part):
    """How the application can be reached: public, or only from inside its VPCs."""

    private: bool = Field(
        False, description="Reached from inside its VPCs only: asked from there, and without a health check."
    )
    primary: Foothold | None = Field(
        None, description="Where the primary is asked from inside; what is said there is heard in the standby."
    )
    standby: Foothold | None = Field(
        None, description="Where both load balancers are asked from in the standby, the primary's over peering."
    )
    witness: Foothold | None = Field(None, description="Where the primary is asked from in the witness, over peering.")

    def foothold(self, role: str) -> Foothold | None:
        """Where a function stands in the region of a role: `primary`, `standby` or `witness`."""
        found: Foothold | None = getattr(self, role)
        return found
