"""How it is known of each database that became the writer that it is one: asked itself, or by what RDS says of it."""

from __future__ import annotations

from pilotlight.domain.life import StepStatus
from pilotlight.domain.step import Harm
from pilotlight.report.incident import IncidentView, StepView

_LOOKS = "check_database"


def writers(view: IncidentView) -> tuple[str, ...]:
    """A sentence for each database that was moved; none for one that a step is still to look into."""
    moved = [s for s in view.steps if s.harm == Harm.IRREVERSIBLE and s.status is StepStatus.SETTLED]
    looks = [step for step in view.steps if step.kind == _LOOKS]
    told = (_told(step.outputs["address"], looks) for step in moved if "address" in step.outputs)
    return tuple(sentence for sentence in told if sentence)


def _told(address: str, looks: list[StepView]) -> str:
    of_it = [look for look in looks if look.outputs.get("address") == address and look.status is StepStatus.SETTLED]
    if of_it:
        return of_it[0].outputs["seen"]
    if any(not look.status.over for look in looks):
        return ""
    return f"{address}: role read from the API only; no step looked into the database itself."
