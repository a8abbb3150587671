"""What mends a service that serves already, without a change of its count: its tasks replaced, or one of them stopped.

Both end when the service runs as many healthy tasks as it wants, some of them younger than the change. Sources:
botocore's text on UpdateService (`forceNewDeployment`), StopTask (its `reason` is shown by DescribeTasks) and on
`rolloutState`; ECS Developer Guide, "Deployment circuit breaker".
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pilotlight.domain.errors import Ambiguous
from pilotlight.domain.place import Place
from pilotlight.domain.step import Access, Failed, Finding, Operation, Params, Severity, Statement, StepContext
from pilotlight.estate.ecs.operations import OPERATIONS
from pilotlight.estate.ecs.readiness import check_serving
from pilotlight.estate.ecs.scaling import is_replaced_since
from pilotlight.estate.ecs.service import EcsService, look, say_tasks

EcsName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")]
_LOOKS = ("DescribeServices", "ListTasks", "DescribeTasks", "DescribeTargetHealth")
LOOKING = tuple(operation for operation in OPERATIONS if operation.name in _LOOKS)
"""What it takes to follow a service to its healthy tasks."""
ROLLS_BACK = "rolling back to deploymentId"
"""What ECS gives as the reason of the deployment that its circuit breaker starts in place of one that failed."""


class ServiceParams(Params):
    """Which service."""

    cluster: EcsName
    service: EcsName


def looking_statements(params: ServiceParams, place: Place) -> tuple[Statement, ...]:
    """The permissions to follow it."""
    cluster = place.arn("ecs", f"cluster/{params.cluster}")
    service = place.arn("ecs", f"service/{params.cluster}/{params.service}")
    return (
        Statement(Access.READ, ("ecs:DescribeServices",), (service,)),
        Statement(Access.READ, ("ecs:DescribeTasks",), (place.arn("ecs", f"task/{params.cluster}/*"),)),
        # Fargate has no container instances, which alone could be named: so a condition.
        Statement(Access.READ, ("ecs:ListTasks",), ("*",), {"ArnEquals": {"ecs:cluster": cluster}}),
        Statement(Access.READ, ("elasticloadbalancing:DescribeTargetHealth",), ("*",)),
    )


def serving(params: ServiceParams, context: StepContext) -> EcsService | Failed:
    """The service, which serves; or why it does not."""
    service = look(context, params.cluster, params.service)
    found = check_serving(service, params.cluster, params.service, None)
    if service is None or found:
        return Failed(found[0].sentence, found[0].fix)
    if not service.desired:
        return Failed(f"Service {service.name} wants no tasks, so there is nothing to mend.", "Scale it up instead.")
    return service


def serving_finding(params: ServiceParams, context: StepContext) -> Finding:
    """The same as a finding."""
    found = serving(params, context)
    if isinstance(found, Failed):
        return found.foreseen("service")
    return Finding(Severity.FINE, "service", f"Service {found.name} runs {say_tasks(found.running)}.")


def redeploy(context: StepContext, service: EcsService) -> EcsService:
    """Have all tasks replaced by a deployment that begins now, and leave the count alone."""
    named = {"cluster": service.cluster, "service": service.name}
    try:
        answer = context.aws.call("ecs", "UpdateService", service.region, **named, forceNewDeployment=True)
    except Ambiguous:
        seen = look(context, service.cluster, service.name)
        if seen is None or not is_replaced_since(seen, context.started):
            raise
        return seen
    return EcsService.from_answer(service.region, service.cluster, answer["service"])


def rolled_back(service: EcsService, deployment: str) -> Failed | None:
    """That the circuit breaker gave a deployment up and went back, where it did."""
    now = service.primary
    if now is None or now.id == deployment or ROLLS_BACK not in now.reason:
        return None
    return Failed(
        f"Service {service.name} did not take the new tasks, and its circuit breaker goes back: '{now.reason}'",
        "Read the logs of the tasks that stopped, mend what they say, then start the run again.",
    )


STOPPING = Operation(
    "ecs",
    "StopTask",
    Access.WRITE,
    {"ServerException": "looked at before it is repeated"},
    ("AccessDeniedException", "ClientException", "ClusterNotFoundException", "InvalidParameterException"),
)
