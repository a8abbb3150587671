"""What becomes of a failed step: a person may have it tried anew, let the run go on without it, or abort the run.

A stage waits so long in all, whoever retries what, and then the run ends as if nobody had been asked. Nobody is asked
where the plan names nobody who may answer, and none while a primary stands closed for nothing: there a failed step
opens it again at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.run import Run, failed_in, say_failures
from pilotlight.domain.stages import StageName
from pilotlight.domain.waiting import Waiting, WaitsFor
from pilotlight.domain.word import Word, WordKind

ANSWERS = (WordKind.RETRY, WordKind.SKIP)


def may_be_asked(run: Run, stage: StageName) -> bool:
    """Whether there is anybody whom a run can ask about a failed step, and time to do so."""
    plan = run.plan
    return bool(stage is not StageName.AFTER and plan.people.approvers and plan.gates.failed_step_waits)


def asks_about(run: Run, states: Mapping[str, StepState]) -> Mapping[str, bool]:
    """The failed steps that a run asks about at this moment, and whether it may go on without each."""
    if not run.asking.stage:
        return {}
    steps = run.plan.steps()
    return {name: steps[name].skippable for name in failed_in(run.plan, StageName(run.asking.stage), states)}


def waits_for_answer(run: Run, stage: StageName, states: Mapping[str, StepState], now: datetime) -> Waiting:
    """What a run waits for in a stage with failed steps, until when, and what happens then."""
    failed = failed_in(run.plan, stage, states)
    until = run.asking.since.get(stage.value, now) + run.plan.gates.failed_step_waits
    skippable = [name for name in failed if run.plan.steps()[name].skippable]
    without = f"have it go on without {' or '.join(skippable)}, " if skippable else ""
    sentence = f"{say_failures(failed, states)} A person may have it retried, {without}or abort run {run.run_id}."
    then = f"Unless somebody answers, the run ends at {until:%H:%M:%S} UTC, as far as it has come."
    return Waiting(WaitsFor.ANSWER, until, sentence, then)


def answer_to(words: Iterable[Word], step: str, state: StepState) -> Word | None:
    """The newest answer of a proven person to the failure of a step; None where none came since it failed."""
    said = [w for w in words if w.kind in ANSWERS and w.proven and w.accept == step]
    since = [w for w in said if state.finished is None or w.given >= state.finished]
    return max(since, key=lambda word: word.given, default=None)


def abort_since(words: Iterable[Word], since: datetime) -> Word | None:
    """The word that aborts a run, said while it asked what to do."""
    said = [w for w in words if w.kind is WordKind.ABORT and w.proven and w.given >= since]
    return max(said, key=lambda word: word.given, default=None)


def retried(state: StepState, now: datetime, *, keeps_receipt: bool) -> StepState:
    """The step at the beginning of another try, in which it looks first.

    Parameters: `keeps_receipt` is for a step that moved a writer, whose receipt is the point of no return: it is seen
    through and not done again.
    """
    return StepState(
        StepStatus.RUNNING,
        started=now,
        attempts=state.attempts,
        receipt=state.receipt if keeps_receipt else None,
        drained=state.drained,
        begun=state.begun or state.started,
        retries=state.retries + 1,
    )


def skipped(state: StepState, sentence: str, now: datetime) -> StepState:
    """The step that the run goes on without; `sentence` says who wanted that, and why."""
    return replace(state, status=StepStatus.SKIPPED, reason=sentence, fix="", finished=now)


def refuse_answer(word: Word, run: Run, asked: Mapping[str, bool]) -> str:
    """Why a retry or a skip is not taken, with the way out; empty where it is."""
    if not asked:
        return f"Run {run.run_id} does not wait at a failed step, so there is nothing to {word.kind.value}."
    if word.accept not in asked:
        about = f"Step '{word.accept}' is none of them" if word.accept else "No step was named"
        return f"{about}: run {run.run_id} waits at {', '.join(asked)}; name it with --step."
    if word.kind is WordKind.SKIP and not asked[word.accept]:
        return (
            f"Run {run.run_id} cannot go on without {word.accept}, because its plan does not call it skippable; retry "
            "it, or abort the run."
        )
    return ""
