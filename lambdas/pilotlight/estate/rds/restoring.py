"""The order of a restore: what is asked of RDS, what of it a restore does not carry over, and what a refusal means.

A restore keeps most of the source's configuration, but takes the default security group, subnet group and parameter
group, one zone, and no protection from deletion, unless they are named in the call (botocore's text on
RestoreDBInstanceToPointInTime). The call takes them all today, backup retention included, so that nothing has to be
modified afterwards. A parameter group that is named may still wait for a restart: three of ten restores came up
`pending-reboot` (aws-controllers-k8s/community issue 1949).

A copy is encrypted with the key of what it is restored from; neither call takes another.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from pilotlight.domain.durations import Duration
from pilotlight.domain.errors import AlreadyExists, AwsError
from pilotlight.domain.place import Place
from pilotlight.domain.step import Access, Failed, NotYet, Operation, Params, Statement, StepContext
from pilotlight.estate.elasticache.specification import KmsKey
from pilotlight.estate.rds.backups import AutomatedBackups, RestorePoint
from pilotlight.estate.rds.copies import CREATION_TAGS, ORIGIN_TAG, REACHES_TAG, origin
from pilotlight.estate.rds.instance import InstanceIdentifier
from pilotlight.estate.rds.promotion import APPLICATION_TAG, RUN_TAG
from pilotlight.estate.refusals import fates, say_refused
from pilotlight.estate.snapshots import NewestSnapshot

GroupName = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[A-Za-z][A-Za-z0-9.:-]*$")]
_DAY = timedelta(days=1)
_LONGEST_RETENTION = timedelta(days=35)


class InstanceSpecification(Params):
    """An instance that a restore makes, as it is to be."""

    instance: InstanceIdentifier
    instance_class: str = Field(pattern=r"^db\.[a-z0-9-]+\.[a-z0-9-]+$", examples=["db.t4g.medium"])
    subnet_group: GroupName
    security_groups: tuple[str, ...] = Field(min_length=1, description="At least one: none is never all.")
    parameter_group: GroupName
    option_group: GroupName | None = Field(None, description="The engine's own default group if it is left out.")
    multi_az: bool = Field(
        False, description="A second zone makes a restore longer; convert_to_multi_az adds it later."
    )
    storage_type: str | None = Field(None, pattern=r"^(gp2|gp3|io1|io2|standard)$")
    iops: int | None = Field(None, ge=100)
    port: int | None = Field(None, ge=1150, le=65535, description="The source's port if it is left out.")
    backup_retention: Duration = Field(timedelta(days=7), description="How long its own backups are kept, in days.")
    kms_key: KmsKey | None = Field(None, description="The standby's key of those backups, if it is not RDS's own.")

    @field_validator("backup_retention")
    @classmethod
    def _whole_days(cls, value: timedelta) -> timedelta:
        if value % _DAY or not _DAY <= value <= _LONGEST_RETENTION:
            raise ValueError("RDS keeps backups for whole days, from 1 d to 35 d")
        return value

    @model_validator(mode="after")
    def _storage_hangs_together(self) -> InstanceSpecification:
        if self.iops and not self.storage_type:
            raise ValueError("iops needs storage_type")
        if self.storage_type in ("io1", "io2") and not self.iops:
            raise ValueError(f"storage_type {self.storage_type} needs iops")
        return self

    def settings(self, place: Place, run_id: str, source: str, reaches: str) -> dict[str, Any]:
        """What a restore is told of the instance beside its name; `reaches` is the moment it is restored up to, as
        its tag holds it."""
        tags = {
            APPLICATION_TAG: place.application,
            RUN_TAG: run_id,
            ORIGIN_TAG: origin(place, source),
            REACHES_TAG: reaches,
        }
        settings = {
            "DBInstanceClass": self.instance_class,
            "DBSubnetGroupName": self.subnet_group,
            "VpcSecurityGroupIds": list(self.security_groups),
            "DBParameterGroupName": self.parameter_group,
            "MultiAZ": self.multi_az,
            "PubliclyAccessible": False,
            # A run that was not needed deletes its copy again; the adoption protects it.
            "DeletionProtection": False,
            "BackupRetentionPeriod": self.backup_retention.days,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
        optional = {
            "OptionGroupName": self.option_group,
            "StorageType": self.storage_type,
            "Iops": self.iops,
            "Port": self.port,
        }
        return settings | {name: value for name, value in optional.items() if value is not None}


class CopySpecification(InstanceSpecification):
    """The database that is to be restored from what the standby holds, as it is to be."""

    source: InstanceIdentifier = Field(description="The primary's instance, whose backups the standby holds.")
    automated_backups: AutomatedBackups | None = Field(
        None, description="Restore from the automated backups that RDS replicates into the standby."
    )
    snapshots: NewestSnapshot | None = Field(
        None, description="Restore from the newest copied snapshot of a series, if that reaches farther."
    )

    @model_validator(mode="after")
    def _is_restored_from_something(self) -> CopySpecification:
        if self.automated_backups is None and self.snapshots is None:
            raise ValueError("say what to restore from: automated_backups, snapshots, or both")
        return self

    def order(self, place: Place, run_id: str, point: RestorePoint) -> dict[str, Any]:
        """The parameters of the restore of that point, which must reach to a known moment."""
        assert point.reaches is not None
        target = (
            "TargetDBInstanceIdentifier" if "UseLatestRestorableTime" in point.arguments else "DBInstanceIdentifier"
        )
        return {
            target: self.instance,
            **point.arguments,
            **self.settings(place, run_id, self.source, point.reaches.isoformat(timespec="seconds")),
        }


def permissions(wanted: CopySpecification, place: Place) -> tuple[Statement, ...]:
    """What restoring, restarting and deleting that one copy takes (Service Authorization Reference of Amazon RDS).

    A restore is authorised on what it reads and on the groups that it names. The id of replicated backups is RDS's own,
    and the option group is the engine's default where the plan names none.
    """
    copy, restored = place.arn("rds", f"db:{wanted.instance}"), restored_into(wanted, place)
    backups = place.arn("rds", "auto-backup:*")
    snapshots = place.arn("rds", f"snapshot:{wanted.snapshots.named}*") if wanted.snapshots else ""
    to_point, of_snapshot = ("rds:RestoreDBInstanceToPointInTime",), ("rds:RestoreDBInstanceFromDBSnapshot",)
    return (
        Statement(Access.READ, ("rds:DescribeDBInstances",), (copy,)),
        Statement(Access.READ, _DESCRIBED, ("*",)),
        *((Statement(Access.WRITE, to_point, (*restored, backups)),) if wanted.automated_backups else ()),
        *((Statement(Access.WRITE, of_snapshot, (*restored, snapshots)),) if wanted.snapshots else ()),
        tagging(wanted, place),
        Statement(Access.WRITE, ("rds:RebootDBInstance", "rds:DeleteDBInstance"), (copy,)),
        *of_the_key(wanted, place),
    )


def restored_into(wanted: InstanceSpecification, place: Place) -> tuple[str, ...]:
    """The instance and the groups that a restore of it is authorised on."""
    return (
        place.arn("rds", f"db:{wanted.instance}"),
        place.arn("rds", f"subgrp:{wanted.subnet_group}"),
        place.arn("rds", f"pg:{wanted.parameter_group}"),
        place.arn("rds", f"og:{wanted.option_group or 'default:*'}"),
    )


def tagging(wanted: InstanceSpecification, place: Place) -> Statement:
    """A restore sets its tags in the call that creates the instance, and only those."""
    keys = {"ForAllValues:StringEquals": {"aws:TagKeys": list(CREATION_TAGS)}}
    return Statement(Access.WRITE, ("rds:AddTagsToResource",), (place.arn("rds", f"db:{wanted.instance}"),), keys)


def of_the_key(wanted: InstanceSpecification, place: Place) -> tuple[Statement, ...]:
    """What RDS is let do with the key of the instance's own backups."""
    if not wanted.kms_key:
        return ()
    key = wanted.kms_key if wanted.kms_key.startswith("arn:") else place.arn("kms", f"key/{wanted.kms_key}")
    via: dict[str, dict[str, str | list[str]]]
    via = {"StringEquals": {"kms:ViaService": f"rds.{place.standby}.amazonaws.com"}}
    return (
        Statement(Access.READ, ("kms:DescribeKey",), (key,), via),
        Statement(Access.GRANT, ("kms:CreateGrant",), (key,), {**via, "Bool": {"kms:GrantIsForAWSResource": "true"}}),
    )


