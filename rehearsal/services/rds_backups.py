"""The part of the embedded RDS that restores: automated backups, copied snapshots, copies, and their deletion.

The traps are: replicated backups stop advancing when their source's region is gone, and are found under the source's
name; a snapshot's creation time is that of its *copy*; a restore takes default groups and one zone unless the call
names others, gives no endpoint while `creating`, and comes up `pending-reboot` three times in ten
(aws-controllers-k8s/community issue 1949); a first backup follows it; what is protected, or being created, is not
deleted (the latter is the worse of what AWS may do). Answers and errors: botocore's model of RDS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from pilotlight.domain.step import Standing
from rehearsal.service import Spread, operation
from rehearsal.services.rds_holdings import AutomatedBackups, Snapshot
from rehearsal.services.rds_instance import Instance, Status
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

RESTORE = Spread(600, 1800, 5400)
"""From an accepted restore to an instance that answers, in seconds: 30 min in TriFlow's run-book, else estimates."""
FIRST_BACKUP = Spread(60, 300, 1200)
"""The first backup of a copy, during which it serves: an estimate."""
DELETION = Spread(60, 240, 600)
WAITS_FOR_REBOOT = 0.3
_GROUPED = {"DBInstanceClass", "DBSubnetGroupName", "VpcSecurityGroupIds", "DBParameterGroupName", "OptionGroupName"}
_SETTINGS = {"MultiAZ", "PubliclyAccessible", "DeletionProtection", "BackupRetentionPeriod", "Port", "Tags"}
_RESTORABLE = _GROUPED | _SETTINGS | {"StorageType", "Iops"}
_TO_POINT = {
    "TargetDBInstanceIdentifier",
    "SourceDBInstanceAutomatedBackupsArn",
    "SourceDBInstanceIdentifier",
    "UseLatestRestorableTime",
    "RestoreTime",
}
_OF_SNAPSHOT = {"DBInstanceIdentifier", "DBSnapshotIdentifier"}


