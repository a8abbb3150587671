"""RDS as a recovery sees it: instances and replicas across regions, promotion, conversion to Multi-AZ, tags.

The traps are: after an accepted call the status stays `available` for up to a minute; a replica loses its
source before it takes writes, and its `StatusInfos` only when it does; a backup (`backing-up`) follows a
promotion, during which the database serves but accepts no further change; `InvalidDBInstanceState` means
several things, told apart by its message; `ApplyImmediately` applies every pending change, not only its own.

Durations are of aws-facts section 11. An ordinary promotion (two to ten minutes, mostly five or six) is
drawn; the half hour of a bad one is played with `slow_promotion`. Filters and other changes are not modelled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from pilotlight.domain.step import Standing
from rehearsal.service import Service, Spread, operation
from rehearsal.services.rds_backups import Backups
from rehearsal.services.rds_contents import DatabaseContents
from rehearsal.services.rds_global import DbCluster, GlobalDatabase, GlobalDatabases
from rehearsal.services.rds_instance import Instance, Status, must_be_available, must_have_room
from rehearsal.services.rds_lag import Lags
from rehearsal.services.rds_restarts import REBOOTS, Restarts
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

STAYS_AVAILABLE = Spread(5, 30, 60)
"""From an accepted call to the status that shows it, in seconds."""
STOPS_REPLICATION = Spread(85, 210, 420)
"""With the quiet before and the reboot after it 120 to 600 s from the call to the first write: the table's."""
FIRST_BACKUP = Spread(60, 300, 3600)
NEXT_BACKUP = Spread(60, 180, 300)
"""A backup of what changed since the last one: an estimate between the table's least and its typical."""
GAINS_SECOND_ZONE = Spread(295, 870, 3540)
LOSES_SECOND_ZONE = Spread(60, 180, 600)
"""The way back copies nothing: an estimate."""
UNHEARD = timedelta(seconds=60)
"""A MySQL replica gives its source up after `replica_net_timeout`, 60 s by default."""

NOT_A_REPLICA = "DB Instance is not a read replica."
PAGE_SIZES = range(20, 101)
RETENTION_DAYS = range(36)


