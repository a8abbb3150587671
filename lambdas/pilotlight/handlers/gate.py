"""The gate before the first disruptive step: a last look at the primary, and at the data that would be lost."""

from __future__ import annotations

from dataclasses import replace

from pilotlight.domain.errors import AwsError
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Run
from pilotlight.domain.step import DataAtRisk
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.confirming import confirmation
from pilotlight.handlers.inspection import context_of
from pilotlight.handlers.journal import write
from pilotlight.handlers.looking import see_for_oneself
from pilotlight.handlers.runtime import Runtime
from pilotlight.steps import kind_and_params


def hold_gate(runtime: Runtime, run_id: str) -> Answer:
    """Let a run through whose primary is still dark; record what would be lost as it was last known before onset."""
    run = runtime.control.run(run_id)
    now = runtime.now()
    signals = see_for_oneself(runtime, run.plan, now)
    seen = confirmation(runtime, run, signals, looking_since=run.clocks.decided or run.opened, now=now)
    if isinstance(seen, Answer):
        return seen
    risk = data_at_risk(runtime, run)
    runtime.control.change_run(
        run_id,
        lambda r: replace(r, lag_at_onset_seconds=risk.seconds, data_loss_sentence=risk.sentence),
    )
    write(
        runtime,
        run,
        RecordKind.GATE_PASSED,
        f"{seen.sentence} {risk.sentence}",
        lag_seconds=risk.seconds,
        data_loss_sentence=risk.sentence,
    )
    return Answer("go", seen.sentence)


def data_at_risk(runtime: Runtime, run: Run) -> DataAtRisk:
    """The worst of what the steps that move a writer say would be lost; one unknown makes the whole unknown."""
    onset = run.clocks.onset or run.opened
    risks: list[DataAtRisk] = []
    for step in run.plan.steps().values():
        its_kind, params = kind_and_params(step)
        try:
            risk = its_kind.data_at_risk(params, context_of(runtime, run.plan, step.name), onset)
        except AwsError as error:
            risk = DataAtRisk(None, None, f"How far {step.name} was behind is unknown: {error.sentence}.")
        if risk:
            risks.append(risk)
    if not risks:
        return DataAtRisk(0.0, None, "No step moves a database, so no replication lag counts.")
    return max(risks, key=lambda risk: float("inf") if risk.seconds is None else risk.seconds)
