"""The part of the embedded RDS that knows Aurora: clusters, and global databases whose writer changes its region.

The traps are: a failover that does not allow data loss is a switchover, and one of those hangs while the writer's
region is dark; the new writer shows as one before its cluster is available again; what is on its way shows in the
failover state alone, which is gone when it is over; a cluster without instances cannot take over.

Which cluster writes is kept with the global database, and not in its region: a dark region is told when it returns.
Shapes and codes: botocore's model of RDS. How long it takes: aws-facts section 11. Which code answers a cluster of
another version, or without instances, is an estimate.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import Any

from pilotlight.domain.step import Standing
from rehearsal.service import Spread, operation
from rehearsal.services.rds_instance import Instance, Status
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World

VERIFIES = Spread(3.0, 8.0, 20.0)
"""From an accepted call to the work itself, while the status is `pending`: an estimate."""
FAILS_OVER = Spread(55.0, 200.0, 560.0)
SWITCHES_OVER = Spread(15.0, 30.0, 90.0)
BECOMES_AVAILABLE = Spread(3.0, 10.0, 30.0)
"""From the change of roles to a new writer that is available: an estimate."""
_LOOKS_AGAIN = 5.0


@dataclass(eq=False)
class DbCluster:
    """One Aurora cluster; its instances are instances like others, that name it."""

    region: str
    identifier: str
    account: str
    engine: str = "aurora-mysql"
    engine_version: str = "8.0.mysql_aurora.3.08.1"
    status: str = "available"
    synchronization: str = "connected"
    lag_seconds: float = 0.4
    lag_reported: bool = True
    port: int = 3306
    instances: list[Instance] = field(default_factory=list)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:rds:{self.region}:{self.account}:cluster:{self.identifier}"

    def shown(self, *, writer: bool) -> dict[str, Any]:
        """As DescribeDBClusters shows it; its endpoint is the same in either role."""
        part = sha256(f"{self.account} {self.region}".encode()).hexdigest()[:11]
        domain = f"c{part}.{self.region}.rds.amazonaws.com"
        members = [
            {"DBInstanceIdentifier": instance.identifier, "IsClusterWriter": writer and number == 0}
            for number, instance in enumerate(self.instances)
        ]
        return {
            "DBClusterIdentifier": self.identifier,
            "DBClusterArn": self.arn,
            "Status": self.status,
            "Engine": self.engine,
            "EngineVersion": self.engine_version,
            "Endpoint": f"{self.identifier}.cluster-{domain}",
            "ReaderEndpoint": f"{self.identifier}.cluster-ro-{domain}",
            "Port": self.port,
            "DBClusterMembers": members,
        }


@dataclass(eq=False)
class GlobalDatabase:
    """A global database; `writer` is that cluster of its members which takes the writes."""

    identifier: str
    members: list[DbCluster]
    writer: DbCluster
    move: dict[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """As DescribeGlobalClusters shows it; the failover state is empty while nothing is on its way."""
        members = [
            {"DBClusterArn": member.arn, "IsWriter": member is self.writer}
            | ({} if member is self.writer else {"SynchronizationStatus": member.synchronization})
            for member in self.members
        ]
        return {
            "GlobalClusterIdentifier": self.identifier,
            "Status": "available",
            "Engine": self.writer.engine,
            "EngineVersion": self.writer.engine_version,
            "GlobalClusterMembers": members,
            "FailoverState": dict(self.move),
        }


class GlobalDatabases:
    """The Aurora clusters of all regions, and the global databases that join them."""

    world: World
    random: Random
    clusters: dict[tuple[str, str], DbCluster]
    global_databases: dict[str, GlobalDatabase]

    @abstractmethod
    def add_instance(self, region: str, identifier: str, **differences: Any) -> Instance:
        """Set the scene: an instance."""

    def furnish_global(self, standing: Standing) -> None:
        """A global database with a writer in the primary and a cluster in the standby, an instance in each."""
        facts = standing.facts
        source = self.add_cluster(str(facts["source_region"]), str(facts["source"]))
        cluster = self.add_cluster(standing.region, str(facts["cluster"]))
        self.join(str(facts["identifier"]), writer=source, secondary=cluster)

    def add_cluster(self, region: str, identifier: str, *, instances: int = 1, **differences: Any) -> DbCluster:
        """Set the scene: a cluster with so many instances."""
        made = DbCluster(region, identifier, self.world.account, **differences)
        for number in range(1, instances + 1):
            named = f"{identifier}-{number}"
            made.instances.append(self.add_instance(region, named, engine=made.engine, cluster=identifier))
        self.clusters[region, identifier] = made
        return made

    def join(self, identifier: str, *, writer: DbCluster, secondary: DbCluster) -> GlobalDatabase:
        """Set the scene: a global database of two clusters."""
        self.global_databases[identifier] = GlobalDatabase(identifier, [writer, secondary], writer)
        return self.global_databases[identifier]

    def database_of(self, region: str, cluster: str) -> GlobalDatabase | None:
        """The global database that a cluster belongs to."""
        here = self.clusters.get((region, cluster))
        return next((found for found in self.global_databases.values() if here in found.members), None)

    def writes_in(self, region: str, cluster: str) -> bool:
        """Whether a cluster of a global database is its writer, and available."""
        database, here = self.database_of(region, cluster), self.clusters.get((region, cluster))
        if database is None or here is None or database.writer is not here or here.status != "available":
            return False
        # An old writer takes no more writes once Aurora has begun to turn the roles round without losing any.
        leaving = database.move.get("Status") == "switching-over"
        return not leaving and any(instance.status == Status.AVAILABLE for instance in here.instances)

    def global_lag_milliseconds(self, region: str, cluster: str) -> float | None:
        """What the lag metrics of a cluster read now; None for a writer, and while its source's region is dark."""
        database, here = self.database_of(region, cluster), self.clusters[region, cluster]
        if database is None or database.writer is here or not here.lag_reported:
            return None
        return None if self.world.is_dark(database.writer.region) else here.lag_seconds * 1000

    @operation("DescribeGlobalClusters")
    def describe_global_clusters(self, call: Call) -> Mapping[str, Any]:
        """One global database, or all; they are the same in each region."""
        named = call.parameters.get("GlobalClusterIdentifier")
        found = [self._global(named)] if named else self.global_databases.values()
        return {"GlobalClusters": [database.shown() for database in found]}

    @operation("DescribeDBClusters")
    def describe_clusters(self, call: Call) -> Mapping[str, Any]:
        """One cluster of the region, or all."""
        named = call.parameters.get("DBClusterIdentifier")
        here = [c for (region, name), c in self.clusters.items() if region == call.region and named in (None, name)]
        if named and not here:
            raise ServiceError("DBClusterNotFoundFault", f"DBCluster {named} not found.", 404)
        return {"DBClusters": [c.shown(writer=self._is_writer(c)) for c in here]}

    @operation("FailoverGlobalCluster")
    def fail_over_global_cluster(self, call: Call) -> Mapping[str, Any]:
        """A failover where data may be lost; a switchover where that is not said."""
        allowed = bool(call.parameters.get("AllowDataLoss"))
        if allowed and call.parameters.get("Switchover"):
            raise ServiceError("InvalidParameterCombination", "AllowDataLoss and Switchover exclude each other.")
        return self._begin(call, loses=allowed)

    @operation("SwitchoverGlobalCluster")
    def switch_over_global_cluster(self, call: Call) -> Mapping[str, Any]:
        """A switchover."""
        return self._begin(call, loses=False)

    def _begin(self, call: Call, *, loses: bool) -> Mapping[str, Any]:
        database = self._global(str(call.parameters["GlobalClusterIdentifier"]))
        named = str(call.parameters["TargetDbClusterIdentifier"])
        target = next((member for member in database.members if member.arn == named), None)
        if target is None:
            raise ServiceError("DBClusterNotFoundFault", f"DBCluster {named} not found.", 404)
        if database.move or target is database.writer:
            text = f"Global cluster {database.identifier} cannot be failed over in its state."
            raise ServiceError("InvalidGlobalClusterStateFault", text)
        same = target.engine_version.rsplit(".", 1)[0] == database.writer.engine_version.rsplit(".", 1)[0]
        if target.status != "available" or not target.instances or not same:
            raise ServiceError("InvalidDBClusterStateFault", f"DBCluster {target.identifier} cannot take over.")
        database.move = {
            "Status": "pending",
            "FromDbClusterArn": database.writer.arn,
            "ToDbClusterArn": target.arn,
            "IsDataLossAllowed": loses,
        }
        self.world.time.spawn(lambda: self._turn_round(database, target, loses=loses), name="rds global at work")
        return {"GlobalCluster": database.shown()}

    def _turn_round(self, database: GlobalDatabase, target: DbCluster, *, loses: bool) -> None:
        time = self.world.time
        verifies, works = VERIFIES.draw(self.random), (FAILS_OVER if loses else SWITCHES_OVER).draw(self.random)
        settles = BECOMES_AVAILABLE.draw(self.random)
        self.world.begin_effect(target.arn, verifies + works + settles)
        time.sleep(verifies)
        while not loses and self.world.is_dark(database.writer.region):
            time.sleep(_LOOKS_AGAIN)
        database.move["Status"] = "failing-over" if loses else "switching-over"
        time.sleep(works)
        target.status, database.writer = "modifying", target
        time.sleep(settles)
        target.status = "available"
        database.move = {}

    def _is_writer(self, cluster: DbCluster) -> bool:
        database = self.database_of(cluster.region, cluster.identifier)
        return database is None or database.writer is cluster

    def _global(self, identifier: str) -> GlobalDatabase:
        if identifier not in self.global_databases:
            raise ServiceError("GlobalClusterNotFoundFault", f"Global cluster {identifier} not found.", 404)
        return self.global_databases[identifier]
