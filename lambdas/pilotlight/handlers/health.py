"""What AWS Health says: kept when it is heard, and written down beside the incident that it may explain.

It never decides. What is heard makes the next look earlier, and explains for a day; at each look the detector writes
what is new into the ledger, with the incident that is under way, or with none. An event that comes from two regions is
one. What was kept is never deleted, because the detector may delete nothing; it is a handful a year.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pilotlight.aws.leases import Lease
from pilotlight.domain.alarm_event import Hint
from pilotlight.domain.canonical import digest
from pilotlight.domain.decision import Verdict, VerdictKind
from pilotlight.domain.errors import Changed, InputRefused
from pilotlight.domain.health_event import HealthEvent, codes_of, judge_health
from pilotlight.domain.plan import Plan
from pilotlight.domain.records import Entry, RecordKind
from pilotlight.handlers.runtime import Runtime
from pilotlight.report.foreign import tame
from pilotlight.steps import kind_and_params

EXPLAINS_FOR = timedelta(days=1)
LONGEST_SENTENCE = 400


def hear(runtime: Runtime, plan: Plan, event: Mapping[str, Any], now: datetime) -> Hint:
    """Keep an event; says whether to look now."""
    try:
        said = HealthEvent.parse(event)
    except InputRefused as refusal:
        return _heard(runtime, Hint(False, refusal.sentence))
    hint = judge_health(said, plan, services_of(plan))
    if not hint.look:
        return _heard(runtime, hint)
    key, sentence = digest(said.detail.arn)[:32], tame(hint.sentence, LONGEST_SENTENCE)
    note = runtime.control.note(_kept(plan), key)
    if note and (note["sentence"], note["over"]) == (sentence, said.over):
        return _heard(runtime, Hint(False, "AWS Health said the same before, or in another region."))
    kept = {
        "event": said.detail.arn, "service": said.detail.service, "region": said.affected, "sentence": sentence,
        "since": said.detail.started.isoformat() if said.detail.started else None, "over": said.over,
        "heard": now.isoformat(), "said_in": None,
    }  # fmt: skip
    try:
        runtime.control.keep_note(_kept(plan), key, kept, note)
    except Changed:
        runtime.logger.info("The same event of AWS Health was heard twice at the same time.")
    # What is over explains the past; there is nothing to look for earlier.
    return _heard(runtime, Hint(not said.over, sentence))


def write_down(runtime: Runtime, plan: Plan, verdict: Verdict, incident: str, lease: Lease, now: datetime) -> None:
    """Write down what is new of what AWS Health says, with the incident that is under way, if one is."""
    if not plan.signals.aws_health:
        return
    about = "" if verdict.kind is VerdictKind.IGNORE else _incident_of_run(runtime, lease) or incident
    for note in runtime.control.notes(_kept(plan)):
        explains = now - datetime.fromisoformat(note["heard"]) <= EXPLAINS_FOR
        if not explains or (note["said_in"] is not None and about in ("", note["said_in"])):
            continue
        try:
            runtime.control.keep_note(_kept(plan), digest(note["event"])[:32], {**note, "said_in": about}, note)
        except Changed:
            runtime.logger.info(f"Another look at {plan.application} wrote down what AWS Health says.")
            continue
        _write(runtime, plan, note, about, now)


def services_of(plan: Plan) -> frozenset[str]:
    """The services that the plan's steps work with, as Health calls them."""
    prefixes: set[str] = set()
    for step in plan.steps().values():
        its_kind, params = kind_and_params(step)
        for statement in its_kind.statements(params, plan.place):
            prefixes |= {action.partition(":")[0] for action in statement.actions}
    return codes_of(prefixes)


def _write(runtime: Runtime, plan: Plan, note: Mapping[str, Any], incident: str, now: datetime) -> None:
    details = {name: note[name] for name in ("event", "service", "region", "since", "over")}
    entry = Entry(
        plan.application, RecordKind.AWS_HEALTH, now, note["sentence"], details={"incident": incident, **details}
    )
    runtime.ledger.append(entry)


def _incident_of_run(runtime: Runtime, lease: Lease) -> str:
    run = runtime.control.find_run(lease.holder) if lease.holder else None
    return run.incident if run else ""


def _heard(runtime: Runtime, hint: Hint) -> Hint:
    runtime.logger.info(hint.sentence, look=hint.look)
    return hint


def _kept(plan: Plan) -> str:
    return f"health#{plan.application}"
