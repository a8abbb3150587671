"""What copying a service for a drill takes of IAM: the copy by its names, and only with the drill's mark.

Everything is created with the tag of the application's drill, and deleted only where it bears that tag; the roles that
are passed are the drill's own task role and the original's execution role. ECS gives DeregisterTaskDefinition no
resource to name and no tag to ask for, so that only its region is narrowed; a service whose revision is deregistered
goes on as it was.

Source: the Service Authorization Reference of ECS; ECS Developer Guide on tagging at creation.
"""

from __future__ import annotations

from pilotlight.domain.place import Place
from pilotlight.domain.step import Access, Statement
from pilotlight.estate.ecs.copy_specification import CopySpecification
from pilotlight.estate.elbv2.copy_permissions import READS
from pilotlight.estate.elbv2.copy_permissions import permissions as of_balancing
from pilotlight.estate.marking import asked_and_borne

_TO_TASKS = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def permissions(wanted: CopySpecification, place: Place) -> tuple[Statement, ...]:
    """The statements of a step that copies that service."""
    return (
        *_reads(wanted, place),
        Statement(Access.PASS_ROLE, ("iam:PassRole",), (wanted.task_role, wanted.execution_role), _TO_TASKS),
        *_of_containers(wanted, place),
        *of_balancing(wanted.copy_as, place),
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
                *READS,
            ),
            ("*",),
        ),
    )


def _of_containers(wanted: CopySpecification, place: Place) -> tuple[Statement, ...]:
    service = place.arn("ecs", f"service/{wanted.cluster}/{wanted.copy_as}")
    revisions = place.arn("ecs", f"task-definition/{wanted.copy_as}:*")
    asked, borne = asked_and_borne(place)
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
