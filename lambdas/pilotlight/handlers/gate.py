"""The gate before the first disruptive step: a last look at the primary, and at the data that would be lost.

It blocks where the loss is more than the plan accepts, or unknown, unless a proven person accepted it for this run. A
call that crashed may be made again: what is seen then counts.
"""

from __future__ import annotations

from dataclasses import replace

from pilotlight.domain.data_loss import DataAtRisk, Judgement, LossWindow, Override, judge
from pilotlight.domain.errors import AwsError
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome, Run
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.confirming import confirmation, end
from pilotlight.handlers.inspection import context_of
from pilotlight.handlers.journal import write, write_once
from pilotlight.handlers.looking import see
from pilotlight.handlers.runtime import Runtime
from pilotlight.steps import kind_and_params


def hold_gate(runtime: Runtime, run_id: str) -> Answer:
    """Let a run through whose primary is still dark, and which loses no more than may be lost; else end it."""
    run = runtime.control.run(run_id)
    now = runtime.now()
    signals = see(runtime, run.plan, now)
    seen = confirmation(runtime, run, signals, looking_since=run.clocks.decided or run.opened, now=now)
    if isinstance(seen, Answer):
        return seen
    judged = weigh_data_loss(runtime, run)
    if not judged.passed:
        return end(runtime, run, Outcome.BLOCKED, judged.sentence)
    worst = judged.worst
    write(
        runtime,
        run,
        RecordKind.GATE_PASSED,
        f"{seen.sentence} {judged.sentence}",
        lag_seconds=worst.seconds,
        data_loss_sentence=judged.sentence,
        loss_window=worst.window.to_item() if worst.window else None,
    )
    return Answer("go", seen.sentence)


def weigh_data_loss(runtime: Runtime, run: Run) -> Judgement:
    """What the data-loss gate says now; the reading goes into the run, the use of an override into the ledger."""
    gates = run.plan.gates
    judged = judge(
        data_at_risk(runtime, run),
        run.plan.objectives.rpo if gates.max_data_loss is None else gates.max_data_loss,
        run_id=run.run_id,
        override=runtime.control.override(run.run_id),
        now=runtime.now(),
    )
    worst = judged.worst
    said = judged.sentence if judged.passed else worst.sentence
    runtime.control.change_run(
        run.run_id,
        lambda r: replace(r, lag_at_onset_seconds=worst.seconds, data_loss_sentence=said, loss_window=worst.window),
    )
    if judged.override:
        _record_use(runtime, run, judged.override)
    return judged


def data_at_risk(runtime: Runtime, run: Run) -> list[DataAtRisk]:
    """What each step that moves a writer says would be lost, at least one; unknown where it cannot be asked."""
    onset = run.clocks.onset or run.opened
    risks: list[DataAtRisk] = []
    for step in run.plan.steps().values():
        its_kind, params = kind_and_params(step)
        try:
            risk = its_kind.data_at_risk(params, context_of(runtime, run.plan, step.name), onset)
        except AwsError as error:
            risk = DataAtRisk(f"What step {step.name} would lose is unknown: {error.sentence}.")
        if risk:
            risks.append(risk)
    nothing = DataAtRisk("No step moves a database, so no replication lag counts.", LossWindow(onset, onset))
    return risks or [nothing]


def _record_use(runtime: Runtime, run: Run, override: Override) -> None:
    accepted = override.to_item()
    sentence = f"The data-loss gate is overridden by {override.person} (proven) for run {run.run_id}: {override.reason}"
    write_once(runtime, run, RecordKind.OVERRIDDEN, sentence, override=accepted)
