"""What copying a group for a drill takes of IAM: the copy by its names, and only with the drill's mark.

A launch template has an id of AWS's making, so it is known by its tag: it is made with it, deleted with it, and an
instance is launched by no other. Auto Scaling checks `ec2:RunInstances`, on all that a launch touches, and
`iam:PassRole`, when a group is made that names a version by its number. So IAM itself holds the copy to the drill's
role: whatever the instance profile held instead could not be passed. Images and snapshots belong to no account here.

Sources: Service Authorization Reference of EC2 and EC2 Auto Scaling; EC2 Auto Scaling user guide, "Control Amazon EC2
launch template usage in Auto Scaling groups" and "Amazon EC2 Auto Scaling API permissions".
"""

from __future__ import annotations

from pilotlight.domain.place import Place
from pilotlight.domain.step import Access, Statement
from pilotlight.estate.autoscaling.copy_specification import CopySpecification
from pilotlight.estate.autoscaling.permissions import group_arn
from pilotlight.estate.elbv2.copy_permissions import READS
from pilotlight.estate.elbv2.copy_permissions import permissions as of_balancing
from pilotlight.estate.marking import asked_and_borne

_TO_INSTANCES = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}


def permissions(wanted: CopySpecification, place: Place) -> tuple[Statement, ...]:
    """The statements of a step that copies that group."""
    return (
        *_reads(wanted, place),
        Statement(Access.PASS_ROLE, ("iam:PassRole",), (wanted.instance_role,), _TO_INSTANCES),
        *_of_group(wanted, place),
        *_of_template(wanted, place),
        *of_balancing(wanted.copy_as, place),
    )


def profile_arn(place: Place, name: str) -> str:
    """The instance profile of that name, which belongs to no region."""
    return f"arn:aws:iam::{place.account}:instance-profile/{name}"


def _reads(wanted: CopySpecification, place: Place) -> tuple[Statement, ...]:
    return (
        Statement(Access.READ, ("iam:GetInstanceProfile",), (profile_arn(place, wanted.instance_profile),)),
        Statement(
            Access.READ,
            (
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeScalingActivities",
                "ec2:DescribeImages",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:DescribeLaunchTemplates",
                *READS,
            ),
            ("*",),
        ),
    )


def _of_group(wanted: CopySpecification, place: Place) -> tuple[Statement, ...]:
    asked, borne = asked_and_borne(place)
    group = group_arn(place, wanted.copy_as)
    return (
        Statement(Access.WRITE, ("autoscaling:CreateAutoScalingGroup",), (group,), asked),
        Statement(Access.WRITE, ("autoscaling:DeleteAutoScalingGroup",), (group,), borne),
    )


def _of_template(wanted: CopySpecification, place: Place) -> tuple[Statement, ...]:
    asked, borne = asked_and_borne(place)

    def of_ec2(*resources: str) -> tuple[str, ...]:
        return tuple(place.arn("ec2", resource) for resource in resources)

    templates, tagged = of_ec2("launch-template/*"), of_ec2("instance/*", "volume/*")
    public = tuple(f"arn:aws:ec2:{place.standby}::{kind}/*" for kind in ("image", "snapshot"))
    named = of_ec2(
        *(f"security-group/{group}" for group in wanted.security_groups),
        *(f"subnet/{subnet}" for subnet in wanted.subnets),
    )
    launched = (*public, *named, *of_ec2("key-pair/*", "network-interface/*"), *tagged)
    by_template = {"ArnLike": {"ec2:LaunchTemplate": templates[0]}}
    return (
        Statement(Access.WRITE, ("ec2:CreateLaunchTemplate",), templates, asked),
        Statement(Access.WRITE, ("ec2:DeleteLaunchTemplate", "ec2:RunInstances"), templates, borne),
        Statement(Access.WRITE, ("ec2:RunInstances",), launched, by_template),
        Statement(Access.WRITE, ("ec2:CreateTags",), templates, _made_by("CreateLaunchTemplate")),
        Statement(Access.WRITE, ("ec2:CreateTags",), tagged, _made_by("RunInstances")),
    )


def _made_by(action: str) -> dict[str, dict[str, str]]:
    return {"StringEquals": {"ec2:CreateAction": action}}
