"""The outbox: what could not be told of an incident, by sink, why, and when it is tried again.

Each sink waits for itself: Slack that is down holds up no page, and a pager that is down no message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pilotlight.aws.slack import NotDelivered
from pilotlight.handlers.runtime import Runtime
from pilotlight.messages.told import Untold
from pilotlight.report.incident import IncidentView

FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(seconds=60)
GIVE_UP = timedelta(hours=24)
OUTBOX = "outbox"
"""Where the control table keeps what is still to be told, by incident and sink."""

WAITING = "waiting"
"""The code of what was not tried, because it failed shortly before."""


@dataclass(frozen=True)
class Held:
    """What a sink has in the outbox of an incident, if anything."""

    key: str
    note: Mapping[str, Any] | None

    @property
    def untold(self) -> Untold | None:
        """The entry."""
        return Untold.from_item(self.note) if self.note else None


class Outbox:
    """The outbox in the control table."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def due(self) -> list[Untold]:
        """What may be tried again by now."""
        notes = [Untold.from_item(note) for note in self._runtime.control.notes(OUTBOX)]
        return [note for note in notes if note.not_before <= self._runtime.now()]

    def held(self, incident: str, sink: str) -> Held:
        """What a sink has in it of an incident."""
        key = f"{incident}#{sink}" if sink else incident
        return Held(key, self._runtime.control.note(OUTBOX, key))

    def too_early(self, held: Held) -> NotDelivered | None:
        """Why a sink is to be left alone for now; None where it may be tried."""
        untold = held.untold
        early = untold is not None and self._runtime.now() < untold.not_before
        return NotDelivered(WAITING, untold.reason) if untold and early else None

    def keep(self, seen: IncidentView, held: Held, trouble: NotDelivered | None) -> None:
        """Keep what could not be told, or drop what was kept once it is told, or after a day."""
        control, now, before = self._runtime.control, self._runtime.now(), held.untold
        if trouble is None:
            if held.note:
                control.drop_note(OUTBOX, held.key, held.note)
            return
        self._runtime.logger.warning(
            trouble.sentence, application=seen.application, incident=seen.incident, code=trouble.code
        )
        if trouble.code == WAITING:
            return
        if before and held.note and now - before.since >= GIVE_UP:
            self._runtime.logger.error(
                "An incident was not told within a day, and is given up.",
                application=before.application,
                incident=before.incident,
            )
            control.drop_note(OUTBOX, held.key, held.note)
            return
        tries = before.tries + 1 if before else 1
        wait = max(min(FIRST_RETRY * 2 ** (tries - 1), LONGEST_RETRY), timedelta(seconds=trouble.wait_seconds))
        since = before.since if before else now
        untold = Untold(
            seen.application, seen.incident, seen.records[0].sequence, trouble.sentence, since, tries, now + wait
        )
        control.keep_note(OUTBOX, held.key, untold.to_item(), held.note)
