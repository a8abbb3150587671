"""Asks people about failed steps: says once what happened, comes back every few seconds, and does what they answer.

What they answer is written down before it is done, so that a call that dies in between is completed by the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pilotlight.domain.failing import (
    abort_since,
    answer_to,
    asks_about,
    may_be_asked,
    retried,
    skipped,
    waits_for_answer,
)
from pilotlight.domain.life import StepState
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome, Review, Reviewed, Run, failed_in, say_failures
from pilotlight.domain.stages import StageName
from pilotlight.domain.waiting import Waiting
from pilotlight.domain.word import Word, WordKind
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.confirming import end, say_aborted
from pilotlight.handlers.journal import write
from pilotlight.handlers.moving import move_is_recorded
from pilotlight.handlers.runtime import Runtime
from pilotlight.handlers.settling import has_moved
from pilotlight.handlers.waiting import LISTEN_EVERY
from pilotlight.steps import kind, kind_and_params


def ask_people(
    runtime: Runtime, run: Run, stage: StageName, states: Mapping[str, StepState]
) -> Answer | Reviewed | None:
    """What becomes of a stage with failed steps, as far as it is up to people; None where it is not."""
    failed = failed_in(run.plan, stage, states)
    if not failed or not may_be_asked(run, stage) or _closed_for_nothing(run, states):
        return None
    now = runtime.now()
    waiting = waits_for_answer(run, stage, states, now)
    over = now >= waiting.until
    if over:
        # From here on an answer is refused; one that was taken before is heard now.
        runtime.control.change_run(run.run_id, lambda r: replace(r, asking=r.asking.no_more()))
    if run.asking.stage == stage and (answered := _answered(runtime, run, states)):
        return answered
    if over:
        sentence = f"Nobody answered until {waiting.until:%H:%M:%S} UTC. {say_failures(failed, states)}"
        return Reviewed(Review.STOP, f"Stage {stage.value} stops the run: {sentence}")
    _tell(runtime, run, stage, failed, waiting)
    runtime.control.change_run(run.run_id, lambda r: replace(r, asking=r.asking.at(stage.value, now)))
    return Answer("wait", waiting.sentence, min(LISTEN_EVERY, waiting.until - now))


def _closed_for_nothing(run: Run, states: Mapping[str, StepState]) -> bool:
    """Whether the primary may stand closed though no writer of the run has moved: then it is opened, and not held."""
    fences = [name for name, step in run.plan.steps().items() if kind(step.kind).fences]
    return any(name in states for name in fences) and not move_is_recorded(run, states)


def _answered(runtime: Runtime, run: Run, states: Mapping[str, StepState]) -> Reviewed | None:
    """What people answered, carried out; None where nobody did."""
    words = runtime.control.words(run.run_id)
    if aborted := abort_since(words, run.asking.since[run.asking.stage]):
        return _abort(runtime, run, aborted, states)
    answers = {name: word for name in asks_about(run, states) if (word := answer_to(words, name, states[name]))}
    if not answers:
        return None
    for name, word in answers.items():
        _take(runtime, run, name, word)
    stage, said = run.asking.stage, ", ".join(f"{word.kind.value} {name}" for name, word in answers.items())

    def goes_on(held: Run) -> Run:
        # What people have the stage entered for does not count as an entry that a crash made needed.
        return replace(held, asking=held.asking.no_more(), reentries={**held.reentries, stage: 0})

    runtime.control.change_run(run.run_id, goes_on)
    return Reviewed(Review.AGAIN, f"Stage {stage} is entered again, because people answered: {said}.")


def _abort(runtime: Runtime, run: Run, word: Word, states: Mapping[str, StepState]) -> Reviewed:
    """The run ends where it stands. Raises `Unavailable` where it cannot be told yet whether its writer moved."""
    if not has_moved(runtime, run, states):
        sentence, outcome = say_aborted(run, word), Outcome.ABORTED_CLEAN
    else:
        sentence = f"Run {run.run_id} was stopped by {word.who} after its writer had moved, which stays{word.because}"
        outcome = Outcome.ABORTED_FORWARD_ONLY
    end(runtime, run, outcome, sentence)
    return Reviewed(Review.STOP, sentence)


def _take(runtime: Runtime, run: Run, name: str, word: Word) -> None:
    """Have a step tried anew, or gone on without; raises `Changed` when somebody else was faster."""
    step, now, kept = run.plan.steps()[name], runtime.now(), runtime.control.kept_steps(run.run_id)[name]
    its_kind, params = kind_and_params(step)
    title, stage = its_kind.title(params), (step.awaited_in or step.started_in).value
    if word.kind is WordKind.SKIP:
        sentence = f"The run goes on without it, says {word.who}{word.because} It had failed: {kept.state.reason}"
        after, record = skipped(kept.state, sentence, now), RecordKind.STEP_SKIPPED
    else:
        sentence = f"{title} is tried anew, says {word.who}{word.because}"
        keeps = bool(its_kind.writers(params, run.plan.place))
        after, record = retried(kept.state, now, keeps_receipt=keeps), RecordKind.STEP_STARTED
    details = {
        "stage": stage,
        "attempts": after.attempts,
        "retries": after.retries,
        "started": after.started.isoformat() if after.started else None,
    }
    write(runtime, run, record, sentence, step=name, **details)
    runtime.control.keep_step(run.run_id, name, kept, after)


def _tell(runtime: Runtime, run: Run, stage: StageName, failed: list[str], waiting: Waiting) -> None:
    """Write down what people are asked, once for each time that a stage comes to it."""
    known = runtime.ledger.records(run.application, since=run.first_sequence)
    turns = (RecordKind.STAGE_WAITING, RecordKind.STAGE_REVIEWED)
    told = [r.entry for r in known if r.entry.run_id == run.run_id and r.entry.kind in turns]
    if told and told[-1].kind is RecordKind.STAGE_WAITING and told[-1].details["stage"] == stage.value:
        return
    steps = run.plan.steps()
    write(
        runtime,
        run,
        RecordKind.STAGE_WAITING,
        waiting.sentence,
        stage=stage.value,
        steps=failed,
        skippable=[name for name in failed if steps[name].skippable],
        until=waiting.until.isoformat(),
        then=waiting.then,
    )
