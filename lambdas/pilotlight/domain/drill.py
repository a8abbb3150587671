"""A drill: the steps of a failover on stand-ins, which leaves production as it is and nothing of its own behind.

It is a plan of its own that is computed from the application's failover plan and what that says of drills
(`pilotlight.domain.drilling`). Nobody writes it, and its roles cannot touch what the failover changes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from pilotlight.domain.drill_names import drill_name
from pilotlight.domain.drilling import Blocked
from pilotlight.domain.durations import Duration
from pilotlight.domain.in_one_region import InOneRegion
from pilotlight.domain.part import Name, Region
from pilotlight.domain.place import Place
from pilotlight.domain.plan import PlanKind


class Drill(InOneRegion):
    """The stand-ins of one application's failover, in its standby region."""

    kind: Literal[PlanKind.DRILL] = PlanKind.DRILL
    primary: Region
    left_out: dict[Name, str] = Field(description="Why the drill goes without a step of the failover, by its name.")
    rpo: Duration = Field(description="How much data the application may lose; what it restored is compared with that.")
    time_to_live: Duration
    blocked: tuple[Blocked, ...] = ()

    @property
    def name(self) -> str:
        """The application's drills have runs, a lease and a ledger of their own."""
        return drill_name(self.application)

    @property
    def machine(self) -> str:
        """Its own machine, under roles that cannot touch production."""
        return self.name

    @property
    def place(self) -> Place:
        """What it makes is marked as the drill's and not as the application's, so neither takes it for its own."""
        return Place(self.name, self.account, self.primary, self.region)

    def say_intent(self) -> str:
        """Drill it."""
        return f"drill the failover of {self.application} in {self.region} on stand-ins, and delete them again"

    def say_done(self) -> str:
        """Every step was seen to work on its stand-in."""
        return f"The drill of {self.application} went through in {self.region}."

    def blocked_at(self, now: datetime) -> Blocked | None:
        """The blocked time that a moment lies in."""
        return next((blocked for blocked in self.blocked if blocked.begins <= now < blocked.ends), None)
