"""Whether what a plan's drill needs stands, as far as it can be seen before one is started.

It bears on no failover, so nothing of it is worse than a warning: a drill that finds it is refused or fails, and what
a drill leaves to the application's own people to keep apart is told before a failover meets it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial

from pilotlight.domain.drill import Drill
from pilotlight.domain.kind import Finding, Severity, StepContext
from pilotlight.domain.plan import Plan
from pilotlight.domain.ports import Aws, Web
from pilotlight.readiness.look import Look, looks_at_steps, take
from planfile.drill import drill_of
from planfile.reading import InstalledKinds


def drill_looks(plan: Plan, now: datetime, aws: Aws, web: Web) -> Iterator[Look]:
    """One look at all that the plan's drill needs; none where the plan is not drilled. `aws` is only read."""
    if plan.drill is None:
        return
    drill = drill_of(plan, InstalledKinds())
    context = partial(StepContext.of_no_run, drill.place, now=now, aws=aws, web=web, traffic=None)
    yield Look("drill", f"What drills of {plan.application} need", partial(_troubles, drill, context))


def _troubles(drill: Drill, context: partial[StepContext]) -> Iterator[Finding]:
    """What keeps a drill from going through; one finding that all is well where nothing does."""
    seen = 0
    for look in looks_at_steps(drill, context):
        for found in take(look):
            if found.finding.severity in (Severity.ERROR, Severity.IMPOSSIBLE):
                seen += 1
                sentence = f"In a drill, {found.about}: {found.finding.sentence}"
                yield replace(found.finding, severity=Severity.WARNING, sentence=sentence)
    if not seen:
        sentence = f"All {len(drill.steps())} steps of a drill of {drill.application} can be taken."
        yield Finding(Severity.FINE, "drill-ready", sentence)
