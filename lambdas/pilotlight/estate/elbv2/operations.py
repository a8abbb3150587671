"""The AWS operations that closing a listener takes, with the fate of each error in botocore's model of ELBv2."""

from __future__ import annotations

from functools import partial

from pilotlight.domain.step import Access, Operation

_elbv2 = partial(Operation, "elbv2")

_NO_LISTENER, _NO_RULE, _NO_BALANCER = "ListenerNotFound", "RuleNotFound", "LoadBalancerNotFound"
_NO_GROUP, _PROTOCOL = "TargetGroupNotFound", "UnsupportedProtocol"

OPERATIONS = (
    _elbv2("DescribeLoadBalancers", Access.READ, {_NO_BALANCER: "said as a missing load balancer"}),
    _elbv2("DescribeListeners", Access.READ, {}, (_NO_LISTENER, _NO_BALANCER, _PROTOCOL)),
    _elbv2("DescribeRules", Access.READ, {}, (_NO_LISTENER, _NO_RULE, _PROTOCOL)),
    _elbv2(
        "DescribeTags",
        Access.READ,
        {},
        (_NO_LISTENER, _NO_BALANCER, _NO_RULE, _NO_GROUP, "TrustStoreNotFound"),
    ),
    _elbv2(
        "CreateRule",
        Access.WRITE,
        {"PriorityInUse": "looked at again"},
        (
            _NO_LISTENER,
            _NO_GROUP,
            _PROTOCOL,
            "IncompatibleProtocols",
            "InvalidConfigurationRequest",
            "InvalidLoadBalancerAction",
            "TargetGroupAssociationLimit",
            "TooManyActions",
            "TooManyRegistrationsForTargetId",
            "TooManyRules",
            "TooManyTags",
            "TooManyTargetGroups",
            "TooManyTargets",
            "TooManyUniqueTargetGroupsPerLoadBalancer",
        ),
    ),
    _elbv2("DeleteRule", Access.WRITE, {_NO_RULE: "gone already"}, ("OperationNotPermitted",)),
)
