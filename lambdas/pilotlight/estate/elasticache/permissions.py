"""The permissions that creating a cache takes, as the Service Authorization Reference of ElastiCache has them.

A creation is authorised on the parameter group (always, so that the engine's default is named too), the
group, its clusters, the subnet group and the snapshot; its tags need AddTagsToResource. No EC2 permission
is needed: network interfaces are the affair of the service-linked role (AWS managed policy
ElastiCacheServiceRolePolicy), which no step may create. A key of one's own needs a grant for ElastiCache.
DescribeEvents has no resource type. CreateSnapshot is not granted, because it is needed for a last snapshot
only, and none is taken.
"""

from __future__ import annotations

from collections.abc import Mapping

from pilotlight.domain.place import Place
from pilotlight.domain.step import Access, Statement
from pilotlight.estate.elasticache.specification import CacheSpecification

SERVICE_ROLE = "AWSServiceRoleForElastiCache"

Conditions = Mapping[str, Mapping[str, str | list[str]]]


def permissions(wanted: CacheSpecification, place: Place) -> tuple[Statement, ...]:
    """What looking, creating, tagging and deleting takes."""
    group = place.arn("elasticache", f"replicationgroup:{wanted.replication_group}")
    # The members are named after the group; how many digits follow depends on the cluster mode.
    members = place.arn("elasticache", f"cluster:{wanted.replication_group}-*")
    subnets = place.arn("elasticache", f"subnetgroup:{wanted.subnet_group}")
    parameters = place.arn("elasticache", f"parametergroup:{wanted.parameters_from}")
    snapshot = wanted.snapshot if isinstance(wanted.snapshot, str) else wanted.snapshot and f"{wanted.snapshot.named}*"
    snapshots = (place.arn("elasticache", f"snapshot:{snapshot}"),) if snapshot else ()
    # Those of a series are found among all.
    looked_at = snapshots if isinstance(wanted.snapshot, str) else ("*",) if snapshot else ()
    role = f"arn:aws:iam::{place.account}:role/aws-service-role/elasticache.amazonaws.com/{SERVICE_ROLE}"
    made_from = (group, members, subnets, parameters, *snapshots)
    return (
        _statement(Access.READ, group, "elasticache:DescribeReplicationGroups", "elasticache:ListTagsForResource"),
        _statement(Access.READ, members, "elasticache:DescribeCacheClusters"),
        _statement(Access.READ, subnets, "elasticache:DescribeCacheSubnetGroups"),
        _statement(Access.READ, parameters, "elasticache:DescribeCacheParameterGroups"),
        *(_statement(Access.READ, arn, "elasticache:DescribeSnapshots") for arn in looked_at),
        _statement(Access.READ, "*", "elasticache:DescribeEvents"),
        _statement(Access.READ, role, "iam:GetRole"),
        Statement(Access.WRITE, ("elasticache:CreateReplicationGroup",), made_from),
        Statement(Access.WRITE, ("elasticache:AddTagsToResource",), (group, members)),
        _statement(Access.WRITE, group, "elasticache:DeleteReplicationGroup"),
        *_of_the_secret(wanted, place),
        *_of_the_key(wanted, place),
    )


def _of_the_secret(wanted: CacheSpecification, place: Place) -> tuple[Statement, ...]:
    if not wanted.auth_token_secret:
        return ()
    # Secrets Manager ends the ARN of a secret with six characters of its own.
    secret = place.arn("secretsmanager", f"secret:{wanted.auth_token_secret}-??????")
    reading = _statement(Access.READ, secret, "secretsmanager:GetSecretValue")
    if not wanted.auth_token_key:
        return (reading,)
    key, via = wanted.key_arn(place, wanted.auth_token_key), _via("secretsmanager", place)
    return (reading, _statement(Access.READ, key, "kms:Decrypt", conditions=via))


def _of_the_key(wanted: CacheSpecification, place: Place) -> tuple[Statement, ...]:
    if not wanted.kms_key:
        return ()
    key, via = wanted.key_arn(place, wanted.kms_key), _via("elasticache", place)
    for_aws = {**via, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    return (
        _statement(Access.READ, key, "kms:DescribeKey", conditions=via),
        _statement(Access.GRANT, key, "kms:CreateGrant", conditions=for_aws),
    )


def _via(service: str, place: Place) -> Conditions:
    return {"StringEquals": {"kms:ViaService": f"{service}.{place.standby}.amazonaws.com"}}


def _statement(access: Access, resource: str, *actions: str, conditions: Conditions | None = None) -> Statement:
    return Statement(access, actions, (resource,), conditions or {})
