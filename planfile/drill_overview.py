"""How a plan is drilled, as people want to see it: what is done in place of what, what is left out, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pilotlight.domain.drilling import Blocked
from pilotlight.domain.plan import Plan
from pilotlight.domain.standing_in import StandIn
from planfile.draft import Kinds
from planfile.drill import stand_ins
from planfile.timetable import next_start


@dataclass(frozen=True)
class ShownStandIn:
    """What a drill does under a step's name; `declared` where the plan says so, and not the step's own kind."""

    step: str
    kind: str
    title: str
    declared: bool


@dataclass(frozen=True)
class ShownDrill:
    """The drills of a plan; `begins` is the next by schedule, None without one, `blocked` what holds it off then.

    `left_out` has the reasons by step, `besides` what a drill does that no step of the plan does.
    """

    stand_ins: tuple[ShownStandIn, ...]
    besides: tuple[ShownStandIn, ...]
    left_out: Mapping[str, str]
    begins: datetime | None
    zone: str
    blocked: Blocked | None
    time_to_live: timedelta
    usd_at_most: float


def drill_overview(plan: Plan, kinds: Kinds, now: datetime) -> ShownDrill | None:
    """Look over the drills of a sound plan; None for one that does not say how it is drilled."""
    drilling = plan.drill
    if drilling is None:
        return None
    drilled = stand_ins(plan, kinds)

    def shown(name: str, stand_in: StandIn) -> ShownStandIn:
        kind = kinds[stand_in.kind]
        return ShownStandIn(name, kind.name, kind.title(stand_in.params), name in drilling.stand_ins)

    own, begins = plan.steps(), next_start(drilling.schedule, now) if drilling.schedule else None
    blocked = [each for each in drilling.blocked if begins and each.begins <= begins < each.ends]
    return ShownDrill(
        stand_ins=tuple(shown(name, each) for name, each in drilled.steps.items() if name in own),
        besides=tuple(shown(name, each) for name, each in drilled.steps.items() if name not in own),
        left_out=drilled.left_out,
        begins=begins,
        zone=drilling.schedule.zone if drilling.schedule else "",
        blocked=blocked[0] if blocked else None,
        time_to_live=drilling.time_to_live,
        usd_at_most=drilling.usd_at_most,
    )
