"""Takes one turn of one step: reads the run and the step's state, looks, acts or reads back, and records where it is.

One function serves all steps of one kind, under that kind's role. `{"do": "warm"}` only wakes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pilotlight.aws.control import KeptStep
from pilotlight.aws.guarded import GuardedAws
from pilotlight.domain.drill import Drill
from pilotlight.domain.errors import InputRefused, StaleActor
from pilotlight.domain.in_one_region import InOneRegion
from pilotlight.domain.life import StepState, StepStatus, advance, look_again_in
from pilotlight.domain.place import Writer
from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Run
from pilotlight.domain.stages import PlannedStep
from pilotlight.domain.step import Failed, Pending, Receipt, StepContext
from pilotlight.domain.tombstone import TombstoneState
from pilotlight.domain.word import Mode, Word, abort, approval, mode
from pilotlight.handlers.answer import whole_seconds
from pilotlight.handlers.confirming import say_aborted
from pilotlight.handlers.draining import drain, drained
from pilotlight.handlers.drilling import yields_to
from pilotlight.handlers.inspection import traffic_of
from pilotlight.handlers.journal import write, write_once
from pilotlight.handlers.moving import ask_to_give_back, closing, entomb, move_is_recorded, must_not_move
from pilotlight.handlers.private import web_of
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry, measure
from pilotlight.handlers.undoing import look, undo
from pilotlight.steps import kind_and_params

CLAIM = timedelta(seconds=60)
"""Longer than a function of a step may run: after that the copy that claimed a turn is dead."""

_RECORD = {
    StepStatus.SETTLED: RecordKind.STEP_SETTLED,
    StepStatus.FAILED: RecordKind.STEP_FAILED,
    StepStatus.RUNNING: RecordKind.STEP_WAITING,
}


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The function of one kind, from its environment and the ways out."""
    runtime = Runtime(environ, outside, "step")
    kind_name = runtime.variable("PILOTLIGHT_STEP_KIND")
    runs: dict[str, Run] = {}

    def handle(event: dict[str, Any], _: Any) -> dict[str, Any]:
        if event.get("do") == "warm":
            return {"status": "warm", "wait_seconds": 1}
        run_id = str(event["run_id"])
        # What a step reads of its run (the plan, the epoch) never changes, so a warm function reads it once.
        run = runs.get(run_id) or runs.setdefault(run_id, runtime.control.run(run_id))
        step = _find(run.plan, str(event["step"]), kind_name)
        if event.get("do") in ("undo", "look"):
            now = runtime.now()
            context = _context(runtime, run, step, StepState(started=now), now, {})
            return undo(runtime, run, step, context) if event["do"] == "undo" else look(step, context)
        return take_turn(runtime, run, step)

    return handle


handler = entry(build)


def take_turn(runtime: Runtime, run: Run, step: PlannedStep) -> dict[str, Any]:
    """One turn of a step, from its recorded state to the next; raises `Changed` when another copy was faster."""
    name = step.name
    kept = runtime.control.kept_steps(run.run_id)
    its_kind, params = kind_and_params(step)
    now = runtime.now()
    stopped = _stopped(runtime, run)
    if stopped and name not in kept:
        # It is not begun; the review of its stage ends the run, and says why.
        return {"status": StepStatus.SKIPPED.value, "wait_seconds": 1}
    if stopped and isinstance(run.plan, Drill):
        return _give_way(runtime, run, step, kept[name], stopped)
    if name not in kept:
        kept[name] = _begin(runtime, run, step, its_kind.title(params), now)
    elif (claimed := kept[name].state.claimed_until) and now < claimed:
        return {"status": StepStatus.RUNNING.value, "wait_seconds": whole_seconds(claimed - now)}
    elif kept[name].state.receipt is None and not kept[name].state.status.over:
        kept[name] = _claim(runtime, run, name, kept[name])
    before = kept[name].state
    outputs = {known: k.state.outputs for known, k in kept.items() if k.state.status is StepStatus.SETTLED}
    missing = [need.step for need in its_kind.needs(params) if need.step not in outputs]
    if missing:
        raise InputRefused(f"Step {name} needs the outputs of {', '.join(missing)}, which did not settle before it.")
    closed = closing(run.plan, {known: k.state for known, k in kept.items()})
    # Read once, so that a word that is said within this turn does not count for one half of it alone.
    words = _heeded(runtime, run, step)
    context = _context(runtime, run, step, before, now, outputs, words)
    context = replace(context, closed=closed.at if closed.whole else None)
    held = _before_the_move(runtime, run, step, kept, words, context)
    after = held or advance(its_kind, params, kept[name].state, context)
    if after.receipt and not before.receipt:
        _commit(runtime, run, its_kind.writers(params, run.plan.place), after.receipt)
    if after != before:
        runtime.control.keep_step(run.run_id, name, kept[name], after)
    _record(runtime, run, step, before, after)
    if after.status is StepStatus.FAILED and its_kind.writers(params, run.plan.place):
        ask_to_give_back(runtime, run)
    wait = look_again_in(its_kind, after, runtime.now())
    return {"status": after.status.value, "wait_seconds": whole_seconds(wait)}


