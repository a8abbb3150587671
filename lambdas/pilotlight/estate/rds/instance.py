"""A database instance as RDS shows it, read into one value.

`look` gives None where there is no such instance; every other trouble is an `AwsError`. A status that is not
named here is neither serving nor broken, so that nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

from pydantic import Field

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import StepContext

InstanceIdentifier = Annotated[
    str,
    Field(
        max_length=63,
        pattern=r"^[a-z](-?[a-z0-9])*$",
        description="A DB instance identifier, in lower case as RDS stores it: ARNs tell cases apart.",
        examples=["ryuqqq-shared-rds-replica"],
    ),
]

AVAILABLE = "available"

# The statuses in which an instance answers reads and writes (RDS User Guide, "Viewing DB instance status").
# The first backup after a promotion can take an hour, and the database serves all the while.
SERVING = frozenset(
    {
        AVAILABLE,
        "backing-up",
        "configuring-enhanced-monitoring",
        "configuring-iam-database-auth",
        "configuring-log-exports",
        "storage-optimization",
    }
)

_WAY_OUT_OF = {
    "storage-full": "Give it more storage (modify-db-instance --allocated-storage), then retry the step.",
    "inaccessible-encryption-credentials": "Enable its KMS key again; if the key is gone, restore a backup.",
    "inaccessible-encryption-credentials-recoverable": "Enable its KMS key, start it, and retry the step.",
    "incompatible-parameters": "Correct its parameter group and reboot it, then retry the step.",
    "incompatible-option-group": "Correct its option group, then retry the step.",
    "incompatible-network": "Free an IP address in its subnets or correct them, then retry the step.",
    "insufficient-capacity": "Choose an instance class or a zone with capacity, then retry the step.",
    "stopped": "Start the instance, then retry the step.",
    "stopping": "Start the instance once it is stopped, then retry the step.",
}
_BROKEN = frozenset({*_WAY_OUT_OF, "failed", "deleting", "delete-precheck", "restore-error"})
_ANY_OTHER_WAY_OUT = "Read the instance's RDS events; if it cannot be repaired, restore its latest backup."


@dataclass(frozen=True)
class Replication:
    """What RDS says of a replica's replication (`StatusInfos`, which only replicas have)."""

    status: str
    normal: bool
    message: str

    @property
    def running(self) -> bool:
        """Whether changes arrive."""
        return self.normal and self.status == "replicating"


@dataclass(frozen=True)
class RdsInstance:
    """One DB instance. `source` is an ARN for a replica of another region, else a bare identifier; `parameters_in` is
    how far its parameter group is applied: `in-sync`, `applying`, `pending-reboot`. It serves from `zone`;
    `second_zone` holds its synchronous copy, where there is one."""

    identifier: str
    resource_id: str
    status: str
    engine: str
    instance_class: str
    in_cluster: bool
    source: str | None
    replication: Replication | None
    multi_az: bool
    retention_days: int
    backup_window: str
    maintenance_window: str
    deletion_protection: bool
    parameter_group: str
    parameters_in: str
    zones: frozenset[str]
    address: str | None
    port: int | None
    zone: str = ""
    second_zone: str = ""
    security_groups: tuple[str, ...] = ()
    pending: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def broken(self) -> bool:
        """Whether the status is one that waiting does not mend."""
        return self.status in _BROKEN or self.status.startswith("incompatible-")

    @property
    def way_out(self) -> str:
        """What a person can do about a broken status."""
        return _WAY_OUT_OF.get(self.status, _ANY_OTHER_WAY_OUT)

    @property
    def on_its_own(self) -> bool:
        """Whether the operations on instances apply: not to members of clusters, Aurora or RDS Custom."""
        return not self.in_cluster and not self.engine.startswith(("aurora", "custom-"))

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Self:
        """Read one entry of `DescribeDBInstances`; RDS leaves out what does not apply."""
        endpoint = found.get("Endpoint") or {}
        groups = found.get("DBParameterGroups") or [{}]
        subnets = (found.get("DBSubnetGroup") or {}).get("Subnets") or []
        pending = found.get("PendingModifiedValues") or {}
        return cls(
            identifier=str(found["DBInstanceIdentifier"]),
            resource_id=str(found.get("DbiResourceId", "")),
            status=str(found.get("DBInstanceStatus", "unknown")),
            engine=str(found.get("Engine", "")),
            instance_class=str(found.get("DBInstanceClass", "")),
            in_cluster=bool(found.get("DBClusterIdentifier")),
            source=_source(found),
            replication=_replication(found),
            multi_az=bool(found.get("MultiAZ", False)),
            retention_days=int(found.get("BackupRetentionPeriod", 0)),
            backup_window=str(found.get("PreferredBackupWindow", "")),
            maintenance_window=str(found.get("PreferredMaintenanceWindow", "")),
            deletion_protection=bool(found.get("DeletionProtection", False)),
            parameter_group=str(groups[0].get("DBParameterGroupName", "")),
            parameters_in=str(groups[0].get("ParameterApplyStatus", "")),
            zones=frozenset(subnet["SubnetAvailabilityZone"]["Name"] for subnet in subnets),
            address=endpoint.get("Address") or None,
            port=endpoint.get("Port"),
            zone=str(found.get("AvailabilityZone", "")),
            second_zone=str(found.get("SecondaryAvailabilityZone", "")),
            security_groups=tuple(g["VpcSecurityGroupId"] for g in found.get("VpcSecurityGroups") or ()),
            pending={name: value for name, value in pending.items() if value not in ({}, [])},
            tags={tag["Key"]: tag.get("Value", "") for tag in found.get("TagList") or []},
        )


def look(context: StepContext, identifier: str, *, region: str | None = None) -> RdsInstance | None:
    """The instance of that identifier, in the standby unless a region is named; None if there is none."""
    where = region or context.place.standby
    try:
        answer = context.aws.call("rds", "DescribeDBInstances", where, DBInstanceIdentifier=identifier)
    except NotFound:
        return None
    named = [found for found in answer.get("DBInstances", ()) if found["DBInstanceIdentifier"] == identifier]
    return RdsInstance.read(named[0]) if named else None


def _source(found: Mapping[str, Any]) -> str | None:
    instance, cluster = "ReadReplicaSourceDBInstanceIdentifier", "ReadReplicaSourceDBClusterIdentifier"
    source = found.get(instance) or found.get(cluster)
    return str(source) if source else None


def _replication(found: Mapping[str, Any]) -> Replication | None:
    infos = found.get("StatusInfos")
    if not infos:
        return None
    return Replication(
        status=str(infos[0].get("Status", "")),
        normal=bool(infos[0].get("Normal")),
        message=str(infos[0].get("Message") or ""),
    )
