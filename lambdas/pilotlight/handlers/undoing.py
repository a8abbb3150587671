"""Takes back what one step of a run did, as far as its kind can, and looks what stands of drills; the run that asks for
it still holds its lease."""

from __future__ import annotations

from typing import Any

from pilotlight.domain.drill import Drill
from pilotlight.domain.errors import AwsError
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Run
from pilotlight.domain.stages import PlannedStep
from pilotlight.domain.standing_in import Remains
from pilotlight.domain.step import (
    CannotUndo,
    Receipt,
    StepContext,
    Undone,
)
from pilotlight.handlers.journal import write
from pilotlight.handlers.runtime import Runtime
from pilotlight.steps import kind_and_params


def undo(runtime: Runtime, run: Run, step: PlannedStep, context: StepContext) -> dict[str, Any]:
    """Undo a step that acted, and say what became of it; one that did nothing has nothing to take back.

    Doing it twice is harmless: every kind looks whether what it did still stands. Of a drill the answer says that too,
    as `standing`, because it is asked again until nothing does.
    """
    state = runtime.control.steps(run.run_id).get(step.name)
    its_kind, params = kind_and_params(step)
    if state is None or not (state.receipt or its_kind.fences or its_kind.marks):
        return {"undone": True, "sentence": "", "standing": ""}
    # A fence that was cut off before it could record what it did has marked what it closed; others mark what they make.
    receipt = state.receipt or Receipt(f"Step {step.name} did not come to an end.", acted=True)
    try:
        result = its_kind.undo(params, receipt, context)
    except AwsError as error:
        result = CannotUndo(f"Step {step.name} could not be taken back: {error.sentence}.")
    done = isinstance(result, Undone)
    if not _is_told(runtime, run, step, result.sentence):
        write(runtime, run, RecordKind.STEP_UNDONE, result.sentence, step=step.name, undone=done)
    standing = _standing(run, its_kind.remains(params, context)) if isinstance(run.plan, Drill) else ""
    return {"undone": done, "sentence": result.sentence, "standing": standing}


def look(step: PlannedStep, context: StepContext) -> dict[str, Any]:
    """What stands of what drills made in place of a step, whichever drill it was, and by whose mark."""
    its_kind, params = kind_and_params(step)
    found = its_kind.remains(params, context)
    return {"standing": found.sentence if found else "", "run_id": found.run_id if found else ""}


def _standing(run: Run, remains: Remains | None) -> str:
    """What still stands of what a drill made; what bears no mark of it is not its own, and nobody waits for that."""
    return remains.sentence if remains and remains.run_id == run.run_id else ""


def _is_told(runtime: Runtime, run: Run, step: PlannedStep, sentence: str) -> bool:
    """Whether the same was said before: a step may be taken back by the run's stage, and once more when it ends."""
    told = runtime.ledger.records(run.application, since=run.first_sequence)
    wanted = (RecordKind.STEP_UNDONE, run.run_id, step.name, sentence)
    return any((r.entry.kind, r.entry.run_id, r.entry.step, r.entry.sentence) == wanted for r in told)
