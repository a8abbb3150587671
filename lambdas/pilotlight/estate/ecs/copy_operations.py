"""The AWS operations that copying a service for a drill takes, with the fate of each error in botocore's models."""

from __future__ import annotations

from functools import partial

from pilotlight.domain.step import Access, Operation
from pilotlight.estate.ecs.operations import OPERATIONS as OF_SERVICES
from pilotlight.estate.elbv2.copy_operations import OPERATIONS as OF_BALANCING

_READ, _WRITE = Access.READ, Access.WRITE
_ecs = partial(Operation, "ecs")

_AGAIN, _READ_BACK = {"ServerException": "asked again"}, {"ServerException": "looked for before it is repeated"}
_DENIED, _CLIENT, _INVALID = "AccessDeniedException", "ClientException", "InvalidParameterException"
_NO_CLUSTER, _NO_SERVICE = "ClusterNotFoundException", "ServiceNotFoundException"

NAME_NOT_FREE = ("still Draining", "not idempotent")
"""What ECS says of a name whose service is not gone yet, or stands there and did not show."""

_READING = ("DescribeServices", "DescribeTaskDefinition", "ListTasks", "DescribeTasks", "DescribeTargetHealth")

OPERATIONS = (
    *(operation for operation in OF_SERVICES if operation.name in _READING),
    _ecs("ListTaskDefinitions", _READ, _AGAIN, (_DENIED, _CLIENT, _INVALID)),
    _ecs("RegisterTaskDefinition", _WRITE, _READ_BACK, (_DENIED, _CLIENT, _INVALID, "LimitExceededException")),
    _ecs(
        "CreateService",
        _WRITE,
        {**_READ_BACK, _INVALID: "looked at again where the name is not free yet, fatal else"},
        (
            _DENIED,
            _CLIENT,
            _NO_CLUSTER,
            "NamespaceNotFoundException",
            "PlatformTaskDefinitionIncompatibilityException",
            "PlatformUnknownException",
            "UnsupportedFeatureException",
        ),
    ),
    _ecs(
        "DeleteService",
        _WRITE,
        {**_READ_BACK, _NO_SERVICE: "gone already", _NO_CLUSTER: "gone already"},
        (_DENIED, _CLIENT, _INVALID),
    ),
    _ecs("DeregisterTaskDefinition", _WRITE, _READ_BACK, (_DENIED, _CLIENT, _INVALID)),
    _ecs("DeleteTaskDefinitions", _WRITE, _READ_BACK, (_DENIED, _CLIENT, _INVALID)),
    *OF_BALANCING,
)
