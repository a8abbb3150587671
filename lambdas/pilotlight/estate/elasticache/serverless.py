"""What ElastiCache shows of a serverless cache, and the AWS operations that creating one takes.

A status is compared in small letters: botocore's model writes it in capitals, and the API answers in small ones. The
endpoint is there once the cache is available. Shapes and codes: botocore's model of ElastiCache.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from pilotlight.domain.errors import InvalidState, NotFound
from pilotlight.domain.step import Access, Operation, StepContext
from pilotlight.estate.elasticache.operations import OPERATIONS as OF_GROUPS
from pilotlight.estate.refusals import fates

REFUSALS = {
    "UserGroupNotFound": (
        "its user group is missing there",
        "Create the user group, or correct its name in the plan, then retry the step.",
    ),
    "ServerlessCacheQuotaForCustomerExceededFault": (
        "the account's quota of serverless caches is used up there",
        "Delete caches that nobody needs, or have the quota raised, then retry the step.",
    ),
    "ServiceLinkedRoleNotFoundFault": (
        "ElastiCache's service-linked role is missing and no step may make it",
        "Run: aws iam create-service-linked-role --aws-service-name elasticache.amazonaws.com; then retry the step.",
    ),
}

_read = partial(Operation, "elasticache", access=Access.READ)
_write = partial(Operation, "elasticache", access=Access.WRITE)
_WRONG = ("InvalidParameterCombination", "InvalidParameterValue")
_NONE = {"ServerlessCacheNotFoundFault": "there is no such cache"}
_BUSY = {"InvalidServerlessCacheStateFault": "busy: said, or looked at again"}
_SAID = fates(REFUSALS)

OPERATIONS = (
    _write(
        name="CreateServerlessCache",
        handled={"ServerlessCacheAlreadyExistsFault": "looked at again, and adopted if it is ours"} | _SAID,
        fatal=(
            *_WRONG,
            "InvalidCredentialsException",
            "InvalidServerlessCacheStateFault",
            "InvalidUserGroupState",
            "ServerlessCacheNotFoundFault",
            "TagQuotaPerResourceExceeded",
        ),
    ),
    _write(
        name="DeleteServerlessCache",
        handled=_NONE | _BUSY,
        fatal=(
            *_WRONG,
            "InvalidCredentialsException",
            "ServerlessCacheSnapshotAlreadyExistsFault",
            "ServiceLinkedRoleNotFoundFault",
        ),
    ),
    _read(name="DescribeServerlessCaches", handled=_NONE, fatal=_WRONG),
    next(operation for operation in OF_GROUPS if operation.name == "ListTagsForResource"),
)


@dataclass(frozen=True)
class ServerlessCache:
    """One serverless cache."""

    name: str
    arn: str
    status: str
    description: str
    engine: str
    version: str
    security_groups: frozenset[str]
    subnets: frozenset[str]
    user_group: str
    address: str
    port: int

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Self:
        """Read one entry of DescribeServerlessCaches."""
        endpoint = found.get("Endpoint") or {}
        return cls(
            name=str(found["ServerlessCacheName"]),
            arn=str(found.get("ARN", "")),
            status=str(found.get("Status", "unknown")).lower(),
            description=str(found.get("Description", "")),
            engine=str(found.get("Engine", "")),
            version=str(found.get("MajorEngineVersion", "")),
            security_groups=frozenset(found.get("SecurityGroupIds", ())),
            subnets=frozenset(found.get("SubnetIds", ())),
            user_group=str(found.get("UserGroupId", "")),
            address=str(endpoint.get("Address", "")),
            port=int(endpoint.get("Port", 0)),
        )


def look(context: StepContext, name: str) -> ServerlessCache | None:
    """The cache of that name in the standby; None if there is none."""
    where = context.place.standby
    try:
        answer = context.aws.call("elasticache", "DescribeServerlessCaches", where, ServerlessCacheName=name)
    except NotFound:
        return None
    named = [found for found in answer["ServerlessCaches"] if found["ServerlessCacheName"] == name]
    return ServerlessCache.read(named[0]) if named else None


def read_tags(context: StepContext, cache: ServerlessCache) -> Mapping[str, str] | None:
    """Its tags; None while ElastiCache does not show them."""
    try:
        answer = context.aws.call("elasticache", "ListTagsForResource", context.place.standby, ResourceName=cache.arn)
    except (NotFound, InvalidState):
        return None
    return {tag["Key"]: tag.get("Value", "") for tag in answer["TagList"]}