class Backups:
    """Backups, snapshots, and what a restore makes of them."""

    world: World
    random: Random
    _instances: dict[tuple[str, str], Instance]
    _find: Callable[[str, str], Instance]
    _shown: Callable[[Instance], Mapping[str, Any]]
    _in: Callable[[float, Callable[[], None]], None]
    add_instance: Callable[..., Instance]
    begin_backup: Callable[[str, str, float], None]
    lose_rows: Callable[[str, str], None]

    def __init__(self, world: World) -> None:
        super().__init__(world)  # type: ignore[call-arg]
        self.automated: list[AutomatedBackups] = []
        self.snapshots: list[Snapshot] = []
        self._groups: set[tuple[str, str, str]] = set()
        self._restore_refusals: dict[str, ServiceError] = {}
        self._restores_take: dict[str, float] = {}
        self._restart_asked: dict[str, bool] = {}

    # Setting the scene

    def furnish_for_restore(self, standing: Standing) -> bool:
        """What a restore is made from and of; False for anything else."""
        facts, region = standing.facts, standing.region
        match standing.what:
            case "automated backups":
                self.replicate_backups(region, self._source_of(facts))
            case "backed up instance":
                self.back_up(region, str(facts["name"]))
            case "snapshot":
                day = self.world.time.now() - timedelta(days=1)
                self.add_snapshot(region, str(facts["name"]), self._source_of(facts), taken=day)
            case "subnet group" | "parameter group":
                self.add_group(region, standing.what, str(facts["name"]))
            case _:
                return False
        return True

    def add_group(self, region: str, what: str, name: str) -> None:
        """A `subnet group` or a `parameter group` in that region."""
        self._groups.add((region, what, name))

    def replicate_backups(self, region: str, source: Instance) -> AutomatedBackups:
        """Backups of a source that are replicated into a region."""
        self.automated.append(AutomatedBackups(region, source))
        return self.automated[-1]

    def back_up(self, region: str, identifier: str) -> AutomatedBackups:
        """The backups of an instance in its own region, for as long as they are kept; made, if it is not there."""
        source = self._instances.get((region, identifier)) or self.add_instance(region, identifier, multi_az=True)
        since = self.world.time.now() - timedelta(days=source.retention_days)
        self.automated.append(AutomatedBackups(region, source, since=since))
        return self.automated[-1]

    def add_snapshot(self, region: str, name: str, source: Instance, *, taken: datetime) -> Snapshot:
        """A snapshot that was copied into a region just now."""
        self.snapshots.append(Snapshot(region, name, source, taken, self.world.time.now()))
        return self.snapshots[-1]

    # Causing trouble

    def refuse_next_restore(self, region: str, code: str, message: str = "No.") -> None:
        """The next restore is refused at once."""
        self._restore_refusals[region] = ServiceError(code, message)

    def plan_next_restore(self, region: str, *, seconds: float | None = None, asks_for_restart: bool = False) -> None:
        """The next restore takes that long, and its parameters wait for a restart or do not."""
        self._restart_asked[region] = asks_for_restart
        if seconds is not None:
            self._restores_take[region] = seconds

    # What AWS answers

    @operation("DescribeDBInstanceAutomatedBackups")
    def describe_automated_backups(self, call: Call) -> Mapping[str, Any]:
        """Those of one instance by its identifier, wherever it is."""
        if call.parameters.keys() - {"DBInstanceIdentifier"}:
            raise NotModelled(call)
        named = call.parameters["DBInstanceIdentifier"]
        found = [b for b in self.automated if (b.region, b.source.identifier) == (call.region, named)]
        return {"DBInstanceAutomatedBackups": [backups.shown(self.world) for backups in found]}

    @operation("DescribeDBSnapshots")
    def describe_snapshots(self, call: Call) -> Mapping[str, Any]:
        """Those of one instance by its identifier, wherever it was."""
        if call.parameters.keys() - {"DBInstanceIdentifier"}:
            raise NotModelled(call)
        named = call.parameters["DBInstanceIdentifier"]
        found = [s for s in self.snapshots if (s.region, s.source.identifier) == (call.region, named)]
        return {"DBSnapshots": [snapshot.shown() for snapshot in found]}

    @operation("DescribeDBSubnetGroups")
    def describe_subnet_groups(self, call: Call) -> Mapping[str, Any]:
        """One subnet group, or all of the region."""
        names = self._groups_asked(call, "subnet group", "DBSubnetGroupName")
        return {"DBSubnetGroups": [{"DBSubnetGroupName": name} for name in names]}

    @operation("DescribeDBParameterGroups")
    def describe_parameter_groups(self, call: Call) -> Mapping[str, Any]:
        """One parameter group, or all of the region."""
        names = self._groups_asked(call, "parameter group", "DBParameterGroupName")
        return {"DBParameterGroups": [{"DBParameterGroupName": name} for name in names]}

    @operation("RestoreDBInstanceToPointInTime")
    def restore_to_point_in_time(self, call: Call) -> Mapping[str, Any]:
        """Accept a restore of the newest that replicated backups hold, or of a moment that an instance's own hold."""
        asked = call.parameters
        if asked.keys() - _RESTORABLE - _TO_POINT:
            raise NotModelled(call)
        backups = self._own_backups(call) if "RestoreTime" in asked else self._replicated_backups(call)
        return self._restore(call, str(asked["TargetDBInstanceIdentifier"]), backups.source)

    def _replicated_backups(self, call: Call) -> AutomatedBackups:
        if not call.parameters.get("UseLatestRestorableTime"):
            raise NotModelled(call)
        arn = call.parameters["SourceDBInstanceAutomatedBackupsArn"]
        backups = next((b for b in self.automated if (b.region, b.arn) == (call.region, arn)), None)
        if backups is None:
            raise ServiceError("DBInstanceAutomatedBackupNotFound", f"Automated backup {arn} was not found.", 404)
        if backups.latest(self.world) is None:
            raise ServiceError("PointInTimeRestoreNotEnabled", "The backups have no restore window.")
        return backups

    def _own_backups(self, call: Call) -> AutomatedBackups:
        """Those of an instance of the region, which hold the moment: before the latest that can be restored."""
        moment = call.parameters["RestoreTime"].replace(tzinfo=UTC)  # botocore sends UTC, and the wire says no zone
        if call.parameters.get("UseLatestRestorableTime"):
            raise ServiceError(
                "InvalidParameterCombination", "RestoreTime and UseLatestRestorableTime exclude each other."
            )
        source = self._find(call.region, str(call.parameters["SourceDBInstanceIdentifier"]))
        backups = next((b for b in self.automated if b.source is source and not b.replicated), None)
        latest = backups.latest(self.world) if backups else None
        if backups is None or latest is None:
            raise ServiceError("PointInTimeRestoreNotEnabled", f"{source.identifier} has no automated backups.")
        if not backups.earliest <= moment < latest:
            raise ServiceError("InvalidParameterValue", f"{source.identifier} cannot be restored to {moment}.")
        return backups

    @operation("RestoreDBInstanceFromDBSnapshot")
    def restore_from_snapshot(self, call: Call) -> Mapping[str, Any]:
        """Accept a restore of a snapshot."""
        asked = call.parameters
        if asked.keys() - _RESTORABLE - _OF_SNAPSHOT:
            raise NotModelled(call)
        name = asked["DBSnapshotIdentifier"]
        snapshot = next((s for s in self.snapshots if (s.region, s.name) == (call.region, name)), None)
        if snapshot is None:
            raise ServiceError("DBSnapshotNotFound", f"DBSnapshot {name} was not found.", 404)
        if snapshot.status != "available":
            raise ServiceError("InvalidDBSnapshotState", f"DBSnapshot {name} is {snapshot.status}.")
        return self._restore(call, str(asked["DBInstanceIdentifier"]), snapshot.source)

    @operation("DeleteDBInstance")
    def delete(self, call: Call) -> Mapping[str, Any]:
        """Accept a deletion without a final snapshot."""
        if not call.parameters.get("SkipFinalSnapshot"):
            raise NotModelled(call)
        instance = self._find(call.region, str(call.parameters["DBInstanceIdentifier"]))
        if instance.deletion_protection:
            raise ServiceError("InvalidParameterCombination", "Cannot delete protected DB Instance.")
        if instance.status in (Status.CREATING, Status.DELETING):
            raise ServiceError("InvalidDBInstanceState", f"Instance {instance.identifier} is {instance.status}.")
        instance.status, instance.changing = Status.DELETING, True
        seconds = DELETION.draw(self.random)
        self.world.begin_effect(instance.arn, seconds)
        self._in(seconds, lambda: self._forget(instance))
        return {"DBInstance": self._shown(instance)}

    # How it goes on by itself

    def _restore(self, call: Call, identifier: str, source: Instance) -> Mapping[str, Any]:
        asked, region = call.parameters, call.region
        if (region, identifier) in self._instances:
            raise ServiceError("DBInstanceAlreadyExists", "DB instance already exists")
        self._group(region, "subnet group", asked.get("DBSubnetGroupName"))
        self._group(region, "parameter group", asked.get("DBParameterGroupName"))
        if refusal := self._restore_refusals.pop(region, None):
            raise refusal
        made = self.add_instance(
            region,
            identifier,
            engine=source.engine,
            engine_version=source.engine_version,
            instance_class=asked.get("DBInstanceClass", source.instance_class),
            parameter_group=asked["DBParameterGroupName"],
            subnet_group=asked["DBSubnetGroupName"],
            security_groups=tuple(asked.get("VpcSecurityGroupIds", ())),
            multi_az=bool(asked.get("MultiAZ", False)),
            retention_days=int(asked.get("BackupRetentionPeriod", source.retention_days)),
            deletion_protection=bool(asked.get("DeletionProtection", False)),
            port=int(asked.get("Port", source.port)),
            tags={tag["Key"]: tag.get("Value", "") for tag in asked.get("Tags", ())},
            status=Status.CREATING,
            changing=True,
            restored=True,
        )
        seconds = self._restores_take.pop(region, None) or RESTORE.draw(self.random)
        drawn, backup = self.random.random() < WAITS_FOR_REBOOT, FIRST_BACKUP.draw(self.random)
        restart = self._restart_asked.pop(region, drawn)
        self.world.begin_effect(made.arn, seconds)

        def answer() -> None:
            made.status, made.changing = Status.AVAILABLE, False
            made.parameters_in = "pending-reboot" if restart else "in-sync"
            if made.retention_days:
                self.begin_backup(region, identifier, backup)

        self._in(seconds, answer)
        return {"DBInstance": self._shown(made)}

    def _protect(self, call: Call, instance: Instance) -> Mapping[str, Any]:
        if call.parameters.keys() - {"DBInstanceIdentifier", "DeletionProtection", "ApplyImmediately"}:
            raise NotModelled(call)
        if instance.changing or instance.status != Status.AVAILABLE:
            raise ServiceError("InvalidDBInstanceState", "DB Instance is not in available state.")
        instance.deletion_protection = bool(call.parameters["DeletionProtection"])
        return {"DBInstance": self._shown(instance)}

    def _forget(self, instance: Instance) -> None:
        here = instance.region, instance.identifier
        self._instances.pop(here, None)
        self.lose_rows(*here)

    def _groups_asked(self, call: Call, what: str, named: str) -> list[str]:
        if call.parameters.get(named):
            return [self._group(call.region, what, call.parameters[named])]
        return sorted(name for region, kind, name in self._groups if (region, kind) == (call.region, what))

    def _group(self, region: str, what: str, name: Any) -> str:
        """A group that is there; raises what RDS says of one that is not."""
        if not name or (region, what, name) not in self._groups:
            code = "DBSubnetGroupNotFoundFault" if what == "subnet group" else "DBParameterGroupNotFound"
            raise ServiceError(code, f"{what.capitalize()} {name} was not found.", 404)
        return str(name)

    def _source_of(self, facts: Mapping[str, Any]) -> Instance:
        there = str(facts["source_region"]), str(facts["source"])
        return self._instances.get(there) or self.add_instance(*there, multi_az=True)
