"""The changes made to a service so that it scales: its count, and the bounds that the autoscaler keeps it in.

A lost answer is not a failure: the effect is read before anything is repeated, and if it is not to be seen
the error goes on, so that whoever calls looks again later. A quota of scalable targets wears the code of a
throttle; waiting does not help against it, so it is raised as what it is.
"""

from __future__ import annotations

from datetime import datetime

from pilotlight.domain.errors import Ambiguous, InvalidState, NotFound, Throttled
from pilotlight.domain.step import StepContext
from pilotlight.estate.ecs.service import COUNT, Bounds, EcsService, look, read_bounds

_QUOTA = "LimitExceededException"


def set_count(
    context: StepContext, service: EcsService, count: int, *, replace_since: datetime | None = None
) -> EcsService:
    """Set the desired count and, given a moment, replace all tasks by a deployment that begins after it."""
    force = {"forceNewDeployment": True} if replace_since else {}
    try:
        answer = context.aws.call(
            "ecs",
            "UpdateService",
            service.region,
            cluster=service.cluster,
            service=service.name,
            desiredCount=count,
            **force,
        )
    except Ambiguous:
        seen = look(context, service.cluster, service.name, region=service.region)
        if seen is None or seen.desired != count or (replace_since and not is_replaced_since(seen, replace_since)):
            raise
        return seen
    return EcsService.from_answer(service.region, service.cluster, answer["service"])


def set_bounds(context: StepContext, service: EcsService, bounds: Bounds) -> None:
    """Register these bounds; what is suspended is not named in the call, and so stays as it is."""
    try:
        context.aws.call(
            "application-autoscaling",
            "RegisterScalableTarget",
            service.region,
            ResourceId=f"service/{service.cluster}/{service.name}",
            MinCapacity=bounds.minimum,
            MaxCapacity=bounds.maximum,
            **COUNT,
        )
    except Ambiguous:
        seen = read_bounds(context, service.cluster, service.name, region=service.region)
        if seen is None or not seen.same_as(bounds.data):
            raise
    except Throttled as trouble:
        if trouble.code == _QUOTA:
            raise InvalidState(
                trouble.service, trouble.operation, trouble.region, trouble.code, trouble.message
            ) from trouble
        raise


def forget_bounds(context: StepContext, service: EcsService) -> None:
    """Take the service out of the autoscaler again; gone already is as good."""
    resource = f"service/{service.cluster}/{service.name}"
    region = service.region
    try:
        context.aws.call("application-autoscaling", "DeregisterScalableTarget", region, ResourceId=resource, **COUNT)
    except NotFound:
        return


def is_replaced_since(service: EcsService, moment: datetime) -> bool:
    """Whether the deployment that the service goes towards began after then, so that its tasks are fresh."""
    return service.primary is not None and service.primary.created >= moment


def raised_bounds(before: Bounds | None, planned: Bounds | None, count: int) -> Bounds | None:
    """The bounds that hold this count, never lower than those that are there; None where nothing is to be raised."""
    if before is None:
        return Bounds(planned.minimum, max(planned.maximum, count)) if planned else None
    least = planned or before
    minimum = max(before.minimum, least.minimum)
    raised = Bounds(minimum, max(before.maximum, least.maximum, minimum, count))
    return None if before.same_as(raised.data) else raised
