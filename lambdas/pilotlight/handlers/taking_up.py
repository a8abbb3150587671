"""Who takes an incident up at the pager: kept by the notifier that heard of it, written down by the detector.

The notifier tells what the ledger says and may not write in it; the detector looks each minute while an incident is
not over, and writes.
"""

from __future__ import annotations

from datetime import datetime

from pilotlight.domain.errors import Changed
from pilotlight.domain.plan import Plan
from pilotlight.domain.records import Entry, RecordKind
from pilotlight.handlers.runtime import Runtime


def keep_taken_up(runtime: Runtime, application: str, incident: str, *, by: str, at: str, when: datetime) -> None:
    """Keep who took an incident up at which pager; whoever was first is kept."""
    try:
        kept = {"by": by, "at": at, "when": when.isoformat(), "written": False}
        runtime.control.keep_note(_taken(application), incident, kept, None)
    except Changed:
        runtime.logger.info("It is known who took the incident up.", application=application, incident=incident)


def is_taken_up(runtime: Runtime, plan: Plan, incident: str, run_id: str, now: datetime) -> bool:
    """Whether somebody took an incident up: a proven person by a word about its run, or one at the pager.

    What is heard of the pager for the first time is written down; where the note of that is lost, twice.
    """
    if run_id and any(word.proven for word in runtime.control.words(run_id)):
        return True
    note = runtime.control.note(_taken(plan.application), incident) if plan.notifications.pager else None
    if note is None:
        return False
    if not note["written"]:
        sentence = f"{note['by']} has taken this up at {note['at']}, so nobody further is called."
        details = {"incident": incident, "by": note["by"], "where": note["at"], "when": note["when"]}
        entry = Entry(plan.application, RecordKind.TAKEN_UP, now, sentence, run_id, details=details)
        runtime.logger.info(sentence, extra={"incident": incident})
        runtime.ledger.append(entry)
        try:
            runtime.control.keep_note(_taken(plan.application), incident, {**note, "written": True}, note)
        except Changed:
            runtime.logger.info(f"Another look at {plan.application} wrote it down at the same time.")
    return True


def _taken(application: str) -> str:
    return f"taken-up#{application}"
