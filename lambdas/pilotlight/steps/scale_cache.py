"""Bring a cache that stands small in the standby to its size in production: its replicas first, then its nodes.

A warm cache is ready sooner than one that is created, and is scaled while it serves: ElastiCache puts larger nodes
beside the small ones, copies what they hold, and keeps the address. It makes one change at a time, so the two changes
follow each other, with the node type last: a change of it that ElastiCache gives up leaves the group as it was, and
`verify` then says so with the reason from the events. What is larger than the plan asks for is left as it is.

The size that stood before is written on the group before the first change, so an undo knows it though a turn died. The
number of shards is not changed: moving slots takes as long as there are keys, and a standby has its shards beforehand.

Done means: the group serves, and so many nodes of that type are up in each shard, each by its own word. It fails at
once where ElastiCache does not let the group go to that node type, or has none; a group that is backed up or modified
by somebody else is waited for.

Sources: botocore's model of ElastiCache; ElastiCache User Guide, "Scaling replica nodes" and "Online vertical
scaling"; how long it takes is an estimate after the creation of nodes (aws-facts section 11).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field, model_validator

from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    Params,
    Pending,
    Receipt,
    Settled,
    Severity,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate.elasticache import by_hand
from pilotlight.estate.elasticache.group import (
    AVAILABLE,
    SERVING_NODE,
    Cache,
    ReplicationGroupId,
    look_at_members,
    settled_at,
    why_it_failed,
)
from pilotlight.estate.elasticache.scaling import (
    MOST_REPLICAS,
    OPERATIONS,
    Size,
    at_rest,
    before,
    permissions,
    reachable,
    set_node_type,
    set_replicas,
    usable,
    write_before,
)
from pilotlight.estate.endpoint import OUTPUTS

_SHOWN_WITHIN = timedelta(minutes=2)


class ScaleCacheParams(Params):
    """Which cache is brought up, and how far.

    ```yaml
    step: scale-cache
    kind: scale_cache
    params:
      replication_group: fileflow-dr-redis
      node_type: cache.r6g.large
      replicas: 2
    ```
    """

    replication_group: ReplicationGroupId
    node_type: str = Field(
        pattern=r"^cache\.[a-z0-9-]+\.[a-z0-9]+$", description="What each node is to be; larger ones are left."
    )
    replicas: int = Field(
        ge=0, le=MOST_REPLICAS, description="So many replicas beside the primary of each shard; more of them are left."
    )

    @model_validator(mode="before")
    @classmethod
    def _leaves_the_shards(cls, given: Any) -> Any:
        if isinstance(given, dict) and {"shards", "node_groups"} & given.keys():
            raise ValueError(
                "the number of shards is not changed in a run, because moving slots takes as long as there are keys; "
                "give the standby's cache its shards beforehand, and leave this out"
            )
        return given


class ScaleCache(StepKind[ScaleCacheParams]):
    """The step kind `scale_cache`."""

    name = "scale_cache"
    params = ScaleCacheParams
    # Nobody but the standby's own application reads this cache, and it serves while it is scaled.
    harm = Harm.HARMLESS
    stands_in_for_nothing = "changes a cache that is there already; a drill creates one of its own (create_cache)"
    marks = True
    outputs = OUTPUTS
    timing = Timing(
        shortest=timedelta(minutes=5),
        typical=timedelta(minutes=16),
        longest=timedelta(minutes=40),
        poll=timedelta(seconds=10),
        give_up=timedelta(minutes=90),
    )
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: ScaleCacheParams) -> str:
        return f"Scale cache {params.replication_group}"

    def statements(self, params: ScaleCacheParams, place: Place) -> tuple[Statement, ...]:
        return permissions(params.replication_group, place)

    def standing(self, params: ScaleCacheParams, place: Place) -> tuple[Standing, ...]:
        why = "It stands small, with the shards, the engine and the way in that production needs; a run scales it."
        facts = {"name": params.replication_group}
        return (Standing("elasticache", "replication_group", place.standby, facts, why),)

    def readiness(self, params: ScaleCacheParams, context: StepContext) -> tuple[Finding, ...]:
        cache = usable(context, params.replication_group)
        found = _size_finding(params, cache, context)
        if isinstance(cache, Failed) or found.severity is Severity.IMPOSSIBLE:
            return (found,)
        return (found, *_promises(params, cache, context))

    def preflight(self, params: ScaleCacheParams, context: StepContext) -> tuple[Finding, ...]:
        """One look at the group, and at where it can go."""
        return (_size_finding(params, usable(context, params.replication_group), context),)

    def execute(self, params: ScaleCacheParams, context: StepContext) -> Receipt | NotYet | Failed:
        """Write down what stands; then have replicas added, then the nodes replaced, one turn after the other."""
        cache = usable(context, params.replication_group)
        if isinstance(cache, Failed):
            return cache
        now = at_rest(context, cache)
        if not isinstance(now, Size):
            return now
        node_type = reachable(context, cache, params.node_type)
        if isinstance(node_type, Failed):
            return node_type
        wanted, found = Size(node_type, max(now.replicas, params.replicas)), before(context, cache)
        if now != wanted and found is None:
            return write_before(context, cache, now)
        return _scale(context, cache, now, wanted, found)

    def verify(self, params: ScaleCacheParams, receipt: Receipt, context: StepContext) -> Settled | Pending | Failed:
        cache, wanted = usable(context, params.replication_group), Size(**receipt.data["wanted"])
        if isinstance(cache, Failed):
            return cache
        members = look_at_members(context, cache.members)
        up = sum(member.status in SERVING_NODE and member.node_type == wanted.node_type for member in members)
        enough = bool(cache.shards) and min(cache.shards) > wanted.replicas and up == len(cache.members)
        waited = context.now - datetime.fromisoformat(receipt.data["accepted"])
        if cache.status == AVAILABLE and cache.node_type != wanted.node_type and waited > _SHOWN_WITHIN:
            why = why_it_failed(context, cache.id) or "its events do not say why"
            reason = f"Cache {cache.id} stayed {cache.node_type} and did not become {wanted.node_type}: {why}."
            return Failed(reason, "Mend what is named, or name another node type in the plan, then retry the step.")
        if not enough or cache.status not in SERVING_NODE:
            said = (
                f"Cache {cache.id} is {cache.status}, with {up} of {len(cache.members)} nodes up as {wanted.node_type}."
            )
            return Pending(said)
        if cache.address is None or cache.port is None:
            return Pending(f"Cache {cache.id} is {cache.status} and shows no address.")
        return settled_at(cache, cache.address, cache.port)

    def undo(self, params: ScaleCacheParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """Take back the node type, which is what costs, and the replicas; one of them at a time."""
        cache = usable(context, params.replication_group)
        if isinstance(cache, Failed):
            return CannotUndo(cache.reason)
        kept = receipt.data.get("before")
        was = Size(**kept) if kept else before(context, cache)
        if was is None:
            if cache.status == AVAILABLE:
                return Undone(f"Cache {cache.id} was not scaled by this run, so nothing is taken back.")
            return CannotUndo(f"Cache {cache.id} is {cache.status}: undo the step again when it is available.")
        now = at_rest(context, cache)
        if not isinstance(now, Size):
            return CannotUndo(f"{now.reason} {_by_hand(cache, was)}")
        if now.node_type not in (was.node_type, params.node_type) or now.replicas not in (
            was.replicas,
            params.replicas,
        ):
            said = (
                f"Cache {cache.id} stays {now}, because that is neither {was}, which it was, nor what this run made it"
            )
            return CannotUndo(f"{said}; set its size by hand if it is to be smaller.")
        return _take_back(context, cache, now, was)

    def stand_in(self, params: ScaleCacheParams, isolation: Isolation) -> Refusal:
        return Refusal(
            f"Cache {params.replication_group} is not scaled in a drill, because it is the standby's own and takes no "
            "second change while it is; name a group that was made for drills instead."
        )

    def by_hand(self, params: ScaleCacheParams, place: Place) -> Handwork:
        return by_hand.scaling(params.replication_group, params.node_type, params.replicas, place)


def _scale(
    context: StepContext, cache: Cache, now: Size, wanted: Size, found: Size | None
) -> Receipt | NotYet | Failed:
    """The next change, of which the last one makes the receipt."""
    if now.replicas < wanted.replicas:
        refused = set_replicas(context, cache, now.replicas, wanted.replicas)
        if refused or now.node_type != wanted.node_type:
            return refused or NotYet(f"Cache {cache.id} is given {wanted.replicas - now.replicas} more replicas first.")
    elif now.node_type != wanted.node_type:
        refused = set_node_type(context, cache, wanted.node_type)
        if refused:
            return refused
    changed = now != wanted
    said = f"is being scaled to {wanted}" if changed else f"is {now} already"
    data = {"wanted": wanted.data, "before": found.data if found else None, "accepted": context.now.isoformat()}
    return Receipt(f"Cache {cache.id} {said}.", acted=changed, data=data)


def _take_back(context: StepContext, cache: Cache, now: Size, was: Size) -> Undone | CannotUndo:
    if now == was:
        return Undone(f"Cache {cache.id} is {was}, as before this run.")
    smaller = now.node_type != was.node_type
    refused = (
        set_node_type(context, cache, was.node_type)
        if smaller
        else set_replicas(context, cache, now.replicas, was.replicas)
    )
    if refused:
        return CannotUndo(f"{refused.reason} {_by_hand(cache, was)}")
    if smaller and now.replicas != was.replicas:
        said = (
            f"Cache {cache.id} goes back to {was.node_type} and keeps its {now.replicas} replicas until that is done."
        )
        return CannotUndo(f"{said} {_by_hand(cache, was)}")
    return Undone(f"Cache {cache.id} goes back to {was}, as before this run.")


def _by_hand(cache: Cache, was: Size) -> str:
    named = f"--replication-group-id {cache.id} --apply-immediately"
    return (
        "Undo the step again when the cache is available, or run then: aws elasticache modify-replication-group "
        f"{named} --cache-node-type {was.node_type}; and aws elasticache decrease-replica-count {named} "
        f"--new-replica-count {was.replicas}."
    )


def _size_finding(params: ScaleCacheParams, cache: Cache | Failed, context: StepContext) -> Finding:
    if isinstance(cache, Failed):
        return cache.foreseen("cache-size")
    wanted = reachable(context, cache, params.node_type)
    if isinstance(wanted, Failed):
        return wanted.foreseen("cache-size")
    return Finding(Severity.FINE, "cache-size", f"Cache {cache.id} is {cache.node_type} and can go to {wanted}.")


def _promises(params: ScaleCacheParams, cache: Cache, context: StepContext) -> tuple[Finding, ...]:
    """What nobody can promise, and what a number of nodes alone does not give."""
    sentence = (
        f"That {context.place.standby} has capacity for {params.node_type} when cache {cache.id} is scaled cannot be "
        "promised, because AWS reserves none for ElastiCache."
    )
    fix = "To be sure, let the cache stand at its full size."
    capacity = Finding(Severity.WARNING, "cache-capacity", sentence, fix)
    if not params.replicas or cache.automatic_failover in ("enabled", "enabling"):
        return (capacity,)
    sentence = f"Cache {cache.id} has automatic failover off, so none of its replicas takes the place of its primary."
    fix = "Let it stand with one replica and automatic failover on: a run changes its size and no setting."
    return (capacity, Finding(Severity.WARNING, "cache-failover", sentence, fix))


KIND = ScaleCache()
