"""The detector: at each alarm event and at each tick it looks at the primary, decides, and starts a run if it must.

An event only makes a look earlier; a lost one is a delay of a minute at most. Everything that comes in ends in a
recorded verdict. A tick that sees what the last one saw writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pilotlight.aws.control import Start
from pilotlight.aws.observers import look
from pilotlight.domain.alarm_event import AlarmEvent, judge
from pilotlight.domain.decision import History, Signal, Verdict, VerdictKind, decide
from pilotlight.domain.errors import AlreadyExists, AwsError, Changed, InputRefused
from pilotlight.domain.plan import Plan
from pilotlight.domain.records import Entry, RecordKind
from pilotlight.handlers.journal import incident_of, slack_of
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry

TICK = "Scheduled Event"
EXECUTION_INPUT = "{}"
"""The same for every start: a run finds out by its name, in the control table, that the detector started it."""


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The detector's function, from its environment and the ways out."""
    detector = Detector(Runtime(environ, outside, "detect"))

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return detector.take(event)

    return handle


handler = entry(build)


class Detector:
    """What the function keeps between its calls: nothing but its ways out."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._machine = runtime.variable("PILOTLIGHT_MACHINE_ARN")

    def take(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Take a tick or an event to its verdict; an event that cannot be read ends in a recorded refusal."""
        plan, now = self._runtime.plan, self._runtime.now()
        if event.get("detail-type") == TICK:
            return self._conclude(plan, self._look(plan, now), now, event_id="")
        try:
            alarm = AlarmEvent.parse(event)
        except InputRefused as refusal:
            return self._record(plan, Verdict(VerdictKind.IGNORE, refusal.sentence), now, str(event.get("id", "")))
        if not self._first_time(plan, alarm.id, now):
            sentence = (
                f"Event {alarm.id} about alarm {alarm.detail.alarm_name} was delivered again; "
                "it was dealt with the first time."
            )
            return self._record(plan, Verdict(VerdictKind.IGNORE, sentence), now, alarm.id)
        hint = judge(alarm, plan, plan.alarm_arns, now)
        if not hint.look:
            return self._record(plan, Verdict(VerdictKind.IGNORE, hint.sentence), now, alarm.id)
        return self._conclude(plan, self._look(plan, now), now, alarm.id)

    def _look(self, plan: Plan, now: datetime) -> tuple[Signal, ...]:
        return look(plan, self._runtime.aws, self._runtime.outside.web, now)

    def _conclude(self, plan: Plan, signals: tuple[Signal, ...], now: datetime, event_id: str) -> dict[str, Any]:
        verdict = decide(plan.application, plan.arming, plan.decision, signals, self._history(plan), now)
        if verdict.kind is VerdictKind.START:
            verdict = self._start(plan, verdict, now)
        if event_id or self._is_news(plan, verdict):
            self._record_signals(plan, signals, incident_of(plan, verdict.dark_since or now), now)
            return self._record(plan, verdict, now, event_id)
        return {"verdict": verdict.kind.value, "sentence": verdict.sentence}

    def _history(self, plan: Plan) -> History:
        control = self._runtime.control
        holder = control.lease(plan.application).holder
        last = control.note(f"last#{plan.application}", "run")
        if holder:
            return History(live_run=holder)
        return History(last_run=last["run_id"], last_outcome=last["outcome"]) if last else History()

    def _start(self, plan: Plan, verdict: Verdict, now: datetime) -> Verdict:
        control = self._runtime.control
        epoch = control.lease(plan.application).epoch + 1
        for attempt in range(1, 4):
            name = f"{plan.application}-e{epoch}" + (f"-{attempt}" if attempt > 1 else "")
            start = control.note_start(plan.application, Start(name, verdict.sentence, verdict.dark_since or now, now))
            try:
                self._runtime.aws.call(
                    "stepfunctions",
                    "StartExecution",
                    self._runtime.region,
                    stateMachineArn=self._machine,
                    name=name,
                    input=EXECUTION_INPUT,
                )
                return Verdict(VerdictKind.START, f"{start.verdict} Run {name} was started.", verdict.dark_since)
            except AlreadyExists:
                if self._is_running(name):
                    return Verdict(VerdictKind.JOIN, f"Run {name} was started for this already.", verdict.dark_since)
            except AwsError as error:
                return Verdict(
                    VerdictKind.HOLD,
                    f"Run {name} could not be started and is tried again within a minute: {error.sentence}",
                    verdict.dark_since,
                )
        return Verdict(
            VerdictKind.HOLD,
            f"Three executions named {plan.application}-e{epoch} ended before they took the lease; "
            "start the run by hand.",
            verdict.dark_since,
        )

    def _is_running(self, name: str) -> bool:
        arn = f"{self._machine.replace(':stateMachine:', ':execution:')}:{name}"
        return bool(
            self._runtime.aws.call("stepfunctions", "DescribeExecution", self._runtime.region, executionArn=arn)[
                "status"
            ]
            == "RUNNING"
        )

    def _first_time(self, plan: Plan, event_id: str, now: datetime) -> bool:
        try:
            self._runtime.control.keep_note(f"event#{plan.application}", event_id, {"seen": now.isoformat()}, None)
        except Changed:
            return False
        return True

    def _is_news(self, plan: Plan, verdict: Verdict) -> bool:
        """Whether a tick's verdict is another kind than the last one that was kept, which it then replaces."""
        control, key = self._runtime.control, f"verdict#{plan.application}"
        last = control.note(key, "last")
        kind = verdict.kind.value
        if (last["kind"] if last else VerdictKind.IGNORE.value) == kind:
            return False
        try:
            control.keep_note(key, "last", {"kind": kind}, last)
        except Changed:
            return False
        return True

    def _record_signals(self, plan: Plan, signals: tuple[Signal, ...], incident: str, now: datetime) -> None:
        for signal in signals:
            details = {
                "incident": incident,
                "observer": signal.observer,
                "vantage": signal.vantage,
                "sight": signal.sight.value,
                "since": signal.since.isoformat() if signal.since else None,
            }
            self._runtime.ledger.append(
                Entry(plan.application, RecordKind.SIGNAL, now, signal.sentence, details=details)
            )

    def _record(self, plan: Plan, verdict: Verdict, now: datetime, event_id: str) -> dict[str, Any]:
        details = {
            "incident": incident_of(plan, verdict.dark_since or now),
            "verdict": verdict.kind.value,
            "dark_since": verdict.dark_since.isoformat() if verdict.dark_since else None,
            "event_id": event_id,
            "notify": slack_of(plan),
            "regions": {"primary": plan.regions.primary, "standby": plan.regions.standby},
        }
        self._runtime.ledger.append(Entry(plan.application, RecordKind.VERDICT, now, verdict.sentence, details=details))
        self._runtime.logger.info(verdict.sentence, extra={"verdict": verdict.kind.value, "event_id": event_id})
        return {"verdict": verdict.kind.value, "sentence": verdict.sentence}
