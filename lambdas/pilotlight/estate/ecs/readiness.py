"""Whether a service of the standby could be brought up: what can be seen of it before it is needed.

Not looked at here, because it needs more than ECS and its neighbours: whether the images are in the
registry (their digests are for an image-parity check), free addresses in the subnets, the Fargate quota,
and the service-linked role of the autoscaler, which a first registration would need and which no step may
create.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pilotlight.domain.errors import InvalidRequest, NotFound
from pilotlight.domain.step import Finding, Severity, StepContext
from pilotlight.estate.ecs.progress import choose_groups
from pilotlight.estate.ecs.service import ACTIVE, Bounds, EcsService, look, read_bounds, say_tasks

_MOST_NAMED = 4


def check_serving(service: EcsService | None, cluster: str, name: str, target_group: str | None) -> tuple[Finding, ...]:
    """What makes a start impossible, as far as one look at the service shows it."""
    if service is None:
        sentence = f"Service {name} cannot be started because cluster {cluster} of the standby has no such service."
        return (
            Finding.impossible("service-missing", sentence, "Create the service with no tasks, or correct the plan."),
        )
    if service.status != ACTIVE:
        sentence = f"Service {name} cannot be started because it is {service.status}."
        return (Finding.impossible("service-inactive", sentence, "Create the service again, with no tasks."),)
    if service.strategy != "REPLICA":
        sentence = f"Service {name} cannot be scaled because it has the {service.strategy} scheduling strategy."
        return (Finding.impossible("service-daemon", sentence, "Take the step out of the plan, or make it a REPLICA."),)
    if choose_groups(service, target_group) is None:
        sentence = f"Service {name} cannot become healthy in {target_group} because it is not registered there."
        fix = "Attach the target group to the service, or correct the plan."
        return (Finding.impossible("target-group-not-attached", sentence, fix),)
    return ()


def check_readiness(
    context: StepContext,
    cluster: str,
    name: str,
    tasks: int,
    target_group: str | None,
    planned: Bounds | None,
) -> tuple[Finding, ...]:
    """Everything that can be seen; one finding that says so if nothing is wrong."""
    service = look(context, cluster, name)
    found = list(check_serving(service, cluster, name, target_group))
    if service is None or found:
        return tuple(found)
    found += _check_cluster(context, service)
    found += _check_definition(context, service)
    found += _check_groups(context, service, choose_groups(service, target_group) or ())
    found += _check_bounds(service, read_bounds(context, cluster, name), tasks, planned)
    fine = f"Service {name} can go from {service.desired} to {say_tasks(max(service.desired, tasks))}."
    return tuple(found) or (Finding(Severity.FINE, "service-ready", fine),)


def _check_cluster(context: StepContext, service: EcsService) -> Iterator[Finding]:
    answer = context.aws.call("ecs", "DescribeClusters", context.place.standby, clusters=[service.cluster])
    status = next((cluster["status"] for cluster in answer.get("clusters", ())), "missing")
    if status != ACTIVE:
        sentence = f"Service {service.name} cannot be started because its cluster {service.cluster} is {status}."
        yield Finding.impossible("cluster-inactive", sentence, "Create the cluster again, with the service.")


def _check_definition(context: StepContext, service: EcsService) -> Iterator[Finding]:
    try:
        answer = context.aws.call(
            "ecs", "DescribeTaskDefinition", context.place.standby, taskDefinition=service.definition
        )
    except InvalidRequest as error:
        if error.code != "ClientException":
            raise
        sentence = f"Service {service.name} cannot be started because its task definition is gone."
        yield Finding.impossible("definition-missing", sentence, "Deploy the service again with a task definition.")
        return
    definition = answer["taskDefinition"]
    if definition["status"] != ACTIVE:
        sentence = f"Service {service.name} uses a task definition that is {definition['status']}."
        yield Finding.warning("definition-inactive", sentence, "Deploy the service with an active task definition.")
    for container in definition.get("containerDefinitions", ()):
        yield from _check_container(context, service, container)


def _check_container(context: StepContext, service: EcsService, container: Mapping[str, Any]) -> Iterator[Finding]:
    primary = context.place.primary
    image = str(container.get("image", ""))
    if f".dkr.ecr.{primary}." in image:
        sentence = f"Service {service.name} takes its image {image} from {primary}, which may be down then."
        yield Finding.warning(
            "image-in-primary", sentence, "Replicate the repository, and name the standby's registry."
        )
    secrets = [s["name"] for s in container.get("secrets", ()) if f":{primary}:" in s["valueFrom"]]
    if secrets:
        sentence = f"Service {service.name} reads {_some(secrets)} from {primary}, which may be down then."
        yield Finding.warning("secret-in-primary", sentence, "Name the copies in the standby in the task definition.")
    settings = [e["name"] for e in container.get("environment", ()) if primary in e.get("value", "")]
    if settings:
        sentence = f"Service {service.name} is told of {primary} by {_some(settings)} in its environment."
        yield Finding.warning(
            "environment-names-primary", sentence, "Let the application read it from the standby's SSM."
        )


def _check_groups(context: StepContext, service: EcsService, groups: tuple[str, ...]) -> Iterator[Finding]:
    if not groups:
        sentence = f"Service {service.name} stands behind no target group, so only its tasks can be counted."
        yield Finding.warning("no-target-group", sentence, "Attach one, if it serves requests.")
        return
    try:
        answer = context.aws.call("elbv2", "DescribeTargetGroups", context.place.standby, TargetGroupArns=list(groups))
    except NotFound as error:
        if error.code != "TargetGroupNotFound":
            raise
        sentence = f"Service {service.name} cannot become healthy because a target group of it is gone."
        yield Finding.impossible("target-group-missing", sentence, "Create the target group, and attach it.")
        return
    for group in answer["TargetGroups"]:
        if not group.get("LoadBalancerArns"):
            where = group["TargetGroupName"]
            sentence = f"Service {service.name} cannot become healthy because no load balancer uses {where}."
            yield Finding.impossible("target-group-unused", sentence, "Add it to a listener of the load balancer.")
    if service.grace_seconds == 0:
        sentence = f"Service {service.name} has no grace period, so tasks slow to start are stopped as unhealthy."
        yield Finding.warning("no-grace-period", sentence, "Set healthCheckGracePeriodSeconds to the longest start.")


def _check_bounds(service: EcsService, bounds: Bounds | None, tasks: int, planned: Bounds | None) -> Iterator[Finding]:
    if bounds is None:
        if planned is not None:
            sentence = f"Service {service.name} is not registered with the autoscaler yet, which may need a role."
            yield Finding.warning("autoscaling-unregistered", sentence, "Register it now, with a minimum of 0.")
        return
    if bounds.suspended:
        sentence = f"Service {service.name} has {_some(list(bounds.suspended))}, and the step leaves it so."
        yield Finding.warning("autoscaling-suspended", sentence, "Resume it, unless that is wanted.")
    maximum = max(bounds.maximum, planned.maximum if planned else 0)
    if maximum < tasks:
        sentence = f"Autoscaling of {service.name} allows {say_tasks(bounds.maximum)}, so the step will allow {tasks}."
        yield Finding.warning("autoscaling-maximum", sentence, "Name `autoscaling` in the plan, with room for load.")
    minimum = max(bounds.minimum, planned.minimum if planned else 0)
    if minimum < tasks:
        sentence = f"Autoscaling of {service.name} may go down to {say_tasks(minimum)}, below the {tasks} of the plan."
        yield Finding.warning("autoscaling-minimum", sentence, "Name `autoscaling` in the plan, with that minimum.")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
