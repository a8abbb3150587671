"""What ElastiCache shows of a cache: a replication group, its members, its tags, and why it failed.

`look` gives None where there is no such group, and `read_tags` where they cannot be read; all other trouble
is an `AwsError`. A status that is not named here is neither serving nor broken, so that nothing is concluded
from it. Shapes: botocore's model of ElastiCache.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field

from pilotlight.domain.errors import AwsError, InvalidState, NotFound
from pilotlight.domain.step import Settled, StepContext

ReplicationGroupId = Annotated[
    str,
    Field(
        max_length=40,
        pattern=r"^[a-z](-?[a-z0-9])*$",
        description="At most 40 characters, a letter first, in lower case as ElastiCache stores it.",
        examples=["fileflow-dr-redis"],
    ),
]

AVAILABLE = "available"
CREATE_FAILED = "create-failed"
DELETING = "deleting"

# A node serves while it is backed up, and a group serves while some of its nodes are busy.
SERVING_GROUP = frozenset({AVAILABLE, "snapshotting", "modifying"})
SERVING_NODE = frozenset({AVAILABLE, "snapshotting"})


@dataclass(frozen=True)
class Cache:
    """One replication group. `address` and `port` are unknown until it is available for the first time.

    `shards` are the numbers of nodes in each of its shards, `global_group` the global datastore that it belongs to.
    """

    id: str
    arn: str
    status: str
    description: str
    engine: str
    node_type: str
    automatic_failover: str
    multi_az: str
    transit_encryption: bool
    at_rest_encryption: bool
    kms_key: str
    auth_token: bool
    members: tuple[str, ...]
    address: str | None
    port: int | None
    shards: tuple[int, ...] = ()
    global_group: str = ""

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Self:
        """Read one entry of DescribeReplicationGroups; ElastiCache leaves out what does not apply.

        In cluster mode clients need the configuration endpoint, otherwise the primary's of the only shard.
        """
        shards = found.get("NodeGroups") or [{}]
        endpoint = found.get("ConfigurationEndpoint") or shards[0].get("PrimaryEndpoint") or {}
        return cls(
            id=str(found["ReplicationGroupId"]),
            arn=str(found.get("ARN", "")),
            status=str(found.get("Status", "unknown")),
            description=str(found.get("Description", "")),
            engine=str(found.get("Engine", "")),
            node_type=str(found.get("CacheNodeType", "")),
            automatic_failover=str(found.get("AutomaticFailover", "disabled")),
            multi_az=str(found.get("MultiAZ", "disabled")),
            transit_encryption=bool(found.get("TransitEncryptionEnabled", False)),
            at_rest_encryption=bool(found.get("AtRestEncryptionEnabled", False)),
            kms_key=str(found.get("KmsKeyId", "")),
            auth_token=bool(found.get("AuthTokenEnabled", False)),
            members=tuple(str(member) for member in found.get("MemberClusters", ())),
            address=endpoint.get("Address") or None,
            port=endpoint.get("Port"),
            shards=tuple(len(shard.get("NodeGroupMembers", ())) for shard in found.get("NodeGroups", ())),
            global_group=str((found.get("GlobalReplicationGroupInfo") or {}).get("GlobalReplicationGroupId", "")),
        )


@dataclass(frozen=True)
class Member:
    """One node of a group, and what only its nodes show of a group."""

    id: str
    status: str
    node_type: str
    engine_version: str
    subnet_group: str
    parameter_group: str
    security_groups: frozenset[str]

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Self:
        """Read one entry of DescribeCacheClusters."""
        return cls(
            id=str(found["CacheClusterId"]),
            status=str(found.get("CacheClusterStatus", "unknown")),
            node_type=str(found.get("CacheNodeType", "")),
            engine_version=str(found.get("EngineVersion", "")),
            subnet_group=str(found.get("CacheSubnetGroupName", "")),
            parameter_group=str((found.get("CacheParameterGroup") or {}).get("CacheParameterGroupName", "")),
            security_groups=frozenset(group["SecurityGroupId"] for group in found.get("SecurityGroups", ())),
        )


def look(context: StepContext, group_id: str) -> Cache | None:
    """The replication group of that id in the standby; None if there is none."""
    try:
        answer = _ask(context, "DescribeReplicationGroups", ReplicationGroupId=group_id)
    except NotFound:
        return None
    named = [found for found in answer["ReplicationGroups"] if found["ReplicationGroupId"] == group_id]
    return Cache.read(named[0]) if named else None


def look_at_members(context: StepContext, ids: tuple[str, ...]) -> tuple[Member, ...]:
    """The members of those ids that are there; one that is not there yet, or not any more, is left out."""
    found: list[Member] = []
    for member in ids:
        try:
            answer = _ask(context, "DescribeCacheClusters", CacheClusterId=member)
        except NotFound:
            continue
        found += [Member.read(entry) for entry in answer["CacheClusters"]]
    return tuple(found)


def read_tags(context: StepContext, cache: Cache) -> Mapping[str, str] | None:
    """The group's tags; None while ElastiCache does not show them.

    It refuses to list the tags of a group that is not available, with `NotFound` while it is created and with
    `InvalidReplicationGroupState` later (hashicorp/terraform-provider-aws pull request 44811).
    """
    try:
        answer = _ask(context, "ListTagsForResource", ResourceName=cache.arn)
    except (NotFound, InvalidState):
        return None
    return {tag["Key"]: tag.get("Value", "") for tag in answer["TagList"]}


def why_it_failed(context: StepContext, group_id: str) -> str:
    """The latest two events of the last hour on the group or its members; nothing if they cannot be read.

    No other answer of ElastiCache says why a creation failed, and the group's event may only say that it did.
    """
    try:
        answer = _ask(context, "DescribeEvents", Duration=60)
    except AwsError:
        # That it failed is certain; only the reason stays unknown.
        return ""
    mine = [e for e in answer["Events"] if f"{e.get('SourceIdentifier')}-".startswith(f"{group_id}-")]
    latest = sorted(mine, key=lambda event: event["Date"])[-2:]
    return "; ".join(dict.fromkeys(str(event.get("Message", "")).rstrip(".") for event in latest))


def settled_at(cache: Cache, address: str, port: int) -> Settled:
    """Where a cache answers that is whole, as a step gives it to later ones."""
    outputs = {"address": address, "port": str(port), "endpoint": f"{address}:{port}"}
    return Settled(f"Cache {cache.id} is {cache.status} and answers at {address}:{port}.", outputs)


def _ask(context: StepContext, operation: str, **parameters: Any) -> dict[str, Any]:
    return context.aws.call("elasticache", operation, context.place.standby, **parameters)
