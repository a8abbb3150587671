"""How fresh a kept item is, and since when it says what it says, by the reader's clock alone.

An item is as old as the time since it was seen to change: it changed after the read before the first one that showed
its version. So no clocks of two machines are compared. An item that was read for the first time may be of any age, and
a reader that was away for long learns nothing either: both have to see it change once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self


@dataclass(frozen=True)
class Heard:
    """What a reader remembers of one observer.

    `version` was last read at `read` and first at `first`; `after` is the last read before it changed to that version,
    None where it was never seen to change. `darkness` is the name that the observer gives to the darkness that it
    sees, `since` the earliest moment that the reader can prove for it.
    """

    version: int
    read: datetime
    first: datetime
    after: datetime | None = None
    darkness: str = ""
    since: datetime | None = None

    def is_fresh(self, within: timedelta) -> bool:
        """Whether the item is surely no older than that, at the moment of the last read."""
        return self.after is not None and self.read - self.after <= within

    def to_note(self) -> dict[str, Any]:
        """As it is kept in the control table."""
        moments = {"read": self.read, "first": self.first, "after": self.after, "since": self.since}
        kept = {name: moment.isoformat() if moment else None for name, moment in moments.items()}
        return {**kept, "version": self.version, "darkness": self.darkness}

    @classmethod
    def from_note(cls, note: Mapping[str, Any]) -> Self:
        """As it was kept in the control table."""
        read, first = (datetime.fromisoformat(note[name]) for name in ("read", "first"))
        after, since = (datetime.fromisoformat(note[name]) if note[name] else None for name in ("after", "since"))
        return cls(note["version"], read, first, after, note["darkness"], since)


def hear(
    before: Heard | None, version: int, now: datetime, *, darkness: str = "", dark_for: timedelta = timedelta(0)
) -> Heard:
    """What is remembered once an item of this version was read; `darkness` is empty where it speaks of none."""
    if before is None:
        return Heard(version, now, now)
    if version == before.version:
        return Heard(version, now, before.first, before.after, before.darkness, before.since)
    if not darkness:
        return Heard(version, now, now, before.read)
    since = now - dark_for
    if before.since and before.darkness == darkness:
        # Each reading proves a moment at which the same darkness had begun, so the earliest is the best.
        since = min(since, before.since)
    return Heard(version, now, now, before.read, darkness, since)