def _heeded(runtime: Runtime, run: Run, step: PlannedStep) -> Sequence[Word]:
    """The words about the run, where the step asks a person or moves a writer; other steps heed none."""
    its_kind, params = kind_and_params(step)
    return runtime.control.words(run.run_id) if its_kind.asks or its_kind.writers(params, run.plan.place) else ()


def _before_the_move(
    runtime: Runtime,
    run: Run,
    step: PlannedStep,
    kept: dict[str, KeptStep],
    words: Sequence[Word],
    context: StepContext,
) -> StepState | None:
    """Before a step that moves a writer acts: the drain, then the tombstone; or the step's state, where it may not yet,
    or must not at all. None where it goes on.
    """
    its_kind, params = kind_and_params(step)
    state, writers = kept[step.name].state, its_kind.writers(params, run.plan.place)
    if not writers or state.receipt or state.status.over:
        return None
    states = {known: k.state for known, k in kept.items()}
    found = must_not_move(runtime, run, states, words, step.name) or _drain(runtime, run, step, kept, words, context)
    waiting = replace(state, reason=found.reason, claimed_until=None) if found else state
    if isinstance(found, Pending):
        return waiting
    if found and not (moved := its_kind.moved(params, context)):
        # Whether it moved may not show yet: then the step is neither failed nor taken further.
        ended = replace(waiting, status=StepStatus.FAILED, fix=found.fix, finished=context.now)
        return waiting if moved is None else ended
    entomb(runtime, run, writers, TombstoneState.INTENDED, lambda: its_kind.moved(params, context))
    return None


def _drain(
    runtime: Runtime,
    run: Run,
    step: PlannedStep,
    kept: dict[str, KeptStep],
    words: Sequence[Word],
    context: StepContext,
) -> Pending | Failed | None:
    """What keeps a step from moving its writer until the standby holds the rest; None where nothing does any more."""
    state, states = kept[step.name].state, {known: k.state for known, k in kept.items()}
    if state.drained or move_is_recorded(run, states):
        return None
    left = drain(runtime, run, step, states, words, context)
    if isinstance(left, Pending | Failed):
        return left
    if closing(run.plan, states).whole:
        kept[step.name] = _keep(runtime, run, step.name, kept[step.name], drained(runtime, run, step, state, left))
    return None


def _commit(runtime: Runtime, run: Run, writers: tuple[Writer, ...], receipt: Receipt) -> None:
    """Say that the move was accepted; one that needed no call is proven here to be the run's, as no call did so."""
    lost = runtime.leases.lost_by(run.run_id, run.epochs) if writers and not receipt.acted else None
    if lost:
        raise StaleActor(
            f"Run {run.run_id} lost the lease of {lost.subject} (epoch {lost.epoch}, held by "
            f"{lost.holder or 'nobody'}), so it moves no writer."
        )
    entomb(runtime, run, writers, TombstoneState.COMMITTED)


def _stopped(runtime: Runtime, run: Run) -> str:
    """Why a run-book or a drill goes no further, which can stop between any two steps; a failover stops between stages.

    Empty where it goes on.
    """
    if not isinstance(run.plan, InOneRegion):
        return ""
    aborted = abort(runtime.control.words(run.run_id))
    if aborted:
        return say_aborted(run, aborted)
    return yields_to(runtime, run.plan) if isinstance(run.plan, Drill) else ""


