"""The AWS operations that creating a cache takes, with the fate of each error that botocore's models list.

`InternalServiceError` and `ServiceFailure` are answered with status 500: a read is asked again. `REFUSALS`
says what a refused creation means to a person and what the way out is; the refusals that are not in it name
a mistake in the request, and say enough themselves.
"""

from __future__ import annotations

from functools import partial

from pilotlight.domain.step import Access, Operation
from pilotlight.estate.refusals import fates

REFUSALS = {
    "InsufficientCacheClusterCapacity": (
        "AWS has no capacity for its node type there",
        "Retry the step, since capacity comes and goes, or name another node type in the plan.",
    ),
    "CacheSubnetGroupNotFoundFault": (
        "its subnet group is missing there",
        "Create the subnet group, or correct its name in the plan, then retry the step.",
    ),
    "CacheParameterGroupNotFound": (
        "its parameter group is missing there",
        "Create the parameter group, or correct its name in the plan, then retry the step.",
    ),
    "NodeQuotaForCustomerExceeded": (
        "the account's quota of nodes is used up there",
        "Delete caches that nobody needs, or have 'Nodes per Region' raised, then retry the step.",
    ),
    "ClusterQuotaForCustomerExceeded": (
        "the account's quota of clusters is used up there",
        "Delete caches that nobody needs, or have the quota raised, then retry the step.",
    ),
    "InvalidVPCNetworkStateFault": (
        "the VPC of its subnet group is not in order",
        "Correct the subnets and the VPC, then retry the step.",
    ),
}

_read = partial(Operation, "elasticache", access=Access.READ)
_write = partial(Operation, "elasticache", access=Access.WRITE)

_WRONG = ("InvalidParameterCombination", "InvalidParameterValue")
_NOT_NAMED_BY_US = (
    "CacheClusterNotFound",
    "CacheSecurityGroupNotFound",
    "GlobalReplicationGroupNotFoundFault",
    "InvalidCacheClusterState",
    "InvalidGlobalReplicationGroupState",
    "InvalidUserGroupState",
    "NodeGroupsPerReplicationGroupQuotaExceeded",
    "NodeQuotaForClusterExceeded",
    "TagQuotaPerResourceExceeded",
    "UserGroupNotFound",
)
_NO_TAGS = (
    "CacheClusterNotFound",
    "CacheParameterGroupNotFound",
    "CacheSecurityGroupNotFound",
    "CacheSubnetGroupNotFoundFault",
    "GlobalReplicationGroupNotFoundFault",
    "InvalidReplicationGroupState",
    "InvalidServerlessCacheSnapshotStateFault",
    "InvalidServerlessCacheStateFault",
    "ReplicationGroupNotFoundFault",
    "ReservedCacheNodeNotFound",
    "ServerlessCacheNotFoundFault",
    "ServerlessCacheSnapshotNotFoundFault",
    "SnapshotNotFoundFault",
    "UserGroupNotFound",
    "UserNotFound",
)
_SNAPSHOT = ("SnapshotAlreadyExistsFault", "SnapshotFeatureNotSupportedFault", "SnapshotQuotaExceededFault")

_SAID = fates(REFUSALS)
_ADOPTED = {"ReplicationGroupAlreadyExists": "looked at again, and adopted if it is ours"}
_NONE = {"ReplicationGroupNotFoundFault": "there is no such cache"}
_BUSY = {"InvalidReplicationGroupState": "busy: said, or looked at again"}

OPERATIONS = (
    _write(name="CreateReplicationGroup", handled=_ADOPTED | _SAID, fatal=(*_WRONG, *_NOT_NAMED_BY_US)),
    _write(name="DeleteReplicationGroup", handled=_NONE | _BUSY, fatal=(*_WRONG, *_SNAPSHOT)),
    _read(name="DescribeReplicationGroups", handled=_NONE, fatal=_WRONG),
    _read(name="DescribeCacheClusters", handled={"CacheClusterNotFound": "this node is not up"}, fatal=_WRONG),
    _read(
        name="ListTagsForResource",
        handled=dict.fromkeys(_NO_TAGS, "the tags do not show yet"),
        fatal=("InvalidARN", "InvalidParameterValue"),
    ),
    _read(name="DescribeEvents", handled=dict.fromkeys(_WRONG, "the reason stays unknown")),
    _read(name="DescribeCacheSubnetGroups", handled={"CacheSubnetGroupNotFoundFault": "a finding"}),
    _read(
        name="DescribeCacheParameterGroups",
        handled={"CacheParameterGroupNotFound": "a finding"},
        fatal=_WRONG,
    ),
    _read(
        name="DescribeSnapshots",
        handled=dict.fromkeys(("CacheClusterNotFound", "SnapshotNotFoundFault"), "a finding"),
        fatal=_WRONG,
    ),
    Operation(
        "secretsmanager",
        "GetSecretValue",
        Access.READ,
        {"ResourceNotFoundException": "fails, or a finding", "InternalServiceError": "asked again"},
        ("DecryptionFailure", "InvalidParameterException", "InvalidRequestException"),
    ),
    Operation("iam", "GetRole", Access.READ, {"NoSuchEntity": "a finding", "ServiceFailure": "asked again"}),
)
