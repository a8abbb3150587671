"""What the embedded RDS holds to restore from: automated backups, also replicated ones, and copied snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from rehearsal.services.rds_instance import Instance
from rehearsal.world import World

LOGS_EVERY = timedelta(minutes=5)
"""RDS uploads transaction logs every five minutes (RDS User Guide, "Restoring to a point in time")."""
ON_THE_WAY = timedelta(minutes=1)
"""What a log takes to the other region: an estimate."""


@dataclass(eq=False)
class AutomatedBackups:
    """The backups of a source, its own or those that are replicated into another region; `halted` is when they stopped,
    `told` whether RDS says how far they reach, `since` when they begin, if not with the source."""

    region: str
    source: Instance
    halted: datetime | None = None
    told: bool = True
    since: datetime | None = None

    @property
    def replicated(self) -> bool:
        """Whether they are in another region than the source."""
        return self.region != self.source.region

    @property
    def arn(self) -> str:
        """Named by RDS, and never after the source."""
        name = sha256(f"{self.region} {self.source.arn}".encode()).hexdigest()[:26].upper()
        return f"arn:aws:rds:{self.region}:{self.source.account}:auto-backup:ab-{name}"

    def latest(self, world: World) -> datetime | None:
        """The latest restorable time; None where RDS does not say. It stands still with the source's region."""
        if not self.told:
            return None
        ends = (world.dark.get(self.source.region), self.halted)
        end = min((end for end in ends if end), default=world.time.now())
        end -= ON_THE_WAY if self.replicated else timedelta(0)
        return end - (end - datetime.min.replace(tzinfo=end.tzinfo)) % LOGS_EVERY

    def shown(self, world: World) -> dict[str, Any]:
        """As DescribeDBInstanceAutomatedBackups shows them: no restore window while they are only begun."""
        latest = self.latest(world)
        said = {
            "DBInstanceArn": self.source.arn,
            "DbiResourceId": self.source.resource_id,
            "Region": self.source.region,
            "DBInstanceIdentifier": self.source.identifier,
            "Status": ("replicating" if self.replicated else "active") if latest else "creating",
            "Engine": self.source.engine,
        }
        named = {"DBInstanceAutomatedBackupsArn": self.arn} if self.replicated else {}
        window = {"EarliestTime": self.earliest, "LatestTime": latest}
        return said | named | ({"RestoreWindow": window} if latest else {})

    @property
    def earliest(self) -> datetime:
        """The first moment that they hold."""
        return self.since or self.source.created


@dataclass(eq=False)
class Snapshot:
    """A copied snapshot: `taken` in its source's region, `copied` later."""

    region: str
    name: str
    source: Instance
    taken: datetime
    copied: datetime
    status: str = "available"

    def shown(self) -> dict[str, Any]:
        """As DescribeDBSnapshots shows it."""
        account, region = self.source.account, self.source.region
        return {
            "DBSnapshotIdentifier": self.name,
            "DBInstanceIdentifier": self.source.identifier,
            "DBSnapshotArn": f"arn:aws:rds:{self.region}:{account}:snapshot:{self.name}",
            "SourceDBSnapshotIdentifier": f"arn:aws:rds:{region}:{account}:snapshot:{self.name}",
            "SourceRegion": region,
            "Status": self.status,
            "SnapshotType": "manual",
            "Engine": self.source.engine,
            "SnapshotCreateTime": self.copied,
            "OriginalSnapshotCreateTime": self.taken,
            "SnapshotDatabaseTime": self.taken,
        }
