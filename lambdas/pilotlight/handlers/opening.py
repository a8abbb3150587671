"""How a run is opened: who started it, may it, and does it hold the lease; then it looks whether it is needed.

Nothing of the application is touched here. A start that may not go on ends in a recorded sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pilotlight.aws.control import Start
from pilotlight.domain.decision import VerdictKind
from pilotlight.domain.errors import InputRefused
from pilotlight.domain.in_one_region import InOneRegion
from pilotlight.domain.plan import AnyPlan, Arming, Plan
from pilotlight.domain.records import Entry, RecordKind
from pilotlight.domain.run import Origin, Outcome, Phase, Run
from pilotlight.domain.start_input import StartInput, how_to_confirm, started_by
from pilotlight.domain.step import Severity
from pilotlight.domain.word import mode
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.asked_for import begin
from pilotlight.handlers.confirming import confirmed, end, look_again
from pilotlight.handlers.holding import take_leases
from pilotlight.handlers.inspection import inspect, known_readiness
from pilotlight.handlers.journal import clocks_of, description_of, incident_of, outline_of, verdicts, write_once
from pilotlight.handlers.looking import Reports, begin_look
from pilotlight.handlers.runtime import Runtime
from pilotlight.handlers.warming import warm_steps


@dataclass(frozen=True)
class Requested:
    """Who asked for a run, and why; `start` is the detector's note where it was the detector."""

    origin: Origin
    requested_by: str
    reason: str
    start: Start | None


def open_run(runtime: Runtime, event: Mapping[str, Any], step_function_prefix: str) -> Answer:
    """Open the run of an execution, or join it, and look whether it is needed."""
    plan, run_id = runtime.plan, str(event["run_id"])
    run, reports = runtime.control.find_run(run_id), None
    if run is None:
        opened = _open(runtime, plan, run_id, str(event["execution_arn"]), event.get("input"))
        if isinstance(opened, Answer):
            return opened
        run, reports = opened
        if run.origin is not Origin.EVENT:
            # Where the detector starts a run, it has had them woken already.
            warm_steps(runtime, plan, step_function_prefix)
    _write_opening(runtime, run)
    if run.phase is not Phase.CLOSED and runtime.leases.lost_by(run_id, {run.application: run.epoch}):
        # It was stopped and put to rest while it opened, and runs again: a new run may hold the lease by now.
        sentence = f"Run {run_id} does not hold the lease of {run.application} any more, so it is at its end."
        return end(runtime, run, Outcome.FAILED, sentence)
    match run.phase:
        case Phase.ACTING:
            confirmed(runtime, run, f"Run {run_id} goes on.")
            return Answer("go", f"Run {run_id} is at work.")
        case Phase.CLOSED:
            return Answer("close", run.outcome_reason)
        case Phase.LOOKING:
            of = run.plan
            if isinstance(of, InOneRegion):
                return begin(runtime, run, of)
            return look_again(runtime, run, reports or begin_look(runtime, run.failover, runtime.now()))


def _open(
    runtime: Runtime, plan: AnyPlan, run_id: str, execution_arn: str, given: Any
) -> tuple[Run, Reports | None] | Answer:
    """The run that holds its leases by now, and the look at its primary that began under them; or why there is none."""
    try:
        requested = _who_asks(runtime, plan, run_id, given)
    except InputRefused as refusal:
        return _refuse(runtime, plan, run_id, refusal.sentence)
    if isinstance(requested, Answer):
        return requested
    epochs = take_leases(runtime, plan, run_id, execution_arn)
    if isinstance(epochs, Answer):
        return _refuse(runtime, plan, run_id, epochs.sentence) if epochs.next == "close" else epochs
    # A silent primary takes two seconds to be silent, in which the run is recorded.
    reports = begin_look(runtime, plan, runtime.now()) if isinstance(plan, Plan) else None
    return _record_run(runtime, plan, run_id, execution_arn, requested, epochs), reports


def _refuse(runtime: Runtime, plan: AnyPlan, run_id: str, sentence: str) -> Answer:
    """Write down why an execution opens no run."""
    now = runtime.now()
    details = {"incident": incident_of(plan, now), "verdict": VerdictKind.IGNORE.value, **outline_of(plan)}
    runtime.ledger.append(Entry(plan.name, RecordKind.VERDICT, now, sentence, run_id, details=details))
    runtime.logger.warning(sentence, extra={"run_id": run_id})
    return Answer("close", sentence)


