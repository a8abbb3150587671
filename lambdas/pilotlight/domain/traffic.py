"""How users reach an application, as its plan says it: the records they ask, and what those records look at.

The latch holds only the paths that are written here and that readiness then finds to be held; it edits none of them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from pilotlight.domain.part import Part

HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_*.-]+$", examples=["fileflow.ryuqqq.com"])]


class PrimaryCheck(StrEnum):
    """What the health check of the PRIMARY record looks at.

    `latch`: at the latch alone, so that traffic moves when the standby is ready and not before. `joined`: at the latch
    and at the primary's own health, so that users leave a dark primary at once, for a maintenance page.
    """

    LATCH = "latch"
    JOINED = "joined"


class TrafficRecord(Part):
    """One name that users ask: a pair of failover records, which the owner of the zone makes once and nobody edits."""

    name: HostName
    zone: str | None = Field(
        None, pattern=r"^Z[A-Z0-9]{1,31}$", description="The id of its hosted zone; found by the name if left out."
    )
    primary_check: PrimaryCheck = Field(
        PrimaryCheck.LATCH,
        description="`latch` alone, or `joined` with the primary's own health, which needs a maintenance page.",
    )
    maintenance_page: bool = Field(
        False,
        description="Whether SECONDARY leads to a maintenance page for as long as the latch is off.",
    )


class Traffic(Part):
    """The ways by which users reach the application."""

    records: tuple[TrafficRecord, ...] = Field(min_length=1)
    primary_balancers: tuple[HostName, ...] = Field(
        (),
        description="The primary's load balancers by name, to find other ways to them.",
    )
    cognito_domains: tuple[HostName, ...] = Field((), description="Custom domains of Cognito that users sign in at.")
