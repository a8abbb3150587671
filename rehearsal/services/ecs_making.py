"""The part of the embedded ECS that makes and deletes: revisions of task definitions, and services.

The traps are: a service needs a target group that a load balancer uses already; a name is taken while its service is
DRAINING; a revision is deregistered before it is deleted, and stays DELETE_IN_PROGRESS while a service uses it; a
family goes on counting after all of its revisions are gone; a variable and a secret of one container may not share a
name.
Answers and errors: botocore's model of ECS; the sentences of refused creations as people quote them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from rehearsal.access import also_needs
from rehearsal.service import operation
from rehearsal.services.ecs_answers import arn, say_definition, say_service
from rehearsal.services.ecs_scheduler import EcsService
from rehearsal.services.ecs_tasks import RolloutState, TaskDefinition, Troubles
from rehearsal.services.elbv2 import Elbv2, TargetGroup
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

_ASKED = {
    "cluster", "serviceName", "taskDefinition", "desiredCount", "launchType", "platformVersion", "networkConfiguration",
    "loadBalancers", "healthCheckGracePeriodSeconds", "tags",
}  # fmt: skip


class Making:
    """Task definitions and services, as calls make them."""

    world: World
    random: Random
    definitions: list[TaskDefinition]
    ecs_services: list[EcsService]
    troubles: defaultdict[str, Troubles]
    desired_changed: list[Callable[[EcsService], None]]
    definition: Callable[[str, str], TaskDefinition]
    find: Callable[[str, str, str], EcsService | None]
    _cluster_of: Callable[[Call], Any]

    @operation("RegisterTaskDefinition")
    def register_task_definition(self, call: Call) -> Mapping[str, Any]:
        """The next revision of a family; its roles must be ones that the caller may pass."""
        asked = {key: value for key, value in call.parameters.items() if key != "tags"}
        roles = (str(asked.get("taskRoleArn", "")), str(asked.get("executionRoleArn", "")))
        for role in filter(None, roles):
            also_needs("iam:PassRole", role)
        _must_hang_together(asked)
        family = str(asked["family"])
        revisions = [d.revision for d in self.definitions if (d.region, d.family) == (call.region, family)]
        first = asked["containerDefinitions"][0]
        made = TaskDefinition(
            call.region,
            self.world.account,
            family,
            first["image"],
            revision=max(revisions, default=0) + 1,
            called=first["name"],
            task_role=roles[0],
            execution_role=roles[1],
            tags=_tags(call),
            document=asked,
        )
        if made.tags:
            also_needs("ecs:TagResource", made.arn)
        self.definitions.append(made)
        return {"taskDefinition": say_definition(made), "tags": call.parameters.get("tags", [])}

    @operation("DescribeTaskDefinition")
    def describe_task_definition(self, call: Call) -> Mapping[str, Any]:
        """A revision by family:revision or ARN, the latest active one by family; its tags for those who ask."""
        found = self.definition(call.region, str(call.parameters["taskDefinition"]))
        tags = [{"key": key, "value": value} for key, value in found.tags.items()]
        shown = {"tags": tags} if "TAGS" in call.parameters.get("include", ()) else {}
        return {"taskDefinition": say_definition(found), **shown}

    @operation("ListTaskDefinitions")
    def list_task_definitions(self, call: Call) -> Mapping[str, Any]:
        """The revisions of one family, in one status; the active ones unless another is asked for."""
        family, status = call.parameters.get("familyPrefix"), call.parameters.get("status", "ACTIVE")
        if family is None:
            raise NotModelled(call)
        here = [d for d in self.definitions if (d.region, d.family, d.status) == (call.region, family, status)]
        return {"taskDefinitionArns": [d.arn for d in here if not self._is_gone(d)]}

    @operation("DeregisterTaskDefinition")
    def deregister_task_definition(self, call: Call) -> Mapping[str, Any]:
        """A revision that is named with its number is INACTIVE from now on."""
        named = str(call.parameters["taskDefinition"])
        if ":" not in named.rsplit("/", 1)[-1]:
            raise ServiceError("ClientException", "Unable to deregister task definition: revision is missing.")
        found = self.definition(call.region, named)
        if found.status != "ACTIVE":
            raise ServiceError("ClientException", "The specified task definition is not ACTIVE.")
        found.status = "INACTIVE"
        return {"taskDefinition": say_definition(found)}

    @operation("DeleteTaskDefinitions")
    def delete_task_definitions(self, call: Call) -> Mapping[str, Any]:
        """At most ten revisions; one that is still ACTIVE is a failure, no error."""
        named = [str(each) for each in call.parameters["taskDefinitions"]]
        if len(named) > 10:
            raise ServiceError("InvalidParameterException", "At most 10 task definitions can be deleted at once.")
        found = [self.definition(call.region, each) for each in named]
        refused = [d for d in found if d.status == "ACTIVE"]
        for each in found:
            if each not in refused:
                each.status = "DELETE_IN_PROGRESS"
        why = "The specified task definition is still in ACTIVE status. Please deregister the target and try again."
        return {
            "taskDefinitions": [say_definition(d) for d in found if d not in refused],
            "failures": [{"arn": d.arn, "reason": why} for d in refused],
        }

    @operation("CreateService")
    def create_service(self, call: Call) -> Mapping[str, Any]:
        """A service whose tasks are started from now on."""
        asked, cluster = call.parameters, self._cluster_of(call).name
        if set(asked) - _ASKED or asked.get("launchType", "FARGATE") != "FARGATE":
            raise NotModelled(call)
        name = str(asked["serviceName"])
        self._must_be_free(call.region, cluster, name)
        definition = self.definition(call.region, str(asked["taskDefinition"]))
        if definition.status != "ACTIVE":
            raise ServiceError("ClientException", "TaskDefinition is inactive")
        if not asked.get("networkConfiguration"):
            said = "Network Configuration must be provided when networkMode 'awsvpc' is specified."
            raise ServiceError("InvalidParameterException", said)
        behind = [(self._group_of(entry, definition), entry) for entry in asked.get("loadBalancers", ())]
        place = (self.world, self.random, call.region, cluster, name)
        made = EcsService(
            *place,
            definition,
            tuple(group for group, _ in behind),
            self.troubles[call.region],
            self.desired_changed,
            grace_seconds=int(asked.get("healthCheckGracePeriodSeconds", 0)),
            tags=_tags(call),
            network=asked["networkConfiguration"],
            behind=tuple((entry["containerName"], int(entry["containerPort"])) for _, entry in behind),
        )
        if made.tags:
            also_needs("ecs:TagResource", arn(made, f"service/{cluster}/{name}"))
        self.ecs_services.append(made)
        made.primary.state = RolloutState.IN_PROGRESS
        seconds = made.update(int(asked.get("desiredCount", 0)))
        self.world.begin_effect(arn(made, f"service/{cluster}/{name}"), seconds)
        return {"service": say_service(made, tags=True)}

    @operation("DeleteService")
    def delete_service(self, call: Call) -> Mapping[str, Any]:
        """Drain a service to its end; without force only one that wants no tasks."""
        service = self.find(call.region, self._cluster_of(call).name, str(call.parameters["service"]))
        if service is None or service.status == "INACTIVE":
            raise ServiceError("ServiceNotFoundException", "Service not found.")
        if service.desired and not call.parameters.get("force"):
            said = "The service cannot be stopped while it is scaled above 0."
            raise ServiceError("InvalidParameterException", said)
        if service.status == "ACTIVE":
            service.close()
        return {"service": say_service(service)}

    def _must_be_free(self, region: str, cluster: str, name: str) -> None:
        there = self.find(region, cluster, name)
        match there.status if there else None:
            case "ACTIVE":
                raise ServiceError("InvalidParameterException", "Creation of service was not idempotent.")
            case "DRAINING":
                raise ServiceError("InvalidParameterException", "Unable to Start a service that is still Draining.")
            case "INACTIVE":
                self.ecs_services.remove(there)  # type: ignore[arg-type]  # it is there, or it had no status

    def _group_of(self, entry: Mapping[str, Any], definition: TaskDefinition) -> TargetGroup:
        wanted = str(entry["targetGroupArn"])
        group = next((g for g in self.world.model(Elbv2).target_groups if g.arn == wanted), None)
        if group is None:
            raise ServiceError("InvalidParameterException", f"Unable to describe target group {wanted}.")
        if group.load_balancer is None:
            said = f"The target group with targetGroupArn {wanted} does not have an associated load balancer."
            raise ServiceError("InvalidParameterException", said)
        names = [each["name"] for each in say_definition(definition)["containerDefinitions"]]
        if entry["containerName"] not in names:
            said = f"The container {entry['containerName']} does not exist in the task definition."
            raise ServiceError("InvalidParameterException", said)
        return group

    def _is_gone(self, definition: TaskDefinition) -> bool:
        used = any(s.definition is definition and s.status != "INACTIVE" for s in self.ecs_services)
        return definition.status == "DELETE_IN_PROGRESS" and not used


def _must_hang_together(asked: Mapping[str, Any]) -> None:
    if not asked.get("containerDefinitions"):
        raise ServiceError("ClientException", "Container list cannot be empty.")
    for container in asked["containerDefinitions"]:
        variables = {each["name"] for each in container.get("environment", ())}
        shared = sorted(variables & {each["name"] for each in container.get("secrets", ())})
        if shared:
            said = "The secret name must be unique and not shared with any new or existing environment variables set on"
            raise ServiceError("ClientException", f"{said} the container, such as '{shared[0]}'.")
    if "FARGATE" not in asked.get("requiresCompatibilities", ()):
        return
    if not asked.get("cpu") or not asked.get("memory"):
        raise ServiceError("ClientException", "Fargate requires that 'cpu' be defined at the task level.")
    reads = any(c.get("secrets") or c.get("logConfiguration") for c in asked["containerDefinitions"])
    if reads and not asked.get("executionRoleArn"):
        raise ServiceError("ClientException", "Fargate requires task definition to have execution role ARN.")


def _tags(call: Call) -> dict[str, str]:
    return {tag["key"]: tag.get("value", "") for tag in call.parameters.get("tags", ())}