_DESCRIBED = (
    "rds:DescribeDBInstanceAutomatedBackups",
    "rds:DescribeDBSnapshots",
    "rds:DescribeDBSubnetGroups",
    "rds:DescribeDBParameterGroups",
)

REFUSALS = {
    "InsufficientDBInstanceCapacity": (
        "AWS has no capacity for its class there",
        "Name another instance class in the plan, or reserve capacity (create-db-capacity-reservation) beforehand.",
    ),
    "DBSubnetGroupNotFoundFault": ("its subnet group is missing there", "Create it, or correct its name in the plan."),
    "DBParameterGroupNotFound": ("its parameter group is missing there", "Create it, or correct its name in the plan."),
    "OptionGroupNotFoundFault": ("its option group is missing there", "Create it, or correct its name in the plan."),
    "InstanceQuotaExceeded": (
        "the account's quota of instances is used up there",
        "Delete instances that nobody needs, or have 'DB instances' raised in Service Quotas.",
    ),
    "StorageQuotaExceeded": (
        "the account's quota of storage is used up there",
        "Delete instances that nobody needs, or have 'Total storage for all DB instances' raised in Service Quotas.",
    ),
    "KMSKeyNotAccessibleFault": (
        "the key of its backups cannot be used there",
        "Enable the key in the standby and let the step's role use it (kms_key in the plan).",
    ),
}


