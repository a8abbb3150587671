"""The detector: at each alarm event and at each tick it looks at the primary, decides, and starts a run if it must.

An event only makes a look earlier; a lost one is a delay of a minute at most. Everything that comes in ends in a
recorded verdict. A tick that sees what the last one saw writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pilotlight.aws.leases import Lease
from pilotlight.domain.alarm_event import AlarmEvent, judge
from pilotlight.domain.decision import History, Verdict, VerdictKind, decide
from pilotlight.domain.errors import Changed, InputRefused
from pilotlight.domain.health_event import HEALTH_EVENT
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.records import Entry, RecordKind
from pilotlight.domain.signals import Signal
from pilotlight.domain.watching import SIGHT_CHANGED
from pilotlight.handlers import health
from pilotlight.handlers.holding import is_live, put_to_rest
from pilotlight.handlers.journal import incident_of, outline_of, verdicts
from pilotlight.handlers.looking import begin_to_see
from pilotlight.handlers.reminding import remind
from pilotlight.handlers.restraints import count_starts, read_switch
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry
from pilotlight.handlers.sights import publish_sights
from pilotlight.handlers.starting import Starter
from pilotlight.handlers.warming import warm

TICK = "Scheduled Event"
UNTIL_NEXT_TICK = timedelta(seconds=60)
STARTS_BY_ITSELF = (Arming.STAGED, Arming.AUTOMATIC)


@dataclass(frozen=True)
class News:
    """What a verdict belongs to: the incident, since when it is known, and since when it is dark."""

    incident: str
    detected: datetime
    dark_since: datetime | None


ONLY_EARLIER = (TICK, SIGHT_CHANGED)
"""What asks for a look and says nothing: a tick, and a probe that saw something else than before."""


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
        self._starter = Starter(runtime)

    def take(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Take a tick or an event to its verdict; an event that cannot be read ends in a recorded refusal."""
        plan, now = self._runtime.failover, self._runtime.now()
        if event.get("detail-type") in ONLY_EARLIER:
            return self._look_until_decided(plan, now, event_id="")
        if event.get("detail-type") == HEALTH_EVENT:
            heard = health.hear(self._runtime, plan, event, now)
            if not heard.look:
                return {"verdict": VerdictKind.IGNORE.value, "sentence": heard.sentence}
            return self._look_until_decided(plan, now, event_id="")
        try:
            alarm = AlarmEvent.parse(event)
        except InputRefused as refusal:
            return self._ignore(plan, refusal.sentence, now, str(event.get("id", "")))
        if self._runtime.control.note(_events(plan), alarm.id):
            name = alarm.detail.alarm_name
            sentence = f"Event {alarm.id} about alarm {name} was delivered again; it was dealt with the first time."
            return self._ignore(plan, sentence, now, alarm.id)
        hint = judge(alarm, plan, plan.alarm_arns, now)
        take = self._look_until_decided if hint.look else partial(self._ignore, sentence=hint.sentence)
        concluded = take(plan, now=now, event_id=alarm.id)
        self._dealt_with(plan, alarm.id, now)
        return concluded

    def _ignore(self, plan: Plan, sentence: str, now: datetime, event_id: str) -> dict[str, Any]:
        return self._record(plan, Verdict(VerdictKind.IGNORE, sentence), incident_of(plan, now), now, event_id)

    def _look_until_decided(self, plan: Plan, now: datetime, event_id: str) -> dict[str, Any]:
        """Look, and look again where only time is missing and less of it than until the next tick.

        So a run starts when the darkness has lasted, and not up to a minute later.
        """
        began, verdict = now, self._conclude(plan, now, event_id)
        while verdict.again_in is not None and verdict.again_in < UNTIL_NEXT_TICK:
            if plan.arming in STARTS_BY_ITSELF:
                warm(self._runtime, [self._runtime.variable("PILOTLIGHT_OPEN_FUNCTION")])
            # The look itself took a while, which counts.
            due = began + verdict.again_in
            self._runtime.outside.pause(max(0.0, (due - self._runtime.now()).total_seconds()))
            began = self._runtime.now()
            verdict = self._conclude(plan, began, event_id)
        return {"verdict": verdict.kind.value, "sentence": verdict.sentence}

    def _conclude(self, plan: Plan, now: datetime, event_id: str) -> Verdict:
        reports = begin_to_see(self._runtime, plan, now)
        # A silent primary takes two seconds to be silent: what went before is read meanwhile.
        before = self._runtime.control.note(verdicts(plan.application), "last")
        lease = self._runtime.leases.of(plan.application)
        history = self._history(plan, lease, now)
        signals = reports()
        publish_sights(self._runtime.outside.log, plan.application, signals)
        verdict = decide(plan, signals, history, now)
        decided = self._runtime.now()
        news = self._news(plan, verdict, before, now)
        if verdict.kind is VerdictKind.START:
            verdict = self._starter.start(plan, verdict, seen_epoch=lease.epoch, detected=news.detected, now=now)
        is_news = verdict.kind.value != (before["kind"] if before else VerdictKind.IGNORE.value)
        if event_id or is_news:
            self._record_signals(plan, signals, news.incident, now)
            self._record(plan, verdict, news.incident, decided, event_id)
        if is_news:
            # Kept last: a verdict whose writing died is news again at the next tick.
            self._keep(plan, verdict, news, before)
        health.write_down(self._runtime, plan, verdict, news.incident, lease, now)
        remind(self._runtime, plan, verdict, (news.incident, news.detected), lease, now)
        return verdict

    def _history(self, plan: Plan, lease: Lease, now: datetime) -> History:
        control = self._runtime.control
        switch, starts = read_switch(self._runtime), count_starts(self._runtime, plan, now)
        if lease.holder and not is_live(self._runtime, lease.execution_arn):
            put_to_rest(self._runtime, lease.holder)
        if lease.holder:
            return History(live_run=lease.holder, starts=starts, switch=switch)
        others = [writer.plan for writer in plan.other_writers if writer.plan]
        well = tuple(other for other in others if not self._is_seen_dark(other))
        return History(last=control.last_run(plan.application), starts=starts, switch=switch, well=well)

    def _is_seen_dark(self, application: str) -> bool:
        """Whether the detector of another application sees darkness by now, whatever it may do about it."""
        last = self._runtime.control.note(verdicts(application), "last")
        return last is not None and last["kind"] != VerdictKind.IGNORE.value

    def _news(self, plan: Plan, verdict: Verdict, before: Mapping[str, Any] | None, now: datetime) -> News:
        """The incident that a verdict belongs to, and when it was noticed.

        One that is under way goes on: its darkness looks a little earlier or later from look to look.
        """
        if before and before["kind"] != VerdictKind.IGNORE.value:
            began = datetime.fromisoformat(before["dark_since"]) if before["dark_since"] else None
            same = not (began and verdict.dark_since) or abs(verdict.dark_since - began) <= plan.decision.must_last
            if same:
                return News(str(before["incident"]), datetime.fromisoformat(before["detected"]), verdict.dark_since)
        return News(incident_of(plan, verdict.dark_since or now), now, verdict.dark_since)

    def _dealt_with(self, plan: Plan, event_id: str, now: datetime) -> None:
        # Noted last: an event whose handling crashed must be dealt with when it is delivered again.
        try:
            self._runtime.control.keep_note(_events(plan), event_id, {"seen": now.isoformat()}, None)
        except Changed:
            self._runtime.logger.info(f"Event {event_id} was dealt with by another copy at the same time.")

    def _keep(self, plan: Plan, verdict: Verdict, news: News, before: Mapping[str, Any] | None) -> None:
        kept = {
            "kind": verdict.kind.value,
            "incident": news.incident,
            "detected": news.detected.isoformat(),
            "dark_since": news.dark_since.isoformat() if news.dark_since else None,
        }
        try:
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
