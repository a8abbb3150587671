"""Stop one task of an ECS service, and wait until another healthy one stands in its place.

It tests that a service mends itself: the oldest task that runs is stopped, and ECS starts another. Done means: that
task is gone, a younger one than the stop is there, and each of the service's target groups has as many healthy targets
as the service wants tasks.

It is disruptive: until then one task fewer serves, and none where there was only one, which preflight warns of. The
stop carries a reason that names the run and the step, which ECS shows for an hour at least; so a call whose answer was
lost is found again, and no second task is stopped.

Sources: botocore's text on StopTask and DescribeTasks (stopped tasks are shown for at least an hour).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal
from pilotlight.domain.step import (
    Access,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
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
from pilotlight.estate.ecs.mending import (
    LOOKING,
    STOPPING,
    ServiceParams,
    looking_statements,
    serving,
    serving_finding,
)
from pilotlight.estate.ecs.progress import Goal, progress
from pilotlight.estate.ecs.service import tasks_of

RUNNING, STOPPED = "RUNNING", "STOPPED"


class StopEcsTaskParams(ServiceParams):
    """Which service loses a task.

    ```yaml
    step: stop-a-task
    kind: stop_ecs_task
    params:
      cluster: triflow-ai-staging-cluster
      service: triflow-ai-staging-backend-service
    ```
    """


class StopEcsTask(StepKind[StopEcsTaskParams]):
    """The step kind `stop_ecs_task`."""

    name: ClassVar[str] = "stop_ecs_task"
    params = StopEcsTaskParams
    harm: ClassVar[Harm] = Harm.DISRUPTIVE
    leaves_nothing: ClassVar[str] = "ECS puts another task in its place"
    timing: ClassVar[Timing] = Timing(
        shortest=timedelta(seconds=35),
        typical=timedelta(minutes=2),
        longest=timedelta(minutes=6),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=20),
    )
    outputs: ClassVar[tuple[str, ...]] = ("stopped",)
    operations: ClassVar[tuple[Operation, ...]] = (*LOOKING, STOPPING)

    def title(self, params: StopEcsTaskParams) -> str:
        """A verb and the service."""
        return f"Stop a task of {params.service}"

    def statements(self, params: StopEcsTaskParams, place: Place) -> tuple[Statement, ...]:
        """The tasks of the cluster: which one it will be is not known before."""
        tasks, cluster = place.arn("ecs", f"task/{params.cluster}/*"), place.arn("ecs", f"cluster/{params.cluster}")
        stop = Statement(Access.WRITE, ("ecs:StopTask",), (tasks,), {"ArnEquals": {"ecs:cluster": cluster}})
        return (stop, *looking_statements(params, place))

    def standing(self, params: StopEcsTaskParams, place: Place) -> tuple[Standing, ...]:
        facts = {"cluster": params.cluster, "service": params.service}
        why = "One of its tasks is stopped, so it runs two at least."
        return (Standing("ecs", "serving service", place.standby, facts, why),)

    def readiness(self, params: StopEcsTaskParams, context: StepContext) -> tuple[Finding, ...]:
        """What one look shows."""
        return self.preflight(params, context)

    def preflight(self, params: StopEcsTaskParams, context: StepContext) -> tuple[Finding, ...]:
        """Whether a task runs, and whether another one does."""
        found = serving(params, context)
        alone = not isinstance(found, Failed) and found.running < 2
        said = f"Service {params.service} runs one task, so nobody is served until its successor is healthy."
        warning = Finding(Severity.WARNING, "only-task", said, "Scale it to two tasks first.")
        return (serving_finding(params, context), *((warning,) if alone else ()))

    def execute(self, params: StopEcsTaskParams, context: StepContext) -> Receipt | NotYet | Failed:
        """Stop the oldest task that runs, unless this step stopped one already."""
        service = serving(params, context)
        if isinstance(service, Failed):
            return service
        reason = _reason(context)
        mine = [task for task in tasks_of(context, service, STOPPED) if task.get("stoppedReason") == reason]
        if mine:
            return _receipt(mine[0], context)
        running = [task for task in tasks_of(context, service, RUNNING) if task.get("lastStatus") == RUNNING]
        if not running:
            return NotYet(f"Service {service.name} runs no task yet that could be stopped.")
        oldest = min(running, key=lambda task: (task["createdAt"], task["taskArn"]))
        named = {"cluster": service.cluster, "task": oldest["taskArn"], "reason": reason}
        context.aws.call("ecs", "StopTask", service.region, **named)
        return _receipt(oldest, context)

    def verify(self, params: StopEcsTaskParams, receipt: Receipt, context: StepContext) -> Settled | Pending | Failed:
        """Look for its successor, then count what is healthy."""
        service = serving(params, context)
        if isinstance(service, Failed):
            return service
        task, accepted = receipt.data["task"], datetime.fromisoformat(receipt.data["accepted"])
        tasks = tasks_of(context, service, RUNNING)
        if any(each["taskArn"] == task for each in tasks):
            return Pending(f"Task {_short(task)} of {service.name} does not show yet that it is to stop.")
        if not any(each["createdAt"] >= accepted for each in tasks if "createdAt" in each):
            return Pending(f"Service {service.name} has not started another task in place of {_short(task)} yet.")
        seen = progress(context, service, Goal(service.desired, service.target_groups, None, context.started, accepted))
        if isinstance(seen, Settled):
            return Settled(f"{seen.reason} Task {_short(task)} was replaced.", {"stopped": task})
        return seen

    def undo(self, params: StopEcsTaskParams, receipt: Receipt, context: StepContext) -> Undone:
        """ECS itself puts another task in its place."""
        return Undone(f"Service {params.service} gets another task from ECS, so there is nothing to take back.")

    def stand_in(self, params: StopEcsTaskParams, isolation: Isolation) -> Refusal:
        """A drill does not stop a task that serves."""
        return Refusal(
            f"No task of {params.service} is stopped in a drill, because it serves; name a service of a staging "
            "environment instead."
        )

    def by_hand(self, params: StopEcsTaskParams, place: Place) -> Handwork:
        return by_hand.stopping_a_task(params.cluster, params.service, place.standby)


def _reason(context: StepContext) -> str:
    return f"Pilotlight: {context.step} of run {context.run_id}"


def _receipt(task: dict[str, Any], context: StepContext) -> Receipt:
    # A task that was found stopped was stopped before now: by then its successor may have been made already.
    since = task.get("stoppingAt") or context.now
    data = {"task": task["taskArn"], "accepted": since.isoformat()}
    return Receipt(f"Task {_short(task['taskArn'])} was told to stop.", acted=True, data=data)


def _short(arn: str) -> str:
    return arn.rsplit("/", 1)[-1][:8]


KIND = StopEcsTask()
