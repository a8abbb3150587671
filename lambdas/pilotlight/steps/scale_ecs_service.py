"""Bring an ECS service up to a number of tasks, and wait until so many are healthy behind its load balancer.

A change of the desired count starts no deployment: `rolloutState` stays COMPLETED while not one task runs,
so that is never asked alone. Done means: as many tasks run as asked for, none is pending, each of the
service's target groups has as many healthy targets, and a deployment that this step forced is complete.

The autoscaler pulls a count back into its bounds, so these are raised before the count; they are never
lowered. Tasks read parameters and secrets only when they start, so tasks from before this step are
replaced, in the same call.

It is disruptive: it starts the application against its database (migrations, consumers of queues) and
replaces tasks that run, so it stands after the gates. It cannot tell what was there before if an earlier
turn of it acted and died unrecorded, and then undoes nothing; nor whose a healthy target is, if others
share the target group.

Sources: botocore's text on UpdateService and RegisterScalableTarget; aws-facts section 4.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    Harm,
    Operation,
    Params,
    Pending,
    Receipt,
    Settled,
    Severity,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate.ecs import by_hand
from pilotlight.estate.ecs.operations import OPERATIONS
from pilotlight.estate.ecs.progress import Goal, choose_groups, progress
from pilotlight.estate.ecs.readiness import check_readiness, check_serving
from pilotlight.estate.ecs.scaling import forget_bounds, is_replaced_since, raised_bounds, set_bounds, set_count
from pilotlight.estate.ecs.service import COUNT, Bounds, EcsService, look, read_bounds, say_tasks, tasks_before

EcsName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")]


class AutoscalingBounds(BaseModel):
    """The least bounds that the autoscaler is to have; what is wider already is left."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum: int = Field(ge=0)
    maximum: int = Field(ge=1)


class ScaleEcsServiceParams(Params):
    """Which service is brought up, and how far.

    ```yaml
    step: scale
    kind: scale_ecs_service
    params:
      cluster: fileflow-dr-cluster
      service: fileflow-dr-service
      tasks: 4
      autoscaling: {minimum: 4, maximum: 12}
      target_group: fileflow-dr-tg
    ```
    """

    cluster: EcsName
    service: EcsName
    tasks: int = Field(ge=1, description="So many tasks are to run; more that run already are left.")
    autoscaling: AutoscalingBounds | None = Field(None, description="None raises existing bounds as far as needed.")
    target_group: str | None = Field(None, min_length=1, description="Name or ARN; none takes all of the service.")
    fresh_configuration: bool = Field(True, description="Replace tasks that were started before this step.")

    @model_validator(mode="after")
    def _bounds_hold_the_tasks(self) -> Self:
        bounds = self.autoscaling
        if bounds is not None and not max(self.tasks, bounds.minimum) <= bounds.maximum:
            raise ValueError(f"autoscaling.maximum is {bounds.maximum}, below the tasks or the minimum")
        return self

    @property
    def planned(self) -> Bounds | None:
        """The bounds that the plan names."""
        return Bounds(self.autoscaling.minimum, self.autoscaling.maximum) if self.autoscaling else None


