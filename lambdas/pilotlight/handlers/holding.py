"""Who holds the leases of an application and its writers, whether that run lives, and how a dead one is put to rest.

A run takes the leases of its application and of every writer that it moves, all or none. Only its own application's
detector puts a dead run to rest; a run of another application that needs the same writer waits for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from pilotlight.aws.functions import tell
from pilotlight.aws.leases import Lease
from pilotlight.domain.errors import AwsError, Changed, NotFound
from pilotlight.domain.plan import AnyPlan
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.runtime import Runtime
from pilotlight.steps import writers_of

ASK_AGAIN = timedelta(seconds=5)


def subjects_of(plan: AnyPlan) -> tuple[str, ...]:
    """What a run of this plan needs the leases of: its application, and the writers that it moves."""
    return (plan.name, *(writer.old for writer in writers_of(plan)))


def is_live(runtime: Runtime, execution_arn: str) -> bool:
    """Whether an execution still runs. Unknown counts as alive: two runs at once are worse than none."""
    try:
        found = runtime.aws.call("stepfunctions", "DescribeExecution", runtime.region, executionArn=execution_arn)
    except NotFound:
        return False
    except AwsError:
        return True
    return bool(found["status"] == "RUNNING")


def put_to_rest(runtime: Runtime, run_id: str) -> None:
    """Have a run concluded whose execution has ended without concluding it; its leases are freed by that.

    Failing to is only slower: the next tick asks again.
    """
    event = {"run_id": run_id, "state": {"ended": f"The execution of run {run_id} ended without concluding it."}}
    try:
        tell(runtime.aws, runtime.region, runtime.variable("PILOTLIGHT_CLOSE_FUNCTION"), event)
    except AwsError as error:
        runtime.logger.error(f"Run {run_id} could not be put to rest and is tried again: {error.sentence}")


def take_leases(runtime: Runtime, plan: AnyPlan, run_id: str, execution_arn: str) -> Mapping[str, int] | Answer:
    """The epochs of the leases that a run needs; or why it does not get them, now or at all."""
    seen = runtime.leases.seen(subjects_of(plan))
    if all(lease.holder == run_id for lease in seen):
        return {lease.subject: lease.epoch for lease in seen}
    held = [lease for lease in seen if lease.holder and lease.holder != run_id]
    if held:
        # What holds the application itself is told first: it is this application's own run.
        return _held(runtime, plan, min(held, key=lambda lease: lease.subject != plan.name))
    try:
        return runtime.leases.grant(seen, run_id, execution_arn, runtime.now())
    except Changed:
        sentence = f"Another run took a lease that {plan.name} needs in this moment, so it is asked for again."
        return Answer("look_again", sentence, ASK_AGAIN)


def _held(runtime: Runtime, plan: AnyPlan, lease: Lease) -> Answer:
    alive = is_live(runtime, lease.execution_arn)
    if lease.subject != plan.name:
        sentence = f"{lease.subject} is being moved by run {lease.holder}; this run follows when that is done."
        return Answer("look_again", sentence, ASK_AGAIN)
    if alive:
        sentence = f"Run {lease.holder} of {plan.name} is at work, and there is only one at a time: follow that."
        return Answer("close", sentence)
    put_to_rest(runtime, lease.holder)
    return Answer("look_again", f"Run {lease.holder} ended without concluding, and is put to rest first.", ASK_AGAIN)
