"""Concludes a run: its outcome and clocks, what is left to do, and the lease given back.

A run that was never recorded (its start was refused, or its opening crashed) is concluded in words only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pilotlight.domain.decision import LastRun
from pilotlight.domain.drill import Drill
from pilotlight.domain.errors import Changed
from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.objectives import objectives_met
from pilotlight.domain.plan import Clock
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome, Phase, Run, conclude
from pilotlight.domain.stages import StageName
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.cleaning import CLEAN, clean
from pilotlight.handlers.holding import subjects_of
from pilotlight.handlers.journal import clocks_of, write_once
from pilotlight.handlers.moving import GIVE_BACK
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry, measure
from pilotlight.handlers.settling import settle


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The function, from its environment and the ways out."""
    runtime = Runtime(environ, outside, "close")

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if event.get("do") == GIVE_BACK:
            return {"stays": give_back(runtime, str(event["run_id"]))}
        if event.get("do") == CLEAN:
            return clean_up(runtime, str(event["run_id"]), event.get("state") or {}).to_answer()
        return close(runtime, str(event["run_id"]), event.get("state") or {})

    return handle


handler = entry(build)


def give_back(runtime: Runtime, run_id: str) -> list[str]:
    """Open what a run closed though its writer does not move, while the rest of its stage goes on; what stays."""
    run, states = runtime.control.run(run_id), runtime.control.steps(run_id)
    return settle(runtime, run, states) if run.phase is not Phase.CLOSED else []


def clean_up(runtime: Runtime, run_id: str, state: Mapping[str, Any]) -> Answer:
    """Take back all that a drill made; nothing of one that was never opened or is concluded."""
    run = runtime.control.find_run(run_id)
    if run is None or run.phase is Phase.CLOSED:
        return Answer("clean", f"Nothing of drill {run_id} is left.")
    return clean(runtime, run, _trouble(state))


def close(runtime: Runtime, run_id: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """Conclude a run; doing it twice concludes it once, and completes what a crash left out.

    A drill of which something stands is not concluded yet: whoever finds its execution ended asks again.
    """
    trouble = _trouble(state)
    run = runtime.control.find_run(run_id)
    if run is None:
        runtime.leases.release(subjects_of(runtime.plan), run_id)
        refused = state.get("open", {}).get("sentence", "")
        outcome = Outcome.FAILED if trouble else Outcome.BLOCKED
        return {"outcome": outcome.value, "reason": trouble or refused or "The run was never opened."}
    if isinstance(run.plan, Drill) and run.phase is not Phase.CLOSED:
        cleaned = clean(runtime, run, trouble)
        if cleaned.next != "clean":
            return {"outcome": Outcome.FAILED.value, "reason": cleaned.sentence}
    concluded = conclude_run(runtime, run, trouble)
    return {"outcome": str(concluded.outcome), "reason": concluded.outcome_reason}


def conclude_run(runtime: Runtime, run: Run, trouble: str) -> Run:
    """Give a run its outcome, settle what it leaves, write it down, remember it, and give the leases back.

    The leases are given back last: what is undone is undone under them.
    """
    states = runtime.control.steps(run.run_id)
    ended = runtime.control.change_run(run.run_id, lambda r: conclude(r, states, trouble))
    stays = settle(runtime, ended, states) if ended.phase is not Phase.CLOSED else []
    concluded = runtime.control.change_run(run.run_id, lambda r: replace(r, phase=Phase.CLOSED))
    _write_closing(runtime, concluded, states, stays)
    measure(
        runtime.outside.log,
        "RunsClosed",
        1,
        MetricUnit.Count,
        application=concluded.application,
        outcome=str(concluded.outcome),
    )
    _remember(runtime, concluded)
    runtime.leases.release(concluded.epochs, concluded.run_id)
    return concluded


def _write_closing(runtime: Runtime, run: Run, states: Mapping[str, StepState], stays: list[str]) -> None:
    assert run.outcome is not None
    recovered = run.outcome is Outcome.RECOVERED
    rto = run.clocks.seconds_since_onset(Clock.VERIFIED)
    write_once(
        runtime,
        run,
        RecordKind.RUN_CLOSED,
        run.outcome_reason,
        outcome=run.outcome.value,
        clocks=clocks_of(run.clocks),
        rto_seconds=rto if recovered else None,
        rpo_seconds=run.lag_at_onset_seconds,
        rpo_sentence=run.data_loss_sentence,
        loss_window=run.loss_window.to_item() if run.loss_window else None,
        objectives_met=objectives_met(run, states) if recovered else None,
        follow_ups=_follow_ups(run, states),
        to_do=[*_to_do(run, states), *stays],
    )


def _remember(runtime: Runtime, run: Run) -> None:
    def ended(last: LastRun | None) -> LastRun | None:
        if run.outcome is None or (last and last.run_id == run.run_id):
            return None
        return LastRun(run.run_id, run.outcome, runtime.now())

    try:
        runtime.control.change_last(run.application, ended)
    except Changed:
        runtime.logger.warning(f"Another run of {run.application} was closed in the same moment as {run.run_id}.")


def _follow_ups(run: Run, states: Mapping[str, StepState]) -> list[str]:
    later = [step.name for step in run.plan.steps().values() if step.awaited_in is StageName.AFTER]
    failed = [
        f"{name}: {states[name].reason}"
        for name in later
        if name in states and states[name].status is StepStatus.FAILED
    ]
    without = [f"{name}: {state.reason}" for name, state in states.items() if state.status is StepStatus.SKIPPED]
    return [*without, *failed]


def _to_do(run: Run, states: Mapping[str, StepState]) -> list[str]:
    """What a person has to do after a run that did not get there: what failed, what was not begun."""
    if run.outcome not in (Outcome.FAILED, Outcome.ABORTED_FORWARD_ONLY):
        return []
    failed = [
        f"{name}: {state.fix or state.reason}" for name, state in states.items() if state.status is StepStatus.FAILED
    ]
    never = [name for name in run.plan.steps() if name not in states]
    left = [f"Not begun: {', '.join(never)}."] if never else []
    return [*failed, *left]


def _trouble(state: Mapping[str, Any]) -> str:
    if "ended" in state:
        return str(state["ended"])
    trouble = state.get("trouble")
    if not isinstance(trouble, dict):
        return ""
    return f"The machine stopped with {trouble.get('Error', 'an error')}: {str(trouble.get('Cause', ''))[:500]}"
