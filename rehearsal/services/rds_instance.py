"""One DB instance of the embedded AWS, and how RDS shows it; `rds` holds them and changes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from rehearsal.wire import ServiceError

NOT_AVAILABLE = "DB Instance is not in available state."
ZONES_OF_MULTI_AZ = 2


class Status(StrEnum):
    """The statuses that the model itself goes through; a scene may set any text."""

    AVAILABLE = "available"
    MODIFYING = "modifying"
    REBOOTING = "rebooting"
    BACKING_UP = "backing-up"
    STORAGE_FULL = "storage-full"
    CREATING = "creating"
    DELETING = "deleting"


@dataclass(eq=False)
class Instance:
    """One DB instance; a scene is set, and trouble caused, by changing it.

    `replication` (error, stopped, terminated) overrides what follows from the source's region, `halted` says since
    when; `lag_reported` says whether the metric of its lag arrives; `second_zone` whether RDS has the capacity
    for one; `changing` is what RDS knows before the status shows it; `parameters_in` is how far the parameter
    group is applied; `restored` tells a copy of a backup from other instances.
    `failovers` are RDS's events of them, `failed_over` says that the second zone serves, and `abandons` that RDS
    gives the next one up, because one occurred recently.
    """

    region: str
    identifier: str
    account: str
    created: datetime
    engine: str = "mysql"
    engine_version: str = "8.0.40"
    instance_class: str = "db.t3.medium"
    parameter_group: str = "default.mysql8.0"
    multi_az: bool = False
    retention_days: int = 7
    backup_window: str = "17:00-17:30"
    maintenance_window: str = "sun:19:00-sun:20:00"
    deletion_protection: bool = False
    cluster: str = ""
    zones: tuple[str, ...] = ("a", "c")
    port: int = 3306
    lag_seconds: float = 1.0
    status: str = Status.AVAILABLE
    source: Instance | None = None
    replication: str = ""
    halted: datetime | None = None
    lag_reported: bool = True
    second_zone: bool = True
    changing: bool = False
    parameters_in: str = "in-sync"
    restored: bool = False
    subnet_group: str = "data"
    security_groups: tuple[str, ...] = ()
    restarts: list[datetime] = field(default_factory=list)
    failovers: list[tuple[datetime, str]] = field(default_factory=list)
    failed_over: bool = False
    abandons: bool = False
    pending: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:rds:{self.region}:{self.account}:db:{self.identifier}"

    @property
    def _places(self) -> tuple[str, str]:
        """The zone that serves, and the one that would."""
        first, second = self.zones[0], self.zones[-1]
        return (second, first) if self.failed_over else (first, second)

    @property
    def resource_id(self) -> str:
        """What an instance keeps through renames and promotions, and what is never given twice."""
        return f"db-{sha256(f'{self.arn} {self.created}'.encode()).hexdigest()[:26].upper()}"

    @property
    def address(self) -> str:
        """Its endpoint, the same before and after a promotion."""
        account_part = sha256(f"{self.account} {self.region}".encode()).hexdigest()[:11]
        return f"{self.identifier}.c{account_part}.{self.region}.rds.amazonaws.com"

    def seen_from(self, region: str) -> str:
        """How RDS names it to an instance there: by identifier at home, by ARN abroad."""
        return self.identifier if region == self.region else self.arn

    def shown(self, replicas: list[Instance], replication: str) -> Mapping[str, Any]:
        """The instance as `DescribeDBInstances` shows it; what does not apply is left out, as RDS does."""
        subnets = [{"SubnetAvailabilityZone": {"Name": self.region + zone}} for zone in self.zones]
        groups = [{"DBParameterGroupName": self.parameter_group, "ParameterApplyStatus": self.parameters_in}]
        shown: dict[str, Any] = {
            "DBInstanceIdentifier": self.identifier,
            "DBInstanceArn": self.arn,
            "DbiResourceId": self.resource_id,
            "DBInstanceStatus": str(self.status),
            "DBInstanceClass": self.instance_class,
            "Engine": self.engine,
            "EngineVersion": self.engine_version,
            "InstanceCreateTime": self.created,
            "AvailabilityZone": self.region + self._places[0],
            "MultiAZ": self.multi_az,
            "BackupRetentionPeriod": self.retention_days,
            "PreferredBackupWindow": self.backup_window,
            "PreferredMaintenanceWindow": self.maintenance_window,
            "DeletionProtection": self.deletion_protection,
            "DBParameterGroups": groups,
            "VpcSecurityGroups": [{"VpcSecurityGroupId": g, "Status": "active"} for g in self.security_groups],
            "DBSubnetGroup": {"DBSubnetGroupName": self.subnet_group, "Subnets": subnets},
            "PendingModifiedValues": dict(self.pending),
            "ReadReplicaDBInstanceIdentifiers": [replica.seen_from(self.region) for replica in replicas],
            "TagList": self.tag_list(),
        }
        if self.status != Status.CREATING:
            shown["Endpoint"] = {"Address": self.address, "Port": self.port}
        if self.multi_az:
            shown["SecondaryAvailabilityZone"] = self.region + self._places[1]
        if self.cluster:
            shown["DBClusterIdentifier"] = self.cluster
        if self.source is not None:
            shown["ReadReplicaSourceDBInstanceIdentifier"] = self.source.seen_from(self.region)
        if replication:
            shown["StatusInfos"] = [_status_info(replication)]
        return shown

    def tag_list(self) -> list[dict[str, str]]:
        """Its tags as AWS lists them."""
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]


def _status_info(replication: str) -> dict[str, Any]:
    info = {"StatusType": "read replication", "Normal": replication == "replicating", "Status": replication}
    return info | ({"Message": "The source cannot be reached."} if replication == "error" else {})


def must_be_available(instance: Instance) -> None:
    """Refuse what RDS refuses while an instance is busy."""
    if instance.changing or instance.status != Status.AVAILABLE:
        raise ServiceError("InvalidDBInstanceState", NOT_AVAILABLE)


def must_have_room(instance: Instance) -> None:
    """Refuse a second zone where the subnets or the capacity lack one."""
    if len(set(instance.zones)) < ZONES_OF_MULTI_AZ:
        raise ServiceError("InvalidVPCNetworkStateFault", "The DB subnet group does not cover two zones.")
    if not instance.second_zone:
        raise ServiceError("InsufficientDBInstanceCapacity", "There is no capacity for a second zone.")
