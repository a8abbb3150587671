"""What has happened so far in a rehearsal that is being shown, and the line that each new event is worth."""

from __future__ import annotations

from datetime import datetime, timedelta

from pilotlight.domain.records import Record
from pilotlight.report.incident import IncidentView
from pilotlight.report.text import record_line
from pilotlight.report.view import incident_of, view
from rehearsal.slack import SlackMessage
from rehearsal.slack_blocks import lines_of, without_bold

WORLD, LEDGER, SLACK = "world", "ledger", "slack"
_KEPT_LINES = 60


class SoFar:
    """Grows with each event; `now` is the virtual time since onset."""

    def __init__(self, onset: datetime) -> None:
        self.onset = onset
        self.now = timedelta(0)
        self.seen: IncidentView | None = None
        self.lines: list[tuple[timedelta, str]] = []
        self.message: SlackMessage | None = None
        self.thread: list[str] = []
        self._records: list[Record] = []
        self._headings: dict[str, str] = {}

    @property
    def moment(self) -> datetime:
        """The present as the world has it."""
        return self.onset + self.now

    def take(self, since_onset: timedelta, what: Record | SlackMessage | str) -> list[str]:
        """Take an event in; gives the lines it is worth, which may be none."""
        self.now = max(self.now, since_onset)
        match what:
            case Record():
                lines = self._take_record(what)
            case SlackMessage():
                lines = self._take_message(what)
            case str():
                lines = [f"{WORLD:<8}{what}"]
        self.lines = [*self.lines, *((since_onset, line) for line in lines)][-_KEPT_LINES:]
        return lines

    def _take_record(self, record: Record) -> list[str]:
        self._records.append(record)
        if not incident_of(record):
            return []
        self.seen = view(self._records)
        told = self.seen.told and self.seen.told[-1] == record
        return [f"{LEDGER:<8}{record_line(record)}"] if told else []

    def _take_message(self, message: SlackMessage) -> list[str]:
        words = [without_bold(line) for line in lines_of(message.blocks)] or [message.text]
        if message.thread_ts:
            self.thread = [*self.thread, *words][-_KEPT_LINES:]
            return []
        self.message = message
        before, self._headings[message.ts] = self._headings.get(message.ts), words[0]
        if before == words[0]:
            return []
        return [f"{SLACK:<8}{'posted' if before is None else 'now says'}: {words[0]}"]
