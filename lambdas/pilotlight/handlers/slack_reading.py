"""What is read for somebody in Slack: how an incident stands, what an application's incidents were.

It reads the ledger and nothing else, so it tells what anybody is told in the channel anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotlight.domain.records import Record, RecordKind
from pilotlight.domain.slack_command import HISTORY
from pilotlight.domain.slack_request import Asked
from pilotlight.handlers.runtime import Runtime
from pilotlight.messages.mrkdwn import quoted, sections
from pilotlight.messages.private_answer import in_private
from pilotlight.messages.slack import living_message
from pilotlight.report.view import incident_of, view

MOST_RECORDS = 1000
MOST_INCIDENTS = 10
_TOLD = (RecordKind.VERDICT, RecordKind.RUN_OPENED, RecordKind.RUN_CLOSED)


def look_up(runtime: Runtime, asked: Asked, spoken_of: Sequence[str]) -> dict[str, Any]:
    """The answer to `status` and `history`."""
    if asked.do == HISTORY:
        return _history(asked.application, _records(runtime, asked.application))
    if asked.application:
        return _status(asked.application, _records(runtime, asked.application))
    lines = [_line(application, _records(runtime, application)) for application in spoken_of]
    return in_private(" ".join(lines), sections([f"• {quoted(line)}" for line in lines]))


def _records(runtime: Runtime, application: str) -> Sequence[Record]:
    """The newest records of an application: enough for its last incidents."""
    last = runtime.ledger.last(application)
    return runtime.ledger.records(application, since=max(1, last.sequence - MOST_RECORDS)) if last else ()


def _status(application: str, records: Sequence[Record]) -> dict[str, Any]:
    if not any(incident_of(record) for record in records):
        return in_private(_line(application, records))
    seen = view(records)
    return in_private(seen.outlook.headline, living_message(seen).blocks)


def _line(application: str, records: Sequence[Record]) -> str:
    if not any(incident_of(record) for record in records):
        return f"{application}: nothing has happened that its ledger tells of."
    seen = view(records)
    since = f", since {seen.records[0].entry.time:%d %b %H:%M} UTC"
    return f"{seen.outlook.headline}{since}."


def _history(application: str, records: Sequence[Record]) -> dict[str, Any]:
    """The last incidents that came to anything, the newest first."""
    named = [incident_of(r) for r in records if incident_of(r) and r.entry.kind in _TOLD]
    incidents = list(dict.fromkeys(reversed(named)))[:MOST_INCIDENTS]
    if not incidents:
        return in_private(_line(application, records))
    lines: list[str] = []
    for incident in incidents:
        seen = view(records, incident)
        how = seen.outcome_reason or seen.outlook.headline
        lines.append(f"• *{quoted(incident)}*  {quoted(how, 300)}")
    return in_private(f"The last incidents of {application}.", sections(lines))
