"""The review after a stage: open steps? It goes on, enters the stage again, waits for a person, or ends the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from pilotlight.domain.drill import Drill
from pilotlight.domain.in_one_region import InOneRegion
from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Clocks, Outcome, Review, Reviewed, Run, review_stage
from pilotlight.domain.stages import StageName
from pilotlight.domain.step import Access
from pilotlight.domain.word import abort
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.confirming import end, say_aborted
from pilotlight.handlers.drilling import measured, yields_to
from pilotlight.handlers.failing import ask_people
from pilotlight.handlers.journal import clocks_of, write
from pilotlight.handlers.runtime import Runtime
from pilotlight.handlers.settling import has_moved
from pilotlight.steps import kind

_BEFORE_SERVING = (StageName.PREPARE, StageName.FENCE, StageName.MOVE)


def review(runtime: Runtime, run_id: str, stage_name: str) -> Answer:
    """Answer for a stage, and read the clocks when the application is up."""
    stage = StageName(stage_name)
    run = runtime.control.change_run(run_id, lambda r: _entered(r, stage))
    states = runtime.control.steps(run_id)
    found = _by_word(runtime, run, stage, states) or ask_people(runtime, run, stage, states)
    if isinstance(found, Answer):
        return found
    reviewed = found or review_stage(run.plan, stage, states, run.reentries[stage.value])
    if reviewed.review is Review.GO_ON and stage is StageName.SERVE:
        run = runtime.control.change_run(
            run_id, lambda r: measured(replace(r, clocks=served(r.plan, r.clocks, states)), states)
        )
    if reviewed.review is Review.GO_ON and stage is StageName.MOVE:
        # Whoever shares a writer need not wait until this application is served.
        runtime.leases.release([s for s in run.epochs if s != run.application], run_id)
    sentence = (
        reviewed.sentence
        if stage is not StageName.SERVE or reviewed.review is not Review.GO_ON
        else say_served(run.plan, states)
    )
    write(
        runtime,
        run,
        RecordKind.STAGE_REVIEWED,
        sentence,
        stage=stage.value,
        review=reviewed.review.value,
        clocks=clocks_of(run.clocks),
    )
    return Answer(reviewed.review.value, sentence)


def _entered(run: Run, stage: StageName) -> Run:
    """The run with one more entry of a stage, unless it is the same one that still waits for people."""
    if run.asking.stage == stage:
        return run
    return replace(run, reentries={**run.reentries, stage.value: run.reentries.get(stage.value, 0) + 1})


def _by_word(runtime: Runtime, run: Run, stage: StageName, states: dict[str, StepState]) -> Reviewed | None:
    """A person's abort ends the run here, if its writer has not moved; else the run only goes forward.

    Raises `Unavailable` where it cannot be told yet whether it moved.
    """
    by_hand = isinstance(run.plan, InOneRegion) and stage is StageName.SERVE
    aborted = abort(runtime.control.words(run.run_id)) if by_hand or stage in _BEFORE_SERVING else None
    if aborted is None and isinstance(run.plan, Drill):
        return _yielded(runtime, run, run.plan)
    if aborted is None or has_moved(runtime, run, states):
        return None
    sentence = say_aborted(run, aborted)
    end(runtime, run, Outcome.ABORTED_CLEAN, sentence)
    return Reviewed(Review.STOP, sentence)


def _yielded(runtime: Runtime, run: Run, plan: Drill) -> Reviewed | None:
    """A drill ends where something real begins; None where nothing does."""
    sentence = yields_to(runtime, plan)
    if not sentence:
        return None
    end(runtime, run, Outcome.ABORTED_CLEAN, sentence)
    return Reviewed(Review.STOP, sentence)


def served(plan: AnyPlan, clocks: Clocks, states: dict[str, StepState]) -> Clocks:
    """The clocks once the serving stage is done.

    Executed is when the last change was in place, verified is when all was seen to work.
    """
    finished: dict[str, datetime] = {name: state.finished for name, state in states.items() if state.finished}
    serving = [
        step
        for step in plan.steps().values()
        if step.awaited_in not in (None, StageName.AFTER) and step.name in finished
    ]
    changing = [step for step in serving if any(op.access is not Access.READ for op in kind(step.kind).operations)]
    executed = max((finished[step.name] for step in changing), default=None)
    verified = max((finished[step.name] for step in serving), default=None)
    return replace(clocks, executed=executed, verified=verified)


def say_served(plan: AnyPlan, states: Mapping[str, StepState]) -> str:
    """What is true once the serving stage is done."""
    without = [name for name, state in states.items() if state.status is StepStatus.SKIPPED]
    besides = f" It went on without {', '.join(without)}." if without else ""
    return f"{plan.say_done().rstrip('.')}, and what was asked of it was answered as expected.{besides}"
