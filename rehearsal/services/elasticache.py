"""ElastiCache as a recovery meets it: replication groups, their nodes, and what they are made from.

Data are not modelled; how a group is scaled stands in `elasticache_scaling`. The traps are: no endpoint before
the group is available; a `create-failed` that says why in an event only; tags that cannot be read unless the
group is available; nodes that come up one by one; encryption at rest whose default differs by engine; a subnet
group's wire code that ends in `Fault`. Codes and shapes: botocore's model. Tags only when available:
hashicorp/terraform-provider-aws pull request 44811. Lack of capacity as `create-failed`:
ministryofjustice/cloud-platform pull request 8304.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, TypeVar

from pilotlight.domain.step import Standing
from rehearsal.service import Service, Spread, operation
from rehearsal.services.elasticache_groups import Group, Node, Status
from rehearsal.services.elasticache_scaling import Scaling
from rehearsal.services.elasticache_serverless import ServerlessCache, ServerlessCaches
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

T = TypeVar("T")

CREATION = Spread(300.0, 480.0, 900.0)
"""aws-facts section 11, node-based: 5, 7 to 9, 15 min. Its tail of 50 min comes by `delay_next_creation`."""
DELETION = Spread(180.0, 300.0, 600.0)
"""An estimate; only a creation under the same name waits for it."""
_NODE_SHARE = Spread(0.6, 0.8, 0.97)
"""The part of the creation after which one node is up: an estimate, always before the group itself is."""

_FAMILIES = ("redis6.x", "redis7", "valkey7", "valkey8")


@dataclass
class Snapshot:
    """A snapshot that a region holds; of one without `taken` ElastiCache does not say how old its data are."""

    status: str
    taken: datetime | None

    def shown(self, name: str) -> dict[str, Any]:
        """As DescribeSnapshots shows it."""
        node = {"CacheNodeId": "0001"} | ({"SnapshotCreateTime": self.taken} if self.taken else {})
        return {"SnapshotName": name, "SnapshotStatus": self.status, "NodeSnapshots": [node]}


@dataclass
class _Region:
    """What is in one region, and what shall happen to its next creation."""

    subnet_groups: dict[str, str] = field(default_factory=dict)
    parameter_groups: dict[str, str] = field(
        default_factory=lambda: {f"default.{f}{mode}": f for f in _FAMILIES for mode in ("", ".cluster.on")}
    )
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    refusal: ServiceError | None = None
    failure: str | None = None
    seconds: float | None = None


class ElastiCache(Scaling, ServerlessCaches, Service):
    """The groups of all regions, and the Python methods that set a scene."""

    name: ClassVar[str] = "elasticache"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._regions: dict[str, _Region] = {}
        self.serverless: dict[tuple[str, str], ServerlessCache] = {}
        self.serverless_failure = ""
        self.scaling_failures: dict[str, str] = {}
        self.scaling_refusals: dict[str, ServiceError] = {}

    def add_subnet_group(self, region: str, name: str, *, vpc: str = "vpc-0a1b2c3d4e5f60718") -> None:
        """A cache subnet group in that region."""
        self._in(region).subnet_groups[name] = vpc

    def add_parameter_group(self, region: str, name: str, *, family: str) -> None:
        """A parameter group of that family; AWS's own `default.*` groups are there without this."""
        self._in(region).parameter_groups[name] = family

    def add_snapshot(self, region: str, name: str, *, status: str = "available", days_old: float | None = 1.0) -> None:
        """A snapshot held in that region, of data that are so old; None where that is not said."""
        taken = None if days_old is None else self.world.time.now() - timedelta(days=days_old)
        self._in(region).snapshots[name] = Snapshot(status, taken)

    def furnish(self, standing: Standing) -> None:
        """What a cache is created from: a subnet group, a parameter group, a snapshot; or a cache that stands small."""
        name = str(standing.facts["name"])
        match standing.what:
            case "subnet_group":
                self.add_subnet_group(standing.region, name)
            case "parameter_group":
                self.add_parameter_group(standing.region, name, family=str(standing.facts["family"]))
            case "snapshot":
                self.add_snapshot(standing.region, name)
            case "replication_group":
                self.add_group(standing.region, name, node_type="cache.t4g.small", automatic_failover=False, nodes=1)
            case _:
                super().furnish(standing)

    def add_group(self, region: str, name: str, *, nodes: int = 2, **specification: Any) -> Group:
        """A group that is there already; the keywords are `Group`'s fields."""
        group = Group(name, self._arn(region, name), self.world.time.now(), **specification)
        group.add_nodes(nodes)
        self._in(region).groups[name] = group
        return group

    def group(self, region: str, name: str) -> Group | None:
        """The group of that name, to look at it from outside."""
        return self._in(region).groups.get(name)

    def groups_in(self, region: str) -> list[Group]:
        """The groups of a region."""
        return list(self._in(region).groups.values())

    def refuse_next_creation(self, region: str, code: str, message: str, *, status: int = 400) -> None:
        """Let the next creation be refused at once, with a wire code (`InsufficientCacheClusterCapacity`)."""
        self._in(region).refusal = ServiceError(code, message, status)

    def fail_next_creation(self, region: str, reason: str, after_seconds: float) -> None:
        """Let the next creation be accepted and end `create-failed`; only an event says the reason."""
        self._in(region).failure, self._in(region).seconds = reason, after_seconds

    def delay_next_creation(self, region: str, seconds: float) -> None:
        """Let the next creation take exactly that long."""
        self._in(region).seconds = seconds

    def occupy(self, region: str, name: str, status: Status, seconds: float, *, nodes: int = 1) -> None:
        """Let a group be `snapshotting` or `modifying` for a while, and so many of its last nodes with it."""
        group = self._in(region).groups[name]
        for thing in _parts(group, group.nodes[len(group.nodes) - nodes :]):
            self._become(thing, status)
            self._become(thing, Status.AVAILABLE, after_seconds=seconds)

    @operation("CreateReplicationGroup")
    def create_replication_group(self, call: Call) -> Mapping[str, Any]:
        region, p = self._in(call.region), call.parameters
        _refuse_contradictions(p)
        name = str(p["ReplicationGroupId"]).lower()
        if name in region.groups:
            raise ServiceError("ReplicationGroupAlreadyExists", f"Replication group {name} already exists.")
        _pick(region.subnet_groups, p["CacheSubnetGroupName"], "CacheSubnetGroupNotFoundFault", 400)
        _pick(region.parameter_groups, p["CacheParameterGroupName"], "CacheParameterGroupNotFound")
        held = region.snapshots.get(p.get("SnapshotName", ""))
        if p.get("SnapshotName") and (held is None or held.status != "available"):
            raise ServiceError("InvalidParameterValue", f"Snapshot {p['SnapshotName']} is not available.")
        if region.refusal:
            refusal, region.refusal = region.refusal, None
            raise refusal
        group = Group.ordered(name, self._arn(call.region, name), self.world.time.now(), p)
        region.groups[name] = group
        self._begin_creation(region, group)
        return {"ReplicationGroup": group.described()}

    @operation("DescribeReplicationGroups")
    def describe_replication_groups(self, call: Call) -> Mapping[str, Any]:
        name = call.parameters.get("ReplicationGroupId")
        groups = _pick(self._in(call.region).groups, name and name.lower(), "ReplicationGroupNotFoundFault")
        return {"ReplicationGroups": [groups[key].described() for key in sorted(groups)]}

    @operation("DeleteReplicationGroup")
    def delete_replication_group(self, call: Call) -> Mapping[str, Any]:
        if call.parameters.get("FinalSnapshotIdentifier") or call.parameters.get("RetainPrimaryCluster"):
            raise NotModelled(call)
        region, name = self._in(call.region), str(call.parameters["ReplicationGroupId"]).lower()
        group = _pick(region.groups, name, "ReplicationGroupNotFoundFault")[name]
        if group.status not in (Status.AVAILABLE, Status.CREATE_FAILED):
            message = f"Replication group {name} has status {group.status}, which is not valid for deletion."
            raise ServiceError("InvalidReplicationGroupState", message)
        seconds = DELETION.draw(self.random)
        for thing in _parts(group, group.nodes):
            self._become(thing, Status.DELETING)
        self.world.begin_effect(group.arn, seconds)
        self.world.time.spawn(partial(region.groups.pop, name), name=f"{name} is gone", delay_seconds=seconds)
        return {"ReplicationGroup": group.described()}

    @operation("DescribeCacheClusters")
    def describe_cache_clusters(self, call: Call) -> Mapping[str, Any]:
        groups = self._in(call.region).groups.values()
        clusters = {node.id: group.described_node(node) for group in groups for node in group.nodes}
        wanted = _pick(clusters, call.parameters.get("CacheClusterId"), "CacheClusterNotFound")
        return {"CacheClusters": list(wanted.values())}

    @operation("ListTagsForResource")
    def list_tags_for_resource(self, call: Call) -> Mapping[str, Any]:
        arn = call.parameters["ResourceName"]
        if ":serverlesscache:" in arn:
            return self.tags_of_serverless(arn)
        group = next((g for g in self._in(call.region).groups.values() if g.arn == arn), None)
        if group is None or group.status is Status.CREATING:
            message = f"{arn} is either not present or not available."
            raise ServiceError("ReplicationGroupNotFoundFault", message, 404)
        if group.status is not Status.AVAILABLE:
            message = "Cluster not in available state to perform tagging operations."
            raise ServiceError("InvalidReplicationGroupState", message)
        return {"TagList": [{"Key": key, "Value": value} for key, value in group.tags.items()]}

    @operation("DescribeCacheSubnetGroups")
    def describe_cache_subnet_groups(self, call: Call) -> Mapping[str, Any]:
        name, groups = call.parameters.get("CacheSubnetGroupName"), self._in(call.region).subnet_groups
        found = _pick(groups, name, "CacheSubnetGroupNotFoundFault", 400).items()
        return {"CacheSubnetGroups": [{"CacheSubnetGroupName": n, "VpcId": vpc} for n, vpc in found]}

    @operation("DescribeCacheParameterGroups")
    def describe_cache_parameter_groups(self, call: Call) -> Mapping[str, Any]:
        name, groups = call.parameters.get("CacheParameterGroupName"), self._in(call.region).parameter_groups
        found = _pick(groups, name, "CacheParameterGroupNotFound").items()
        answer = [{"CacheParameterGroupName": n, "CacheParameterGroupFamily": family} for n, family in found]
        return {"CacheParameterGroups": answer}

    @operation("DescribeSnapshots")
    def describe_snapshots(self, call: Call) -> Mapping[str, Any]:
        name, snapshots = call.parameters.get("SnapshotName"), self._in(call.region).snapshots.items()
        return {"Snapshots": [snapshot.shown(n) for n, snapshot in snapshots if name in (None, n)]}

    @operation("DescribeEvents")
    def describe_events(self, call: Call) -> Mapping[str, Any]:
        wanted, events = call.parameters.get("SourceIdentifier"), self._in(call.region).events
        return {"Events": [event for event in events if wanted in (None, event["SourceIdentifier"])]}

    def _in(self, region: str) -> _Region:
        return self._regions.setdefault(region, _Region())

    def _arn(self, region: str, name: str) -> str:
        return f"arn:aws:elasticache:{region}:{self.world.account}:replicationgroup:{name}"

    def _begin_creation(self, region: _Region, group: Group) -> None:
        failure, region.failure = region.failure, None
        seconds, region.seconds = region.seconds or CREATION.draw(self.random), None
        self.world.begin_effect(group.arn, seconds)
        if failure is None:
            self._become(group, Status.AVAILABLE, after_seconds=seconds)
            for node in group.nodes:
                self._become(node, Status.AVAILABLE, after_seconds=seconds * _NODE_SHARE.draw(self.random))
            return
        self._become(group, Status.CREATE_FAILED, after_seconds=seconds)
        self._say(group, failure, after_seconds=seconds)

    def _say(self, group: Group, message: str, *, after_seconds: float) -> None:
        """Let an event say something of a group, when the time has come."""
        event: dict[str, Any] = {"SourceIdentifier": group.id, "SourceType": "replication-group", "Message": message}
        event["Date"] = self.world.time.now() + timedelta(seconds=after_seconds)
        said = partial(self._in(group.arn.split(":")[3]).events.append, event)
        self.world.time.spawn(said, name=f"{group.id} has an event", delay_seconds=after_seconds)

    def _become(self, thing: Group | Node, status: Status, *, after_seconds: float = 0.0) -> None:
        def change() -> None:
            if thing.status is not Status.DELETING:
                thing.status = status

        if after_seconds:
            self.world.time.spawn(change, name=f"{thing.id} is {status}", delay_seconds=after_seconds)
        else:
            change()


def _parts(group: Group, nodes: list[Node]) -> list[Group | Node]:
    return [group, *nodes]


def _pick(things: Mapping[str, T], name: str | None, code: str, status: int = 404) -> Mapping[str, T]:
    """The one of that name, or all without a name; raises the wire error if it is not there."""
    if name is not None and name not in things:
        raise ServiceError(code, f"{name} was not found.", status)
    return things if name is None else {name: things[name]}


def _refuse_contradictions(p: Mapping[str, Any]) -> None:
    if p.get("AutomaticFailoverEnabled") and p["NumCacheClusters"] <= 1:
        message = "When using automatic failover, there must be at least 2 cache clusters."
        raise ServiceError("InvalidParameterCombination", message)
    if p.get("MultiAZEnabled") and not p.get("AutomaticFailoverEnabled"):
        raise ServiceError("InvalidParameterCombination", "Multi-AZ requires automatic failover.")
    if "AuthToken" in p and not p.get("TransitEncryptionEnabled"):
        raise ServiceError("InvalidParameterCombination", "An AuthToken requires encryption in transit.")
