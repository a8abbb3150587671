"""What copying a service for a drill takes of IAM: the copy by its names, and only with the drill's mark.

Everything is created with the tag of the application's drill, and deleted only where it bears that tag; the roles that
are passed are the drill's own task role and the original's execution role. ECS gives DeregisterTaskDefinition no
resource to name and no tag to ask for, so that only its region is narrowed; a service whose revision is deregistered
goes on as it was.

Source: the Service Authorization Reference of ECS and of Elastic Load Balancing V2; ECS Developer Guide and ELB user
guide on tagging at creation.
"""

from __future__ import annotations

from pilotlight.domain.place import Place
from pilotlight.domain.step import Access, Statement
from pilotlight.estate.ecs.copy_specification import CopySpecification
from pilotlight.estate.marking import APPLICATION_TAG

_BALANCING = "elasticloadbalancing"
_TO_TASKS = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def permissions(wanted: CopySpecification, place: Place) -> tuple[Statement, ...]:
    """The statements of a step that copies that service."""
    return (
        *_reads(wanted, place),
        Statement(Access.PASS_ROLE, ("iam:PassRole",), (wanted.task_role, wanted.execution_role), _TO_TASKS),
        *_of_containers(wanted, place),
        *_of_balancing(wanted, place),
    )


def _reads(wanted: CopySpecification, place: Place) -> tuple[Statement, ...]:
    cluster = place.arn("ecs", f"cluster/{wanted.cluster}")
    services = tuple(place.arn("ecs", f"service/{wanted.cluster}/{s}") for s in (wanted.service, wanted.copy_as))
    return (
        Statement(Access.READ, ("ecs:DescribeServices",), services),
        Statement(Access.READ, ("ecs:DescribeTasks",), (place.arn("ecs", f"task/{wanted.cluster}/*"),)),
        Statement(Access.READ, ("ecs:ListTasks",), ("*",), {"ArnEquals": {"ecs:cluster": cluster}}),
        Statement(
            Access.READ,
            (
                "ecs:DescribeTaskDefinition",
                "ecs:ListTaskDefinitions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                f"{_BALANCING}:DescribeListeners",
                f"{_BALANCING}:DescribeLoadBalancers",
                f"{_BALANCING}:DescribeTags",
                f"{_BALANCING}:DescribeTargetGroups",
                f"{_BALANCING}:DescribeTargetHealth",
            ),
            ("*",),
        ),
    )


def _of_containers(wanted: CopySpecification, place: Place) -> tuple[Statement, ...]:
    service = place.arn("ecs", f"service/{wanted.cluster}/{wanted.copy_as}")
    revisions = place.arn("ecs", f"task-definition/{wanted.copy_as}:*")
    asked, borne = _conditions(place)
    created = {"StringEquals": {"ecs:CreateAction": ["CreateService", "RegisterTaskDefinition"]}}
    here = {"StringEquals": {"aws:RequestedRegion": place.standby}}
    return (
        Statement(Access.WRITE, ("ecs:CreateService",), (service,), asked),
        Statement(Access.WRITE, ("ecs:RegisterTaskDefinition",), (revisions,), asked),
        Statement(Access.WRITE, ("ecs:TagResource",), (service, revisions), created),
        Statement(Access.WRITE, ("ecs:DeleteService",), (service,), borne),
        Statement(Access.WRITE, ("ecs:DeleteTaskDefinitions",), (revisions,), borne),
        Statement(Access.WRITE, ("ecs:DeregisterTaskDefinition",), ("*",), here),
    )


def _of_balancing(wanted: CopySpecification, place: Place) -> tuple[Statement, ...]:
    balancer = place.arn(_BALANCING, f"loadbalancer/app/{wanted.copy_as}/*")
    group = place.arn(_BALANCING, f"targetgroup/{wanted.copy_as}/*")
    asked, borne = _conditions(place)
    created = {"StringEquals": {f"{_BALANCING}:CreateAction": ["CreateLoadBalancer", "CreateTargetGroup"]}}
    return (
        Statement(Access.WRITE, (f"{_BALANCING}:CreateLoadBalancer",), (balancer,), asked),
        Statement(Access.WRITE, (f"{_BALANCING}:CreateTargetGroup",), (group,), asked),
        Statement(Access.WRITE, (f"{_BALANCING}:AddTags",), (balancer, group), created),
        Statement(
            Access.WRITE, (f"{_BALANCING}:CreateListener", f"{_BALANCING}:DeleteLoadBalancer"), (balancer,), borne
        ),
        Statement(Access.WRITE, (f"{_BALANCING}:DeleteTargetGroup",), (group,), borne),
    )


Conditions = dict[str, dict[str, str | list[str]]]


def _conditions(place: Place) -> tuple[Conditions, Conditions]:
    """That a creation sets the tag of the application's drill, and that a thing bears it."""
    return (
        {"StringEquals": {f"aws:RequestTag/{APPLICATION_TAG}": place.application}},
        {"StringEquals": {f"aws:ResourceTag/{APPLICATION_TAG}": place.application}},
    )
