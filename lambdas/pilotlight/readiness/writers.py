"""Who else writes to what a plan moves: known from the plan alone, and looked at first because no step can mend it."""

from __future__ import annotations

from collections.abc import Iterator

from pilotlight.domain.kind import Finding, Severity
from pilotlight.domain.plan import Plan
from pilotlight.steps import unclosed_writers, writers_of


def of_writers(plan: Plan) -> Iterator[Finding]:
    """The writers that no plan covers, and a shared writer that the plan itself does not close."""
    moved = ", ".join(writer.old.rsplit(":", 1)[-1] for writer in writers_of(plan))
    if not moved:
        yield Finding(Severity.FINE, "writers", "The plan moves no writer.")
        return
    for other in plan.other_writers:
        if other.plan is None:
            who = f"{other.name[:1].upper()}{other.name[1:]}"
            said = f"{who} write to {moved} and have no plan, so a promotion leaves them with a dead endpoint."
            fix = "Write a plan for each of them and name it in other_writers, or give them a database of their own."
            yield Finding(Severity.ERROR, "writer-without-plan", said, fix)
        else:
            said = f"{other.name} writes to {moved} and moves with plan {other.plan}."
            yield Finding(Severity.FINE, "writer-with-plan", said)
    open_ones = unclosed_writers(plan)
    if open_ones:
        named = ", ".join(writer.old.rsplit(":", 1)[-1] for writer in open_ones)
        said = (
            f"{named} is shared, and no step of the stage fence closes the database itself: the others would go on "
            "writing to it while this application has moved."
        )
        fix = "Add a step to the stage fence that closes the database, of kind fence_security_group for example."
        yield Finding(Severity.ERROR, "shared-writer-open", said, fix)
    elif not plan.other_writers:
        yield Finding(Severity.FINE, "writers", f"Nobody else is known to write to {moved}.")