def _give_way(runtime: Runtime, run: Run, step: PlannedStep, kept: KeptStep, why: str) -> dict[str, Any]:
    """End a step of a drill where it is: what it made is deleted, so nobody waits until it is whole."""
    before = kept.state
    if not before.status.over:
        ended = replace(before, status=StepStatus.FAILED, reason=why, finished=runtime.now(), claimed_until=None)
        runtime.control.keep_step(run.run_id, step.name, kept, ended)
        _record(runtime, run, step, before, ended)
    return {"status": StepStatus.FAILED.value, "wait_seconds": 1}


def _begin(runtime: Runtime, run: Run, step: PlannedStep, title: str, now: datetime) -> KeptStep:
    """Record that a step begins, before it does anything: a first turn that dies is not a first turn again.

    It begins at the present of its turn, by which a kind knows its first turn (`StepContext.first_turn`).
    """
    begun = StepState(StepStatus.RUNNING, started=now, claimed_until=now + CLAIM)
    runtime.control.keep_step(run.run_id, step.name, None, begun)
    details = {"stage": _stage(step), "attempts": 1, "started": now.isoformat()}
    write(runtime, run, RecordKind.STEP_STARTED, f"{title}.", step=step.name, **details)
    return KeptStep(begun, 1)


def _claim(runtime: Runtime, run: Run, name: str, kept: KeptStep) -> KeptStep:
    """Claim the turn that may act, so that of two copies one acts and the other comes back later."""
    return _keep(runtime, run, name, kept, replace(kept.state, claimed_until=runtime.now() + CLAIM))


def _keep(runtime: Runtime, run: Run, name: str, kept: KeptStep, state: StepState) -> KeptStep:
    runtime.control.keep_step(run.run_id, name, kept, state)
    return KeptStep(state, kept.version + 1)


def _find(plan: AnyPlan, name: str, kind_name: str) -> PlannedStep:
    step = plan.steps().get(name)
    if step is None or step.kind != kind_name:
        raise InputRefused(
            f"The run's plan has no step {name} of kind {kind_name}; a function only takes turns of its own kind."
        )
    return step


def _context(
    runtime: Runtime,
    run: Run,
    step: PlannedStep,
    state: StepState,
    now: datetime,
    outputs: Mapping[str, Mapping[str, str]],
    words: Sequence[Word] = (),
) -> StepContext:
    its_kind, params = kind_and_params(step)
    touches = its_kind.fences or bool(its_kind.writers(params, run.plan.place))
    guarded = GuardedAws(
        runtime.aws, runtime.ledger, runtime.leases, run, step.name, runtime.now, touches_writers=touches
    )
    approved, aborted = approval(words, step.name), abort(words)
    return StepContext(
        run.plan.place,
        run.run_id,
        step.name,
        run.epoch,
        state.started or now,
        now,
        guarded,
        web_of(runtime, run.plan),
        outputs,
        traffic_of(run.plan),
        approved.who if approved else "",
        aborted.who if aborted else "",
        planned=mode(words) is Mode.PLANNED,
        retries=state.retries,
        begun_before=state.begun,
    )


def _record(runtime: Runtime, run: Run, step: PlannedStep, before: StepState, after: StepState) -> None:
    """Write down where the step is: that it is over once, that it waits whenever the reason is another one."""
    if after.status is StepStatus.SKIPPED or (after.status is StepStatus.RUNNING and before.reason == after.reason):
        return
    details = {
        "stage": _stage(step),
        "attempts": after.attempts,
        "started": after.started.isoformat() if after.started else None,
        "finished": after.finished.isoformat() if after.finished else None,
        "fix": after.fix,
        "asks_until": after.asks_until.isoformat() if after.asks_until else None,
        "outputs": dict(after.outputs),
    }
    if after.finished and before.finished is None:
        seconds = (after.finished - (after.started or after.finished)).total_seconds()
        names = {"application": run.application, "kind": step.kind, "status": after.status.value}
        measure(runtime.outside.log, "StepSeconds", seconds, MetricUnit.Seconds, **names)
    tell = write_once if after.status.over else write
    tell(runtime, run, _RECORD[after.status], after.reason, step=step.name, **details)


def _stage(step: PlannedStep) -> str:
    return (step.awaited_in or step.started_in).value
