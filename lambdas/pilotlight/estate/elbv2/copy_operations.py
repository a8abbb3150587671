"""The AWS operations that a drill's own load balancer takes, with the fate of each error in botocore's models."""

from __future__ import annotations

from functools import partial

from pilotlight.domain.step import Access, Operation
from pilotlight.estate.refusals import fates

_READ, _WRITE = Access.READ, Access.WRITE
_balancing = partial(Operation, "elbv2")

_NO_LISTENER, _NO_BALANCER, _NO_GROUP = "ListenerNotFound", "LoadBalancerNotFound", "TargetGroupNotFound"
_NO_RULE, _NO_STORE, _PROTOCOL = "RuleNotFound", "TrustStoreNotFound", "UnsupportedProtocol"
_CONFIGURATION, _TAGS = "InvalidConfigurationRequest", "TooManyTags"

REFUSALS = {
    "TooManyLoadBalancers": (
        "the account's quota of load balancers is used up there",
        "Delete load balancers that nobody needs, or have 'Application Load Balancers per Region' raised.",
    ),
    "TooManyTargetGroups": (
        "the account's quota of target groups is used up there",
        "Delete target groups that nobody needs, or have 'Target Groups per Region' raised in Service Quotas.",
    ),
    "SubnetNotFound": ("a subnet of the plan is missing there", "Create it, or correct its id in the plan."),
    "InvalidSubnet": ("its subnets do not fit together", "Name subnets of two zones of one VPC in the plan."),
    "InvalidSecurityGroup": (
        "a security group of its load balancer is missing there",
        "Create it, or correct its id in the plan.",
    ),
    "CertificateNotFound": ("its certificate is missing there", "Request it there, or correct its ARN in the plan."),
}
"""What a refused creation means to a person."""
RACES = ("DuplicateLoadBalancerName", "DuplicateTargetGroupName", "DuplicateListener")
"""Somebody made it since it was looked for, so it is looked for again."""
_RACED = dict.fromkeys(RACES, "looked at again")
_SAID = fates(REFUSALS)


def _create(name: str, handled: tuple[str, ...], fatal: tuple[str, ...]) -> Operation:
    return _balancing(name, _WRITE, {code: (_RACED | _SAID)[code] for code in handled}, fatal)


OPERATIONS = (
    _balancing("DescribeLoadBalancers", _READ, {_NO_BALANCER: "there is none of that name"}),
    _balancing("DescribeTargetGroups", _READ, {_NO_GROUP: "there is none of that name"}, (_NO_BALANCER,)),
    _balancing("DescribeListeners", _READ, {}, (_NO_LISTENER, _NO_BALANCER, _PROTOCOL)),
    _balancing(
        "DescribeTags",
        _READ,
        {_NO_BALANCER: "gone meanwhile", _NO_GROUP: "gone meanwhile"},
        (_NO_LISTENER, _NO_RULE, _NO_STORE),
    ),
    _create("CreateTargetGroup", ("DuplicateTargetGroupName", "TooManyTargetGroups"), (_CONFIGURATION, _TAGS)),
    _create(
        "CreateLoadBalancer",
        (
            "DuplicateLoadBalancerName",
            "TooManyLoadBalancers",
            "SubnetNotFound",
            "InvalidSubnet",
            "InvalidSecurityGroup",
        ),
        (
            _CONFIGURATION,
            _TAGS,
            "AllocationIdNotFound",
            "AvailabilityZoneNotSupported",
            "DuplicateTagKeys",
            "InvalidScheme",
            "OperationNotPermitted",
            "ResourceInUse",
        ),
    ),
    _create(
        "CreateListener",
        ("DuplicateListener", "CertificateNotFound"),
        (
            _CONFIGURATION,
            _TAGS,
            _NO_BALANCER,
            _NO_GROUP,
            _NO_STORE,
            _PROTOCOL,
            "ALPNPolicyNotFound",
            "IncompatibleProtocols",
            "InvalidLoadBalancerAction",
            "SSLPolicyNotFound",
            "TargetGroupAssociationLimit",
            "TooManyActions",
            "TooManyCertificates",
            "TooManyListeners",
            "TooManyRegistrationsForTargetId",
            "TooManyTargets",
            "TooManyUniqueTargetGroupsPerLoadBalancer",
            "TrustStoreNotReady",
        ),
    ),
    _balancing(
        "DeleteLoadBalancer", _WRITE, {_NO_BALANCER: "gone already"}, ("OperationNotPermitted", "ResourceInUse")
    ),
    _balancing("DeleteTargetGroup", _WRITE, {"ResourceInUse": "asked again"}),
    Operation("ec2", "DescribeSecurityGroups", _READ),
    Operation("ec2", "DescribeNetworkInterfaces", _READ),
)
