"""How bad an incident is: one word of four, found by a rule that never changes, which a plan may name in its own words.

A dark region that nobody planned is always the worst, and a drill the least. What a plan may say is how bad the rest
is, and what its people call the four.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from pilotlight.domain.part import Part


class IncidentSeverity(StrEnum):
    """P1 is the worst. The order of the four is that of their names."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


class Situation(StrEnum):
    """What an incident is about, as far as its severity goes."""

    DARK = "dark"
    DEGRADED = "degraded"
    PLANNED = "planned"
    RUNBOOK = "runbook"
    DRILL = "drill"


WHY = {
    Situation.DARK: "the region is dark, and nobody planned it",
    Situation.DEGRADED: "a person started a failover that the observers do not ask for",
    Situation.PLANNED: "a person planned it",
    Situation.RUNBOOK: "a run-book mends the application in its region",
    Situation.DRILL: "it is a drill, and production is not touched",
}


class Severities(Part):
    """How bad the incidents of a plan are. A dark region that nobody planned is P1, whatever stands here."""

    degraded: IncidentSeverity = Field(
        IncidentSeverity.P2, description="A failover that a person started, and that the observers do not ask for."
    )
    planned: IncidentSeverity = Field(IncidentSeverity.P3, description="A failover that a person planned.")
    runbook: IncidentSeverity = Field(IncidentSeverity.P3, description="A run of this run-book.")
    names: dict[IncidentSeverity, str] = Field(
        default_factory=dict,
        description="What your people call the four, shown beside them.",
        examples=[{"P1": "Critical", "P2": "High", "P3": "Medium", "P4": "Low"}],
    )

    def of(self, situation: Situation) -> IncidentSeverity:
        """The severity of a situation."""
        match situation:
            case Situation.DARK:
                return IncidentSeverity.P1
            case Situation.DEGRADED:
                return self.degraded
            case Situation.PLANNED:
                return self.planned
            case Situation.RUNBOOK:
                return self.runbook
            case Situation.DRILL:
                return IncidentSeverity.P4

    def said(self, severity: IncidentSeverity) -> str:
        """It with the name that the plan gives it."""
        return f"{severity.value} {self.names.get(severity, '')}".strip()
