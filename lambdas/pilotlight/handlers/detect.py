"""The detector: at each alarm event and at each tick it looks at the primary, decides, and starts a run if it must.

An event only makes a look earlier; a lost one is a delay of a minute at most. Everything that comes in ends in a
recorded verdict. A tick that sees what the last one saw writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pilotlight.aws.control import Start
from pilotlight.domain.alarm_event import AlarmEvent, judge
from pilotlight.domain.decision import History, Verdict, VerdictKind, decide
from pilotlight.domain.errors import AlreadyExists, AwsError, Changed, InputRefused, NotFound
from pilotlight.domain.plan import Plan
from pilotlight.domain.records import Entry, RecordKind
from pilotlight.domain.signals import Signal
from pilotlight.domain.watching import SIGHT_CHANGED
from pilotlight.handlers.holding import is_live, put_to_rest
from pilotlight.handlers.journal import incident_of, outline_of, verdicts
from pilotlight.handlers.looking import see
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry

TICK = "Scheduled Event"
ONLY_EARLIER = (TICK, SIGHT_CHANGED)
"""What asks for a look and says nothing: a tick, and a probe that saw something else than before."""
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
        if event.get("detail-type") in ONLY_EARLIER:
            return self._conclude(plan, now, event_id="")
        try:
            alarm = AlarmEvent.parse(event)
        except InputRefused as refusal:
            return self._ignore(plan, refusal.sentence, now, str(event.get("id", "")))
        if self._runtime.control.note(_events(plan), alarm.id):
            name = alarm.detail.alarm_name
            sentence = f"Event {alarm.id} about alarm {name} was delivered again; it was dealt with the first time."
            return self._ignore(plan, sentence, now, alarm.id)
        hint = judge(alarm, plan, plan.alarm_arns, now)
        concluded = (
            self._conclude(plan, now, alarm.id) if hint.look else self._ignore(plan, hint.sentence, now, alarm.id)
        )
        self._dealt_with(plan, alarm.id, now)
        return concluded

    def _ignore(self, plan: Plan, sentence: str, now: datetime, event_id: str) -> dict[str, Any]:
        return self._record(plan, Verdict(VerdictKind.IGNORE, sentence), incident_of(plan, now), now, event_id)

    def _conclude(self, plan: Plan, now: datetime, event_id: str) -> dict[str, Any]:
        signals = see(self._runtime, plan, now)
        verdict = decide(plan.application, plan.arming, plan.decision, signals, self._history(plan), now)
        if verdict.kind is VerdictKind.START:
            verdict = self._start(plan, verdict, now)
        before = self._runtime.control.note(verdicts(plan.application), "last")
        incident = _incident(plan, verdict, before, now)
        is_news = verdict.kind.value != (before["kind"] if before else VerdictKind.IGNORE.value)
        if not (event_id or is_news):
            return {"verdict": verdict.kind.value, "sentence": verdict.sentence}
        self._record_signals(plan, signals, incident, now)
        answer = self._record(plan, verdict, incident, now, event_id)
        if is_news:
            # Kept last: a verdict whose writing died is news again at the next tick.
            self._keep(plan, verdict, incident, before)
        return answer

    def _history(self, plan: Plan) -> History:
        control = self._runtime.control
        holder = control.lease(plan.application).holder
        if holder and is_live(self._runtime, holder, self._execution_arn(holder)):
            return History(live_run=holder)
        if holder:
            put_to_rest(self._runtime, plan, holder)
        last = control.note(f"last#{plan.application}", "run")
        return History(last_run=last["run_id"], last_outcome=last["outcome"]) if last else History()

    def _start(self, plan: Plan, verdict: Verdict, now: datetime) -> Verdict:
        epoch = self._runtime.control.lease(plan.application).epoch + 1
        for attempt in range(1, 4):
            name = f"{plan.application}-e{epoch}" + (f"-{attempt}" if attempt > 1 else "")
            start = self._note(plan, Start(name, verdict.sentence, verdict.dark_since or now, now))
            try:
                self._start_execution(name)
                return Verdict(VerdictKind.START, f"{start.verdict} Run {name} was started.", verdict.dark_since)
            except AlreadyExists:
                if is_live(self._runtime, name, self._execution_arn(name)):
                    return Verdict(VerdictKind.JOIN, f"Run {name} was started for this already.", verdict.dark_since)
            except AwsError as error:
                sentence = f"Run {name} could not be started and is tried again within a minute: {error.sentence}"
                return Verdict(VerdictKind.HOLD, sentence, verdict.dark_since)
        sentence = (
            f"Three executions named {plan.application}-e{epoch} ended before they took the lease; "
            "start the run by hand."
        )
        return Verdict(VerdictKind.BLOCK, sentence, verdict.dark_since)

    def _start_execution(self, name: str) -> None:
        asked = {"stateMachineArn": self._machine, "name": name, "input": EXECUTION_INPUT}
        self._runtime.aws.call("stepfunctions", "StartExecution", self._runtime.region, **asked)

    def _execution_arn(self, name: str) -> str:
        return f"{self._machine.replace(':stateMachine:', ':execution:')}:{name}"

    def _note(self, plan: Plan, start: Start) -> Start:
        """Note a start; a note of an earlier darkness whose execution never came to be gives way."""
        control = self._runtime.control
        noted = control.note_start(plan.application, start)
        if noted.dark_since == start.dark_since or self._exists(start.execution_name):
            return noted
        control.note_start_anew(plan.application, start)
        return start

    def _exists(self, name: str) -> bool:
        arn = self._execution_arn(name)
        try:
            self._runtime.aws.call("stepfunctions", "DescribeExecution", self._runtime.region, executionArn=arn)
        except NotFound:
            return False
        return True

    def _dealt_with(self, plan: Plan, event_id: str, now: datetime) -> None:
        # Noted last: an event whose handling crashed must be dealt with when it is delivered again.
        try:
            self._runtime.control.keep_note(_events(plan), event_id, {"seen": now.isoformat()}, None)
        except Changed:
            self._runtime.logger.info(f"Event {event_id} was dealt with by another copy at the same time.")

    def _keep(self, plan: Plan, verdict: Verdict, incident: str, before: Mapping[str, Any] | None) -> None:
        try:
            kept = {"kind": verdict.kind.value, "incident": incident}
            self._runtime.control.keep_note(verdicts(plan.application), "last", kept, before)
        except Changed:
            self._runtime.logger.info(f"Another look at {plan.application} came to its verdict at the same time.")

    def _record_signals(self, plan: Plan, signals: tuple[Signal, ...], incident: str, now: datetime) -> None:
        for signal in signals:
            details = {
                "incident": incident,
                "observer": signal.observer,
                "vantage": asdict(signal.vantage),
                "sight": signal.sight.value,
                "since": signal.since.isoformat() if signal.since else None,
            }
            entry = Entry(plan.application, RecordKind.SIGNAL, now, signal.sentence, details=details)
            self._runtime.ledger.append(entry)

    def _record(self, plan: Plan, verdict: Verdict, incident: str, now: datetime, event_id: str) -> dict[str, Any]:
        details = {
            "incident": incident,
            "verdict": verdict.kind.value,
            "dark_since": verdict.dark_since.isoformat() if verdict.dark_since else None,
            "event_id": event_id,
            **outline_of(plan),
        }
        self._runtime.ledger.append(Entry(plan.application, RecordKind.VERDICT, now, verdict.sentence, details=details))
        self._runtime.logger.info(verdict.sentence, extra={"verdict": verdict.kind.value, "event_id": event_id})
        return {"verdict": verdict.kind.value, "sentence": verdict.sentence}


def _events(plan: Plan) -> str:
    return f"event#{plan.application}"


def _incident(plan: Plan, verdict: Verdict, before: Mapping[str, Any] | None, now: datetime) -> str:
    """The incident that a verdict belongs to: that of the darkness it rests on, or the one that it puts an end to."""
    if verdict.dark_since:
        return incident_of(plan, verdict.dark_since)
    if before and before["kind"] != VerdictKind.IGNORE.value:
        return str(before["incident"])
    return incident_of(plan, now)
