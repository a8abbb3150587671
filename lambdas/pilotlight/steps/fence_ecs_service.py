"""Close the old primary by stopping its ECS service: no tasks, and an autoscaler that allows none.

The autoscaler's bounds go to 0 first, or it would start tasks again; then the desired count. Closed means that no task
runs, none is pending, and none that was told to stop is still at it: a task behind a load balancer leaves the running
count at once and works on until its target is deregistered (300 s by default) and it took its SIGTERM (30 s by
default). So this fence takes minutes where the primary answers; a listener's takes seconds, and stands beside it.

Before anything changes, the count and the bounds are kept in a tag on the service, which must have an ARN of the long
form. A scheduled action of the autoscaler sets bounds of its own: the guard closes again. Work that the tasks handed
to others before (queues, functions) goes on.

Sources: aws-facts section 4.1; ECS developer guide, "Task lifecycle" (DEACTIVATING, STOPPING).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    Operation,
    Params,
    Pending,
    Receipt,
    Settled,
    Severity,
    Standing,
    Statement,
    StepContext,
    Timing,
    Undone,
)
from pilotlight.estate import fencing
from pilotlight.estate.ecs import by_hand
from pilotlight.estate.ecs.operations import CLOSING_OPERATIONS
from pilotlight.estate.ecs.scaling import set_bounds, set_count
from pilotlight.estate.ecs.service import ACTIVE, COUNT, Bounds, EcsService, leaving, look, read_bounds, say_tasks

EcsName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")]
NO_BOUNDS = "none"
_NONE = Bounds(0, 0)


class FenceEcsServiceParams(Params):
    """Which service of the primary is stopped.

    ```yaml
    step: stop-service
    kind: fence_ecs_service
    params:
      cluster: fileflow-cluster
      service: fileflow-service
    ```
    """

    cluster: EcsName
    service: EcsName


class FenceEcsService(fencing.Fence[FenceEcsServiceParams]):
    """The step kind `fence_ecs_service`."""

    name: ClassVar[str] = "fence_ecs_service"
    params = FenceEcsServiceParams
    # Longer than a default deregistration delay and stop timeout together; a dark primary takes seconds.
    timing: ClassVar[Timing] = Timing(
        shortest=fencing.POLL,
        typical=timedelta(minutes=2),
        longest=timedelta(minutes=6),
        poll=fencing.POLL,
        give_up=timedelta(minutes=8),
    )
    operations: ClassVar[tuple[Operation, ...]] = CLOSING_OPERATIONS

    def title(self, params: FenceEcsServiceParams) -> str:
        """A verb and the service."""
        return f"Stop {params.service}"

    def subject(self, params: FenceEcsServiceParams) -> str:
        """The service."""
        return f"Service {params.service}"

    def statements(self, params: FenceEcsServiceParams, place: Place) -> tuple[Statement, ...]:
        """The service itself, in the primary; conditions narrow what names no resource."""
        service = place.arn("ecs", f"service/{params.cluster}/{params.service}", region=place.primary)
        cluster = place.arn("ecs", f"cluster/{params.cluster}", region=place.primary)
        tasks = place.arn("ecs", f"task/{params.cluster}/*", region=place.primary)
        scaling = {
            "application-autoscaling:service-namespace": COUNT["ServiceNamespace"],
            "application-autoscaling:scalable-dimension": COUNT["ScalableDimension"],
        }
        return (
            Statement(Access.WRITE, ("ecs:UpdateService",), (service,)),
            Statement(
                Access.WRITE,
                ("ecs:TagResource", "ecs:UntagResource"),
                (service,),
                {"ForAllValues:StringEquals": {"aws:TagKeys": [fencing.MARK_TAG]}},
            ),
            Statement(
                Access.WRITE,
                ("application-autoscaling:RegisterScalableTarget",),
                (place.arn("application-autoscaling", "scalable-target/*", region=place.primary),),
                {"StringEquals": scaling},
            ),
            Statement(Access.READ, ("ecs:DescribeServices",), (service,)),
            Statement(Access.READ, ("ecs:DescribeTasks",), (tasks,)),
            # As for `scale_ecs_service`: an ARN was seen to match nothing here.
            Statement(Access.READ, ("ecs:ListTasks",), ("*",), {"ArnEquals": {"ecs:cluster": cluster}}),
            Statement(Access.READ, ("application-autoscaling:DescribeScalableTargets",), ("*",)),
        )

    def standing(self, params: FenceEcsServiceParams, place: Place) -> tuple[Standing, ...]:
        """A service that serves, within bounds."""
        facts = {"cluster": params.cluster, "service": params.service}
        why = "It is stopped before the writer moves; its ARN is of the long form, because a mark is kept in a tag."
        return (Standing("ecs", "serving service", place.primary, facts, why),)

    def readiness(self, params: FenceEcsServiceParams, context: StepContext) -> tuple[Finding, ...]:
        """The service is there, can be scaled, bears no old mark, and runs something to stop."""
        found = _stoppable(params, context)
        if isinstance(found, Finding):
            return (found,)
        if _is_marked(found, context):
            return (fencing.mark_left(self.subject(params)),)
        if found.desired == 0:
            sentence = f"Service {params.service} of the primary wants no tasks, so there is nothing to stop."
            return (Finding.warning("nothing-to-close", sentence, "Name the service that serves in the primary."),)
        fine = f"Service {params.service} can go from {say_tasks(found.desired)} to none."
        return (Finding(Severity.FINE, "service-can-be-stopped", fine),)

    def close(self, params: FenceEcsServiceParams, context: StepContext) -> Receipt | Failed:
        """Keep the count and the bounds, then bring both to 0."""
        service = _stoppable(params, context)
        if isinstance(service, Finding):
            return fencing.failed(service)
        bounds = read_bounds(context, service.cluster, service.name, region=service.region)
        kept = fencing.read_mark(service.tags, context.place.application, "desired", "bounds")
        if not service.desired and _allows_none(bounds):
            return fencing.receipt(f"Service {service.name} wants no tasks already.", acted=False, before=kept)
        before = kept or _before(service, bounds)
        if kept is None:
            mark = {"key": fencing.MARK_TAG, "value": fencing.write_mark(context.place.application, **before)}
            context.aws.call("ecs", "TagResource", service.region, resourceArn=service.arn, tags=[mark])
        if not _allows_none(bounds):
            set_bounds(context, service, _NONE)
        if service.desired:
            set_count(context, service, 0)
        said = f"Service {service.name} wants no tasks instead of {service.desired}, and its autoscaler allows none."
        return fencing.receipt(said, acted=True, before=before)

    def read_closed(
        self, params: FenceEcsServiceParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        """Nothing runs, nothing starts, nothing is still stopping, and nothing may be started by the autoscaler."""
        service = _stoppable(params, context)
        if isinstance(service, Finding):
            return fencing.failed(service)
        bounds = read_bounds(context, service.cluster, service.name, region=service.region)
        if service.desired or not _allows_none(bounds):
            return Pending(f"Service {service.name} does not show yet that it is to stop.")
        at_work = service.running + service.pending
        stopping = leaving(context, service)
        if at_work or stopping:
            return Pending(f"Service {service.name} still runs {say_tasks(at_work)}, and {stopping} are stopping.")
        return Settled(f"Service {service.name} runs no task, and its autoscaler allows none.", fencing.CLOSED)

    def reopen(self, params: FenceEcsServiceParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """The bounds, then the count, as they were; what a person set since then stays."""
        service = _stoppable(params, context)
        if isinstance(service, Finding):
            return CannotUndo(service.sentence)
        kept = fencing.read_mark(service.tags, context.place.application, "desired", "bounds")
        before: Mapping[str, Any] | None = kept or receipt.data.get("before")
        if before is None:
            return Undone(f"Service {service.name} was not stopped by this application, so nothing was started.")
        desired, was = int(before["desired"]), _bounds_of(before)
        bounds = read_bounds(context, service.cluster, service.name, region=service.region)
        if was is not None and bounds is not None and bounds.same_as(_NONE.data):
            set_bounds(context, service, was)
        if service.desired == 0 and desired:
            set_count(context, service, desired)
        return _seen_open(params, desired, context)

    def by_hand(self, params: FenceEcsServiceParams, place: Place) -> Handwork:
        return by_hand.stopping(params.cluster, params.service, place)


def _stoppable(params: FenceEcsServiceParams, context: StepContext) -> EcsService | Finding:
    region = context.place.primary
    service = look(context, params.cluster, params.service, region=region, tags=True)
    if service is None:
        return fencing.missing(f"Service {params.service} of cluster {params.cluster}", region)
    if service.status != ACTIVE or service.strategy != "REPLICA":
        kind = service.status if service.status != ACTIVE else f"scheduled as {service.strategy}"
        sentence = f"Service {params.service} cannot be brought to no tasks because it is {kind}."
        return Finding.impossible("not-scalable", sentence, "Close the primary by another fence, and correct the plan.")
    return service


def _is_marked(service: EcsService, context: StepContext) -> bool:
    return service.desired > 0 and fencing.read_mark(service.tags, context.place.application) is not None


def _allows_none(bounds: Bounds | None) -> bool:
    return bounds is None or bounds.maximum == 0


def _before(service: EcsService, bounds: Bounds | None) -> dict[str, str]:
    written = f"{bounds.minimum}-{bounds.maximum}" if bounds else NO_BOUNDS
    return {"desired": str(service.desired), "bounds": written}


def _bounds_of(before: Mapping[str, Any]) -> Bounds | None:
    if before["bounds"] == NO_BOUNDS:
        return None
    minimum, maximum = str(before["bounds"]).split("-")
    return Bounds(int(minimum), int(maximum))


def _seen_open(params: FenceEcsServiceParams, desired: int, context: StepContext) -> Undone | CannotUndo:
    service = _stoppable(params, context)
    if isinstance(service, Finding) or (desired and not service.desired):
        return CannotUndo(
            f"Service {params.service} does not show its {say_tasks(desired)} again; set the count by hand."
        )
    if fencing.MARK_TAG in service.tags:
        context.aws.call("ecs", "UntagResource", service.region, resourceArn=service.arn, tagKeys=[fencing.MARK_TAG])
    return Undone(f"Service {params.service} wants {say_tasks(service.desired)}, as before it was closed.")


KIND = FenceEcsService()
