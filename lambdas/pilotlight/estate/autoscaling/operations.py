"""The AWS operations that bringing a group up or down takes, with the fate of each error in botocore's models.

`ResourceContention` is a throttle in all but name; a group that is busy with a scaling activity is asked again. What
EC2 answers stands in no model: a launch template, an image or a key pair that is missing is told by its code.
"""

from __future__ import annotations

from functools import partial

from pilotlight.domain.step import Access, Operation

_READ, _WRITE = Access.READ, Access.WRITE
_scaling = partial(Operation, "autoscaling")
_ec2 = partial(Operation, "ec2", access=_READ)
_balancing = partial(Operation, "elbv2")

_AGAIN = {"ResourceContention": "asked again"}
_BUSY = {**_AGAIN, "ScalingActivityInProgress": "asked again"}
_IN_USE = {**_AGAIN, "ResourceInUse": "asked again"}
_TOKEN = ("InvalidNextToken",)

GROUPS = _scaling("DescribeAutoScalingGroups", _READ, _AGAIN, _TOKEN)
_UPDATE = _scaling(
    "UpdateAutoScalingGroup", _WRITE, {**_BUSY, "ServiceLinkedRoleFailure": "read before it is repeated"}
)

OPERATIONS = (
    GROUPS,
    _UPDATE,
    _scaling("DescribeScalingActivities", _READ, _AGAIN, _TOKEN),
    _scaling("ResumeProcesses", _WRITE, _IN_USE),
    _scaling("SuspendProcesses", _WRITE, _IN_USE),
    _balancing("DescribeTargetGroups", _READ, {"TargetGroupNotFound": "a finding"}, ("LoadBalancerNotFound",)),
    _balancing(
        "DescribeTargetHealth",
        _READ,
        {"HealthUnavailable": "asked again"},
        ("InvalidTarget", "TargetGroupNotFound"),
    ),
    _ec2("DescribeLaunchTemplateVersions"),
    _ec2("DescribeImages"),
    _ec2("DescribeKeyPairs"),
    _ec2("DescribeSubnets"),
    _ec2("DescribeInstanceTypeOfferings"),
    _ec2("DescribeInstanceTypes"),
    Operation("iam", "ListInstanceProfiles", _READ, {"ServiceFailure": "asked again"}),
    Operation(
        "service-quotas",
        "GetServiceQuota",
        _READ,
        {"ServiceException": "asked again", "TooManyRequestsException": "asked again"},
        ("AccessDeniedException", "NoSuchResourceException", "IllegalArgumentException"),
    ),
)

CLOSING_OPERATIONS = (
    GROUPS,
    _UPDATE,
    _scaling("CreateOrUpdateTags", _WRITE, _IN_USE, ("AlreadyExists", "LimitExceeded")),
    _scaling("DeleteTags", _WRITE, _IN_USE),
)
"""What it takes to bring a group down to no instances and back, and to keep on it what it was before."""
