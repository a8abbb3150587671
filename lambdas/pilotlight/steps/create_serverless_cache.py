"""Create a serverless cache of ElastiCache in the standby, which takes minutes where nodes take a quarter of an hour.

A cache that is there already is adopted only if its tag says that it is this application's and it is what the plan
asks for; anyone else's stops the step. One that ends `create-failed` fails the step, and the next try removes it. Done
means that it is available and has an endpoint. It can be filled from snapshots that the standby holds.

Its clients differ from those of a replication group: they speak TLS always, know cluster mode, and prove themselves as
users of a user group, never by an AUTH token (aws-facts section 5).

Times: aws-facts section 11, 1 to 5 min.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field

from pilotlight.domain.errors import InvalidState, NotFound
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal, Remains, StandIn, drilled
from pilotlight.domain.step import (
    Access,
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
from pilotlight.estate.elasticache.creation import ask_for, asked_for, found_there, left, still_there, take_back
from pilotlight.estate.elasticache.examination import APPLICATION_TAG, RUN_TAG
from pilotlight.estate.elasticache.group import AVAILABLE, CREATE_FAILED, DELETING
from pilotlight.estate.elasticache.serverless import OPERATIONS, REFUSALS, ServerlessCache, look, read_tags
from pilotlight.estate.elasticache.specification import mark
from pilotlight.estate.endpoint import OUTPUTS, answers_at

_LONGEST_NAME = 40

Subnet = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]
SecurityGroup = Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]
SnapshotArn = Annotated[
    str, Field(pattern=r"^arn:aws:elasticache:[a-z0-9-]+:\d{12}:(serverlesscachesnapshot|snapshot):[a-zA-Z0-9-]+$")
]


class ServerlessEngine(StrEnum):
    """The engines of a serverless cache that clients of Redis can use."""

    REDIS = "redis"
    VALKEY = "valkey"


class CreateServerlessCacheParams(Params):
    """The serverless cache that is to be there.

    ```yaml
    step: create-cache
    kind: create_serverless_cache
    params:
      cache: orders-dr
      engine: valkey
      major_version: "8"
      vpc: vpc-0a1b2c3d4e5f60718
      subnets: [subnet-0d1e2f3a4b5c60718, subnet-0d1e2f3a4b5c60719]
      security_groups: [sg-0d1e2f3a4b5c60718]
      user_group: orders-dr
    ```
    """

    cache: str = Field(max_length=_LONGEST_NAME, pattern=r"^[a-z](-?[a-z0-9])*$", examples=["orders-dr"])
    engine: ServerlessEngine
    major_version: str = Field(pattern=r"^\d+$", examples=["8"])
    vpc: str = Field(pattern=r"^vpc-[0-9a-f]+$", description="That of the subnets; it gets an endpoint.")
    subnets: tuple[Subnet, ...] = Field(min_length=2, max_length=3, description="In as many zones; all of one VPC.")
    security_groups: tuple[SecurityGroup, ...] = Field(min_length=1, max_length=5)
    user_group: str | None = Field(
        None, pattern=r"^[a-z][a-z0-9-]*$", description="Who may use it; anybody who reaches it if it is left out."
    )
    snapshot_arns: tuple[SnapshotArn, ...] = Field((), max_length=1, description="A snapshot of the standby, by ARN.")

    def order(self, place: Place, run_id: str) -> dict[str, Any]:
        """The parameters of CreateServerlessCache, marked as the application's and the run's."""
        tags = {APPLICATION_TAG: place.application, RUN_TAG: run_id, "Name": self.cache}
        optional = {"UserGroupId": self.user_group, "SnapshotArnsToRestore": list(self.snapshot_arns)}
        return {
            "ServerlessCacheName": self.cache,
            "Description": f"{mark(place.application)} run {run_id}",
            "Engine": self.engine.value,
            "MajorEngineVersion": self.major_version,
            "SubnetIds": list(self.subnets),
            "SecurityGroupIds": list(self.security_groups),
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            **{name: value for name, value in optional.items() if value},
        }

    def differences(self, cache: ServerlessCache) -> tuple[str, ...]:
        """Where a cache that is there is not what is asked for."""
        pairs = (
            ("engine", self.engine.value, cache.engine),
            ("major version", self.major_version, cache.version),
            ("set of subnets", _listed(self.subnets), _listed(cache.subnets)),
            ("set of security groups", _listed(self.security_groups), _listed(cache.security_groups)),
            ("user group", self.user_group or "none", cache.user_group or "none"),
        )
        return tuple(f"its {what} is {seen}, not {asked}" for what, asked, seen in pairs if asked != seen)


class CreateServerlessCache(StepKind[CreateServerlessCacheParams]):
    """Creates a serverless cache, or adopts the application's own."""

    name = "create_serverless_cache"
    params = CreateServerlessCacheParams
    harm = Harm.HARMLESS
    marks = True
    outputs = OUTPUTS
    timing = Timing(
        shortest=timedelta(minutes=1),
        typical=timedelta(minutes=2),
        longest=timedelta(minutes=5),
        poll=timedelta(seconds=10),
        give_up=timedelta(minutes=30),
    )
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: CreateServerlessCacheParams) -> str:
        return f"Create serverless cache {params.cache}"

    def statements(self, params: CreateServerlessCacheParams, place: Place) -> tuple[Statement, ...]:
        """Making the cache makes an endpoint in the VPC under the caller's name (AWS managed policy
        AmazonElastiCacheFullAccess), so that a condition names ElastiCache's own service."""
        cache = place.arn("elasticache", f"serverlesscache:{params.cache}")
        group = (place.arn("elasticache", f"usergroup:{params.user_group}"),) if params.user_group else ()
        things = (f"vpc/{params.vpc}", *(f"subnet/{s}" for s in params.subnets))
        inside = (*things, *(f"security-group/{g}" for g in params.security_groups))
        endpoint = place.arn("ec2", "vpc-endpoint/*")
        elasticache = {"StringLike": {"ec2:VpceServiceName": "com.amazonaws.elasticache.serverless.*"}}
        tagging = {"StringEquals": {"ec2:CreateAction": "CreateVpcEndpoint"}}
        looks = ("elasticache:DescribeServerlessCaches", "elasticache:ListTagsForResource")
        made_from = (cache, *group, *params.snapshot_arns)
        return (
            Statement(Access.READ, looks, (cache,)),
            Statement(Access.WRITE, ("elasticache:CreateServerlessCache",), made_from),
            Statement(Access.WRITE, ("elasticache:AddTagsToResource", "elasticache:DeleteServerlessCache"), (cache,)),
            Statement(Access.WRITE, ("ec2:CreateVpcEndpoint",), (endpoint,), elasticache),
            Statement(Access.WRITE, ("ec2:CreateVpcEndpoint",), tuple(place.arn("ec2", thing) for thing in inside)),
            Statement(Access.WRITE, ("ec2:CreateTags",), (endpoint,), tagging),
        )

    def prerequisites(self, params: CreateServerlessCacheParams, place: Place) -> tuple[Standing, ...]:
        why = "The standby's tasks have to reach the cache."
        return tuple(
            Standing("ec2", "security_group", place.standby, {"id": group, "port": 6379}, why)
            for group in params.security_groups
        )

    def readiness(self, params: CreateServerlessCacheParams, context: StepContext) -> tuple[Finding, ...]:
        return self.preflight(params, context)

    def preflight(self, params: CreateServerlessCacheParams, context: StepContext) -> tuple[Finding, ...]:
        cache = look(context, params.cache)
        if cache is None or cache.status in (DELETING, CREATE_FAILED):
            said = f"Serverless cache {params.cache} can be created in {context.place.standby}."
            return (Finding(Severity.FINE, "cache-name", said),)
        unfit = _unfit(params, cache, read_tags(context, cache), context)
        if isinstance(unfit, Failed):
            return (unfit.foreseen("cache-name"),)
        said = f"Serverless cache {cache.name} is there already, and is {cache.status}."
        return (Finding(Severity.FINE, "cache-name", said),)

    def execute(self, params: CreateServerlessCacheParams, context: StepContext) -> Receipt | NotYet | Failed:
        cache = look(context, params.cache)
        if cache is None:
            return _create(params, context)
        if cache.status == DELETING:
            return NotYet(f"Serverless cache {cache.name} is being deleted, so its name is not free yet.")
        if cache.status == CREATE_FAILED and cache.description.startswith(mark(context.place.application)):
            with suppress(NotFound, InvalidState):
                _delete(context, cache.name)
            return NotYet(f"Serverless cache {cache.name} is left of a failed creation, so it is deleted first.")
        tags = read_tags(context, cache)
        unfit = _unfit(params, cache, tags, context)
        if unfit is not None:
            return unfit
        by = (tags or {}).get(RUN_TAG, "")
        return found_there(f"Serverless cache {cache.name} is there, as the plan asks for.", by)

    def verify(
        self, params: CreateServerlessCacheParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        name = params.cache
        cache = still_there(f"Serverless cache {name}", look(context, name), receipt, context)
        if isinstance(cache, Pending | Failed):
            return cache
        if cache.status == CREATE_FAILED:
            said = f"Serverless cache {name} could not be created; ElastiCache does not say why in its answer."
            return Failed(said, "Read its events, then retry the step, which clears it away first.")
        if cache.status != AVAILABLE or not cache.address:
            return Pending(f"Serverless cache {name} is {cache.status}.")
        outputs = answers_at(cache.address, cache.port)
        return Settled(f"Serverless cache {name} is available and answers at {outputs['endpoint']}.", outputs)

    def undo(self, params: CreateServerlessCacheParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        name = params.cache
        return take_back(
            f"Serverless cache {name}", receipt, context,
            look=lambda: look(context, name),
            delete=lambda: _delete(context, name),
            later="delete it later",
        )  # fmt: skip

    def stand_in(self, params: CreateServerlessCacheParams, isolation: Isolation) -> StandIn | Refusal:
        name = drilled(params.cache)
        if len(name) > _LONGEST_NAME:
            return Refusal(f"Serverless cache {params.cache} has no stand-in for drills, because {name} is too long.")
        apart = {"cache": name, "snapshot_arns": (), "security_groups": isolation.security_groups}
        return StandIn(self.name, params.model_copy(update=apart))

    def remains(self, params: CreateServerlessCacheParams, context: StepContext) -> Remains | None:
        return left(f"Serverless cache {params.cache}", look(context, params.cache), context)

    def by_hand(self, params: CreateServerlessCacheParams, place: Place) -> Handwork:
        return by_hand.serverless(params.cache, params.order(place, by_hand.BY_HAND), place)


def _unfit(
    params: CreateServerlessCacheParams, cache: ServerlessCache, tags: Mapping[str, str] | None, context: StepContext
) -> NotYet | Failed | None:
    """Why a cache that is there may not be adopted, or not yet."""
    named, application = f"Serverless cache {cache.name}", context.place.application
    if tags is None and cache.status != CREATE_FAILED:
        return NotYet(f"{named} is {cache.status}, so its tags cannot be read yet and it is not adopted.")
    if (tags or {}).get(APPLICATION_TAG) != application:
        said = f"{named} is there, but tag {APPLICATION_TAG} does not say that it is {application}'s."
        return Failed(said, f"Name another cache in the plan, or tag this one {APPLICATION_TAG}={application}.")
    differences = params.differences(cache)
    if differences:
        said = f"{named} is there, but is not what the plan asks for, because {', and '.join(differences)}."
        return Failed(said, "Correct the plan or the cache, then retry the step.")
    return None


def _create(params: CreateServerlessCacheParams, context: StepContext) -> Receipt | NotYet | Failed:
    named, order = f"Serverless cache {params.cache}", params.order(context.place, context.run_id)
    refused = ask_for(named, "CreateServerlessCache", order, REFUSALS, context)
    return refused or asked_for(f"{named} is being created.", context)


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(sorted(ids))


def _delete(context: StepContext, name: str) -> None:
    context.aws.call("elasticache", "DeleteServerlessCache", context.place.standby, ServerlessCacheName=name)


KIND = CreateServerlessCache()
