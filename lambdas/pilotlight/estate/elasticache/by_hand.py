"""How a person creates a cache: the same order that a run gives, and what must be seen of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilotlight.domain.handwork import Command, Handwork, aws, held_in, keep
from pilotlight.domain.place import Place
from pilotlight.estate.elasticache.specification import CacheSpecification
from pilotlight.estate.snapshots import NewestSnapshot

BY_HAND = "by-hand"
_STAYS = "If the application does not use it: delete it."


def replication_group(wanted: CacheSpecification, place: Place) -> Handwork:
    """Create a replication group."""
    here, name = place.standby, wanted.replication_group

    def ask(query: str) -> str:
        group = f"ReplicationGroups[0].{query}"
        return aws("elasticache", "DescribeReplicationGroups", here, query=group, ReplicationGroupId=name)

    point = "NodeGroups[0].PrimaryEndpoint"
    token = held_in("AUTH_TOKEN") if wanted.auth_token_secret else None
    snapshot = held_in("CACHE_SNAPSHOT") if isinstance(wanted.snapshot, NewestSnapshot) else wanted.snapshot
    order = aws("elasticache", "CreateReplicationGroup", here, **wanted.order(place, BY_HAND, token, snapshot))
    return Handwork(
        do=(
            Command("See whether it is there already.", ask("Status"), "ReplicationGroupNotFoundFault"),
            *_token(wanted, here),
            *_snapshot(wanted, here),
            Command("Create it. Nothing that lives is touched.", order, "creating"),
        ),
        check=(
            Command("Repeat until it is whole; it takes 5 to 15 minutes.",
                    ask(f"[Status,AutomaticFailover,length(MemberClusters),{point}.Address]"),
                    f"available, {'enabled' if wanted.automatic_failover else 'disabled'}, {wanted.nodes}, an address"),
        ),
        stop_if="the first command shows a status: the cache is there. If it is the application's own and serves, "
        "go to the check; one that is create-failed is deleted first. Without its snapshot, leave --snapshot-name out.",
        undo=(Command(_STAYS, aws("elasticache", "DeleteReplicationGroup", here, ReplicationGroupId=name)),),
        gives=_endpoint(ask, point),
    )  # fmt: skip


def scaling(name: str, node_type: str, replicas: int, place: Place) -> Handwork:
    """Bring a replication group up to a number of replicas and a type of node."""
    here = place.standby

    def ask(query: str) -> str:
        group = f"ReplicationGroups[0].{query}"
        return aws("elasticache", "DescribeReplicationGroups", here, query=group, ReplicationGroupId=name)

    size = "[Status,CacheNodeType,length(NodeGroups[0].NodeGroupMembers)]"
    at_once: dict[str, Any] = {"ReplicationGroupId": name, "ApplyImmediately": True}
    more = aws("elasticache", "IncreaseReplicaCount", here, NewReplicaCount=replicas, **at_once)
    larger = aws("elasticache", "ModifyReplicationGroup", here, CacheNodeType=node_type, **at_once)
    return Handwork(
        do=(
            Command("See how large it is, and write that down.", ask(size), "available"),
            Command("Add replicas, if it has fewer.", more, "modifying"),
            Command("Repeat until it is at rest.", ask(size), f"available and {replicas + 1} or more nodes"),
            Command("Make its nodes larger, if they are smaller.", larger, "modifying"),
        ),
        check=(
            Command("Repeat until it is of that size; it takes 10 to 40 minutes.", ask(size),
                    f"available, {node_type} or larger, {replicas + 1} or more nodes"),
        ),
        stop_if="the first command shows no available cache: create it, or correct its name.",
        stays="A larger cache serves as well; make it smaller when the application is back in its own region.",
        gives=_endpoint(ask, "NodeGroups[0].PrimaryEndpoint"),
    )  # fmt: skip


def serverless(name: str, order: Mapping[str, Any], place: Place) -> Handwork:
    """Create a serverless cache; `order` are the parameters of CreateServerlessCache."""
    here = place.standby

    def ask(query: str) -> str:
        cache = f"ServerlessCaches[0].{query}"
        return aws("elasticache", "DescribeServerlessCaches", here, query=cache, ServerlessCacheName=name)

    create = aws("elasticache", "CreateServerlessCache", here, **order)
    return Handwork(
        do=(
            Command("See whether it is there already.", ask("Status"), "ServerlessCacheNotFoundFault"),
            Command("Create it. Nothing that lives is touched.", create, "creating"),
        ),
        check=(
            Command("Repeat until it is whole; it takes 1 to 5 minutes.", ask("[Status,Endpoint.Address]"),
                    "available and an address"),
        ),
        stop_if="the first command shows a status: the cache is there. If it is the application's own and serves, "
        "go to the check; one that is create-failed is deleted first.",
        undo=(Command(_STAYS, aws("elasticache", "DeleteServerlessCache", here, ServerlessCacheName=name)),),
        gives=_endpoint(ask, "Endpoint"),
    )  # fmt: skip


def _endpoint(ask: Any, point: str) -> dict[str, str]:
    joined = f"{point}.join(':', [Address, to_string(Port)])"
    return {"address": ask(f"{point}.Address"), "port": ask(f"{point}.Port"), "endpoint": ask(joined)}


def _token(wanted: CacheSpecification, region: str) -> tuple[Command, ...]:
    if not wanted.auth_token_secret:
        return ()
    read = aws("secretsmanager", "GetSecretValue", region, query="SecretString", SecretId=wanted.auth_token_secret)
    return (Command("Keep the token, which is not printed.", keep("AUTH_TOKEN", read)),)


def _snapshot(wanted: CacheSpecification, region: str) -> tuple[Command, ...]:
    if not isinstance(wanted.snapshot, NewestSnapshot):
        return ()
    whole = f"Snapshots[?starts_with(SnapshotName,'{wanted.snapshot.named}')&&SnapshotStatus=='available']"
    newest = f"sort_by({whole},&to_string(NodeSnapshots[0].SnapshotCreateTime))[-1].SnapshotName"
    read = aws("elasticache", "DescribeSnapshots", region, query=newest)
    return (
        Command("Keep the newest snapshot of its series.", keep("CACHE_SNAPSHOT", read)),
        Command("Look at it.", 'echo "$CACHE_SNAPSHOT"', "a name; None means that the cache begins empty"),
    )
