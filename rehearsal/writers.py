"""Whether a writer of a plan takes writes at this moment, as the models of the embedded AWS have it.

The old writer does while its region answers, its instance serves as no replica, and its write path is open. Where the
plan fences the database itself, only that closes the path: an application behind a closed listener is one way of many
to a database. Where it does not, the application is the way, and is closed at all of its listeners or by running
nothing, in none of the services and groups that the plan stops; event sources close it only where the plan closes
nothing else. A plan without fences leaves the path open.

A global table takes writes in both regions, so there the application alone decides: the old one's table is written to
while the way through the primary's application is open, the new one's as soon as anything runs, or is reached, in the
standby. Its writing has moved when the committed tombstone stands.

A restored copy takes writes once it was adopted: before that nobody is told where it is.

What cannot be told counts as taking writes: an instance in a status that is not known to refuse them. Sessions that
were open before the rules were taken away are not modelled. A writer of another service raises
AssertionError.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from pilotlight.domain.place import Writer
from pilotlight.domain.plan import Plan
from pilotlight.domain.tombstone import SORT, TABLE, Tombstone, TombstoneState, partition_of
from pilotlight.estate.rds.copies import ADOPTED_TAG
from pilotlight.steps import writers_of
from rehearsal.fences import IsClosed, closers_of, fences_of
from rehearsal.item_reads import note_in
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.services.dynamodb import DynamoDb
from rehearsal.services.ecs import Ecs
from rehearsal.services.ecs_tasks import TaskStatus
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.rds import Rds
from rehearsal.services.rds_instance import Instance
from rehearsal.world import World

REFUSES_WRITES = frozenset(
    (
        "creating",
        "deleting",
        "failed",
        "inaccessible-encryption-credentials",
        "incompatible-network",
        "incompatible-restore",
        "rebooting",
        "restore-error",
        "starting",
        "stopped",
        "stopping",
        "storage-full",
    )
)
"""RDS user guide, "Viewing DB instance status": where no client gets in, or nothing can be written."""

TABLE_SERVES = ("ACTIVE", "UPDATING")
"""botocore's text on TableStatus: a table that is updated remains available."""


@dataclass(frozen=True)
class WatchedWriter(ABC):
    """One writer of a plan, and what closes the way to the old one: that which reads closed suffices."""

    world: World
    writer: Writer
    closers: tuple[IsClosed, ...]
    moves_by: ClassVar[str]
    """What happens to the new one when the writing moves, in words."""

    def old_takes_writes(self) -> bool:
        """Whether the old one does."""
        is_dark = self.world.is_dark(_place_of(self.writer.old)[0])
        return not is_dark and self._is_open() and not any(closed() for closed in self.closers)

    @abstractmethod
    def _is_open(self) -> bool:
        """Whether the old one would, if the way to it is open."""

    @abstractmethod
    def new_takes_writes(self) -> bool:
        """Whether the new one does."""

    @abstractmethod
    def has_moved(self) -> bool:
        """Whether the new one is the writer, in whatever status."""


class WatchedDatabase(WatchedWriter):
    """A database that a replica takes over from; it has moved when that is a replica no longer."""

    moves_by = "was promoted"

    def _is_open(self) -> bool:
        instance = _instance(self.world, *_place_of(self.writer.old))
        return instance is not None and _takes_writes(instance)

    def new_takes_writes(self) -> bool:
        instance = _instance(self.world, *_place_of(self.writer.new))
        return instance is not None and _takes_writes(instance)

    def has_moved(self) -> bool:
        instance = _instance(self.world, *_place_of(self.writer.new))
        return instance is not None and _is_on_its_own(instance)


class WatchedCluster(WatchedWriter):
    """A cluster of an Aurora global database, which says itself which of its members writes."""

    moves_by = "became the writer"

    def _is_open(self) -> bool:
        return self.world.model(Rds).writes_in(*_place_of(self.writer.old))

    def new_takes_writes(self) -> bool:
        return self.world.model(Rds).writes_in(*_place_of(self.writer.new))

    def has_moved(self) -> bool:
        rds, place = self.world.model(Rds), _place_of(self.writer.new)
        database = rds.database_of(*place)
        return database is not None and database.writer is rds.clusters[place]


class WatchedTable(WatchedWriter):
    """A global table, which nothing but a note takes over."""

    moves_by = "was taken over"

    def _is_open(self) -> bool:
        return self.world.model(DynamoDb).find(*_place_of(self.writer.old)) is not None

    def new_takes_writes(self) -> bool:
        region, name = _place_of(self.writer.new)
        table = self.world.model(DynamoDb).find(region, name)
        return table is not None and table.status in TABLE_SERVES and _is_at_work(self.world, region)

    def has_moved(self) -> bool:
        region, key = _place_of(self.writer.new)[0], partition_of(self.writer.old)
        note = note_in(self.world.account, region, TABLE, key, SORT)
        return note is not None and Tombstone.from_item(note).state is TombstoneState.COMMITTED


def watched_writers(world: World, plan: Plan) -> tuple[WatchedWriter, ...]:
    """The writers of a plan, each with what closes its old one."""
    fences = list(fences_of(plan))
    return tuple(_watched(world, w, closers_of(world, plan, w, fences)) for w in writers_of(plan))


def _watched(world: World, writer: Writer, closers: tuple[IsClosed, ...]) -> WatchedWriter:
    service = writer.old.split(":")[2]
    assert service in ("rds", "dynamodb"), f"Whether {writer.old} takes writes is not written here yet."
    if service == "dynamodb":
        return WatchedTable(world, writer, closers)
    return (WatchedCluster if ":cluster:" in writer.old else WatchedDatabase)(world, writer, closers)


def _takes_writes(instance: Instance) -> bool:
    return _is_on_its_own(instance) and instance.status not in REFUSES_WRITES


def _is_on_its_own(instance: Instance) -> bool:
    """No replica, and no restored copy that nobody was led to yet: an application learns of a copy by its adoption."""
    return instance.source is None and (not instance.restored or ADOPTED_TAG in instance.tags)


def _instance(world: World, region: str, identifier: str) -> Instance | None:
    try:
        return world.model(Rds).instance(region, identifier)
    except KeyError:
        return None


def _is_at_work(world: World, region: str) -> bool:
    """Whether an application could write in a region: a task or an instance runs, or a balancer reaches something."""
    runs = any(
        task.status is TaskStatus.RUNNING
        for service in world.model(Ecs).ecs_services
        if service.region == region
        for task in service.tasks
    )
    serves = any(
        instance.in_service_since is not None
        for group in world.model(AutoScaling).groups
        if group.region == region
        for instance in group.instances
    )
    return (
        runs
        or serves
        or any(group.healthy_count for group in world.model(Elbv2).target_groups if group.region == region)
    )


def _place_of(arn: str) -> tuple[str, str]:
    """The region and the name of a database or a table."""
    _, _, _, region, _, resource = arn.split(":", 5)
    return region, resource.replace(":", "/").split("/", 1)[1]
