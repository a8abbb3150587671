"""How a cache stands before it is created: whether its name is free, whose it is, and what it is made from.

`examine` is the look of the step itself; the findings are what can be known, and corrected, on a quiet day.
Each looks at one thing, and is given when all is well too, so that a report shows what was looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Finding, Severity, StepContext
from pilotlight.estate.elasticache.group import CREATE_FAILED, DELETING, Cache, look, look_at_members, read_tags
from pilotlight.estate.elasticache.permissions import SERVICE_ROLE
from pilotlight.estate.elasticache.snapshots import snapshot_finding
from pilotlight.estate.elasticache.specification import TOKEN_PATTERN, CacheSpecification, mark

APPLICATION_TAG = "pilotlight:application"
RUN_TAG = "pilotlight:run"


class NameState(Enum):
    """What is there under the name of the cache that is wanted."""

    FREE = "nothing is there"
    OURS = "the cache is there, as it is to be"
    LEFTOVER = "a creation of ours failed and left an empty group"
    LEAVING = "a group of that name is being deleted"
    UNREADABLE = "a group of that name is there, and does not show yet whose it is"
    TAKEN = "a group of that name is there that may not be adopted"


@dataclass(frozen=True)
class Examination:
    """What was found, in a sentence; `run` made the cache, if it says so; `fix` is the way out of `TAKEN`."""

    state: NameState
    sentence: str
    fix: str = ""
    cache: Cache | None = None
    run: str = ""


def examine(context: StepContext, wanted: CacheSpecification) -> Examination:
    """Look whether the name is free, and if it is not, whether the cache may be adopted."""
    name, application = wanted.replication_group, context.place.application
    cache = look(context, name)
    if cache is None:
        return Examination(NameState.FREE, f"There is no cache {name} in {context.place.standby}.")
    if cache.status == DELETING:
        return Examination(NameState.LEAVING, f"Cache {name} is being deleted, so its name is not free yet.")
    if cache.status == CREATE_FAILED and cache.description.startswith(mark(application)):
        sentence = f"Cache {name} is left of a failed creation and holds nothing, so it is deleted first."
        return Examination(NameState.LEFTOVER, sentence, cache=cache)
    tags = read_tags(context, cache)
    if tags is None and cache.status != CREATE_FAILED:
        sentence = f"Cache {name} is {cache.status}, so its tags cannot be read yet and it is not adopted."
        return Examination(NameState.UNREADABLE, sentence)
    owner = (tags or {}).get(APPLICATION_TAG)
    if owner != application:
        said = f"is {owner}" if owner else "is missing"
        sentence = f"Cache {name} is there, but not {application}'s, because tag {APPLICATION_TAG} {said}."
        fix = f"Name another cache in the plan, or delete this one, or tag it {APPLICATION_TAG}={application}."
        return Examination(NameState.TAKEN, sentence, fix)
    return _compare(context, wanted, cache, (tags or {}).get(RUN_TAG, ""))


def _compare(context: StepContext, wanted: CacheSpecification, cache: Cache, run: str) -> Examination:
    members = look_at_members(context, cache.members[:1])
    differences = wanted.differences(cache, members[0] if members else None)
    if len(cache.members) < wanted.nodes:
        differences = (*differences, f"its number of nodes is {len(cache.members)}, not {wanted.nodes}")
    if not differences:
        return Examination(NameState.OURS, f"Cache {cache.id} is there, as the plan asks for.", "", cache, run)
    why = ", and ".join(differences)
    sentence = f"Cache {cache.id} is there, but is not what the plan asks for, because {why}."
    fix = "Correct the plan or the cache, or delete the cache, then retry the step."
    return Examination(NameState.TAKEN, sentence, fix)


def name_finding(context: StepContext, wanted: CacheSpecification) -> Finding:
    """Whether the name is free, or the cache may be adopted."""
    seen = examine(context, wanted)
    match seen.state:
        case NameState.FREE | NameState.OURS:
            severity, fix = Severity.FINE, ""
        case NameState.LEAVING | NameState.UNREADABLE:
            severity, fix = Severity.WARNING, "Look again when the group is gone or available."
        case NameState.LEFTOVER:
            severity, fix = Severity.WARNING, "Delete it now: in a run, that costs some minutes."
        case NameState.TAKEN:
            severity, fix = Severity.IMPOSSIBLE, seen.fix
        case _:
            assert_never(seen.state)
    return Finding(severity, "cache-name", seen.sentence, fix)


def subnet_group_finding(context: StepContext, wanted: CacheSpecification) -> Finding:
    """Whether the subnet group is there."""
    name, where = wanted.subnet_group, context.place.standby
    try:
        context.aws.call("elasticache", "DescribeCacheSubnetGroups", where, CacheSubnetGroupName=name)
    except NotFound:
        cache, fix = wanted.replication_group, "Create the subnet group, or correct its name in the plan."
        sentence = f"Cache {cache} cannot be created, because {where} has no subnet group {name}."
        return Finding(Severity.IMPOSSIBLE, "cache-subnet-group", sentence, fix)
    return Finding(Severity.FINE, "cache-subnet-group", f"Subnet group {name} is there.")


def other_findings(context: StepContext, wanted: CacheSpecification) -> Iterator[Finding]:
    """What a creation needs beside the name and the subnet group, and what nobody can promise."""
    yield _parameter_group(context, wanted)
    yield _service_role(context)
    if wanted.snapshot:
        yield snapshot_finding(context, wanted.replication_group, wanted.snapshot)
    if wanted.auth_token_secret:
        yield _auth_token(context, wanted, wanted.auth_token_secret)
    if look(context, wanted.replication_group) is None:
        yield from _promises(context, wanted)


def read_token(context: StepContext, secret: str) -> str | None:
    """The AUTH token that a secret holds; None if it is missing or holds something else. Nobody else sees it."""
    try:
        answer = context.aws.call("secretsmanager", "GetSecretValue", context.place.standby, SecretId=secret)
    except NotFound:
        return None
    token = str(answer.get("SecretString", ""))
    return token if re.fullmatch(TOKEN_PATTERN, token) else None


def no_token(context: StepContext, wanted: CacheSpecification) -> tuple[str, str]:
    """Why a cache cannot have its AUTH token, and the way out."""
    secret, where = wanted.auth_token_secret, context.place.standby
    sentence = (
        f"Cache {wanted.replication_group} cannot be created, because secret {secret} "
        f"is missing in {where} or holds no AUTH token."
    )
    fix = "Put the token alone into the secret: 16 to 128 letters, digits and any of ! & # $ ^ < > -"
    return sentence, fix


def _parameter_group(context: StepContext, wanted: CacheSpecification) -> Finding:
    name, where, code = wanted.parameters_from, context.place.standby, "cache-parameter-group"
    cannot = f"Cache {wanted.replication_group} cannot be created, because"
    try:
        answer = context.aws.call("elasticache", "DescribeCacheParameterGroups", where, CacheParameterGroupName=name)
    except NotFound:
        fix = "Create the parameter group, or correct its name in the plan."
        return Finding(Severity.IMPOSSIBLE, code, f"{cannot} {where} has no parameter group {name}.", fix)
    family = str(answer["CacheParameterGroups"][0]["CacheParameterGroupFamily"])
    if family == wanted.family:
        return Finding(Severity.FINE, code, f"Parameter group {name} is there, for {family}.")
    sentence = f"{cannot} parameter group {name} is for {family}, and its engine needs {wanted.family}."
    return Finding(Severity.IMPOSSIBLE, code, sentence, f"Name a parameter group for {wanted.family}, or none.")


def _service_role(context: StepContext) -> Finding:
    """ElastiCache makes its role at the first creation, if the caller may; no role of Pilotlight's may."""
    code = "cache-service-role"
    try:
        context.aws.call("iam", "GetRole", "us-east-1", RoleName=SERVICE_ROLE)
    except NotFound:
        sentence = f"No cache can be created, because role {SERVICE_ROLE} is missing and no step may make it."
        fix = "Run: aws iam create-service-linked-role --aws-service-name elasticache.amazonaws.com"
        return Finding(Severity.IMPOSSIBLE, code, sentence, fix)
    return Finding(Severity.FINE, code, f"Role {SERVICE_ROLE} is there.")


def _auth_token(context: StepContext, wanted: CacheSpecification, secret: str) -> Finding:
    if read_token(context, secret) is None:
        return Finding(Severity.IMPOSSIBLE, "cache-auth-token", *no_token(context, wanted))
    return Finding(Severity.FINE, "cache-auth-token", f"Secret {secret} holds an AUTH token.")


def _promises(context: StepContext, wanted: CacheSpecification) -> Iterator[Finding]:
    name, where, tag = wanted.replication_group, context.place.standby, APPLICATION_TAG
    sentence = (
        f"That {where} has capacity for {wanted.nodes} {wanted.node_type} when cache {name} is created "
        "cannot be promised, because AWS reserves none for ElastiCache."
    )
    owner = f"{tag}={context.place.application}"
    fix = f"To be sure, keep the cache warm: create it as the plan says, tagged {owner}; the step adopts it."
    yield Finding(Severity.WARNING, "cache-capacity", sentence, fix)
    sentence = f"Cache {name} takes {wanted.nodes} of the nodes that the account may have in {where}."
    fix = "Compare with 'Nodes per Region' in Service Quotas, which is not read here."
    yield Finding(Severity.FINE, "cache-node-quota", sentence, fix)