def _who_asks(runtime: Runtime, plan: AnyPlan, run_id: str, given: Any) -> Requested | Answer:
    start = runtime.control.start(plan.name, run_id)
    if start is not None:
        return Requested(Origin.EVENT, "the detector", start.verdict, start)
    in_slack = runtime.control.asked_start(plan.name, run_id)
    asked = StartInput.parse(given)
    if asked.confirm != plan.name:
        return Answer("explain", _explain(runtime, plan, asked))
    if plan.arming is Arming.OBSERVE:
        raise InputRefused(
            f"{plan.name} is armed 'observe', so no deployed role may change anything; "
            "set arming to manual in its plan and deploy."
        )
    if in_slack:
        return Requested(Origin.SLACK, in_slack.person, in_slack.reason, None)
    started = started_by(runtime.control.words(run_id))
    requested_by = started.person if started else asked.requested_by.strip()
    if plan.gates.approval and not requested_by:
        raise InputRefused(
            f"Somebody else has to approve a run of {plan.name}, so its start says whose it is; put your name "
            "into the input, as requested_by."
        )
    if asked.override_ref:
        _see_override(runtime, plan, run_id, asked.override_ref)
    origin, reason = Origin.CLI if started else Origin.CONSOLE, asked.reason or "no reason given"
    return Requested(origin, requested_by or "somebody at the console", reason, None)


def _see_override(runtime: Runtime, plan: AnyPlan, run_id: str, named: str) -> None:
    """Refuse a start that rests on an override which its gate would not accept: another run's, none, or an old one."""
    if isinstance(plan, InOneRegion):
        raise InputRefused(
            f"{plan.name} is a {plan.kind.said}, which loses no data and takes no override; leave override_ref out."
        )
    if named != run_id:
        raise InputRefused(
            f"override_ref names run {named}, and this execution is {run_id}: an override holds for the run of its own "
            f"name only, so start the execution under the name {named}, or leave override_ref out."
        )
    override = runtime.control.override(run_id)
    if override is None or runtime.now() >= override.expires:
        why = f"the one for run {run_id} expired at {override.expires:%H:%M:%S} UTC" if override else "none was given"
        raise InputRefused(
            f"The start rests on an override of the data-loss gate, and {why}: give one for a new name with "
            "./pilotlight override, and start the execution under that name."
        )


def _explain(runtime: Runtime, plan: AnyPlan, asked: StartInput) -> str:
    findings = [finding for _, finding in inspect(runtime, plan)]
    ready = [f.sentence for f in findings if f.severity is not Severity.FINE] or ["Nothing stands in its way."]
    if isinstance(plan, Plan):
        ready.append(known_readiness(runtime, plan) or "Its readiness was not looked at yet.")
    why = f"confirm is '{asked.confirm}', not '{plan.name}'. " if asked.confirm else ""
    titles = "; ".join(step["title"] for step in description_of(plan)["steps"])
    return (
        f"Nothing was changed. {why}This run would {plan.say_intent()}: {titles}. {' '.join(ready)} "
        f"{how_to_confirm(plan.name, plan.machine)}"
    )


def _record_run(
    runtime: Runtime, plan: AnyPlan, run_id: str, execution_arn: str, requested: Requested, epochs: Mapping[str, int]
) -> Run:
    now, start = runtime.now(), requested.start
    last = runtime.ledger.last(plan.name)
    run = Run(
        run_id=run_id,
        application=plan.name,
        origin=requested.origin,
        reason=requested.reason,
        requested_by=requested.requested_by,
        epochs=dict(epochs),
        opened=now,
        plan_snapshot=plan.snapshot(),
        plan_digest=plan.digest(),
        execution_arn=execution_arn,
        first_sequence=last.sequence + 1 if last else 1,
        incident=_incident(runtime, plan, start, now),
    )
    onset, detected = (start.dark_since, start.detected) if start else (_onset_by_hand(plan, now), now)
    return runtime.control.open_run(replace(run, clocks=replace(run.clocks, onset=onset, detected=detected)))


def _onset_by_hand(plan: AnyPlan, now: datetime) -> datetime | None:
    """What starts by hand alone is timed from its start; since when a primary is dark is yet to be looked at."""
    return now if isinstance(plan, InOneRegion) else None


def _write_opening(runtime: Runtime, run: Run) -> None:
    """Write down that a run was opened, once; a first call that died in between is completed by the next."""
    write_once(
        runtime,
        run,
        RecordKind.RUN_OPENED,
        f"Run {run.run_id} of {run.application} was opened by {run.requested_by}: {run.reason}",
        origin=run.origin.value,
        requested_by=run.requested_by,
        proven=run.origin is not Origin.CONSOLE,
        reason=run.reason,
        epoch=run.epoch,
        execution_arn=run.execution_arn,
        clocks=clocks_of(run.clocks),
        mode=mode(runtime.control.words(run.run_id)).value,
        **description_of(run.plan),
    )


def _incident(runtime: Runtime, plan: AnyPlan, start: Start | None, now: datetime) -> str:
    """The incident of a run: that of the darkness the detector saw, or the one that a person answers."""
    if start:
        return incident_of(plan, start.dark_since)
    last = runtime.control.note(verdicts(plan.name), "last")
    waiting = last is not None and last["kind"] in (VerdictKind.BLOCK.value, VerdictKind.HOLD.value)
    return str(last["incident"]) if last and waiting else incident_of(plan, now)
