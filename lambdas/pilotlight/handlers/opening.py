"""How a run is opened: who started it, may it, does it hold the lease, is it needed, can it succeed.

Nothing of the application is touched here. A start that may not go on ends in a recorded sentence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pilotlight.aws.control import Lease, Start
from pilotlight.aws.observers import look
from pilotlight.domain.decision import Confirmation, Confirmed, VerdictKind, confirm
from pilotlight.domain.errors import AwsError, Changed, InputRefused, NotFound
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Origin, Outcome, Phase, Run
from pilotlight.domain.start_input import StartInput, how_to_confirm
from pilotlight.domain.step import Finding, Severity
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.inspection import inspect
from pilotlight.handlers.journal import clocks_of, description_of, incident_of, verdicts, write
from pilotlight.handlers.runtime import Runtime


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
    run = runtime.control.find_run(run_id)
    if run is None:
        try:
            requested = _who_asks(runtime, plan, run_id, event.get("input"))
        except InputRefused as refusal:
            return Answer("close", refusal.sentence)
        if isinstance(requested, Answer):
            return requested
        opened = _take_lease(runtime, plan, run_id, str(event["execution_arn"]), requested)
        if isinstance(opened, Answer):
            return opened
        run = opened
        _warm(runtime, plan, step_function_prefix)
    match run.phase:
        case Phase.ACTING:
            return Answer("go", f"Run {run_id} is at work.")
        case Phase.CLOSED:
            return Answer("close", run.outcome_reason)
        case Phase.LOOKING:
            return _look(runtime, run)


def _who_asks(runtime: Runtime, plan: Plan, run_id: str, given: Any) -> Requested | Answer:
    start = runtime.control.start(plan.application, run_id)
    if start is not None:
        return Requested(Origin.EVENT, "the detector", start.verdict, start)
    asked = StartInput.parse(given)
    if asked.confirm != plan.application:
        return Answer("explain", _explain(runtime, plan, asked))
    if plan.arming is Arming.OBSERVE:
        return Answer(
            "close",
            f"{plan.application} is armed 'observe', so no deployed role may change anything; "
            "set arming to manual in its plan and deploy.",
        )
    return Requested(
        Origin.CONSOLE,
        asked.requested_by or "somebody at the console",
        asked.reason or "no reason given",
        None,
    )


def _explain(runtime: Runtime, plan: Plan, asked: StartInput) -> str:
    findings = [finding for _, finding in inspect(runtime, plan)]
    ready = [f.sentence for f in findings if f.severity is not Severity.FINE] or ["Nothing stands in its way."]
    why = f"confirm is '{asked.confirm}', not '{plan.application}'. " if asked.confirm else ""
    titles = "; ".join(step["title"] for step in description_of(plan)["steps"])
    return (
        f"Nothing was changed. {why}This run would move {plan.application} from {plan.regions.primary} to "
        f"{plan.regions.standby}: {titles}. {' '.join(ready)} {how_to_confirm(plan.application)}"
    )


def _take_lease(runtime: Runtime, plan: Plan, run_id: str, execution_arn: str, requested: Requested) -> Run | Answer:
    seen = runtime.control.lease(plan.application)
    lease: Lease | None = seen if seen.holder == run_id else None
    if lease is None and seen.holder and _is_live(runtime, seen.holder, execution_arn):
        sentence = f"Run {seen.holder} of {plan.application} is at work, and there is only one at a time; follow that."
        return Answer("close", sentence)
    try:
        lease = lease or runtime.control.grant(plan.application, seen, run_id, runtime.now())
    except Changed:
        return Answer("close", f"Another run of {plan.application} took the lease in this moment; follow that one.")
    return _record_opening(runtime, plan, run_id, execution_arn, requested, lease)


def _is_live(runtime: Runtime, holder: str, execution_arn: str) -> bool:
    """Whether the holder of a lease still runs. Unknown counts as alive: two runs at once are worse than none."""
    arn = f"{execution_arn.rsplit(':', 1)[0]}:{holder}"
    try:
        return bool(
            runtime.aws.call("stepfunctions", "DescribeExecution", runtime.region, executionArn=arn)["status"]
            == "RUNNING"
        )
    except NotFound:
        return False
    except AwsError:
        return True


def _record_opening(
    runtime: Runtime, plan: Plan, run_id: str, execution_arn: str, requested: Requested, lease: Lease
) -> Run:
    now = runtime.now()
    onset = requested.start.dark_since if requested.start else None
    last = runtime.ledger.last(plan.application)
    run = Run(
        run_id=run_id, application=plan.application, origin=requested.origin, reason=requested.reason,
        requested_by=requested.requested_by, epoch=lease.epoch, opened=now, plan_snapshot=plan.snapshot(),
        plan_digest=plan.digest(), execution_arn=execution_arn, first_sequence=last.sequence + 1 if last else 1,
        incident=_incident(runtime, plan, onset, now),
    )  # fmt: skip
    run = replace(
        run,
        clocks=replace(run.clocks, onset=onset, detected=requested.start.detected if requested.start else now),
    )
    recorded = runtime.control.open_run(run)
    if recorded == run:
        sentence = f"Run {run_id} of {plan.application} was opened by {requested.requested_by}: {requested.reason}"
        write(
            runtime, run, RecordKind.RUN_OPENED, sentence, origin=run.origin.value, requested_by=run.requested_by,
            proven=run.origin is Origin.EVENT, reason=run.reason, epoch=run.epoch, execution_arn=execution_arn,
            clocks=clocks_of(run.clocks), **description_of(plan),
        )  # fmt: skip
    return recorded


def _incident(runtime: Runtime, plan: Plan, onset: datetime | None, now: datetime) -> str:
    """The incident of a run: that of the darkness the detector saw, or the one that a person answers."""
    if onset:
        return incident_of(plan, onset)
    last = runtime.control.note(verdicts(plan.application), "last")
    waiting = last is not None and last["kind"] in (VerdictKind.BLOCK.value, VerdictKind.HOLD.value)
    return str(last["incident"]) if last and waiting else incident_of(plan, now)


def _warm(runtime: Runtime, plan: Plan, prefix: str) -> None:
    """Wake the step functions, so that none of them starts cold on the critical path; failing to is only slower."""
    payload = json.dumps({"do": "warm"}).encode()
    for kind_name in dict.fromkeys(step.kind for step in plan.steps().values()):
        name = f"{prefix}{kind_name.replace('_', '-')}"
        try:
            runtime.aws.call(
                "lambda",
                "Invoke",
                runtime.region,
                FunctionName=name,
                Qualifier="live",
                InvocationType="Event",
                Payload=payload,
            )
        except AwsError as error:
            runtime.logger.warning(f"{name} could not be woken ahead of its step: {error.sentence}")


def _look(runtime: Runtime, run: Run) -> Answer:
    plan, now = run.plan, runtime.now()
    signals = look(plan, runtime.aws, runtime.outside.web, now)
    by_person = run.origin is not Origin.EVENT
    seen = confirm(
        plan.application,
        plan.decision,
        signals,
        opened=run.opened,
        dark_since=run.clocks.onset,
        by_person=by_person,
        now=now,
    )
    match seen.confirmation:
        case Confirmation.LOOK_AGAIN:
            runtime.control.change_run(run.run_id, lambda r: replace(r, looks=r.looks + 1))
            return Answer("look_again", seen.sentence, seen.look_again_in)
        case Confirmation.NOT_NEEDED:
            return end(runtime, run, Outcome.NOT_NEEDED, seen.sentence)
        case Confirmation.BLOCKED:
            return end(runtime, run, Outcome.BLOCKED, seen.sentence)
        case Confirmation.GO:
            return _go(runtime, run, seen)


def _go(runtime: Runtime, run: Run, seen: Confirmed) -> Answer:
    findings = inspect(runtime, run.plan)
    impossible = [finding for _, finding in findings if finding.severity is Severity.IMPOSSIBLE]
    sentence = (
        "The standby is as it should be."
        if not _noteworthy(findings)
        else " ".join(f.sentence for _, f in _noteworthy(findings))
    )
    write(
        runtime,
        run,
        RecordKind.PREFLIGHT,
        sentence,
        findings=[_finding_item(step, f) for step, f in findings],
    )
    if impossible:
        return end(
            runtime,
            run,
            Outcome.BLOCKED,
            f"The run cannot succeed: {impossible[0].sentence} {impossible[0].fix}".strip(),
        )
    now = runtime.now()
    changed = runtime.control.change_run(
        run.run_id,
        lambda r: replace(
            r,
            phase=Phase.ACTING,
            looks=r.looks + 1,
            clocks=replace(r.clocks, decided=now, onset=r.clocks.onset or now),
        ),
    )
    write(
        runtime,
        changed,
        RecordKind.RUN_CONFIRMED,
        seen.sentence,
        decided=now.isoformat(),
        looks=changed.looks,
        clocks=clocks_of(changed.clocks),
    )
    return Answer("go", seen.sentence)


def end(runtime: Runtime, run: Run, outcome: Outcome, sentence: str) -> Answer:
    """Note how a run ends before it acted; its close step concludes it."""
    runtime.control.change_run(run.run_id, lambda r: replace(r, outcome=outcome, outcome_reason=sentence))
    return Answer("close", sentence)


def _noteworthy(findings: list[tuple[str, Finding]]) -> list[tuple[str, Finding]]:
    return [(step, finding) for step, finding in findings if finding.severity is not Severity.FINE]


def _finding_item(step: str, finding: Finding) -> dict[str, str]:
    return {
        "step": step,
        "severity": finding.severity.value,
        "code": finding.code,
        "sentence": finding.sentence,
        "fix": finding.fix,
    }
