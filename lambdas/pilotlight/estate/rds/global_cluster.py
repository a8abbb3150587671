"""What RDS shows of an Aurora global database: its members, which one writes, what is on its way, and one cluster.

The failover state is there only while a switchover or a failover is on its way. Shapes and wire codes: botocore's model
of RDS; the codes of these operations keep their suffix `Fault`, unlike those of instances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Access, Operation, StepContext
from pilotlight.estate.rds.instance import AVAILABLE, RdsInstance
from pilotlight.estate.rds.instance import look as look_at_instance

ClusterIdentifier = Annotated[str, Field(pattern=r"^[a-z](-?[a-z0-9])*$", max_length=63)]

CANCELLING = "cancelling"
CONNECTED = "connected"

_NO_GLOBAL, _NO_CLUSTER = "GlobalClusterNotFoundFault", "DBClusterNotFoundFault"
_NOT_NOW = ("InvalidGlobalClusterStateFault", "InvalidDBClusterStateFault")
_refused = dict.fromkeys(_NOT_NOW, "looks again: not yet, or on its way already")
OPERATIONS = (
    Operation("rds", "DescribeGlobalClusters", Access.READ, {_NO_GLOBAL: "fails, with a way out"}),
    Operation("rds", "DescribeDBClusters", Access.READ, {_NO_CLUSTER: "fails, with a way out"}),
    Operation("rds", "DescribeDBInstances", Access.READ, {"DBInstanceNotFound": "this instance is not there"}),
    Operation("rds", "FailoverGlobalCluster", Access.WRITE, _refused, (_NO_GLOBAL, _NO_CLUSTER)),
    Operation("rds", "SwitchoverGlobalCluster", Access.WRITE, _refused, (_NO_GLOBAL, _NO_CLUSTER)),
)


@dataclass(frozen=True)
class Move:
    """A switchover or a failover that is on its way."""

    status: str
    target: str


@dataclass(frozen=True)
class Member:
    """One cluster of a global database, by its ARN; `connected` is whether its storage follows the writer's."""

    arn: str
    is_writer: bool
    synchronization: str

    @property
    def connected(self) -> bool:
        """Whether it follows its writer; RDS leaves the word out for the writer itself."""
        return self.synchronization in ("", CONNECTED)


@dataclass(frozen=True)
class GlobalCluster:
    """One Aurora global database."""

    identifier: str
    status: str
    engine_version: str
    members: tuple[Member, ...]
    move: Move | None

    def member(self, arn: str) -> Member | None:
        """The member of that ARN."""
        return next((member for member in self.members if member.arn == arn), None)

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Self:
        """Read one entry of DescribeGlobalClusters."""
        state = found.get("FailoverState") or {}
        return cls(
            identifier=str(found["GlobalClusterIdentifier"]),
            status=str(found.get("Status", "unknown")),
            engine_version=str(found.get("EngineVersion", "")),
            members=tuple(
                Member(str(m["DBClusterArn"]), m.get("IsWriter") is True, str(m.get("SynchronizationStatus", "")))
                for m in found.get("GlobalClusterMembers", ())
            ),
            move=Move(str(state["Status"]), str(state.get("ToDbClusterArn", ""))) if state.get("Status") else None,
        )


@dataclass(frozen=True)
class Cluster:
    """One cluster of a region; `instances` are the identifiers of its members."""

    identifier: str
    status: str
    engine: str
    engine_version: str
    address: str
    port: int
    instances: tuple[str, ...]

    @property
    def minor(self) -> str:
        """Its engine's version up to the minor one: `8.0.mysql_aurora.3.08` of `8.0.mysql_aurora.3.08.1`."""
        parts = self.engine_version.split(".")
        return ".".join(parts[:5] if "mysql_aurora" in self.engine_version else parts[:2])

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Self:
        """Read one entry of DescribeDBClusters."""
        return cls(
            identifier=str(found["DBClusterIdentifier"]),
            status=str(found.get("Status", "unknown")),
            engine=str(found.get("Engine", "")),
            engine_version=str(found.get("EngineVersion", "")),
            address=str(found.get("Endpoint", "")),
            port=int(found.get("Port", 0)),
            instances=tuple(str(m["DBInstanceIdentifier"]) for m in found.get("DBClusterMembers", ())),
        )


def look_at_global(context: StepContext, identifier: str) -> GlobalCluster | None:
    """The global database, as the standby's RDS shows it; None if there is none."""
    try:
        asked = {"GlobalClusterIdentifier": identifier}
        answer = context.aws.call("rds", "DescribeGlobalClusters", context.place.standby, **asked)
    except NotFound:
        return None
    named = [found for found in answer.get("GlobalClusters", ()) if found["GlobalClusterIdentifier"] == identifier]
    return GlobalCluster.read(named[0]) if named else None


def look_at_cluster(context: StepContext, identifier: str, *, region: str | None = None) -> Cluster | None:
    """The cluster of that identifier, in the standby unless a region is named; None if there is none."""
    where = region or context.place.standby
    try:
        answer = context.aws.call("rds", "DescribeDBClusters", where, DBClusterIdentifier=identifier)
    except NotFound:
        return None
    named = [found for found in answer.get("DBClusters", ()) if found["DBClusterIdentifier"] == identifier]
    return Cluster.read(named[0]) if named else None


def available_instances(context: StepContext, cluster: Cluster) -> tuple[RdsInstance, ...]:
    """Those of its instances that are available."""
    seen = (look_at_instance(context, identifier) for identifier in cluster.instances)
    return tuple(instance for instance in seen if instance and instance.status == AVAILABLE)
