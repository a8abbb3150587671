"""Concludes a run: its outcome and clocks, what is left to do, and the lease given back.

A run that was never recorded (its start was refused, or its opening crashed) is concluded in words only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pilotlight.domain.errors import Changed
from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.plan import Clock
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome, Phase, Run, conclude
from pilotlight.domain.stages import StageName
from pilotlight.handlers.journal import clocks_of, write
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The function, from its environment and the ways out."""
    runtime = Runtime(environ, outside, "close")

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return close(runtime, str(event["run_id"]), event.get("state") or {})

    return handle


handler = entry(build)


def close(runtime: Runtime, run_id: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """Conclude a run; doing it twice concludes it once."""
    trouble = _trouble(state)
    run = runtime.control.find_run(run_id)
    if run is None:
        refused = state.get("open", {}).get("sentence", "")
        outcome = Outcome.FAILED if trouble else Outcome.BLOCKED
        return {"outcome": outcome.value, "reason": trouble or refused or "The run was never opened."}
    if run.phase is not Phase.CLOSED:
        run = _conclude(runtime, run, trouble)
    _release(runtime, run)
    assert run.outcome is not None
    return {"outcome": run.outcome.value, "reason": run.outcome_reason}


def _conclude(runtime: Runtime, run: Run, trouble: str) -> Run:
    states = runtime.control.steps(run.run_id)
    concluded = runtime.control.change_run(
        run.run_id, lambda r: replace(conclude(r, states, trouble), phase=Phase.CLOSED)
    )
    assert concluded.outcome is not None
    recovered = concluded.outcome is Outcome.RECOVERED
    rto = concluded.clocks.seconds_since_onset(Clock.VERIFIED)
    objectives = concluded.plan.objectives
    met = None
    if recovered and rto is not None and concluded.lag_at_onset_seconds is not None:
        met = rto <= objectives.rto.total_seconds() and concluded.lag_at_onset_seconds <= objectives.rpo.total_seconds()
    write(
        runtime, concluded, RecordKind.RUN_CLOSED, concluded.outcome_reason, outcome=concluded.outcome.value,
        clocks=clocks_of(concluded.clocks), rto_seconds=rto if recovered else None,
        rpo_seconds=concluded.lag_at_onset_seconds if recovered else None, rpo_sentence=concluded.data_loss_sentence,
        objectives_met=met, follow_ups=_follow_ups(concluded, states), to_do=_to_do(concluded, states),
    )  # fmt: skip
    return concluded


def _release(runtime: Runtime, run: Run) -> None:
    assert run.outcome is not None
    key, control = f"last#{run.application}", runtime.control
    last = control.note(key, "run")
    if last is None or last["run_id"] != run.run_id:
        try:
            control.keep_note(key, "run", {"run_id": run.run_id, "outcome": run.outcome.value}, last)
        except Changed:
            runtime.logger.warning(f"Another run of {run.application} was closed in the same moment as {run.run_id}.")
    control.release(run.application, run.run_id)


def _follow_ups(run: Run, states: Mapping[str, StepState]) -> list[str]:
    later = [step.name for step in run.plan.steps().values() if step.awaited_in is StageName.AFTER]
    return [
        f"{name}: {states[name].reason}"
        for name in later
        if name in states and states[name].status is StepStatus.FAILED
    ]


def _to_do(run: Run, states: Mapping[str, StepState]) -> list[str]:
    """What a person has to do after a run that did not recover: the fix of each failed step, and what was not begun."""
    if run.outcome is not Outcome.FAILED:
        return []
    failed = [
        f"{name}: {state.fix or state.reason}" for name, state in states.items() if state.status is StepStatus.FAILED
    ]
    never = [name for name in run.plan.steps() if name not in states]
    left = [f"Not begun: {', '.join(never)}."] if never else []
    return [*failed, *left]


def _trouble(state: Mapping[str, Any]) -> str:
    trouble = state.get("trouble")
    if not isinstance(trouble, dict):
        return ""
    return f"The machine stopped with {trouble.get('Error', 'an error')}: {str(trouble.get('Cause', ''))[:500]}"
