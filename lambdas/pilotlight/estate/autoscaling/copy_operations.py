"""The AWS operations that copying a group for a drill takes, with the fate of each error in botocore's models.

EC2's models list no errors, and Auto Scaling's no ValidationError: what these say of a launch template is told by the
words of AWS.
"""

from __future__ import annotations

from pilotlight.domain.step import Access, Operation
from pilotlight.estate.autoscaling.operations import OPERATIONS as OF_GROUPS
from pilotlight.estate.elbv2.copy_operations import OPERATIONS as OF_BALANCING
from pilotlight.estate.elbv2.copy_operations import RACES as RACES_OF_BALANCING
from pilotlight.estate.elbv2.copy_operations import REFUSALS as REFUSALS_OF_BALANCING

_READ, _WRITE = Access.READ, Access.WRITE

REFUSALS = {
    **REFUSALS_OF_BALANCING,
    "LimitExceeded": (
        "the account's quota of Auto Scaling groups is used up there",
        "Delete groups that nobody needs, or have 'Auto Scaling groups per region' raised in Service Quotas.",
    ),
    "ServiceLinkedRoleFailure": (
        "Auto Scaling may not act for the account yet",
        "Create the service-linked role AWSServiceRoleForAutoScaling, then start the drill again.",
    ),
}
"""What a refused creation means to a person."""
RACES = (*RACES_OF_BALANCING, "AlreadyExists", "InvalidLaunchTemplateName.AlreadyExistsException")
"""Somebody made it since it was looked for, or it is not gone yet; so it is looked for again."""

_READING = ("DescribeAutoScalingGroups", "DescribeScalingActivities", "DescribeTargetHealth",
            "DescribeLaunchTemplateVersions", "DescribeImages")  # fmt: skip

OPERATIONS = (
    *(operation for operation in OF_GROUPS if operation.name in _READING),
    *OF_BALANCING,
    Operation("ec2", "DescribeLaunchTemplates", _READ),
    Operation("ec2", "CreateLaunchTemplate", _WRITE),
    Operation("ec2", "DeleteLaunchTemplate", _WRITE),
    Operation(
        "autoscaling",
        "CreateAutoScalingGroup",
        _WRITE,
        {
            "AlreadyExists": "looked at again",
            "ResourceContention": "asked again",
            **{code: f"fails: {REFUSALS[code][0]}" for code in ("LimitExceeded", "ServiceLinkedRoleFailure")},
        },
    ),
    Operation(
        "autoscaling",
        "DeleteAutoScalingGroup",
        _WRITE,
        dict.fromkeys(("ResourceContention", "ResourceInUse", "ScalingActivityInProgress"), "asked again"),
    ),
    Operation("iam", "GetInstanceProfile", _READ, {"NoSuchEntity": "a finding", "ServiceFailure": "asked again"}),
)
