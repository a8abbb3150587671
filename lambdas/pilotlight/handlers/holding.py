"""Who holds the lease of an application, whether that run still lives, and how a dead one is put to rest."""

from __future__ import annotations

from pilotlight.aws.control import Lease
from pilotlight.domain.errors import AwsError, Changed, NotFound
from pilotlight.domain.plan import Plan
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.close import conclude_run
from pilotlight.handlers.runtime import Runtime


def is_live(runtime: Runtime, holder: str, one_execution_arn: str) -> bool:
    """Whether the holder of a lease still runs. Unknown counts as alive: two runs at once are worse than none.

    Parameters: `one_execution_arn` is the ARN of any execution of the same machine.
    """
    arn = f"{one_execution_arn.rsplit(':', 1)[0]}:{holder}"
    try:
        found = runtime.aws.call("stepfunctions", "DescribeExecution", runtime.region, executionArn=arn)
    except NotFound:
        return False
    except AwsError:
        return True
    return bool(found["status"] == "RUNNING")


def put_to_rest(runtime: Runtime, plan: Plan, holder: str) -> None:
    """Conclude a run whose execution has ended without concluding it, and free its lease."""
    run = runtime.control.find_run(holder)
    if run is None:
        runtime.control.release(plan.application, holder)
    else:
        conclude_run(runtime, run, f"The execution of run {holder} ended without concluding it.")


def take_lease(runtime: Runtime, plan: Plan, run_id: str, execution_arn: str) -> Lease | Answer:
    """The lease for a run, in a new epoch; or why it does not get it."""
    seen = runtime.control.lease(plan.application)
    if seen.holder == run_id:
        return seen
    if seen.holder:
        if is_live(runtime, seen.holder, execution_arn):
            sentence = (
                f"Run {seen.holder} of {plan.application} is at work, and there is only one at a time: follow that."
            )
            return Answer("close", sentence)
        put_to_rest(runtime, plan, seen.holder)
        seen = runtime.control.lease(plan.application)
    try:
        return runtime.control.grant(plan.application, seen, run_id, runtime.now())
    except Changed:
        return Answer("close", f"Another run of {plan.application} took the lease in this moment; follow that one.")
