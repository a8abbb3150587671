"""The schedule that starts a machine by itself: of drills, and of tests in a staging environment."""

from __future__ import annotations

import json

from deployment.resources import MachineSchedule
from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.schedule import Schedule


def schedules(plan: AnyPlan, schedule: Schedule | None, reason: str) -> tuple[MachineSchedule, ...]:
    """What starts the plan's machine in the name of the schedule; nothing where it has none."""
    if schedule is None:
        return ()
    given = {"confirm": plan.name, "reason": reason, "requested_by": "the schedule"}
    return (
        MachineSchedule(
            name=f"pilotlight-{plan.machine}-schedule",
            description=f"Begins the runs of {plan.name}.",
            expression=f"cron({schedule.cron})",
            zone=schedule.zone,
            machine_arn=plan.place.arn("states", f"stateMachine:{plan.machine}"),
            input=json.dumps(given),
        ),
    )
