"""A run that asks people what to do about a failed step: in which stage it waits, and since when each stage has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True)
class Asking:
    """`stage` is the one that waits for a person at this moment, or empty; `since` is when each first waited."""

    stage: str = ""
    since: Mapping[str, datetime] = field(default_factory=dict)

    def at(self, stage: str, now: datetime) -> Self:
        """A stage waits; the time that it has runs from when it first did."""
        return type(self)(stage, {stage: now, **self.since})

    def no_more(self) -> Self:
        """Nothing is waited for at this moment."""
        return type(self)("", self.since)

    def to_item(self) -> dict[str, Any]:
        """It as a JSON object."""
        return {"stage": self.stage, "since": {stage: at.isoformat() for stage, at in self.since.items()}}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read it back; a run that an older version opened asked nobody."""
        since = {stage: datetime.fromisoformat(at) for stage, at in (item.get("since") or {}).items()}
        return cls(item.get("stage") or "", since)
