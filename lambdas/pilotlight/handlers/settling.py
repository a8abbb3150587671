"""What is put in order when a run ends: the tombstones say what is true, and what was done for nothing is undone.

A run whose writer has moved only goes forward: its tombstones are committed, whatever else failed. A run that moved
nothing withdraws its tombstones and opens what it fenced; one that was not needed takes back what it prepared as well.
Where it cannot be told whether the writer moved, nothing is settled, and the run is concluded by a later try.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pilotlight.aws.functions import FunctionFailed, ask, step_function
from pilotlight.domain.drill import Drill
from pilotlight.domain.errors import AwsError, Unavailable
from pilotlight.domain.life import StepState
from pilotlight.domain.place import Writer
from pilotlight.domain.plan import PlanKind
from pilotlight.domain.run import Outcome, Run
from pilotlight.domain.stages import PlannedStep
from pilotlight.domain.tombstone import TombstoneState
from pilotlight.handlers.inspection import context_of
from pilotlight.handlers.moving import entomb, move_is_recorded, tombstones
from pilotlight.handlers.runtime import Runtime
from pilotlight.steps import kind, kind_and_params, writers_of

_TAKEN_BACK_WHOLLY = (Outcome.NOT_NEEDED, Outcome.ABORTED_CLEAN)


def has_moved(runtime: Runtime, run: Run, states: Mapping[str, StepState]) -> bool:
    """Whether a run is past the point of no return: the move of one of its writers was accepted.

    A step that recorded nothing may have been cut off right after its call, so the standby is looked at. Raises
    `Unavailable` where that does not tell.
    """
    if move_is_recorded(run, states):
        return True
    for step in run.plan.steps().values():
        its_kind, params = kind_and_params(step)
        if step.name not in states or not its_kind.writers(params, run.plan.place):
            continue
        moved = its_kind.moved(params, context_of(runtime, run.plan, step.name))
        if moved is None:
            said = f"whether {step.name} moved its writer cannot be told yet"
            raise Unavailable("pilotlight", "settle", runtime.region, "Unknown", said)
        if moved:
            return True
    return False


def settle(runtime: Runtime, run: Run, states: Mapping[str, StepState]) -> list[str]:
    """Settle the tombstones of a run, and undo what it did for nothing; what stays, in sentences."""
    if isinstance(run.plan, Drill):
        # It was cleaned up before it was concluded, and moves no writer.
        return []
    if run.outcome is Outcome.RECOVERED or has_moved(runtime, run, states):
        entomb(runtime, run, _noted(runtime, run), TombstoneState.COMMITTED)
        return []
    entomb(runtime, run, _noted(runtime, run), TombstoneState.WITHDRAWN)
    wholly = run.outcome in _TAKEN_BACK_WHOLLY
    begun = [step for step in run.plan.steps().values() if step.name in states]
    acted = [step for step in begun if states[step.name].receipt or kind(step.kind).fences or kind(step.kind).marks]
    undone = [step for step in reversed(acted) if wholly or kind(step.kind).fences]
    kept = [step for step in acted if step not in undone]
    # What a run-book did, it did where the application lives anyway.
    costs = run.plan.kind is not PlanKind.RUNBOOK
    return [*_undo(runtime, run, undone), *_stays(kept, states, costs=costs)]


def _noted(runtime: Runtime, run: Run) -> tuple[Writer, ...]:
    """The writers on which this run has left a note."""
    writers = writers_of(run.plan)
    if not writers:
        return ()
    kept = tombstones(runtime, run.failover.regions.witness)
    found = []
    for writer in writers:
        stone = kept.of(writer.old)
        if stone and stone.run_id == run.run_id:
            found.append(writer)
    return tuple(found)


def _undo(runtime: Runtime, run: Run, steps: Iterable[PlannedStep]) -> list[str]:
    """Have the function of each step take it back, under that step's own role; what could not be taken back."""
    prefix = runtime.variable("PILOTLIGHT_STEP_FUNCTION_PREFIX")
    stays: list[str] = []
    for step in steps:
        event = {"do": "undo", "run_id": run.run_id, "step": step.name}
        try:
            told = ask(runtime.aws, runtime.region, step_function(prefix, step.kind), event)
        except FunctionFailed as failed:
            stays.append(f"{step.name} was not taken back: {failed.message}")
        except AwsError as error:
            stays.append(f"{step.name} was not taken back: {error.sentence}")
        else:
            if not told["undone"]:
                stays.append(f"{step.name}: {told['sentence']}")
    return stays


def _stays(steps: Iterable[PlannedStep], states: Mapping[str, StepState], *, costs: bool) -> list[str]:
    """What was done and is left, in the words of its receipt, or of the last look where there is none."""
    stays: list[str] = []
    for step in steps:
        state = states[step.name]
        if state.receipt is None:
            stays.append(f"{step.name} may leave something{' that costs money' if costs else ''}: {state.reason}")
        elif state.receipt.acted:
            stays.append(f"{step.name} stays as it is{', and costs money' if costs else ''}: {state.receipt.sentence}")
    return stays
