"""What the standby holds to restore a database from, and the moment to which each of it reaches.

Automated backups that RDS replicates into the standby reach to `RestoreWindow.LatestTime`, which advances every few
minutes and stands still once the primary is gone. A copied snapshot reaches to its `SnapshotDatabaseTime`, or else to
`OriginalSnapshotCreateTime`; never to `SnapshotCreateTime`, which is when it was *copied* (botocore's model of
DBSnapshot). What does not say its moment reaches to an unknown one, and is not restored from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from pilotlight.domain.durations import Duration, say_elapsed
from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import StepContext
from pilotlight.estate.snapshots import NewestSnapshot

AVAILABLE = "available"


class AutomatedBackups(BaseModel):
    """The automated backups that RDS replicates into the standby, and how far behind they may be on a quiet day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    no_older_than: Duration = timedelta(minutes=30)


@dataclass(frozen=True)
class RestorePoint:
    """One thing to restore from: `reaches` is the last moment whose writes it holds, None where that is unknown."""

    what: str
    reaches: datetime | None
    limit: timedelta
    operation: str
    arguments: Mapping[str, Any]

    def age(self, now: datetime) -> str:
        """How old what it holds is, in words."""
        return say_elapsed(max(0.0, (now - self.reaches).total_seconds())) if self.reaches else "of unknown age"


def find_points(
    context: StepContext, source: str, automated: AutomatedBackups | None, snapshots: NewestSnapshot | None
) -> tuple[RestorePoint, ...]:
    """What the plan means and the standby holds: of automated backups and of the snapshots the newest each."""
    of_backups = _automated(context, source, automated) if automated else ()
    of_snapshots = _snapshots(context, source, snapshots) if snapshots else ()
    newest_each = (newest(tuple(points)) for points in (of_backups, of_snapshots))
    return tuple(point for point in newest_each if point is not None)


def newest(points: tuple[RestorePoint, ...]) -> RestorePoint | None:
    """The one that reaches farthest; one of unknown reach only where there is no other."""
    known = [(point.reaches, point) for point in points if point.reaches]
    if known:
        return max(known, key=lambda pair: pair[0])[1]
    return points[0] if points else None


def _automated(context: StepContext, source: str, wanted: AutomatedBackups) -> Iterator[RestorePoint]:
    """Those of the primary's instance, and not of a namesake in the standby; they may be kept after it was deleted."""
    arn = context.place.arn("rds", f"db:{source}", region=context.place.primary)
    for found in _pages(context, "DescribeDBInstanceAutomatedBackups", "DBInstanceAutomatedBackups", source):
        backup = found.get("DBInstanceAutomatedBackupsArn")
        if backup and found.get("DBInstanceArn") == arn:
            yield RestorePoint(
                f"the automated backups of {source}",
                (found.get("RestoreWindow") or {}).get("LatestTime"),
                wanted.no_older_than,
                "RestoreDBInstanceToPointInTime",
                {"SourceDBInstanceAutomatedBackupsArn": backup, "UseLatestRestorableTime": True},
            )


def _snapshots(context: StepContext, source: str, wanted: NewestSnapshot) -> Iterator[RestorePoint]:
    """Copies from the primary region that are whole; one that is still being copied cannot be restored from."""
    for found in _pages(context, "DescribeDBSnapshots", "DBSnapshots", source):
        name = str(found["DBSnapshotIdentifier"])
        fits = name.startswith(wanted.named) and found.get("Status") == AVAILABLE
        if fits and found.get("SourceRegion") == context.place.primary:
            yield RestorePoint(
                f"snapshot {name}",
                found.get("SnapshotDatabaseTime") or found.get("OriginalSnapshotCreateTime"),
                wanted.no_older_than,
                "RestoreDBInstanceFromDBSnapshot",
                {"DBSnapshotIdentifier": name},
            )


def _pages(context: StepContext, operation: str, member: str, source: str) -> Iterator[Mapping[str, Any]]:
    """All of one instance's, page by page; none where RDS knows none."""
    page: dict[str, Any] = {}
    while True:
        try:
            answer = context.aws.call("rds", operation, context.place.standby, DBInstanceIdentifier=source, **page)
        except NotFound:
            return
        yield from answer.get(member, ())
        if not answer.get("Marker"):
            return
        page = {"Marker": answer["Marker"]}
