"""The size of a cache: what its nodes are, how many replicas each shard has, and how that is changed.

A change needs a group that is available, and members that are: ElastiCache shows the group as available again while a
node that was added to it is still creating, and then refuses the next change with `InvalidCacheClusterState`
(hashicorp/terraform-provider-aws issue 50096). A change of the node type that comes to nothing leaves the group
available as it was; only its events say why. The size that stood before a run is written on the group, as a tag, before
anything is changed, so that it outlives the function that changes it; that too makes the group busy for a while.

Shapes and codes: botocore's model of ElastiCache. Which node types a group can go to is for ElastiCache to say.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Self

from pilotlight.domain.errors import AwsError, InvalidState
from pilotlight.domain.place import Place
from pilotlight.domain.step import Access, Failed, NotYet, Operation, Statement, StepContext
from pilotlight.estate.elasticache.group import AVAILABLE, CREATE_FAILED, DELETING, Cache, look, look_at_members
from pilotlight.estate.elasticache.group import read_tags as tags_of
from pilotlight.estate.elasticache.operations import OPERATIONS as OF_CREATION
from pilotlight.estate.elasticache.operations import REFUSALS
from pilotlight.estate.refusals import fates, say_refused

SIZE_TAG = "pilotlight:size-before"
MOST_REPLICAS = 5

_read = partial(Operation, "elasticache", access=Access.READ)
_write = partial(Operation, "elasticache", access=Access.WRITE)
_NONE = {"ReplicationGroupNotFoundFault": "there is no such cache"}
_WRONG = ("InvalidParameterCombination", "InvalidParameterValue")
_SAID = fates(REFUSALS)
_BUSY = dict.fromkeys(("InvalidCacheClusterState", "InvalidReplicationGroupState"), "busy: said, or looked at again")
_SHARED = ("DescribeReplicationGroups", "DescribeCacheClusters", "ListTagsForResource", "DescribeEvents")
_NO_TAGS = (
    "CacheClusterNotFound",
    "CacheParameterGroupNotFound",
    "CacheSecurityGroupNotFound",
    "CacheSubnetGroupNotFoundFault",
    "GlobalReplicationGroupNotFoundFault",
    "InvalidARN",
    "InvalidParameterValue",
    "InvalidServerlessCacheSnapshotStateFault",
    "InvalidServerlessCacheStateFault",
    "ReplicationGroupNotFoundFault",
    "ReservedCacheNodeNotFound",
    "ServerlessCacheNotFoundFault",
    "ServerlessCacheSnapshotNotFoundFault",
    "SnapshotNotFoundFault",
    "TagQuotaPerResourceExceeded",
    "UserGroupNotFound",
    "UserNotFound",
)


def _changing(name: str, *fatal: str) -> Operation:
    """An operation that changes the size of a group."""
    return _write(name=name, handled=_BUSY | _SAID, fatal=(*_WRONG, *_NONE, *fatal))


OPERATIONS = (
    *(operation for operation in OF_CREATION if operation.name in _SHARED),
    _read(
        name="ListAllowedNodeTypeModifications",
        handled=_NONE,
        fatal=(*_WRONG, "CacheClusterNotFound"),
    ),
    _write(name="AddTagsToResource", handled={"InvalidReplicationGroupState": "looked at again"}, fatal=_NO_TAGS),
    _changing(
        "ModifyReplicationGroup",
        "CacheClusterNotFound",
        "CacheSecurityGroupNotFound",
        "InvalidCacheSecurityGroupState",
        "InvalidKMSKeyFault",
        "InvalidUserGroupState",
        "NodeQuotaForClusterExceeded",
        "UserGroupNotFound",
    ),
    _changing(
        "IncreaseReplicaCount",
        "InvalidKMSKeyFault",
        "NoOperationFault",
        "NodeGroupsPerReplicationGroupQuotaExceeded",
    ),
    _changing(
        "DecreaseReplicaCount",
        "NoOperationFault",
        "NodeGroupsPerReplicationGroupQuotaExceeded",
        "ServiceLinkedRoleNotFoundFault",
    ),
)


@dataclass(frozen=True)
class Size:
    """What the nodes of a group are, and how many replicas each of its shards has beside its primary."""

    node_type: str
    replicas: int

    @property
    def data(self) -> dict[str, Any]:
        """As a receipt keeps it."""
        return asdict(self)

    @classmethod
    def marked(cls, mark: str, run_id: str) -> Self | None:
        """The size before a run, from the tag that it wrote; None where the tag is another run's."""
        whose, _, rest = mark.partition(" ")
        node_type, _, replicas = rest.partition(" ")
        return cls(node_type, int(replicas)) if whose == run_id else None

    def mark(self, run_id: str) -> str:
        """The value of the tag, of which `marked` reads it back."""
        return f"{run_id} {self.node_type} {self.replicas}"

    def __str__(self) -> str:
        replicas = "1 replica" if self.replicas == 1 else f"{self.replicas or 'no'} replicas"
        return f"{self.node_type} with {replicas}"