class Rds(Restarts, Backups, DatabaseContents, GlobalDatabases, Service):
    """The RDS of all regions. `slow_promotion` and `fail_promotion` hold for an instance's next promotion."""

    name: ClassVar[str] = "rds"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._instances: dict[tuple[str, str], Instance] = {}
        self._slow: dict[Instance, float] = {}
        self._failing: dict[Instance, str] = {}
        self._lags = Lags(world)
        self.clusters: dict[tuple[str, str], DbCluster] = {}
        self.global_databases: dict[str, GlobalDatabase] = {}

    # Setting the scene

    def add_instance(self, region: str, identifier: str, **differences: Any) -> Instance:
        """A standalone instance that is there already; `differences` are fields of `Instance`."""
        made = Instance(region, identifier, self.world.account, self.world.time.now(), **differences)
        self._instances[region, identifier] = made
        return made

    def add_replica(self, source: Instance, region: str, identifier: str, **differences: Any) -> Instance:
        """A replica that replicates already.

        It is like its source, but with one zone, no backups and, abroad, the default parameter group, as RDS
        creates it, if `differences` do not say otherwise.
        """
        abroad = f"default.{source.engine}{source.engine_version[:3]}"
        as_created: dict[str, Any] = {
            "parameter_group": source.parameter_group if region == source.region else abroad,
            "multi_az": False,
            "retention_days": 0,
            "deletion_protection": False,
            "status": Status.AVAILABLE,
            "tags": {},
            "pending": {},
            "security_groups": (),
            "restarts": [],
            "failovers": [],
        }
        made = replace(
            source,
            region=region,
            identifier=identifier,
            created=self.world.time.now(),
            source=source,
            **(as_created | differences),
        )
        self._instances[region, identifier] = made
        return made

    def furnish(self, standing: Standing) -> None:
        """What a restore takes, a replica with its source, or an instance if it is not there as a replica already."""
        if self.furnish_for_restore(standing) or self.furnish_contents(standing):
            return
        facts = standing.facts
        here = standing.region, str(facts["identifier"])
        match standing.what:
            case "replica":
                days, there = facts["retention_days"], (facts["source_region"], facts["source"])
                source = self._instances.get(there) or self.add_instance(*there, multi_az=True)
                self.add_replica(source, *here, retention_days=days, deletion_protection=True)
            case "global database":
                self.furnish_global(standing)
            case "instance" if here not in self._instances:
                self.add_instance(*here, multi_az=bool(facts.get("multi_az")))
            case "instance":
                pass
            case "database in security groups":
                database = self._instances.get(here) or self.add_instance(*here, multi_az=True)
                database.security_groups = tuple(facts["security_groups"])
            case _:
                super().furnish(standing)

    def instance(self, region: str, identifier: str) -> Instance:
        """One instance, to look at it or to change it from outside; KeyError if there is none."""
        return self._instances[region, identifier]

    def instances_in(self, region: str) -> list[Instance]:
        """The instances of a region."""
        return [instance for (where, _), instance in self._instances.items() if where == region]

    def remove(self, region: str, identifier: str) -> None:
        """The instance is gone, as after a deletion."""
        del self._instances[region, identifier]

    # Causing trouble

    def begin_backup(self, region: str, identifier: str, seconds: float) -> None:
        """A backup begins now: no promotion and no change is accepted until it is over."""
        instance = self.instance(region, identifier)
        instance.status = Status.BACKING_UP
        self._show_in(seconds, instance, Status.AVAILABLE)

    def fail_promotion(self, region: str, identifier: str, status: str = Status.STORAGE_FULL) -> None:
        """The next promotion is accepted and comes to nothing: the replica stays one, in that status."""
        self._failing[self.instance(region, identifier)] = status

    def slow_promotion(self, region: str, identifier: str, seconds: float) -> None:
        """The next promotion takes that long to stop replication, as where there is much to replay."""
        self._slow[self.instance(region, identifier)] = seconds

    def stop_replication(self, region: str, identifier: str) -> None:
        """A person stops a replica's replication, and forgets to start it again."""
        replica = self.instance(region, identifier)
        replica.replication, replica.halted = "stopped", self.world.time.now()

    def lose_lag(self, region: str, identifier: str) -> None:
        """A replica goes on replicating, and its lag is not reported any more."""
        self.instance(region, identifier).lag_reported = False

    def lag_seconds(self, region: str, identifier: str) -> float | None:
        """What the metric `ReplicaLag` reads now; None for an instance that is no replica, or does not report."""
        replica = self.instance(region, identifier)
        return self._lags.of(replica, replicating=self._replication(replica) == "replicating")

    # What AWS answers

    @operation("DescribeDBInstances")
    def describe(self, call: Call) -> Mapping[str, Any]:
        """One instance by identifier or ARN, or all of the region in pages."""
        if call.parameters.get("Filters"):
            raise NotModelled(call)
        named = call.parameters.get("DBInstanceIdentifier")
        if named:
            return {"DBInstances": [self._shown(self._find(call.region, str(named)))]}
        size = int(call.parameters.get("MaxRecords") or PAGE_SIZES[-1])
        if size not in PAGE_SIZES:
            raise ServiceError("InvalidParameterValue", f"Invalid value {size} for MaxRecords.")
        after = str(call.parameters.get("Marker") or "")
        rest = sorted(name for region, name in self._instances if region == call.region and name > after)
        page = {"DBInstances": [self._shown(self._instances[call.region, name]) for name in rest[:size]]}
        return page | ({"Marker": rest[size - 1]} if len(rest) > size else {})

    @operation("PromoteReadReplica")
    def promote(self, call: Call) -> Mapping[str, Any]:
        """Accept a promotion; it shows after a while."""
        replica = self._find(call.region, str(call.parameters["DBInstanceIdentifier"]))
        days = int(call.parameters.get("BackupRetentionPeriod", 1))
        if days not in RETENTION_DAYS:
            raise ServiceError("InvalidParameterValue", f"Invalid backup retention period: {days}.")
        if replica.source is None:
            raise ServiceError("InvalidDBInstanceState", NOT_A_REPLICA)
        must_be_available(replica)
        window = str(call.parameters.get("PreferredBackupWindow") or replica.backup_window)
        self._begin_promotion(replica, days, window)
        return {"DBInstance": self._shown(replica)}

    @operation("ModifyDBInstance")
    def modify(self, call: Call) -> Mapping[str, Any]:
        """Accept a change to or from Multi-AZ, at once or for the maintenance window; or protection from deletion."""
        if call.parameters.keys() - {"DBInstanceIdentifier", "MultiAZ", "DeletionProtection", "ApplyImmediately"}:
            raise NotModelled(call)
        instance = self._find(call.region, str(call.parameters["DBInstanceIdentifier"]))
        if "DeletionProtection" in call.parameters:
            return self._protect(call, instance)
        wanted = bool(call.parameters.get("MultiAZ", instance.multi_az))
        must_be_available(instance)
        if instance.pending.get("MultiAZ") is wanted:
            raise ServiceError("InvalidParameterCombination", "No modifications were requested")
        if wanted and not instance.multi_az:
            must_have_room(instance)
        if wanted is not instance.multi_az:
            instance.pending["MultiAZ"] = wanted
        if call.parameters.get("ApplyImmediately") and instance.pending:
            self._begin_change(instance)
        return {"DBInstance": self._shown(instance)}

    @operation("ListTagsForResource")
    def list_tags(self, call: Call) -> Mapping[str, Any]:
        """The tags of an instance."""
        return {"TagList": self._by_arn(call).tag_list()}

    @operation("AddTagsToResource")
    def add_tags(self, call: Call) -> Mapping[str, Any]:
        """Add tags to an instance, in any status; a key that is there gets the new value."""
        given = {tag["Key"]: tag.get("Value", "") for tag in call.parameters["Tags"]}
        self._by_arn(call).tags.update(given)
        return {}

    # How it goes on by itself

    def _begin_promotion(self, replica: Instance, days: int, window: str) -> None:
        quiet, reboot = STAYS_AVAILABLE.draw(self.random), REBOOTS.draw(self.random)
        stop = self._slow.pop(replica, None) or STOPS_REPLICATION.draw(self.random)
        backup = (NEXT_BACKUP if replica.retention_days else FIRST_BACKUP).draw(self.random)
        failing = self._failing.pop(replica, None)
        replica.changing = True
        self.world.begin_effect(replica.arn, quiet + stop + reboot)

        def lose_source() -> None:
            if failing is not None:
                replica.status, replica.changing = failing, False
                return
            replica.status, replica.source, replica.replication = Status.REBOOTING, None, "stopped"
            self._in(reboot, take_writes)

        def take_writes() -> None:
            replica.replication, replica.changing, replica.status = "", False, Status.AVAILABLE
            replica.retention_days, replica.backup_window = days, window
            if days:
                self.begin_backup(replica.region, replica.identifier, backup)

        self._show_in(quiet, replica, Status.MODIFYING)
        self._in(quiet + stop, lose_source)

    def _begin_change(self, instance: Instance) -> None:
        work = (LOSES_SECOND_ZONE if instance.multi_az else GAINS_SECOND_ZONE).draw(self.random)
        quiet = STAYS_AVAILABLE.draw(self.random)
        instance.changing = True
        self.world.begin_effect(instance.arn, quiet + work)

        def finish() -> None:
            instance.multi_az = instance.pending.pop("MultiAZ", instance.multi_az)
            instance.instance_class = instance.pending.pop("DBInstanceClass", instance.instance_class)
            instance.status, instance.changing = Status.AVAILABLE, False

        self._show_in(quiet, instance, Status.MODIFYING)
        self._in(quiet + work, finish)

    def _show_in(self, seconds: float, instance: Instance, status: Status) -> None:
        self._in(seconds, lambda: setattr(instance, "status", status))

    def _in(self, seconds: float, change: Callable[[], None]) -> None:
        self.world.time.spawn(change, name="rds at work", delay_seconds=seconds)

    # How it is found and shown

    def _find(self, region: str, named: str) -> Instance:
        identifier = named.rsplit(":", 1)[-1].lower()
        if (region, identifier) not in self._instances:
            raise ServiceError("DBInstanceNotFound", f"DBInstance {identifier} not found.", 404)
        return self._instances[region, identifier]

    def _by_arn(self, call: Call) -> Instance:
        arn = str(call.parameters["ResourceName"])
        if not arn.startswith(f"arn:aws:rds:{call.region}:{self.world.account}:db:"):
            raise ServiceError("InvalidParameterValue", f"No ARN of a DB instance in {call.region}: {arn}")
        return self._find(call.region, arn)

    def _replication(self, instance: Instance) -> str:
        if instance.replication or instance.source is None:
            return instance.replication
        since = self.world.dark.get(instance.source.region)
        unheard = since is not None and self.world.time.now() - since >= UNHEARD
        return "error" if unheard else "replicating"

    def _shown(self, instance: Instance) -> Mapping[str, Any]:
        replicas = [other for other in self._instances.values() if other.source is instance]
        return instance.shown(replicas, self._replication(instance))
