"""What the metric `ReplicaLag` of a replica reads, by what its source writes.

A source whose security groups let nobody in writes nothing more. A MySQL replica then comes to zero, and one whose
replication is not running reads -1. PostgreSQL's lag is the age of the last transaction that was replayed: it grows
while nothing is written, and falls when RDS switches the WAL segment, every five minutes, which writes one (RDS User
Guide, "Working with read replicas for Amazon RDS for PostgreSQL"). What closes an application is not seen here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rehearsal.services.ec2 import Ec2
from rehearsal.services.rds_instance import Instance
from rehearsal.world import World

WAL_SWITCH = timedelta(minutes=5)
_MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC)


class Lags:
    """The lags of all replicas of a world; asked each minute, they notice when a source has fallen silent."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._silent_since: dict[str, datetime] = {}

    def of(self, replica: Instance, *, replicating: bool) -> float | None:
        """The lag now, in seconds; None for an instance that is no replica, or does not report."""
        source, now = replica.source, self._world.time.now()
        if source is None or not replica.lag_reported:
            return None
        silent = self._heard(source, now)
        if replica.engine != "postgres":
            lag = replica.lag_seconds - ((now - silent).total_seconds() if silent else 0.0)
            return max(lag, 0.0) if replicating else -1.0
        ends = (self._world.dark.get(source.region), replica.halted)
        stopped = min((end for end in ends if end), default=now)
        written = min(max(silent, stopped - (stopped - _MIDNIGHT) % WAL_SWITCH), stopped) if silent else stopped
        return replica.lag_seconds + (now - written).total_seconds()

    def _heard(self, source: Instance, now: datetime) -> datetime | None:
        """Since when the source writes nothing; None where it may write."""
        if self._lets_in(source):
            self._silent_since.pop(source.arn, None)
            return None
        return self._silent_since.setdefault(source.arn, now)

    def _lets_in(self, source: Instance) -> bool:
        if not source.security_groups:
            return True
        groups = [self._world.model(Ec2).group(source.region, group) for group in source.security_groups]
        return any(rule.lets_in(source.port) for group in groups for rule in group.rules)