def ask_for(
    wanted: InstanceSpecification, operation: str, order: Mapping[str, Any], context: StepContext
) -> NotYet | Failed | None:
    """Have RDS restore it; says why it does not, or not by this call, and raises what no person can mend."""
    where = context.place.standby
    try:
        context.aws.call("rds", operation, where, **order)
    except AlreadyExists:
        return NotYet(f"Database {wanted.instance} appeared when it was to be restored, so it is looked at again.")
    except AwsError as refused:
        return say_refused(f"Database {wanted.instance} cannot be restored in {where}", refused, REFUSALS)
    return None


_read = partial(Operation, "rds", access=Access.READ)
_write = partial(Operation, "rds", access=Access.WRITE)
_SAID = fates(REFUSALS)
_THERE = {"DBInstanceAlreadyExists": "looked at again, and taken if it is this run's"}
_GONE = {"DBInstanceAutomatedBackupNotFound": "looked for anew", "DBSnapshotNotFound": "looked for anew"}
_FATAL = (
    "AuthorizationNotFound",
    "CertificateNotFound",
    "DBCapacityReservationNotFound",
    "DBSecurityGroupNotFound",
    "DBSubnetGroupDoesNotCoverEnoughAZs",
    "DomainNotFoundFault",
    "BackupPolicyNotFoundFault",
    "InvalidDBCapacityReservationState",
    "InvalidRestoreFault",
    "InvalidSubnet",
    "InvalidVPCNetworkStateFault",
    "NetworkTypeNotSupported",
    "ProvisionedIopsNotAvailableInAZFault",
    "StorageTypeNotSupported",
    "TenantDatabaseQuotaExceeded",
    "VpcEncryptionControlViolationException",
)
_OF_BACKUPS = ("DBInstanceNotFound", "InvalidDBInstanceState", "PointInTimeRestoreNotEnabled")
_OF_SNAPSHOTS = ("DBClusterSnapshotNotFoundFault", "InvalidDBSnapshotState")
_NOT_DELETED = (
    "DBInstanceAutomatedBackupQuotaExceeded",
    "DBSnapshotAlreadyExists",
    "InvalidDBClusterStateFault",
    "KMSKeyNotAccessibleFault",
    "SnapshotQuotaExceeded",
)

RESTORE_TO_MOMENT = _write(
    name="RestoreDBInstanceToPointInTime",
    handled=_THERE | _SAID,
    fatal=(*_FATAL, *_OF_BACKUPS, "DBInstanceAutomatedBackupNotFound"),
)
OPERATIONS = (
    _read(name="DescribeDBInstances", handled={"DBInstanceNotFound": "there is no such copy"}),
    _read(
        name="DescribeDBInstanceAutomatedBackups",
        handled={"DBInstanceAutomatedBackupNotFound": "there are no such backups"},
    ),
    _read(name="DescribeDBSnapshots", handled={"DBSnapshotNotFound": "there is no such snapshot"}),
    _read(name="DescribeDBSubnetGroups", handled={"DBSubnetGroupNotFoundFault": "a finding"}),
    _read(name="DescribeDBParameterGroups", handled={"DBParameterGroupNotFound": "a finding"}),
    _write(name="RestoreDBInstanceToPointInTime", handled=_THERE | _SAID | _GONE, fatal=(*_FATAL, *_OF_BACKUPS)),
    _write(name="RestoreDBInstanceFromDBSnapshot", handled=_THERE | _SAID | _GONE, fatal=(*_FATAL, *_OF_SNAPSHOTS)),
    _write(
        name="RebootDBInstance",
        handled={"InvalidDBInstanceState": "busy: looked at again"},
        fatal=("DBInstanceNotFound", "KMSKeyNotAccessibleFault"),
    ),
    _write(
        name="DeleteDBInstance",
        handled={"DBInstanceNotFound": "gone already", "InvalidDBInstanceState": "stays, with a way out"},
        fatal=_NOT_DELETED,
    ),
)
