"""What happens between the fence and the tombstone: the standby takes over the rest of what the primary wrote.

Only a primary that was read closed by every fence can be drained, because an open one goes on writing. A planned run
moves nothing unless it was shown that no write is missing; an unplanned one waits for that as long as its plan says,
and then goes on with what is known. Either way the ledger holds what was missing in the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pilotlight.domain.data_loss import DataAtRisk
from pilotlight.domain.durations import say_duration
from pilotlight.domain.errors import AwsError
from pilotlight.domain.life import StepState
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome, Run
from pilotlight.domain.stages import PlannedStep
from pilotlight.domain.step import Failed, Pending, StepContext
from pilotlight.domain.word import Mode, Word, mode
from pilotlight.handlers.confirming import end
from pilotlight.handlers.journal import lost_by, write_once
from pilotlight.handlers.moving import closing
from pilotlight.handlers.runtime import Runtime
from pilotlight.steps import kind_and_params


def drain(
    runtime: Runtime,
    run: Run,
    step: PlannedStep,
    states: Mapping[str, StepState],
    words: Sequence[Word],
    context: StepContext,
) -> DataAtRisk | Pending | Failed | None:
    """Whether the step may move its writer as far as draining goes.

    What is missing in the end, where the primary was drained or its time is over; None where there is nothing to drain.
    """
    closed, planned = closing(run.plan, states), mode(words) is Mode.PLANNED
    if closed.at is None or not closed.whole:
        return _refuse(runtime, run, "its primary could not be closed") if planned else None
    its_kind, params = kind_and_params(step)
    try:
        left = its_kind.left_to_drain(params, context, closed.at)
    except AwsError as error:
        left = DataAtRisk(f"What the standby lacks of step {step.name} is unknown: {error.sentence}.")
    if left is None:
        return _refuse(runtime, run, f"step {step.name} cannot tell what the standby lacks") if planned else None
    if left.nothing:
        return left
    patience = run.failover.fence.drain_within
    if context.now - closed.at < patience:
        return Pending(f"The primary is closed, and the standby is drained. {left.sentence}")
    late = f"{say_duration(patience)} were not enough to show it: {left.sentence.rstrip('.')}"
    return _refuse(runtime, run, late) if planned else left


def drained(runtime: Runtime, run: Run, step: PlannedStep, state: StepState, left: DataAtRisk | None) -> StepState:
    """The state of a step that no longer waits for the standby, with what is missing written down and told once."""
    if left is not None:
        # Where nothing was measured since the closing, what the gate knew is the best that is known.
        known = {step.name: left} if left.window else {}
        run = runtime.control.change_run(run.run_id, lambda r: r.losing(known) if known else r)
        write_once(runtime, run, RecordKind.DRAINED, left.sentence, step=step.name, **lost_by(run))
    return replace(state, drained=runtime.now())


def _refuse(runtime: Runtime, run: Run, why: str) -> Failed:
    """End a planned run that would lose something, or cannot tell."""
    said = f"The run is planned, so it loses nothing or moves nothing, and {why}."
    end(runtime, run, Outcome.BLOCKED, said)
    return Failed(said, "Start it again when that is mended, or unplanned, which accepts what is missing.")