def permissions(group_id: str, place: Place) -> tuple[Statement, ...]:
    """What looking at a group and changing its size takes; tags are authorised on its members too."""
    group, members = (place.arn("elasticache", f"{what}{group_id}") for what in ("replicationgroup:", "cluster:"))
    looks = ("DescribeReplicationGroups", "ListAllowedNodeTypeModifications", "ListTagsForResource")
    changes = ("DecreaseReplicaCount", "IncreaseReplicaCount", "ModifyReplicationGroup")
    tag = {"ForAllValues:StringEquals": {"aws:TagKeys": [SIZE_TAG]}}
    return (
        Statement(Access.READ, tuple(f"elasticache:{look}" for look in looks), (group,)),
        Statement(Access.READ, ("elasticache:DescribeCacheClusters",), (f"{members}-*",)),
        Statement(Access.READ, ("elasticache:DescribeEvents",), ("*",)),
        Statement(Access.WRITE, tuple(f"elasticache:{change}" for change in changes), (group,)),
        Statement(Access.WRITE, ("elasticache:AddTagsToResource",), (group, f"{members}-*"), tag),
    )


def usable(context: StepContext, group_id: str) -> Cache | Failed:
    """The group, if it can be scaled at all."""
    cache, where = look(context, group_id), context.place.standby
    if cache is None:
        missing = f"Cache {group_id} is missing in {where}."
        return Failed(missing, "Create it with the rest of the standby, or correct its name in the plan; then retry.")
    if cache.status in (DELETING, CREATE_FAILED):
        return Failed(
            f"Cache {group_id} cannot be scaled, because it is {cache.status}.", "Create it anew, then retry."
        )
    if cache.global_group:
        reason = (
            f"Cache {group_id} cannot be scaled alone, because it belongs to global datastore {cache.global_group}."
        )
        fix = (
            "Scale the global datastore (aws elasticache modify-global-replication-group), or take the group out of it."
        )
        return Failed(reason, fix)
    return cache


def at_rest(context: StepContext, cache: Cache) -> Size | NotYet | Failed:
    """The size of a group that can be changed now; a group is only at rest when each of its nodes is."""
    if cache.status != AVAILABLE:
        return NotYet(f"Cache {cache.id} is {cache.status}, and is scaled when it is available.")
    members = look_at_members(context, cache.members)
    busy = [f"{member.id} is {member.status}" for member in members if member.status != AVAILABLE]
    if busy or len(members) < len(cache.members):
        said = " and ".join(busy) or "a node does not show yet"
        return NotYet(f"Cache {cache.id} is available and {said}, so it takes no change yet.")
    if len(set(cache.shards)) != 1:
        counts = ", ".join(str(count) for count in cache.shards) or "unknown"
        reason = f"Cache {cache.id} cannot be scaled as a whole, because the nodes of its shards are {counts}."
        return Failed(reason, "Give each shard the same number of replicas, then retry the step.")
    return Size(cache.node_type, cache.shards[0] - 1)


def reachable(context: StepContext, cache: Cache, node_type: str) -> str | Failed:
    """The node type that the group is to have: the plan's, or its own where that is the larger one."""
    if cache.node_type == node_type:
        return node_type
    asked = {"ReplicationGroupId": cache.id}
    allowed = context.aws.call("elasticache", "ListAllowedNodeTypeModifications", context.place.standby, **asked)
    if node_type in allowed.get("ScaleUpModifications", ()):
        return node_type
    if node_type in allowed.get("ScaleDownModifications", ()):
        return cache.node_type
    upwards = ", ".join(allowed.get("ScaleUpModifications", ())) or "none"
    reason = f"Cache {cache.id} cannot go from {cache.node_type} to {node_type}; it can go up to: {upwards}."
    return Failed(reason, "Name one of these in the plan, or create the group anew with another node type.")


def before(context: StepContext, cache: Cache) -> Size | None:
    """The size that this run found, as it is written on the group; None where no such mark of the run shows."""
    return Size.marked((tags_of(context, cache) or {}).get(SIZE_TAG, ""), context.run_id)


def write_before(context: StepContext, cache: Cache, size: Size) -> NotYet:
    """Write the present size on the group, before it is changed."""
    tag = {"Key": SIZE_TAG, "Value": size.mark(context.run_id)}
    said = f"Cache {cache.id} bears the size that it had before this run, {size}, and is scaled next."
    call = partial(context.aws.call, "elasticache", "AddTagsToResource", context.place.standby)
    try:
        call(ResourceName=cache.arn, Tags=[tag])
    except InvalidState as busy:
        return NotYet(f"Cache {cache.id} takes no tag yet: {busy.message}")
    return NotYet(said)


def set_replicas(context: StepContext, cache: Cache, now: int, wanted: int) -> NotYet | Failed | None:
    """Have replicas added to each shard, or taken away; None where that was accepted."""
    operation = "IncreaseReplicaCount" if wanted > now else "DecreaseReplicaCount"
    return _change(context, cache, operation, NewReplicaCount=wanted)


def set_node_type(context: StepContext, cache: Cache, node_type: str) -> NotYet | Failed | None:
    """Have all nodes replaced by others; None where that was accepted."""
    return _change(context, cache, "ModifyReplicationGroup", CacheNodeType=node_type)


def _change(context: StepContext, cache: Cache, operation: str, **parameters: Any) -> NotYet | Failed | None:
    """Ask for it at once, and not in the maintenance window of some night."""
    asked = {"ReplicationGroupId": cache.id, "ApplyImmediately": True, **parameters}
    try:
        context.aws.call("elasticache", operation, context.place.standby, **asked)
    except InvalidState as busy:
        return NotYet(f"Cache {cache.id} takes no change yet: {busy.message}")
    except AwsError as refused:
        return say_refused(f"Cache {cache.id} cannot be scaled in {context.place.standby}", refused, REFUSALS)
    return None
