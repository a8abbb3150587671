"""Takes back all that a drill made, however it ended: asked by its machine, and by the janitor where that is gone.

Each call has every step take back what it made, in reverse order, and looks what still stands. It is asked again until
nothing does, because AWS takes minutes to delete. Until then the drill is not concluded and keeps its lease: no other
drill begins, and whoever cleans up acts under the drill's own epoch.
"""

from __future__ import annotations

from datetime import timedelta

from pilotlight.aws.functions import FunctionFailed, ask, step_function
from pilotlight.domain.errors import AwsError
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Run, conclude
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.journal import write_once
from pilotlight.handlers.runtime import Runtime

CLEAN = "clean"
"""What the close function of a drill is asked for before it is asked to conclude."""

AGAIN_IN = timedelta(seconds=15)


def clean(runtime: Runtime, run: Run, ended: str) -> Answer:
    """Have everything taken back that a drill made, and say whether to ask again.

    Parameters: `ended` is why the execution came to its end early, empty where it did not.
    """
    states = runtime.control.steps(run.run_id)
    run = runtime.control.change_run(run.run_id, lambda r: conclude(r, states, ended))
    left = _take_back(runtime, run)
    if left:
        return Answer("look_again", f"Drill {run.run_id} is being cleaned up: {' '.join(left)}", AGAIN_IN)
    sentence = f"Nothing of drill {run.run_id} is left."
    write_once(runtime, run, RecordKind.DRILL_CLEANED, sentence)
    return Answer("clean", sentence)


def _take_back(runtime: Runtime, run: Run) -> list[str]:
    """Have each step of a drill taken back, the last one first; what still stands of them, in sentences."""
    prefix = runtime.variable("PILOTLIGHT_STEP_FUNCTION_PREFIX")
    left: list[str] = []
    for step in reversed(run.plan.steps().values()):
        event = {"do": "undo", "run_id": run.run_id, "step": step.name}
        try:
            told = ask(runtime.aws, runtime.region, step_function(prefix, step.kind), event)
        except FunctionFailed as failed:
            left.append(f"{step.name} could not be taken back: {failed.message}")
        except AwsError as error:
            left.append(f"{step.name} could not be taken back: {error.sentence}.")
        else:
            left += [told["standing"]] if told["standing"] else []
    return left
