"""The part of the embedded ElastiCache that scales a group: its node type, its replicas, and tags, which make it busy.

The traps are: a group is available again while a node that was added to it is still creating, and the next change is
then refused with `InvalidCacheClusterState` (hashicorp/terraform-provider-aws issue 50096); a group that was given a
tag is busy for a moment (umotif-public/terraform-aws-elasticache-redis issue 54); a change of the node type that comes
to nothing leaves the group as it was, and an event says why. Shards are not changed. Codes: botocore's model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from rehearsal.service import Spread, operation
from rehearsal.services.elasticache_groups import Group, Node, Status
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

REPLACEMENT = Spread(300.0, 600.0, 1500.0)
"""Larger nodes are made, filled and put in place: an estimate, the creation of a node and a while more."""
ADDITION = Spread(240.0, 420.0, 900.0)
"""One more node, or several side by side: as long as a creation takes, less what the group itself needs."""
SHOWN_DONE_AFTER = Spread(0.5, 0.7, 0.9)
"""The part of an addition after which the group calls itself available, while its new nodes are creating."""
TAGGING = Spread(2.0, 5.0, 15.0)
MOST_REPLICAS = 5

MEMORY = {
    "cache.t4g.micro": 0.5,
    "cache.t4g.small": 1.37,
    "cache.t4g.medium": 3.09,
    "cache.m6g.large": 6.38,
    "cache.m7g.large": 6.38,
    "cache.r6g.large": 13.07,
    "cache.r7g.large": 13.07,
    "cache.r6g.xlarge": 26.32,
    "cache.r7g.xlarge": 26.32,
    "cache.r6g.2xlarge": 52.82,
}
"""GiB of each node type that this world has; a group can go to those with as much or more, and back to the others."""


class Scaling:
    """Groups that are scaled."""

    world: World
    random: Random
    scaling_failures: dict[str, str]
    scaling_refusals: dict[str, ServiceError]
    group: Callable[[str, str], Group | None]
    _become: Callable[..., None]
    _say: Callable[..., None]

    def fail_next_scaling(self, name: str, reason: str) -> None:
        """Let the next change of a group's node type come to nothing; only an event says why."""
        self.scaling_failures[name] = reason

    def refuse_next_scaling(self, name: str, code: str, message: str = "No.") -> None:
        """Let the next change of a group's size be refused at once, with a wire code."""
        self.scaling_refusals[name] = ServiceError(code, message, 400)

    @operation("ListAllowedNodeTypeModifications")
    def list_allowed_node_type_modifications(self, call: Call) -> Mapping[str, Any]:
        group = self._scaled(call)
        now = MEMORY.get(group.node_type, 0.0)
        others = [name for name in MEMORY if name != group.node_type]
        return {
            "ScaleUpModifications": [name for name in others if MEMORY[name] >= now],
            "ScaleDownModifications": [name for name in others if MEMORY[name] < now],
        }

    @operation("AddTagsToResource")
    def add_tags_to_resource(self, call: Call) -> Mapping[str, Any]:
        arn = str(call.parameters["ResourceName"])
        group = self.group(call.region, arn.rsplit(":", 1)[-1])
        if group is None or group.arn != arn:
            raise ServiceError("ReplicationGroupNotFoundFault", f"{arn} is either not present or not available.", 404)
        if group.status is not Status.AVAILABLE:
            message = "Cluster not in available state to perform tagging operations."
            raise ServiceError("InvalidReplicationGroupState", message)
        group.tags = {**group.tags, **{tag["Key"]: tag["Value"] for tag in call.parameters["Tags"]}}
        self._become(group, Status.MODIFYING)
        self._become(group, Status.AVAILABLE, after_seconds=TAGGING.draw(self.random))
        return {"TagList": [{"Key": key, "Value": value} for key, value in group.tags.items()]}

    @operation("ModifyReplicationGroup")
    def modify_replication_group(self, call: Call) -> Mapping[str, Any]:
        if call.parameters.keys() != {"ReplicationGroupId", "CacheNodeType", "ApplyImmediately"}:
            raise NotModelled(call)
        group, wanted = self._changeable(call), str(call.parameters["CacheNodeType"])
        if wanted not in MEMORY:
            raise ServiceError("InvalidParameterValue", f"Not a valid cache node type to scale to: {wanted}.")
        seconds, failure = REPLACEMENT.draw(self.random), self.scaling_failures.pop(group.id, None)
        self.world.begin_effect(group.arn, seconds)
        for thing in (group, *group.nodes):
            self._become(thing, Status.MODIFYING)
            self._become(thing, Status.AVAILABLE, after_seconds=seconds)
        if failure is not None:
            self._say(group, failure, after_seconds=seconds)
            return {"ReplicationGroup": group.described()}

        def replace() -> None:
            group.node_type = wanted

        self.world.time.spawn(replace, name=f"{group.id} is {wanted}", delay_seconds=seconds)
        return {"ReplicationGroup": group.described()}

    @operation("IncreaseReplicaCount")
    def increase_replica_count(self, call: Call) -> Mapping[str, Any]:
        group, more = self._recounted(call)
        if more < 0 or len(group.nodes) + more > MOST_REPLICAS + 1:
            raise ServiceError("InvalidParameterValue", "The new replica count is not between the present and 5.")
        seconds = ADDITION.draw(self.random)
        self.world.begin_effect(group.arn, seconds)
        self._become(group, Status.MODIFYING)
        self._become(group, Status.AVAILABLE, after_seconds=seconds * SHOWN_DONE_AFTER.draw(self.random))
        for node in group.add_nodes(more, Status.CREATING):
            self._become(node, Status.AVAILABLE, after_seconds=seconds)
        return {"ReplicationGroup": group.described()}

    @operation("DecreaseReplicaCount")
    def decrease_replica_count(self, call: Call) -> Mapping[str, Any]:
        group, fewer = self._recounted(call)
        left = len(group.nodes) + fewer
        if fewer > 0 or left < (2 if group.automatic_failover else 1):
            raise ServiceError(
                "InvalidParameterValue", "The new replica count is too high, or automatic failover is on."
            )
        leaving, seconds = group.nodes[left:], ADDITION.draw(self.random)
        self._become(group, Status.MODIFYING)
        self._become(group, Status.AVAILABLE, after_seconds=seconds)
        for node in leaving:
            self._become(node, Status.DELETING)
        self.world.time.spawn(
            lambda: _take_away(group, leaving), name=f"{group.id} has fewer nodes", delay_seconds=seconds
        )
        return {"ReplicationGroup": group.described()}

    def _recounted(self, call: Call) -> tuple[Group, int]:
        """The group, and by how many nodes it is to change."""
        if call.parameters.keys() != {"ReplicationGroupId", "NewReplicaCount", "ApplyImmediately"}:
            raise NotModelled(call)
        group = self._changeable(call)
        more = int(call.parameters["NewReplicaCount"]) + 1 - len(group.nodes)
        if not more:
            raise ServiceError("NoOperationFault", "The requested replica count already matches the current one.")
        return group, more

    def _changeable(self, call: Call) -> Group:
        """The group, if it takes a change now; raises what ElastiCache answers where it does not."""
        group = self._scaled(call)
        if group.global_group:
            message = "The replication group is part of a global datastore, which is to be modified instead."
            raise ServiceError("InvalidReplicationGroupState", message)
        if group.status is not Status.AVAILABLE:
            raise ServiceError(
                "InvalidReplicationGroupState", "Replication group must be in available state to modify."
            )
        busy = next((node for node in group.nodes if node.status is not Status.AVAILABLE), None)
        if busy:
            raise ServiceError("InvalidCacheClusterState", f"Cache cluster {busy.id} is not in available state.")
        refusal = self.scaling_refusals.pop(group.id, None)
        if refusal:
            raise refusal
        return group

    def _scaled(self, call: Call) -> Group:
        name = str(call.parameters.get("ReplicationGroupId", "")).lower()
        group = self.group(call.region, name)
        if group is None:
            raise ServiceError("ReplicationGroupNotFoundFault", f"{name} was not found.", 404)
        return group


def _take_away(group: Group, leaving: list[Node]) -> None:
    group.nodes = [node for node in group.nodes if node not in leaving]
