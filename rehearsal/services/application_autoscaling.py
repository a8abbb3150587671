"""Application Auto Scaling for ECS services: bounds that pull the desired count of a service into themselves.

The traps are: registering moves the count into the bounds by itself, moments later; a count above the
maximum is taken back about a minute after somebody set it, but not while the service is deploying; a
parameter that is left out of an update keeps its value. There are no policies here: nothing scales for
load. Sources: botocore's text on RegisterScalableTarget; aws-facts section 4.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, ClassVar

from pilotlight.domain.step import Standing
from rehearsal.service import Service, Spread, operation
from rehearsal.services.ecs import Ecs
from rehearsal.services.ecs_scheduler import EcsService
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

_ADJUSTING = Spread(1.0, 2.0, 5.0)
"""From an accepted registration to the adjusted count, in seconds: an estimate of "immediately"."""
_EVALUATING = Spread(45.0, 60.0, 75.0)
"""Until a count above the maximum is taken back: the period of the alarms behind a policy, about a minute."""
_DIMENSIONS = {"ecs": "ecs:service:DesiredCount", "dynamodb": "dynamodb:table:WriteCapacityUnits"}
_IN_SUSPENDED = "DynamicScalingInSuspended"
_ROLE = "aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"


@dataclass(eq=False)
class ScalableTarget:
    """The bounds of one ECS service, or of a table's write capacity, which here scales nothing."""

    region: str
    resource: str
    arn: str
    created: datetime
    minimum: int
    maximum: int
    suspended: dict[str, bool] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """The service that it belongs to."""
        return "dynamodb" if self.resource.startswith("table/") else "ecs"


class ApplicationAutoScaling(Service):
    """Scalable targets by region."""

    name: ClassVar[str] = "application-autoscaling"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.targets: list[ScalableTarget] = []

    def furnish(self, standing: Standing) -> None:
        """The bounds of a service that is kept at no tasks: 0 to 0, as a pilot light has them."""
        ecs, facts = self.world.model(Ecs), standing.facts
        service = ecs.find(standing.region, str(facts["cluster"]), str(facts["service"]))
        if standing.what != "bounds" or service is None:
            super().furnish(standing)
        else:
            self.add_target(service, 0, 0)

    def add_target(self, service: EcsService, minimum: int, maximum: int, **suspended: bool) -> ScalableTarget:
        """Set the scene: a service has had these bounds for long, with these parts of scaling suspended."""
        if self._watch not in service.desired_changed:
            service.desired_changed.append(self._watch)
        region, resource = service.region, f"service/{service.cluster}/{service.name}"
        code = sha256(f"{region}/{resource}".encode()).hexdigest()[:32]
        owner = f"arn:aws:application-autoscaling:{region}:{self.world.account}"
        named = f"{owner}:scalable-target/{code}"
        now = self.world.time.now()
        self.targets.append(ScalableTarget(region, resource, named, now, minimum, maximum, suspended))
        return self.targets[-1]

    @operation("DescribeScalableTargets")
    def describe_scalable_targets(self, call: Call) -> Mapping[str, Any]:
        """The targets of the region, or those of the named resources; an unknown one is simply not there."""
        wanted = call.parameters.get("ResourceIds") or [t.resource for t in self.targets]
        space = call.parameters["ServiceNamespace"]
        here = [t for t in self.targets if (t.region, t.namespace) == (call.region, space)]
        found = [t for t in here if t.resource in wanted]
        role = f"arn:aws:iam::{self.world.account}:role/{_ROLE}"
        return {
            "ScalableTargets": [
                {
                    "ServiceNamespace": target.namespace,
                    "ResourceId": target.resource,
                    "ScalableDimension": _DIMENSIONS[target.namespace],
                    "MinCapacity": target.minimum,
                    "MaxCapacity": target.maximum,
                    "RoleARN": role,
                    "CreationTime": target.created,
                    "SuspendedState": _say_suspended(target.suspended),
                    "ScalableTargetARN": target.arn,
                }
                for target in found
            ]
        }

    @operation("RegisterScalableTarget")
    def register_scalable_target(self, call: Call) -> Mapping[str, Any]:
        """Make the bounds or change the given ones; the count of the service follows by itself."""
        service = self._service(call)
        target = self._find(call)
        minimum = call.parameters.get("MinCapacity", target.minimum if target else None)
        maximum = call.parameters.get("MaxCapacity", target.maximum if target else None)
        if minimum is None or maximum is None:
            raise ServiceError("ValidationException", "MinCapacity and MaxCapacity are required for a new target.")
        if minimum > maximum:
            raise ServiceError("ValidationException", "Maximum capacity cannot be less than minimum capacity")
        if target is None:
            target = self.add_target(service, minimum, maximum)
        target.minimum, target.maximum = minimum, maximum
        target.suspended |= call.parameters.get("SuspendedState", {})
        self._later(_ADJUSTING, partial(self._bring_within, target, service))
        return {"ScalableTargetARN": target.arn}

    @operation("DeregisterScalableTarget")
    def deregister_scalable_target(self, call: Call) -> Mapping[str, Any]:
        """Forget the bounds; the count of the service stays."""
        target = self._find(call)
        if target is None:
            raise ServiceError("ObjectNotFoundException", f"No scalable target found for {_names(call)}")
        self.targets.remove(target)
        return {}

    def _find(self, call: Call) -> ScalableTarget | None:
        here = [t for t in self.targets if t.region == call.region]
        return next((t for t in here if t.resource == call.parameters["ResourceId"]), None)

    def _service(self, call: Call) -> EcsService:
        resource = str(call.parameters["ResourceId"])
        if call.parameters["ScalableDimension"] != _DIMENSIONS["ecs"]:
            raise NotModelled(call)
        _, cluster, name = resource.split("/")
        service = self.world.model(Ecs).find(call.region, cluster, name)
        if service is None:
            raise ServiceError("ValidationException", f"ECS service doesn't exist: {resource}")
        return service

    def _bring_within(self, target: ScalableTarget, service: EcsService) -> None:
        within = min(max(service.desired, target.minimum), target.maximum)
        if target in self.targets and within != service.desired:
            service.update(within)

    def _watch(self, service: EcsService) -> None:
        resource = f"service/{service.cluster}/{service.name}"
        for target in self.targets:
            if (target.region, target.resource) == (service.region, resource):
                self._later(_EVALUATING, partial(self._evaluate, target, service))

    def _evaluate(self, target: ScalableTarget, service: EcsService) -> None:
        if service.desired <= target.maximum or target.suspended.get(_IN_SUSPENDED) or target not in self.targets:
            return
        if service.deploying:
            self._later(_EVALUATING, partial(self._evaluate, target, service))
            return
        service.update(target.maximum)

    def _later(self, spread: Spread, work: partial[None]) -> None:
        self.world.time.spawn(work, name="autoscaling", delay_seconds=spread.draw(self.random))


def _names(call: Call) -> str:
    given = call.parameters
    return (
        f"service namespace: {given['ServiceNamespace']}, resource ID: {given['ResourceId']}, "
        f"scalable dimension: {given['ScalableDimension']}"
    )


def _say_suspended(suspended: Mapping[str, bool]) -> dict[str, bool]:
    parts = (_IN_SUSPENDED, "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
    return {part: suspended.get(part, False) for part in parts}
