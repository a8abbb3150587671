"""A run-book: steps that mend an application within one region, started by a person and by nobody else.

It has no observers, no fence and no writer to move, so it looks at nothing before it acts but its own steps' preflight.
A run-book stands beside the application's failover plan, if there is one, and never runs while that does.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from pilotlight.domain.durations import Duration
from pilotlight.domain.part import Name, Part, Region
from pilotlight.domain.place import Place
from pilotlight.domain.plan import AnyPlan, Plan, PlanKind


class RunbookObjectives(Part):
    """What a run-book promises: the time of the whole, and of single steps."""

    rto: Duration = Field(description="How long the whole may take, since a person started it.")
    steps: dict[Name, Duration] = Field(
        default_factory=dict, description="How long a step may take, by its name, from its own start to its end."
    )


class Runbook(AnyPlan):
    """What is done by hand for one application in one region, step by step."""

    kind: Literal[PlanKind.RUNBOOK] = PlanKind.RUNBOOK
    runbook: Name = Field(
        description="What it is called among the run-books of its application.", examples=["database-failover"]
    )
    region: Region = Field(description="Where it works, and where its controller lives.")
    failover_region: Region | None = Field(
        None,
        description=(
            "The standby of the application's failover plan, if it has one: while a run of that is at work, this "
            "run-book does not start."
        ),
    )
    objectives: RunbookObjectives

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

    @property
    def longest_look(self) -> timedelta:
        """Nobody looks whether it is needed: the person who starts it has."""
        return timedelta(0)

    def say_intent(self) -> str:
        """Carry it out."""
        return f"carry out run-book {self.runbook} of {self.application} in {self.region}"

    def say_done(self) -> str:
        """Every step was seen to work."""
        return f"Run-book {self.runbook} of {self.application} is done in {self.region}."


_SNAPSHOT: TypeAdapter[Plan | Runbook] = TypeAdapter(Annotated[Plan | Runbook, Field(discriminator="kind")])


@lru_cache(maxsize=16)
def read_snapshot(text: str) -> Plan | Runbook:
    """Read the snapshot of a plan back, of whichever kind; the same text gives the same plan, which nobody changes."""
    return _SNAPSHOT.validate_json(text)
