"""Replace all tasks of an ECS service by fresh ones of the same definition, and wait until they are healthy.

For tasks that run and do not serve: ECS starts fresh ones, waits until they are healthy behind the load balancer, and
stops the old ones, as the service's deployment configuration says. Its count is left alone. Done means: the deployment
of this step is complete, and each of the service's target groups has as many healthy targets as the service wants
tasks. A deployment that ECS gives up, or that its circuit breaker rolls back, fails the step with the words of ECS.

It is disruptive: every task that runs is stopped. A deployment that began since the step did is taken for its own, so
that a call whose answer was lost is not made twice.

Sources: botocore's text on UpdateService and on `rolloutState`; `pilotlight.estate.ecs.mending`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal
from pilotlight.domain.step import (
    Access,
    Failed,
    Finding,
    Harm,
    Operation,
    Pending,
    Receipt,
    Settled,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate.ecs import by_hand
from pilotlight.estate.ecs.mending import (
    LOOKING,
    ServiceParams,
    looking_statements,
    redeploy,
    rolled_back,
    serving,
    serving_finding,
)
from pilotlight.estate.ecs.operations import OPERATIONS
from pilotlight.estate.ecs.progress import Goal, progress
from pilotlight.estate.ecs.scaling import is_replaced_since
from pilotlight.estate.ecs.service import say_tasks


class RedeployEcsServiceParams(ServiceParams):
    """Which service gets fresh tasks.

    ```yaml
    step: redeploy
    kind: redeploy_ecs_service
    params:
      cluster: triflow-ai-production-cluster
      service: triflow-ai-production-backend-service
    ```
    """


class RedeployEcsService(StepKind[RedeployEcsServiceParams]):
    """The step kind `redeploy_ecs_service`."""

    name: ClassVar[str] = "redeploy_ecs_service"
    params = RedeployEcsServiceParams
    harm: ClassVar[Harm] = Harm.DISRUPTIVE
    leaves_nothing: ClassVar[str] = "tasks are replaced by their like"
    # As scale_ecs_service, and the draining of the old targets: 300 s where nobody set it otherwise.
    timing: ClassVar[Timing] = Timing(
        shortest=timedelta(seconds=45),
        typical=timedelta(minutes=4),
        longest=timedelta(minutes=12),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=30),
    )
    outputs: ClassVar[tuple[str, ...]] = ("running",)
    operations: ClassVar[tuple[Operation, ...]] = (*LOOKING, *(o for o in OPERATIONS if o.name == "UpdateService"))

    def title(self, params: RedeployEcsServiceParams) -> str:
        """A verb and the service."""
        return f"Redeploy {params.service}"

    def statements(self, params: RedeployEcsServiceParams, place: Place) -> tuple[Statement, ...]:
        """The service itself."""
        service = place.arn("ecs", f"service/{params.cluster}/{params.service}")
        return (Statement(Access.WRITE, ("ecs:UpdateService",), (service,)), *looking_statements(params, place))

    def standing(self, params: RedeployEcsServiceParams, place: Place) -> tuple[Standing, ...]:
        facts = {"cluster": params.cluster, "service": params.service}
        why = "Its tasks are replaced by fresh ones, so it has a deployment controller of ECS's own."
        return (Standing("ecs", "serving service", place.standby, facts, why),)

    def readiness(self, params: RedeployEcsServiceParams, context: StepContext) -> tuple[Finding, ...]:
        """What one look shows."""
        return self.preflight(params, context)

    def preflight(self, params: RedeployEcsServiceParams, context: StepContext) -> tuple[Finding, ...]:
        """Whether there is a service that wants tasks."""
        return (serving_finding(params, context),)

    def execute(self, params: RedeployEcsServiceParams, context: StepContext) -> Receipt | Failed:
        """Force a deployment, unless one began since this step did."""
        service = serving(params, context)
        if isinstance(service, Failed):
            return service
        if service.controller != "ECS":
            return Failed(
                f"Service {service.name} is deployed by {service.controller}, which this step cannot ask.",
                "Deploy it there, or take the step out of the plan.",
            )
        if not is_replaced_since(service, context.started):
            service = redeploy(context, service)
        deployment = service.primary.id if service.primary else None
        accepted = {"accepted": context.now.isoformat(), "deployment": deployment}
        sentence = f"Service {service.name} was told to replace its {say_tasks(service.desired)}."
        return Receipt(sentence, acted=True, data=accepted)

    def verify(
        self, params: RedeployEcsServiceParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        """Follow the deployment, and count what is healthy."""
        service = serving(params, context)
        if isinstance(service, Failed):
            return service
        deployment, accepted = receipt.data["deployment"], datetime.fromisoformat(receipt.data["accepted"])
        goal = Goal(service.desired, service.target_groups, deployment, context.started, accepted)
        return rolled_back(service, deployment) or progress(context, service, goal)

    def undo(self, params: RedeployEcsServiceParams, receipt: Receipt, context: StepContext) -> Undone:
        """Fresh tasks of the same definition are as good as the old ones."""
        return Undone(f"Service {params.service} runs what it ran before, so there is nothing to take back.")

    def stand_in(self, params: RedeployEcsServiceParams, isolation: Isolation) -> Refusal:
        """A drill does not stop tasks that serve."""
        return Refusal(
            f"Service {params.service} is not redeployed in a drill, because its tasks serve; name a service of a "
            "staging environment instead."
        )

    def by_hand(self, params: RedeployEcsServiceParams, place: Place) -> Handwork:
        return by_hand.redeploying(params.cluster, params.service, place.standby)


KIND = RedeployEcsService()
