"""The run of a run-book or a drill: begun because somebody asked for it, held at its gate for people, and standing
back for a failover.

It looks at no primary and weighs no loss. What it shares with a failover (opening, leases, steps, reviews, closing)
stands in the modules of that.
"""

from __future__ import annotations

from pilotlight.aws.leases import Leases
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.drill import Drill
from pilotlight.domain.errors import AwsError
from pilotlight.domain.in_one_region import InOneRegion
from pilotlight.domain.run import Outcome, Run
from pilotlight.domain.waiting import waits_for
from pilotlight.domain.word import abort
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.confirming import end, go, say_aborted
from pilotlight.handlers.drilling import not_now, yields_to
from pilotlight.handlers.gate import let_through
from pilotlight.handlers.inspection import inspect
from pilotlight.handlers.runtime import Runtime
from pilotlight.handlers.waiting import wait


def begin(runtime: Runtime, run: Run, plan: InOneRegion) -> Answer:
    """Let an opened run act, unless it was aborted, a failover is at work, or a step says that it cannot succeed."""
    stopped = _stopped(runtime, run, plan)
    if stopped:
        return stopped
    unfit = not_now(runtime, plan, run) if isinstance(plan, Drill) else ""
    if unfit:
        return end(runtime, run, Outcome.BLOCKED, unfit)
    return go(runtime, run, f"{run.requested_by} asked for it: {run.reason}", inspect(runtime, plan), runtime.now())


def hold(runtime: Runtime, run: Run, plan: InOneRegion) -> Answer:
    """Let a run through its gate that nobody stops, and for which its people were heard."""
    stopped = _stopped(runtime, run, plan)
    if stopped:
        return stopped
    now = runtime.now()
    words = runtime.control.words(run.run_id)
    waiting = None if run.gate.passed else waits_for(run, words, run.gate.since or now, now)
    if waiting:
        return wait(runtime, run.run_id, waiting, now)
    return let_through(runtime, run, f"Nothing holds run {run.run_id}, and no failover is at work.")


def _stopped(runtime: Runtime, run: Run, plan: InOneRegion) -> Answer | None:
    aborted = abort(runtime.control.words(run.run_id))
    if aborted:
        return end(runtime, run, Outcome.ABORTED_CLEAN, say_aborted(run, aborted))
    busy = yields_to(runtime, plan) if isinstance(plan, Drill) else failover_at_work(runtime, plan)
    return end(runtime, run, Outcome.BLOCKED, busy) if busy else None


def failover_at_work(runtime: Runtime, plan: InOneRegion) -> str:
    """Which failover of the application is at work, or why that cannot be told, as a sentence; empty where none is."""
    if plan.failover_region is None:
        return ""
    table = DynamoTable(runtime.aws, plan.failover_region, runtime.variable("PILOTLIGHT_CONTROL_TABLE"))
    try:
        lease = Leases(table).of(plan.application)
    except AwsError as error:
        # Unknown is not free.
        return (
            f"Whether a failover of {plan.application} is at work cannot be told, so {plan.name} does not run beside "
            f"it: {error.sentence}. Try again; if {plan.failover_region} is lost, take failover_region out of the "
            "plan and deploy."
        )
    if not lease.holder:
        return ""
    return (
        f"Run {lease.holder} of {plan.application} is at work in {plan.failover_region}, and a run-book does not run "
        f"beside a failover; start {plan.name} again when that is over."
    )
