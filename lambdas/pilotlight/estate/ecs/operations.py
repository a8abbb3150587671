"""The AWS operations that bringing a service up or down takes, with the fate of each error in botocore's models.

`ServerException`, `InternalServiceException` and `HealthUnavailable` are answered with status 500: a read
is asked again, a write is read back first. Apart from that, only what names a missing thing is told apart.
"""

from __future__ import annotations

from functools import partial

from pilotlight.domain.step import Access, Operation

_READ, _WRITE = Access.READ, Access.WRITE
_ecs = partial(Operation, "ecs")
_scaling = partial(Operation, "application-autoscaling")
_balancing = partial(Operation, "elbv2")

_AGAIN = {"ServerException": "asked again"}
_SCALING_AGAIN = {"ConcurrentUpdateException": "asked again", "InternalServiceException": "asked again"}
_DENIED, _CLIENT, _INVALID = "AccessDeniedException", "ClientException", "InvalidParameterException"
_NO_CLUSTER, _NO_SERVICE = "ClusterNotFoundException", "ServiceNotFoundException"
_UPDATE_FATAL = (
    "ServiceNotActiveException",
    "PlatformUnknownException",
    "PlatformTaskDefinitionIncompatibilityException",
    "NamespaceNotFoundException",
    "UnsupportedFeatureException",
)
_MISSING_SERVICE = {_NO_CLUSTER: "said as a missing service"}
_MISSING_DEFINITION = {_CLIENT: "said as a missing task definition"}
_MISSING_GROUP = {"TargetGroupNotFound": "said as a missing target group"}
_GONE_ALREADY = {"ObjectNotFoundException": "gone already"}
_HEALTH_AGAIN = {"HealthUnavailable": "asked again"}

OPERATIONS = (
    _ecs("DescribeServices", _READ, {**_AGAIN, **_MISSING_SERVICE}, (_DENIED, _CLIENT, _INVALID)),
    _ecs("DescribeClusters", _READ, _AGAIN, (_DENIED, _CLIENT, _INVALID)),
    _ecs("DescribeTaskDefinition", _READ, {**_AGAIN, **_MISSING_DEFINITION}, (_DENIED, _INVALID)),
    _ecs("ListTasks", _READ, _AGAIN, (_DENIED, _CLIENT, _INVALID, _NO_CLUSTER, _NO_SERVICE)),
    _ecs("DescribeTasks", _READ, _AGAIN, (_DENIED, _CLIENT, _INVALID, _NO_CLUSTER)),
    _ecs(
        "UpdateService",
        _WRITE,
        {"ServerException": "read before it is repeated"},
        (_DENIED, _CLIENT, _INVALID, _NO_CLUSTER, _NO_SERVICE, *_UPDATE_FATAL),
    ),
    _scaling(
        "DescribeScalableTargets",
        _READ,
        _SCALING_AGAIN,
        ("ValidationException", "InvalidNextTokenException"),
    ),
    _scaling(
        "RegisterScalableTarget",
        _WRITE,
        _SCALING_AGAIN,
        ("ValidationException", "LimitExceededException"),
    ),
    _scaling(
        "DeregisterScalableTarget",
        _WRITE,
        {**_SCALING_AGAIN, **_GONE_ALREADY},
        ("ValidationException",),
    ),
    _balancing("DescribeTargetGroups", _READ, _MISSING_GROUP, ("LoadBalancerNotFound",)),
    _balancing("DescribeTargetHealth", _READ, _HEALTH_AGAIN, ("InvalidTarget", "TargetGroupNotFound")),
)

_TAGGING_FATAL = (_DENIED, _CLIENT, _INVALID, _NO_CLUSTER, "ResourceNotFoundException")
_CLOSING = (
    "DescribeServices",
    "ListTasks",
    "DescribeTasks",
    "UpdateService",
    "DescribeScalableTargets",
    "RegisterScalableTarget",
)

CLOSING_OPERATIONS = (
    *(operation for operation in OPERATIONS if operation.name in _CLOSING),
    _ecs("TagResource", _WRITE, _AGAIN, (*_TAGGING_FATAL, "LimitExceededException")),
    _ecs("UntagResource", _WRITE, _AGAIN, _TAGGING_FATAL),
)
"""What it takes to bring a service down to no tasks and back, and to keep on it what it was before."""
