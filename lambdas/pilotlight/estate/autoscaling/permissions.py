"""How a group is named: by people, and in a policy.

A group's ARN holds an id that AWS makes, so a policy names it by its own name, as the Service Authorization Reference
of EC2 Auto Scaling has it: `autoScalingGroup:GROUP_ID:autoScalingGroupName/NAME`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pilotlight.domain.place import Place

# Auto Scaling allows more characters; a policy would take some of them for patterns.
GroupName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+=-]{0,254}$")]


def group_arn(place: Place, name: str, *, region: str | None = None) -> str:
    """The group of that name, in the standby unless a region is named."""
    return place.arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{name}", region=region)
