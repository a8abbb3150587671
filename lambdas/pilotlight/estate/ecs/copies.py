"""What stands of a copied service under its name: the service, its task definition, its target group and load balancer.

All of it is looked at by name and known by the tags that the creating calls set. A service that is deleted is DRAINING
until its tasks are gone, and holds its name until then; a task definition is deregistered before it can be deleted, and
then goes by itself. What bears another application's mark, or none, is never changed.

Sources: botocore's texts on DeleteService, DeregisterTaskDefinition and DeleteTaskDefinitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import StepContext
from pilotlight.estate.ecs.copy_specification import CopySpecification
from pilotlight.estate.ecs.service import ACTIVE, EcsService, look
from pilotlight.estate.elbv2.copies import (
    Balancer,
    Group,
    look_at_balancer,
    look_at_group,
    take_front_down,
)
from pilotlight.estate.marking import Thing

DRAINING, INACTIVE = "DRAINING", "INACTIVE"
_LISTED = (ACTIVE, INACTIVE)
_DELETED_AT_ONCE = 10
"""The most that DeleteTaskDefinitions takes."""


@dataclass(frozen=True)
class Definition:
    """One revision of the copied task definition."""

    arn: str
    status: str
    task_role: str
    thing: Thing


@dataclass(frozen=True)
class Copy:
    """What stands under a copy's name; each is None where there is none of that name."""

    service: EcsService | None
    balancer: Balancer | None
    group: Group | None
    definitions: tuple[Definition, ...]

    @property
    def service_thing(self) -> Thing | None:
        """The service, as something that bears tags."""
        if self.service is None:
            return None
        return Thing(f"service {self.service.name} ({self.service.status})", self.service.tags)

    @property
    def things(self) -> tuple[Thing, ...]:
        """All that stands."""
        behind = (self.balancer.thing if self.balancer else None, self.group.thing if self.group else None)
        made = (self.service_thing, *behind, *(each.thing for each in self.definitions))
        return tuple(thing for thing in made if thing is not None)


def look_at_copy(context: StepContext, wanted: CopySpecification) -> Copy:
    """Everything of that name, whosever it is; a service that is INACTIVE is gone."""
    service = look(context, wanted.cluster, wanted.copy_as, tags=True)
    return Copy(
        None if service is None or service.status == INACTIVE else service,
        look_at_balancer(context, wanted.copy_as),
        look_at_group(context, wanted.copy_as),
        tuple(read_definition(context, arn) for arn in _revisions(context, wanted.copy_as)),
    )


def read_definition(context: StepContext, named: str) -> Definition:
    """One revision, with its tags; raises what ECS says of one that is not there."""
    answer = context.aws.call(
        "ecs", "DescribeTaskDefinition", context.place.standby, taskDefinition=named, include=["TAGS"]
    )
    found = answer["taskDefinition"]
    tags = {tag["key"]: tag.get("value", "") for tag in answer.get("tags", ())}
    what = f"task definition {found['family']}:{found['revision']} ({found['status']})"
    return Definition(found["taskDefinitionArn"], found["status"], found.get("taskRoleArn", ""), Thing(what, tags))


def register(context: StepContext, order: Mapping[str, Any]) -> str:
    """Register a task definition; its ARN."""
    answer = context.aws.call("ecs", "RegisterTaskDefinition", context.place.standby, **order)
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def take_down(context: StepContext, wanted: CopySpecification, copy: Copy) -> list[str]:
    """Ask for the end of all that a drill of this application made, as far as it can be asked for now; what was asked.

    The service goes first, so that nothing of the drill acts any longer than it must.
    """
    asked: list[str] = []
    thing, service = copy.service_thing, copy.service
    if service is not None and thing is not None and service.status == ACTIVE and thing.is_ours(context):
        _delete_service(context, service)
        asked.append(f"service {service.name} is drained")
    asked += take_front_down(context, wanted.copy_as, copy.balancer, copy.group)
    definitions = [each for each in copy.definitions if each.thing.is_ours(context)]
    if definitions:
        _delete_definitions(context, definitions)
        asked.append(f"task definition {wanted.copy_as} is deleted")
    return asked


def _delete_service(context: StepContext, service: EcsService) -> None:
    asked = {"cluster": service.cluster, "service": service.name, "force": True}
    try:
        context.aws.call("ecs", "DeleteService", service.region, **asked)
    except NotFound:
        return


def _delete_definitions(context: StepContext, definitions: list[Definition]) -> None:
    where = context.place.standby
    for each in definitions:
        if each.status == ACTIVE:
            context.aws.call("ecs", "DeregisterTaskDefinition", where, taskDefinition=each.arn)
    arns = [each.arn for each in definitions]
    for at in range(0, len(arns), _DELETED_AT_ONCE):
        context.aws.call("ecs", "DeleteTaskDefinitions", where, taskDefinitions=arns[at : at + _DELETED_AT_ONCE])


def _revisions(context: StepContext, family: str) -> list[str]:
    arns: list[str] = []
    for status in _LISTED:
        asked: dict[str, Any] = {"familyPrefix": family, "status": status}
        while True:
            page = context.aws.call("ecs", "ListTaskDefinitions", context.place.standby, **asked)
            arns += page.get("taskDefinitionArns", [])
            if not page.get("nextToken"):
                break
            asked["nextToken"] = page["nextToken"]
    # A family is asked for, and its name is compared once more: a longer name may begin as it does.
    return [arn for arn in arns if arn.rsplit("/", 1)[-1].rpartition(":")[0] == family]
