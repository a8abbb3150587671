"""The alert of an incident at the pager: raised, acknowledged, resolved; and who acknowledged it there.

It is told from how the incident stands, so it catches up after any gap, and what is sent twice is one alert. An
acknowledgement there is asked for, each minute while the alert is open: no door is opened to the internet for it. It
stops the ladder of the plan and does nothing else, because a pager proves nobody to AWS: no run is approved by it, and
no automatic start allowed again. Trouble is kept in the outbox and never raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pilotlight.aws.alerting import Alert
from pilotlight.aws.pagers import PagerAt, Pagers
from pilotlight.aws.slack import NotDelivered
from pilotlight.domain.errors import Changed
from pilotlight.domain.paging import PagerAction, PagerService
from pilotlight.domain.records import Record, RecordKind
from pilotlight.handlers.runtime import Runtime
from pilotlight.handlers.taking_up import keep_taken_up
from pilotlight.messages.told import Told
from pilotlight.report.foreign import LONGEST_NAME, tame
from pilotlight.report.incident import IncidentView
from pilotlight.report.noteworthy import urgent
from pilotlight.report.standing import asked_of_pager, graded
from pilotlight.report.text import summary

OPEN = "paged"
"""Where the control table keeps the alerts that nobody has acknowledged, by incident."""

LISTENS_FOR = timedelta(seconds=20)
"""So much of a minute's invocation is spent on asking; who was not asked is asked in the next."""


class Paging:
    """Pages by the service that a plan names, for as long as the function's instance lives."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pagers = Pagers(runtime.outside.web, runtime.aws, runtime.region)

    def page(self, seen: IncidentView, told: Told) -> tuple[Told, NotDelivered | None]:
        """Bring the alert to where the incident stands; gives why that did not work, None where it did."""
        pager = pager_of(seen.records)
        if pager is None:
            return told, None
        fresh = [record for record in seen.told if record.sequence > told.alerted and urgent(record)]
        action = _due(asked_of_pager(seen), fresh, told)
        if action and not _is_known_there(action, seen):
            trouble = self._pagers.send(pager, action, _alert(seen, fresh))
            if trouble:
                return told, trouble
        if action:
            told = replace(told, alert=action.value)
            self._remember(seen, pager, is_open=action is PagerAction.TRIGGER)
        return replace(told, alerted=seen.records[-1].sequence), None

    def hear(self) -> None:
        """Ask who acknowledged the open alerts, and keep it for the detector of the application to write down."""
        notes = self._runtime.control.notes(OPEN)
        turn = self._runtime.now().minute % len(notes) if notes else 0
        until = self._runtime.now() + LISTENS_FOR
        for note in [*notes[turn:], *notes[:turn]]:
            if self._runtime.now() >= until:
                return
            pager, incident = PagerAt(PagerService(note["service"]), note["secret"]), note["incident"]
            found = self._pagers.acknowledged_by(pager, incident)
            if isinstance(found, NotDelivered):
                self._runtime.logger.warning(found.sentence, application=note["application"], incident=incident)
                return
            if found:
                who, when = tame(found[0], LONGEST_NAME), found[1]
                keep_taken_up(self._runtime, note["application"], incident, by=who, at=pager.name, when=when)
                self._forget(note)

    def _remember(self, seen: IncidentView, pager: PagerAt, *, is_open: bool) -> None:
        note = self._runtime.control.note(OPEN, seen.incident)
        if is_open and note is None:
            kept = {"application": seen.application, "incident": seen.incident, "service": pager.service.value}
            self._runtime.control.keep_note(OPEN, seen.incident, {**kept, "secret": pager.secret}, None)
        if not is_open and note:
            self._forget(note)

    def _forget(self, note: Any) -> None:
        try:
            self._runtime.control.drop_note(OPEN, note["incident"], note)
        except Changed:
            self._runtime.logger.info("Another invocation knows the alert better.", incident=note["incident"])


def pager_of(records: Sequence[Record]) -> PagerAt | None:
    """What wakes the people of an incident's plan, by the newest record that says so."""
    for record in reversed(records):
        if "pager" in record.entry.details:
            pager = record.entry.details["pager"]
            return PagerAt(PagerService(pager["service"]), pager["secret"]) if pager else None
    return None


def _due(wanted: PagerAction | None, fresh: Sequence[Record], told: Told) -> PagerAction | None:
    """What is to be sent: an alert again with all that is urgent and new, its acknowledgement and its end once."""
    is_open = told.alert in (PagerAction.TRIGGER, PagerAction.ACKNOWLEDGE)
    match wanted:
        case PagerAction.TRIGGER:
            return wanted if fresh else None
        case PagerAction.ACKNOWLEDGE:
            return wanted if told.alert == PagerAction.TRIGGER else None
        case PagerAction.RESOLVE:
            return wanted if is_open else None
        case None:
            return None


def _is_known_there(action: PagerAction, seen: IncidentView) -> bool:
    """Whether the pager itself said so, so that it needs not be told."""
    return action is PagerAction.ACKNOWLEDGE and seen.taken_up is not None and bool(seen.taken_up.at)


def _alert(seen: IncidentView, fresh: Sequence[Record]) -> Alert:
    how = graded(seen)
    called = [record.entry.sentence for record in fresh if record.entry.kind is RecordKind.REMINDER]
    line = tame(f"{how.words}: {called[-1] if called else seen.outlook.headline}")
    source = f"Pilotlight in {seen.standby or seen.primary}".removesuffix(" in ")
    newest = fresh[-1].entry.time if fresh else seen.records[-1].entry.time
    return Alert(seen.incident, seen.application, source, how.severity, line, summary(seen), newest)
