"""The service that a drill copies: what ECS and load balancing show of it, and why it cannot be copied safely.

A copy is safe where its tasks hold no role but the drill's, share no security group with the original's, and mount no
file system. So it runs on Fargate alone, since a task on an instance may take that instance's role; its task definition
holds no volume but empty ones; and the execution role is the one that the plan names and the original has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pilotlight.domain.errors import InvalidRequest, NotFound
from pilotlight.domain.step import Failed, StepContext
from pilotlight.estate.ecs.copy_specification import CopySpecification
from pilotlight.estate.ecs.progress import choose_groups
from pilotlight.estate.ecs.service import ACTIVE, EcsService

_FARGATE = ("FARGATE", "FARGATE_SPOT")
_BALANCED = ("HTTP", "HTTPS")


@dataclass(frozen=True)
class Original:
    """A service as DescribeServices shows it, its task definition, and the target group that is copied of it."""

    service: Mapping[str, Any]
    definition: Mapping[str, Any]
    group: Mapping[str, Any]

    @property
    def container(self) -> dict[str, Any]:
        """The container and port that stand behind the target group."""
        arn = self.group["TargetGroupArn"]
        entry = next(each for each in self.service["loadBalancers"] if each.get("targetGroupArn") == arn)
        return {"containerName": entry["containerName"], "containerPort": entry["containerPort"]}


def read_original(context: StepContext, wanted: CopySpecification) -> Original | Failed:
    """The original, or why it cannot be copied."""
    service = _service(context, wanted)
    if isinstance(service, Failed):
        return service
    refused = _unfit_service(wanted, service)
    if refused:
        return _cannot(wanted, *refused)
    definition = _definition(context, service["taskDefinition"])
    if definition is None:
        return _cannot(wanted, "its task definition is gone", "Deploy the service again with a task definition.")
    refused = _unfit_definition(wanted, definition)
    if refused:
        return _cannot(wanted, *refused)
    return _with_group(context, wanted, service, definition)


def _service(context: StepContext, wanted: CopySpecification) -> Mapping[str, Any] | Failed:
    asked = {"cluster": wanted.cluster, "services": [wanted.service]}
    try:
        found = context.aws.call("ecs", "DescribeServices", context.place.standby, **asked).get("services", [])
    except NotFound:
        found = []
    if not found or found[0]["status"] != ACTIVE:
        state = f"is {found[0]['status']}" if found else f"is not there in cluster {wanted.cluster} of the standby"
        return _cannot(wanted, f"it {state}", "Create the service with no tasks, or correct the plan.")
    shown: Mapping[str, Any] = found[0]
    return shown


def _unfit_service(wanted: CopySpecification, service: Mapping[str, Any]) -> tuple[str, str] | None:
    if not service.get("taskDefinition"):
        return "it names no task definition", "Let ECS deploy it, or leave the step out of the drill."
    providers = [each["capacityProvider"] for each in service.get("capacityProviderStrategy", ())]
    elsewhere = [each for each in providers or [service.get("launchType", "unknown")] if each not in _FARGATE]
    if elsewhere:
        because = f"it runs on {elsewhere[0]}, where a task may take the role of its instance"
        return because, "Leave the step out of the drill, or have the application run on Fargate."
    network = service.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    shared = sorted({*network.get("securityGroups", ())} & {*wanted.security_groups})
    if shared:
        because = f"its tasks stand in {shared[0]} themselves, which whatever lets them in lets the copy in by"
        return because, "Name security groups in the plan that are the drill's own."
    return None


def _unfit_definition(wanted: CopySpecification, definition: Mapping[str, Any]) -> tuple[str, str] | None:
    if definition.get("networkMode") != "awsvpc":
        because = f"its network mode is {definition.get('networkMode')}, and not awsvpc"
        return because, "Leave the step out of the drill."
    if definition.get("taskRoleArn") == wanted.task_role:
        because = f"the original runs by {wanted.task_role} too, which may write to production"
        return because, "Name the drill's own task role in the plan."
    holds = definition.get("executionRoleArn") or "none"
    if holds != wanted.execution_role:
        because = f"its execution role is {holds}, and not {wanted.execution_role}"
        return because, "Correct execution_role in the plan and deploy."
    mounted = [v["name"] for v in definition.get("volumes", ()) if any(v[key] for key in v if key != "name")]
    if mounted:
        because = f"its volume {mounted[0]} is production's own, and the copy would write to it"
        return because, "Leave the step out of the drill."
    return None


def _with_group(
    context: StepContext, wanted: CopySpecification, service: Mapping[str, Any], definition: Mapping[str, Any]
) -> Original | Failed:
    seen = EcsService.from_answer(context.place.standby, wanted.cluster, service)
    chosen = choose_groups(seen, wanted.target_group) or ()
    if len(chosen) != 1:
        which = f"it stands behind {len(seen.target_groups)} target groups"
        return _cannot(wanted, which, "Name one of its target groups in the plan (target_group).")
    try:
        asked = {"TargetGroupArns": list(chosen)}
        group = context.aws.call("elbv2", "DescribeTargetGroups", context.place.standby, **asked)["TargetGroups"][0]
    except NotFound:
        return _cannot(wanted, f"its target group {chosen[0]} is gone", "Create it, and attach it to the service.")
    if group.get("Protocol") not in _BALANCED or group.get("TargetType") != "ip":
        because = f"its target group takes {group.get('Protocol')} for targets of type {group.get('TargetType')}"
        return _cannot(wanted, because, "Only one of HTTP or HTTPS to addresses is copied; leave the step out.")
    return Original(service, definition, group)


def _definition(context: StepContext, arn: str) -> Mapping[str, Any] | None:
    try:
        answer = context.aws.call("ecs", "DescribeTaskDefinition", context.place.standby, taskDefinition=arn)
    except InvalidRequest as error:
        if error.code != "ClientException":
            raise
        return None
    shown: Mapping[str, Any] = answer["taskDefinition"]
    return shown


def _cannot(wanted: CopySpecification, because: str, fix: str) -> Failed:
    return Failed(f"Service {wanted.service} cannot be copied for the drill, because {because}.", fix)
