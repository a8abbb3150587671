"""Create a cache in the standby: an ElastiCache replication group that is whole and answers at an address.

A cache that is there already is adopted only if its tag says that it is this application's and it is, field
by field, what the plan asks for; so a cache kept warm is adopted, and anyone else's stops the step. A
creation that ends `create-failed` fails the step at once, with the reason from ElastiCache's events
(botocore's waiter would go on for 10 min); what it leaves behind holds nothing, and the next try removes
it. Done means: an address, and every node that was asked for is up. A cache that is backed up or modified
meanwhile serves. It can be filled from a snapshot that the standby holds: from one by its name, without which it is
not created; or from the newest of a series, without which it begins empty.

Times: aws-facts section 11, 5 to 15 min with a tail of 50 min.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import ClassVar, assert_never

from pilotlight.domain.errors import InvalidState, NotFound
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal, Remains, StandIn, drilled
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    Pending,
    Receipt,
    Settled,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate.elasticache import by_hand
from pilotlight.estate.elasticache.creation import ask_for, asked_for, found_there, left, still_there, take_back
from pilotlight.estate.elasticache.examination import (
    NameState,
    examine,
    name_finding,
    no_token,
    other_findings,
    read_token,
    subnet_group_finding,
)
from pilotlight.estate.elasticache.group import (
    CREATE_FAILED,
    SERVING_GROUP,
    SERVING_NODE,
    Cache,
    look,
    look_at_members,
    settled_at,
    why_it_failed,
)
from pilotlight.estate.elasticache.operations import OPERATIONS, REFUSALS
from pilotlight.estate.elasticache.permissions import permissions
from pilotlight.estate.elasticache.snapshots import find_snapshot
from pilotlight.estate.elasticache.specification import CacheSpecification
from pilotlight.estate.endpoint import OUTPUTS
from pilotlight.estate.snapshots import NewestSnapshot

_LONGEST_ID = 40
_NETWORK = "A cache without one would stand in the default VPC, out of the tasks' reach."
_SETTINGS = "The cache is created with it; one of another family is refused."
_CONTENT = "The cache is filled from it."
_TOKEN = "The cache is created with this token, and the application's tasks send the same."
_WAY_IN = "The standby's tasks have to reach the cache."


class CreateCacheParams(CacheSpecification):
    """The cache that is to be there.

    ```yaml
    step: create-cache
    kind: create_cache
    params:
      replication_group: fileflow-dr-redis
      node_type: cache.r6g.large
      nodes: 2
      engine: redis
      engine_version: "7.1"
      subnet_group: fileflow-dr-cache
      security_groups: [sg-0d1e2f3a4b5c60718]
    ```
    """


class CreateCache(StepKind[CreateCacheParams]):
    """Creates a replication group, or adopts the application's own."""

    name = "create_cache"
    params = CreateCacheParams
    harm = Harm.HARMLESS
    marks = True
    outputs = OUTPUTS
    timing = Timing(
        shortest=timedelta(minutes=5),
        typical=timedelta(minutes=8),
        longest=timedelta(minutes=15),
        poll=timedelta(seconds=10),
        give_up=timedelta(minutes=60),
    )
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: CreateCacheParams) -> str:
        return f"Create cache {params.replication_group}"

    def statements(self, params: CreateCacheParams, place: Place) -> tuple[Statement, ...]:
        return permissions(params, place)

    def standing(self, params: CreateCacheParams, place: Place) -> tuple[Standing, ...]:
        def thing(service: str, what: str, why: str, **facts: str) -> Standing:
            return Standing(service, what, place.standby, facts, why)

        own, secret = params.parameter_group, params.auth_token_secret
        held = params.snapshot
        snapshot = f"{held.named}copy" if isinstance(held, NewestSnapshot) else held
        return (
            thing("elasticache", "subnet_group", _NETWORK, name=params.subnet_group),
            *((thing("elasticache", "parameter_group", _SETTINGS, name=own, family=params.family),) if own else ()),
            *((thing("elasticache", "snapshot", _CONTENT, name=snapshot),) if snapshot else ()),
            *((thing("secretsmanager", "auth_token", _TOKEN, name=secret),) if secret else ()),
        )

    def prerequisites(self, params: CreateCacheParams, place: Place) -> tuple[Standing, ...]:
        groups = (
            Standing("ec2", "security_group", place.standby, {"id": group, "port": params.port}, _WAY_IN)
            for group in params.security_groups
        )
        return (*self.standing(params, place), *groups)

    def readiness(self, params: CreateCacheParams, context: StepContext) -> tuple[Finding, ...]:
        return (*self.preflight(params, context), *other_findings(context, params))

    def preflight(self, params: CreateCacheParams, context: StepContext) -> tuple[Finding, ...]:
        return (name_finding(context, params), subnet_group_finding(context, params))

    def execute(self, params: CreateCacheParams, context: StepContext) -> Receipt | NotYet | Failed:
        seen = examine(context, params)
        match seen.state:
            case NameState.FREE:
                return _create(params, context)
            case NameState.OURS:
                return found_there(seen.sentence, seen.run)
            case NameState.LEFTOVER:
                with suppress(NotFound, InvalidState):
                    _delete(context, params.replication_group)
                return NotYet(seen.sentence)
            case NameState.LEAVING | NameState.UNREADABLE:
                return NotYet(seen.sentence)
            case NameState.TAKEN:
                return Failed(seen.sentence, seen.fix)
            case _:
                assert_never(seen.state)

    def verify(self, params: CreateCacheParams, receipt: Receipt, context: StepContext) -> Settled | Pending | Failed:
        name = params.replication_group
        cache = still_there(f"Cache {name}", look(context, name), receipt, context)
        if isinstance(cache, Pending | Failed):
            return cache
        if cache.status == CREATE_FAILED:
            return _creation_failed(name, context)
        if cache.address is None or cache.port is None:
            return Pending(f"Cache {name} is {cache.status} and has no address yet.")
        differences = params.differences(cache, None)
        if differences:
            reason = f"Cache {name} is not what the plan asks for, because {', and '.join(differences)}."
            return Failed(reason, "Correct the plan or the cache, then retry the step.")
        return _whole(params, cache, context) or settled_at(cache, cache.address, cache.port)

    def undo(self, params: CreateCacheParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        name = params.replication_group
        return take_back(
            f"Cache {name}", receipt, context,
            look=lambda: look(context, name),
            delete=lambda: _delete(context, name),
            later="delete it when it is available",
        )  # fmt: skip

    def stand_in(self, params: CreateCacheParams, isolation: Isolation) -> StandIn | Refusal:
        name = drilled(params.replication_group)
        if len(name) > _LONGEST_ID:
            return Refusal(
                f"Cache {params.replication_group} has no stand-in for drills, because {name} is longer than "
                f"the {_LONGEST_ID} characters that ElastiCache allows; give the cache a shorter name."
            )
        # A small node could not hold the data of a snapshot, and a drill does not need them.
        small = {"replication_group": name, "node_type": _small_node(params), "nodes": 2, "snapshot": None}
        small["security_groups"] = isolation.security_groups
        return StandIn(self.name, params.model_copy(update=small))

    def remains(self, params: CreateCacheParams, context: StepContext) -> Remains | None:
        name = params.replication_group
        return left(f"Cache {name}", look(context, name), context)

    def by_hand(self, params: CreateCacheParams, place: Place) -> Handwork:
        return by_hand.replication_group(params, place)


def _create(params: CreateCacheParams, context: StepContext) -> Receipt | NotYet | Failed:
    name, secret = params.replication_group, params.auth_token_secret
    token = read_token(context, secret) if secret else None
    if secret and token is None:
        return Failed(*no_token(context, params))
    snapshot = find_snapshot(context, params.snapshot)
    order = params.order(context.place, context.run_id, token, snapshot)
    refused = ask_for(f"Cache {name}", "CreateReplicationGroup", order, REFUSALS, context)
    if refused:
        return refused
    filled = f" and filled from snapshot {snapshot}" if snapshot else ""
    empty = ", empty, because no snapshot of its series is there" if params.snapshot and not snapshot else ""
    sentence = f"Cache {name} is being created with {params.nodes} nodes of {params.node_type}{filled}{empty}."
    return asked_for(sentence, context)


def _creation_failed(name: str, context: StepContext) -> Failed:
    why = why_it_failed(context, name) or "its events do not say why"
    fix = "Retry the step, which clears it away first; if capacity was lacking, name another node type before."
    return Failed(f"Cache {name} could not be created, because {why}.", fix)


def _whole(params: CreateCacheParams, cache: Cache, context: StepContext) -> Pending | None:
    """What is still missing of a cache that has an address; None if it is whole.

    The group serves during a backup or a modification, and each node says for itself whether it is up.
    """
    if cache.status not in SERVING_GROUP:
        return Pending(f"Cache {cache.id} is {cache.status}, so it is not known to serve.")
    members = look_at_members(context, cache.members)
    up = sum(member.status in SERVING_NODE for member in members)
    if up < params.nodes:
        return Pending(f"Cache {cache.id} is {cache.status}, with {up} of {params.nodes} nodes up.")
    if params.automatic_failover and cache.automatic_failover != "enabled":
        return Pending(f"Cache {cache.id} has no automatic failover yet: it is {cache.automatic_failover}.")
    return None


def _small_node(params: CreateCacheParams) -> str:
    """The smallest node of today; Redis before 5.0.6 does not run on Graviton."""
    old = params.engine_version.split(".")[0] in ("3", "4", "5") and params.engine.value == "redis"
    return "cache.t3.micro" if old else "cache.t4g.micro"


def _delete(context: StepContext, name: str) -> None:
    where = context.place.standby
    context.aws.call("elasticache", "DeleteReplicationGroup", where, ReplicationGroupId=name)


KIND = CreateCache()
