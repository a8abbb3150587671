"""What a drill does that no other run does: it stays away while something real is going on, and yields to it.

A drill is worth nothing compared with what it could be in the way of. So it asks before it begins, and at each turn of
each of its steps, whether a run of its application is at work or its detector sees trouble.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pilotlight.aws.functions import ask, step_function
from pilotlight.domain.decision import VerdictKind
from pilotlight.domain.drill import Drill
from pilotlight.domain.life import StepState
from pilotlight.domain.run import Run
from pilotlight.domain.standing_in import Remains
from pilotlight.estate.rds.copies import loss_up_to
from pilotlight.handlers.journal import verdicts
from pilotlight.handlers.runtime import Runtime


def yields_to(runtime: Runtime, plan: Drill) -> str:
    """What a drill stays away from, or gives way to, as a sentence; empty where nothing real is going on."""
    lease = runtime.leases.of(plan.application)
    if lease.holder:
        return (
            f"Run {lease.holder} of {plan.application} is at work, and a drill gives way to it; start {plan.name} "
            "again when that is over."
        )
    last = runtime.control.note(verdicts(plan.application), "last")
    if last and last["kind"] != VerdictKind.IGNORE.value:
        return (
            f"The detector of {plan.application} sees trouble (incident {last['incident']}), and a drill gives way to "
            f"it; start {plan.name} again when {plan.primary} is well."
        )
    return ""


def not_now(runtime: Runtime, plan: Drill, run: Run) -> str:
    """Why a drill does not begin at this time: it is blocked, or something of an earlier one still stands."""
    blocked = plan.blocked_at(run.opened)
    if blocked:
        return (
            f"No drill of {plan.application} starts between {blocked.begins:%Y-%m-%d %H:%M} and "
            f"{blocked.ends:%Y-%m-%d %H:%M %Z}, because of {blocked.because.rstrip('. ')}; start it after that."
        )
    standing = [found for found in remains(runtime, plan, run).values() if found.run_id != run.run_id]
    if standing:
        return (
            f"Something stands under the names of the drill: {standing[0].sentence} The janitor deletes what drills "
            "have marked, within minutes; what bears no mark of a drill a person has to look at."
        )
    return ""


def remains(runtime: Runtime, plan: Drill, run: Run) -> dict[str, Remains]:
    """What stands of what drills made, by the name of the step, whichever drill it was.

    Each step's own function is asked: it alone may look into a cluster, for example. Raises an `AwsError` where that
    cannot be told: unknown is not clean.
    """
    prefix = runtime.variable("PILOTLIGHT_STEP_FUNCTION_PREFIX")
    found: dict[str, Remains] = {}
    for step in plan.steps().values():
        event = {"do": "look", "run_id": run.run_id, "step": step.name}
        told = ask(runtime.aws, runtime.region, step_function(prefix, step.kind), event)
        if told["standing"]:
            found[step.name] = Remains(told["run_id"], told["standing"])
    return found


def measured(run: Run, states: Mapping[str, StepState]) -> Run:
    """The run of a drill with what its databases lack of what was written before it began; any other run as it is."""
    if not isinstance(run.plan, Drill):
        return run
    reached = {
        name: datetime.fromisoformat(state.outputs["reaches"])
        for name, state in states.items()
        if state.outputs.get("reaches")
    }
    losses = {name: loss_up_to(f"What {name} restored", until, run.opened) for name, until in reached.items()}
    return run.losing(losses) if losses else run
