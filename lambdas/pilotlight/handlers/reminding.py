"""Reminds people of an incident that is not over, at each tick of its detector.

It is a run at work, a verdict that asks for a person, or a run that failed and nobody acknowledged. What is said goes
into the ledger, and so to Slack and the pager like everything else. A reminder whose note was lost is said twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pilotlight.aws.leases import Lease
from pilotlight.domain.decision import Verdict, VerdictKind
from pilotlight.domain.errors import Changed
from pilotlight.domain.plan import Plan
from pilotlight.domain.records import Entry, RecordKind
from pilotlight.domain.reminding import Reminded, Standing, due
from pilotlight.domain.run import Outcome
from pilotlight.handlers.runtime import Runtime
from pilotlight.handlers.taking_up import is_taken_up
from pilotlight.report.headline import headline
from pilotlight.report.standing import graded
from pilotlight.report.view import view

_LEFT_TO_PEOPLE = (Outcome.FAILED, Outcome.BLOCKED, Outcome.ABORTED_FORWARD_ONLY)
_LOOK_BACK_RECORDS = 500
_NOTE = "reminded"


@dataclass(frozen=True)
class NotOver:
    """An incident that is not over: its name, since when people know, and the run that it is about, if any."""

    incident: str
    since: datetime
    run_id: str = ""


def remind(
    runtime: Runtime, plan: Plan, verdict: Verdict, noticed: tuple[str, datetime], lease: Lease, now: datetime
) -> None:
    """Say what is due of the incident that is not over; `noticed` is the one that the verdict belongs to."""
    wanted = plan.notifications
    if not (wanted.updates or wanted.escalation or wanted.pager):
        return
    open_one = _not_over(runtime, plan, verdict, noticed, lease)
    if open_one is None:
        return
    partition = f"{_NOTE}#{plan.application}"
    note = runtime.control.note(partition, "last")
    before = Reminded.from_note(note) if note and note["incident"] == open_one.incident else None
    before = before or Reminded(open_one.incident, open_one.since)
    taken_up = is_taken_up(runtime, plan, open_one.incident, open_one.run_id, now)
    standing = _standing(runtime, plan, open_one.incident)
    reminders, after = due(wanted, before, standing, taken_up=taken_up, now=now)
    if not reminders:
        return
    for reminder in reminders:
        details = {"incident": open_one.incident, "level": reminder.level}
        runtime.logger.info(reminder.sentence, extra=details)
        runtime.ledger.append(
            Entry(plan.application, RecordKind.REMINDER, now, reminder.sentence, open_one.run_id, details=details)
        )
    try:
        runtime.control.keep_note(partition, "last", after.to_note(), note)
    except Changed:
        runtime.logger.info(f"Another look at {plan.application} reminded people at the same time.")


def _not_over(
    runtime: Runtime, plan: Plan, verdict: Verdict, noticed: tuple[str, datetime], lease: Lease
) -> NotOver | None:
    if lease.holder:
        return _of_run(runtime, lease.holder)
    if verdict.kind is VerdictKind.BLOCK:
        return NotOver(*noticed)
    last = runtime.control.last_run(plan.application) if verdict.kind is VerdictKind.HOLD else None
    left_to_people = last and last.outcome in _LEFT_TO_PEOPLE and not last.acknowledged_by
    return _of_run(runtime, last.run_id) if last and left_to_people else None


def _of_run(runtime: Runtime, run_id: str) -> NotOver | None:
    run = runtime.control.find_run(run_id)
    return NotOver(run.incident, run.clocks.detected or run.opened, run_id) if run else None


def _standing(runtime: Runtime, plan: Plan, incident: str) -> Standing:
    last = runtime.ledger.last(plan.application)
    since = max(1, (last.sequence if last else 1) - _LOOK_BACK_RECORDS)
    seen = view(runtime.ledger.records(plan.application, since=since), incident)
    return Standing(headline(seen), graded(seen).severity)
