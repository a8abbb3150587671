"""What people have been told of an incident so far: the notifier's memory between two invocations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True)
class Told:
    """Where the living message stands and how far the telling came, in sequence numbers of the ledger.

    `first` is the incident's first record, `in_thread` the last one that the thread has, `paged` the last one that SNS
    was considered for; `alert` is what was last asked of the incident's alert at the pager, `alerted` the last record
    that it was considered for; `shown` is the digest of the message as it stands. While `claimed_until` lies ahead, one
    invocation is telling, and no other may.
    """

    application: str
    incident: str
    first: int
    in_thread: int = 0
    paged: int = 0
    channel: str = ""
    ts: str = ""
    shown: str = ""
    alert: str = ""
    alerted: int = 0
    claimed_until: datetime | None = None

    @property
    def newest(self) -> int:
        """The newest record that anyone was told of."""
        return max(self.first, self.in_thread, self.paged, self.alerted)

    def is_claimed(self, now: datetime) -> bool:
        """Whether another invocation is telling at the moment."""
        return self.claimed_until is not None and now < self.claimed_until

    def to_item(self) -> dict[str, Any]:
        """The memory as a JSON object."""
        return {**asdict(self), "claimed_until": self.claimed_until.isoformat() if self.claimed_until else None}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read it back."""
        # What an older version kept lacks what it did not know of.
        known = {name: item[name] for name in cls.__dataclass_fields__ if name != "claimed_until" and name in item}
        until = item["claimed_until"]
        return cls(**known, claimed_until=datetime.fromisoformat(until) if until else None)


@dataclass(frozen=True)
class Untold:
    """What waits in the outbox: an incident that could not be told, why, since when, and when to try again."""

    application: str
    incident: str
    first: int
    reason: str
    since: datetime
    tries: int
    not_before: datetime

    def to_item(self) -> dict[str, Any]:
        """The entry as a JSON object."""
        return {**asdict(self), "since": self.since.isoformat(), "not_before": self.not_before.isoformat()}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read it back."""
        known = {name: item[name] for name in cls.__dataclass_fields__ if name not in ("since", "not_before")}
        return cls(
            **known, since=datetime.fromisoformat(item["since"]), not_before=datetime.fromisoformat(item["not_before"])
        )