class ScaleEcsService(StepKind[ScaleEcsServiceParams]):
    """The step kind `scale_ecs_service`."""

    name: ClassVar[str] = "scale_ecs_service"
    params = ScaleEcsServiceParams
    harm: ClassVar[Harm] = Harm.DISRUPTIVE
    stands_in_for_nothing: ClassVar[str] = "starts a service that is there; a drill runs a copy (copy_ecs_service)"
    # Section 11 of aws-facts: a task runs after 25 s to 3 min, and is healthy 10 to 150 s later.
    timing: ClassVar[Timing] = Timing(
        shortest=timedelta(seconds=35),
        typical=timedelta(minutes=2),
        longest=timedelta(minutes=6),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=30),
    )
    outputs: ClassVar[tuple[str, ...]] = ("running",)
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: ScaleEcsServiceParams) -> str:
        """A verb and the service."""
        return f"Scale {params.service} to {say_tasks(params.tasks)}"

    def statements(self, params: ScaleEcsServiceParams, place: Place) -> tuple[Statement, ...]:
        """The service itself; the id of a scalable target is not known before, so conditions narrow it."""
        service = place.arn("ecs", f"service/{params.cluster}/{params.service}")
        cluster = place.arn("ecs", f"cluster/{params.cluster}")
        scaling = ["RegisterScalableTarget", *(["DeregisterScalableTarget"] if params.autoscaling else [])]
        return (
            Statement(Access.WRITE, ("ecs:UpdateService",), (service,)),
            Statement(
                Access.WRITE,
                tuple(f"application-autoscaling:{action}" for action in scaling),
                (place.arn("application-autoscaling", "scalable-target/*"),),
                {
                    "StringEquals": {
                        "application-autoscaling:service-namespace": COUNT["ServiceNamespace"],
                        "application-autoscaling:scalable-dimension": COUNT["ScalableDimension"],
                    }
                },
            ),
            Statement(Access.READ, ("ecs:DescribeServices",), (service,)),
            Statement(Access.READ, ("ecs:DescribeClusters",), (cluster,)),
            Statement(Access.READ, ("ecs:DescribeTasks",), (place.arn("ecs", f"task/{params.cluster}/*"),)),
            # The reference names container instances for ListTasks; Fargate has none, and such an ARN was
            # seen to match nothing (awsdocs/amazon-ecs-developer-guide issue 211): so a condition instead.
            Statement(Access.READ, ("ecs:ListTasks",), ("*",), {"ArnEquals": {"ecs:cluster": cluster}}),
            Statement(
                Access.READ,
                (
                    "ecs:DescribeTaskDefinition",
                    "application-autoscaling:DescribeScalableTargets",
                    "elasticloadbalancing:DescribeTargetGroups",
                    "elasticloadbalancing:DescribeTargetHealth",
                ),
                ("*",),
            ),
        )

    def standing(self, params: ScaleEcsServiceParams, place: Place) -> tuple[Standing, ...]:
        facts = {"cluster": params.cluster, "service": params.service, "target_group": params.target_group}
        held, there = "Bounds of 0 keep it empty until a run raises them.", "It is scaled from none; its image is here."
        scaled = Standing("application-autoscaling", "bounds", place.standby, facts, held)
        return (Standing("ecs", "service", place.standby, facts, there), *((scaled,) if params.planned else ()))

    def readiness(self, params: ScaleEcsServiceParams, context: StepContext) -> tuple[Finding, ...]:
        """Everything that ECS, the load balancer and the autoscaler show of it."""
        asked = (params.cluster, params.service, params.tasks, params.target_group, params.planned)
        return check_readiness(context, *asked)

    def preflight(self, params: ScaleEcsServiceParams, context: StepContext) -> tuple[Finding, ...]:
        """One look at the service."""
        service = look(context, params.cluster, params.service)
        found = check_serving(service, params.cluster, params.service, params.target_group)
        there = Finding(Severity.FINE, "service-there", f"Service {params.service} can be scaled.")
        return found or (there,)

    def execute(self, params: ScaleEcsServiceParams, context: StepContext) -> Receipt | Failed:
        """Raise the bounds, then the count; replace tasks from before this step in the same call."""
        service = _serving(params, context)
        if isinstance(service, Failed):
            return service
        count = max(service.desired, params.tasks)
        stale = _stale_tasks(params, service, context)
        if stale and service.controller != "ECS":
            return Failed(
                f"Service {service.name} cannot replace {say_tasks(stale)} because {service.controller} does it.",
                fix="Deploy it there, or set fresh_configuration to false, then retry the step.",
            )
        before = read_bounds(context, service.cluster, service.name)
        raised = raised_bounds(before, params.planned, count)
        if raised is not None:
            set_bounds(context, service, raised)
        after, changes = service, stale > 0 or count != service.desired
        if changes:
            after = set_count(context, service, count, replace_since=context.started if stale else None)
        rollout = after.primary if is_replaced_since(after, context.started) else None
        return Receipt(
            _say_done(service, count, stale, raised),
            acted=changes or raised is not None,
            data={
                "desired_before": service.desired if changes or context.first_turn else None,
                "desired": count,
                "bounds_before": before.data if before else None,
                "bounds": raised.data if raised else None,
                "first_turn": context.first_turn,
                "accepted": context.now.isoformat(),
                "deployment": rollout.id if rollout else None,
            },
        )

    def verify(
        self, params: ScaleEcsServiceParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        """Count what runs and what is healthy; the rollout alone says nothing."""
        service = _serving(params, context)
        if isinstance(service, Failed):
            return service
        groups = choose_groups(service, params.target_group) or ()
        deployment, accepted = receipt.data["deployment"], datetime.fromisoformat(receipt.data["accepted"])
        goal = Goal(params.tasks, groups, deployment, context.started, accepted)
        return progress(context, service, goal)

    def undo(self, params: ScaleEcsServiceParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """Take back the bounds and the count, each only if it still is what this run set."""
        before, wanted = receipt.data["desired_before"], receipt.data["desired"]
        if before is None:
            return CannotUndo(
                f"Service {params.service} keeps {say_tasks(wanted)} because an earlier turn may have set "
                "them without a record; set the count by hand if it is to be lower."
            )
        service = _serving(params, context)
        if isinstance(service, Failed):
            return CannotUndo(service.reason)
        if service.desired not in (before, wanted):
            return CannotUndo(
                f"Service {service.name} keeps its tasks because it wants {service.desired} by now and not "
                f"the {wanted} that this run set; set the count by hand if it is to be lower."
            )
        bounds = _take_bounds_back(receipt, service, context)
        if service.desired != before:
            set_count(context, service, before)
        kept = "; tasks that were replaced keep the configuration they started with" if before else ""
        return Undone(f"Service {service.name} wants {say_tasks(before)}, as before this run{bounds}{kept}.")

    def stand_in(self, params: ScaleEcsServiceParams, isolation: Isolation) -> Refusal:
        """A drill must not start the standby's own application."""
        return Refusal(
            f"Service {params.service} cannot be started in a drill because its tasks would use the "
            "application's own database and queues; a drill needs a copy of the service, named here instead."
        )

    def by_hand(self, params: ScaleEcsServiceParams, place: Place) -> Handwork:
        fresh = params.fresh_configuration
        return by_hand.scaling(params.cluster, params.service, params.tasks, params.planned, fresh=fresh, place=place)


def _serving(params: ScaleEcsServiceParams, context: StepContext) -> EcsService | Failed:
    service = look(context, params.cluster, params.service)
    found = check_serving(service, params.cluster, params.service, params.target_group)
    if service is None or found:
        return Failed(found[0].sentence, found[0].fix)
    return service


def _stale_tasks(params: ScaleEcsServiceParams, service: EcsService, context: StepContext) -> int:
    if not params.fresh_configuration or is_replaced_since(service, context.started):
        return 0
    return tasks_before(context, service, context.started) if service.running + service.pending else 0


def _say_done(service: EcsService, count: int, stale: int, raised: Bounds | None) -> str:
    said = f"Service {service.name} wants {say_tasks(count)}"
    said += f" instead of {service.desired}" if count != service.desired else ", as it did"
    said += f", all of them fresh, in place of {stale}" if stale else ""
    said += f", within autoscaling bounds raised to {raised.minimum} and {raised.maximum}" if raised else ""
    return f"{said}."


def _take_bounds_back(receipt: Receipt, service: EcsService, context: StepContext) -> str:
    mine: Mapping[str, int] | None = receipt.data["bounds"]
    before: Mapping[str, Any] | None = receipt.data["bounds_before"]
    if mine is None:
        may_be_ours = before is not None and not receipt.data["first_turn"]
        return ", within autoscaling bounds that an earlier turn may have raised" if may_be_ours else ""
    current = read_bounds(context, service.cluster, service.name)
    if current is None or not current.same_as(mine):
        return ", within autoscaling bounds that are not this run's and stay"
    if before is None:
        forget_bounds(context, service)
        return ", and is out of the autoscaler again"
    set_bounds(context, service, Bounds(before["minimum"], before["maximum"]))
    return ", within its old autoscaling bounds"


KIND = ScaleEcsService()
