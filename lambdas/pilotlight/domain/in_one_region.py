"""What plans have in common that work within one region and start only because somebody asked: run-books and drills.

They have no observers, no fence and no writer to move, so they look at nothing before they act but their own steps'
preflight, and they stand back for a failover of their application.
"""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from pilotlight.domain.durations import Duration
from pilotlight.domain.part import Name, Part, Region
from pilotlight.domain.plan import AnyPlan


class TimeObjectives(Part):
    """What such a plan promises: the time of the whole, and of single steps."""

    rto: Duration = Field(description="How long the whole may take, since a person started it.")
    steps: dict[Name, Duration] = Field(
        default_factory=dict, description="How long a step may take, by its name, from its own start to its end."
    )


class InOneRegion(AnyPlan):
    """A plan whose steps all work in one region, beside the failover plan of the application if there is one."""

    region: Region = Field(description="Where it works, and where its controller lives.")
    failover_region: Region | None = Field(
        None,
        description=(
            "The standby of the application's failover plan, if it has one: while a run of that is at work, this "
            "plan does not start."
        ),
    )
    objectives: TimeObjectives

    @property
    def longest_look(self) -> timedelta:
        """Nobody looks whether it is needed: whoever starts it has."""
        return timedelta(0)
