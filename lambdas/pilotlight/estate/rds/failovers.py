"""A failover between the two zones of an instance: asked for once by a run, and followed in the events of RDS.

The status proves nothing: it stays `available` for a while after the call. Events do: one says that it started, one
that it is completed, or that RDS abandons it, because one occurred recently. They have to be newer than the newest one
before it was asked for, which compares two moments of RDS's own clock; both stand in the run's mark on the instance.

Sources: botocore's text on DescribeEvents (14 days) and RebootDBInstance (`ForceFailover`); RDS User Guide, "Amazon RDS
event categories and event messages" (RDS-EVENT-0013, 0015, 0034, 0049, category failover); AWS re:Post, "How are my
connections handled when I reboot my RDS instance" (the messages in their order).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pilotlight.domain.step import StepContext
from pilotlight.estate.rds.instance import RdsInstance

FAILOVER_TAG = "pilotlight:forced-failover"
NEVER = "never"
_FOURTEEN_DAYS_IN_MINUTES = 20160
_STARTED = "Multi-AZ instance failover started"
_COMPLETED = ("Multi-AZ instance failover completed", "Multi-AZ failover to standby complete")
_ABANDONED = "Abandoning user requested failover"


@dataclass(frozen=True)
class Mark:
    """What a run notes on an instance before it asks: when, from which zone, and the newest event until then."""

    run_id: str
    asked: datetime
    zone: str
    last: datetime | None

    @property
    def text(self) -> str:
        """The value of the tag: letters, digits and what else RDS allows in one."""
        return f"{self.run_id} {self.asked.isoformat()} {self.zone} {self.last.isoformat() if self.last else NEVER}"


def mark_of(instance: RdsInstance, run_id: str) -> Mark | None:
    """The mark that this run left; one of another run, or that is none, is nobody's."""
    parts = instance.tags.get(FAILOVER_TAG, "").split(" ")
    if len(parts) != 4 or parts[0] != run_id:
        return None
    _, asked, zone, newest = parts
    try:
        last = None if newest == NEVER else datetime.fromisoformat(newest)
        return Mark(run_id, datetime.fromisoformat(asked), zone, last)
    except ValueError:
        return None


@dataclass(frozen=True)
class Failover:
    """What RDS says of a failover since a moment: when it started, when it was completed, whether it was abandoned."""

    started: datetime | None = None
    completed: datetime | None = None
    abandoned: bool = False

    @property
    def seconds(self) -> float | None:
        """How long it took by RDS's own clock."""
        return (self.completed - self.started).total_seconds() if self.started and self.completed else None


def failover_since(context: StepContext, identifier: str, last: datetime | None) -> Failover:
    """The failover that came after that event; nothing of it is set where there was none."""
    new = [(at, said) for at, said in _events(context, identifier) if last is None or at > last]
    return Failover(
        started=min((at for at, said in new if said.startswith(_STARTED)), default=None),
        completed=max((at for at, said in new if said.startswith(_COMPLETED)), default=None),
        abandoned=any(said.startswith(_ABANDONED) for _, said in new),
    )


def newest_event(context: StepContext, identifier: str) -> datetime | None:
    """When RDS last wrote of a failover of that instance, within 14 days."""
    return max((at for at, _ in _events(context, identifier)), default=None)


def _events(context: StepContext, identifier: str) -> list[tuple[datetime, str]]:
    asked: dict[str, Any] = {
        "SourceIdentifier": identifier,
        "SourceType": "db-instance",
        "EventCategories": ["failover"],
        "Duration": _FOURTEEN_DAYS_IN_MINUTES,
    }
    found: list[tuple[datetime, str]] = []
    while True:
        page = context.aws.call("rds", "DescribeEvents", context.place.standby, **asked)
        found += [(event["Date"].astimezone(UTC), event["Message"]) for event in page.get("Events", ())]
        if not page.get("Marker"):
            return found
        asked["Marker"] = page["Marker"]
