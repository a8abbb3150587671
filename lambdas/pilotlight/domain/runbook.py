"""A run-book: steps that mend an application within one region, started by a person and by nobody else.

A test of it in a staging environment is a run-book of its own, and may begin by a schedule.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pilotlight.domain.in_one_region import InOneRegion
from pilotlight.domain.part import Name, Part
from pilotlight.domain.place import Place
from pilotlight.domain.plan import PlanKind
from pilotlight.domain.schedule import Schedule


class TestOf(Part):
    """What a run-book of a staging environment tests, and when it begins by itself."""

    runbook: Name = Field(description="The run-book of production that it tests.", examples=["multi-az"])
    schedule: Schedule


class Runbook(InOneRegion):
    """What is done by hand for one application in one region, step by step."""

    kind: Literal[PlanKind.RUNBOOK] = PlanKind.RUNBOOK
    runbook: Name = Field(
        description="What it is called among the run-books of its application.", examples=["database-failover"]
    )

    test_of: TestOf | None = Field(
        None, description="For a test in a staging environment alone. What mends production starts by hand."
    )

    @property
    def name(self) -> str:
        """The application and the run-book: another run-book of the application has runs of its own."""
        return f"{self.application}-{self.runbook}"

    @property
    def machine(self) -> str:
        """Its own machine; the suffix keeps it apart from a failover's, whatever the run-book is called."""
        return f"{self.name}-runbook"

    @property
    def place(self) -> Place:
        """One region, in both roles: a step that works in "the standby" works here."""
        return Place(self.application, self.account, self.region, self.region, plan=self.name)

    def say_intent(self) -> str:
        """Carry it out."""
        return f"carry out run-book {self.runbook} of {self.application} in {self.region}"

    def say_done(self) -> str:
        """Every step was seen to work."""
        return f"Run-book {self.runbook} of {self.application} is done in {self.region}."
