"""What people are reminded of while an incident is not over: how it stands, and who is called next.

A ladder of escalation is climbed for as long as nobody has taken the incident up; an update comes
every so often, whoever is at work. Both are asked for by a plan's `notifications`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from pilotlight.domain.any_plan import Notifications
from pilotlight.domain.durations import say_elapsed
from pilotlight.domain.severity import IncidentSeverity


@dataclass(frozen=True)
class Reminded:
    """What people were reminded of in an incident so far: the rungs that were called, and when the last update came."""

    incident: str
    since: datetime
    called: tuple[str, ...] = ()
    updated: datetime | None = None

    def to_note(self) -> dict[str, Any]:
        """It as a JSON object."""
        updated = self.updated.isoformat() if self.updated else None
        return {
            "incident": self.incident,
            "since": self.since.isoformat(),
            "called": list(self.called),
            "updated": updated,
        }

    @classmethod
    def from_note(cls, note: Mapping[str, Any]) -> Self:
        """Read it back."""
        updated = datetime.fromisoformat(note["updated"]) if note["updated"] else None
        return cls(note["incident"], datetime.fromisoformat(note["since"]), tuple(note["called"]), updated)


@dataclass(frozen=True)
class Reminder:
    """One thing to say now; `level` is the rung that is called, or empty for an update."""

    sentence: str
    level: str = ""


@dataclass(frozen=True)
class Standing:
    """How the incident stands, in one line, and how bad it is."""

    words: str
    severity: IncidentSeverity


def due(
    wanted: Notifications, before: Reminded, standing: Standing, *, taken_up: bool, now: datetime
) -> tuple[tuple[Reminder, ...], Reminded]:
    """What is to be said now, and what was said with it.

    Parameters: `taken_up` is whether a proven person has spoken, or one who has it at the pager.
    """
    lasted, reminders = now - before.since, []
    called = list(before.called)
    for rung in wanted.escalation:
        after = rung.due_after(standing.severity)
        if taken_up or rung.level in called or after is None or lasted < after:
            continue
        ago = say_elapsed(lasted.total_seconds())
        sentence = f"{rung.level} is called, {rung.who}, because nobody has taken this up for {ago}: {standing.words}."
        reminders.append(Reminder(sentence, rung.level))
        called.append(rung.level)
    updated = before.updated or before.since
    if wanted.updates and now - updated >= wanted.updates:
        reminders.append(Reminder(f"Not over after {say_elapsed(lasted.total_seconds())}: {standing.words}."))
        updated = now
    return tuple(reminders), Reminded(before.incident, before.since, tuple(called), updated)
