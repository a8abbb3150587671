"""Run a task once in the standby, and wait until it has ended well: a migration of the database, for example.

It is asked for with a client token that is this step's in this run, so that a repeated call gives the same task, and
it is looked for by `startedBy` before it is asked for at all. Done means: the task has stopped and its container ended
with exit code 0. A task that is still running says nothing, and one that never started has no exit code.

It is disruptive: it may write to the application's database, so it stands after the writer has moved. It is never
stopped midway, and what it changed is not taken back. A drill runs it on a database of its own, under a task role of
its own, and is not cleaned up before it has ended: without that database it soon does. A further run runs it anew, so
the command has to be one that may run twice, as `alembic upgrade head` may.

It fails where the task could not start, or ended badly: with the exit code, ECS's reason and the place of its log.

Sources: botocore's model of ECS (RunTask, ListTasks, DescribeTasks); a container of a task that failed to start has no
exit code, and its reason stands in `stoppedReason`. Times are estimates.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from pilotlight.domain.errors import AwsError
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal, Remains
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    OutputOf,
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
from pilotlight.estate.ecs.copy_specification import RoleArn
from pilotlight.estate.ecs.one_off import (
    OPERATIONS,
    STOPPED,
    OneOffTask,
    cluster_is_active,
    find_mine,
    look,
    read_definition,
    started_by,
    token_of,
)

Subnet = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]
SecurityGroup = Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]
_SHOWN_WITHIN = timedelta(minutes=2)
_CONFLICT = "ConflictException"


class RunTaskParams(Params):
    """Which task is run, with which command, and where.

    ```yaml
    step: migrate
    kind: run_task
    params:
      cluster: triflow-dr-cluster
      task_definition: triflow-dr-migration
      container: migration
      command: [alembic, upgrade, head]
      environment:
        RDS_ENDPOINT: {step: adopt-database, output: address}
      subnets: [subnet-0d1e2f3a4b5c60718]
      security_groups: [sg-0d1e2f3a4b5c60718]
      roles: [triflow-dr-task, triflow-dr-task-execution]
    ```
    """

    cluster: str = Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")
    task_definition: str = Field(
        pattern=r"^[A-Za-z0-9_-]{1,255}(:[1-9][0-9]*)?$",
        description="A family, whose newest revision is run, or `family:revision`.",
    )
    container: str = Field(min_length=1, max_length=255, description="The container whose end counts.")
    command: tuple[str, ...] | None = Field(None, min_length=1, description="The definition's own if it is left out.")
    environment: Mapping[str, str | OutputOf] = Field({}, description="Variables: text, or what an earlier step gave.")
    subnets: tuple[Subnet, ...] = Field(min_length=1, max_length=16)
    security_groups: tuple[SecurityGroup, ...] = Field(min_length=1, max_length=5)
    roles: tuple[str, ...] = Field(
        min_length=1, max_length=2, description="The roles of the definition, by name: that of the task and ECS's own."
    )
    task_role: RoleArn | None = Field(None, description="In the place of the definition's: a drill's own.")

    @property
    def family(self) -> str:
        """The task definition without its revision."""
        return self.task_definition.partition(":")[0]

    def order(self, outputs: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
        """The parameters of RunTask."""
        network = {"subnets": list(self.subnets), "securityGroups": list(self.security_groups)}
        return {
            "cluster": self.cluster,
            "taskDefinition": self.task_definition,
            "count": 1,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {**network, "assignPublicIp": "DISABLED"}},
            "overrides": {
                "containerOverrides": [self.override(outputs)],
                **({"taskRoleArn": self.task_role} if self.task_role else {}),
            },
        }

    def override(self, outputs: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
        """What differs from the definition, in the spelling of RunTask."""
        values = {
            name: outputs[given.step][given.output] if isinstance(given, OutputOf) else given
            for name, given in self.environment.items()
        }
        environment = [{"name": name, "value": value} for name, value in values.items()]
        command = {"command": list(self.command)} if self.command else {}
        return {"name": self.container, **command, **({"environment": environment} if environment else {})}


class RunTask(StepKind[RunTaskParams]):
    """Runs a task to its end."""

    name = "run_task"
    params = RunTaskParams
    harm = Harm.DISRUPTIVE
    marks = True
    outputs = ("task",)
    timing = Timing(
        shortest=timedelta(seconds=30),
        typical=timedelta(minutes=3),
        longest=timedelta(minutes=30),
        poll=timedelta(seconds=10),
        give_up=timedelta(hours=2),
    )
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: RunTaskParams) -> str:
        return f"Run {params.task_definition}"[:63]

    def needs(self, params: RunTaskParams) -> tuple[OutputOf, ...]:
        return tuple(given for given in params.environment.values() if isinstance(given, OutputOf))

    def statements(self, params: RunTaskParams, place: Place) -> tuple[Statement, ...]:
        cluster = place.arn("ecs", f"cluster/{params.cluster}")
        revision = params.task_definition.partition(":")[2] or "*"
        definition = place.arn("ecs", f"task-definition/{params.family}:{revision}")
        in_cluster = {"ArnEquals": {"ecs:cluster": cluster}}
        roles = tuple(f"arn:aws:iam::{place.account}:role/{role}" for role in params.roles)
        roles += (params.task_role,) if params.task_role else ()
        to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
        return (
            Statement(Access.WRITE, ("ecs:RunTask",), (definition,), in_cluster),
            Statement(Access.PASS_ROLE, ("iam:PassRole",), roles, to_tasks),
            Statement(Access.READ, ("ecs:DescribeClusters",), (cluster,)),
            Statement(Access.READ, ("ecs:DescribeTasks",), (place.arn("ecs", f"task/{params.cluster}/*"),)),
            Statement(Access.READ, ("ecs:ListTasks",), ("*",), in_cluster),
            Statement(Access.READ, ("ecs:DescribeTaskDefinition",), ("*",)),
        )

    def standing(self, params: RunTaskParams, place: Place) -> tuple[Standing, ...]:
        facts = {"cluster": params.cluster, "name": params.family, "container": params.container}
        why = "It is run once, by the image that this definition names in the standby's registry."
        return (Standing("ecs", "task definition", place.standby, facts, why),)

    def readiness(self, params: RunTaskParams, context: StepContext) -> tuple[Finding, ...]:
        return self.preflight(params, context)

    def preflight(self, params: RunTaskParams, context: StepContext) -> tuple[Finding, ...]:
        where, name = context.place.standby, params.task_definition
        cannot = f"Task {name} cannot be run in {where}, because"
        if not cluster_is_active(context, params.cluster):
            said = f"{cannot} cluster {params.cluster} is missing there or not active."
            return (Finding(Severity.IMPOSSIBLE, "task", said, "Create it, or correct its name in the plan."),)
        definition = read_definition(context, name)
        if definition is None:
            said = f"{cannot} there is no such task definition."
            return (Finding(Severity.IMPOSSIBLE, "task", said, "Register it, or correct its name in the plan."),)
        if params.container not in definition.logs:
            said = f"{cannot} {definition.arn.rsplit('/', 1)[-1]} has no container {params.container}."
            return (Finding(Severity.IMPOSSIBLE, "task", said, "Correct the container's name in the plan."),)
        if definition.network_mode != "awsvpc":
            said = f"{cannot} its network mode is {definition.network_mode}, and the plan's subnets need awsvpc."
            return (Finding(Severity.IMPOSSIBLE, "task", said, "Register it with awsvpc."),)
        return (Finding(Severity.FINE, "task", f"Task {name} can be run in {where}."),)

    def execute(self, params: RunTaskParams, context: StepContext) -> Receipt | NotYet | Failed:
        task = find_mine(context, params.cluster, params.family, params.container)
        if task is not None:
            return _receipt(f"Task {task.id} was started already.", task.arn, context, acted=False)
        try:
            answer = context.aws.call(
                "ecs",
                "RunTask",
                context.place.standby,
                **params.order(context.outputs),
                clientToken=token_of(context),
                startedBy=started_by(context),
            )
        except AwsError as error:
            if error.code != _CONFLICT:
                raise
            return NotYet(f"Task {params.task_definition} was asked for already and does not show yet.")
        if not answer.get("tasks"):
            reasons = "; ".join(str(failure.get("reason", "")) for failure in answer.get("failures", ()))
            return NotYet(f"ECS did not start task {params.task_definition}, and is asked again: {reasons}")
        arn = str(answer["tasks"][0]["taskArn"])
        said = f"Task {arn.rsplit('/', 1)[-1]} of {params.task_definition} was started."
        return _receipt(said, arn, context, acted=True)

    def verify(self, params: RunTaskParams, receipt: Receipt, context: StepContext) -> Settled | Pending | Failed:
        arn = receipt.data["task"]
        task = look(context, params.cluster, arn, params.container)
        if task is None:
            asked = datetime.fromisoformat(receipt.data["asked"])
            if context.now - asked < _SHOWN_WITHIN:
                return Pending(f"Task {params.task_definition} does not show yet.")
            said = f"Task {arn.rsplit('/', 1)[-1]} is not shown any more, so nothing says how it ended."
            return Failed(said, f"Read its log ({_log(params, arn, context)}), then start the run again.")
        if task.status != STOPPED:
            return Pending(f"Task {task.id} is {task.status}.")
        if task.exit_code == 0:
            return Settled(f"Task {task.id} of {params.task_definition} ended well.", {"task": task.arn})
        return _ended_badly(params, task, context)

    def undo(self, params: RunTaskParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        if not receipt.acted:
            return Undone(f"Task {params.task_definition} was not started by this step: nothing to take back.")
        if not receipt.data:
            return CannotUndo(f"What task {params.task_definition} changed stays, if it was started; look at its log.")
        return CannotUndo(
            f"What task {receipt.data['task'].rsplit('/', 1)[-1]} changed stays, and it is not stopped midway, because "
            "half a change is worse than a whole one; look at its log."
        )

    def stand_in(self, params: RunTaskParams, isolation: Isolation) -> Refusal:
        return Refusal(
            f"Task {params.task_definition} is not run in a drill, because it would work on the application's own "
            "database."
        )

    def not_apart(self, params: RunTaskParams, isolation: Isolation) -> str:
        return isolation.another_role(params.task_role)

    def remains(self, params: RunTaskParams, context: StepContext) -> Remains | None:
        """The task, as long as it works: nothing can be said of its database before."""
        task = find_mine(context, params.cluster, params.family, params.container)
        if task is None or task.status == STOPPED:
            return None
        return Remains(context.run_id, f"Task {task.id} of {params.task_definition} is {task.status}.")

    def by_hand(self, params: RunTaskParams, place: Place) -> Handwork:
        values = {name: given.by_hand for name, given in params.environment.items() if isinstance(given, OutputOf)}
        plain = params.model_copy(update={"environment": {**params.environment, **values}})
        return by_hand.running_once(plain.order({}), params.cluster, params.container, place)


def _receipt(said: str, arn: str, context: StepContext, *, acted: bool) -> Receipt:
    return Receipt(said, acted, {"task": arn, "asked": context.now.isoformat(timespec="seconds")})


def _ended_badly(params: RunTaskParams, task: OneOffTask, context: StepContext) -> Failed:
    why = f" ({task.reason})" if task.reason else ""
    if task.exit_code is None:
        said = f"Task {task.id} of {params.task_definition} did not start its container {params.container}{why}."
        return Failed(said, "Put right what ECS names, then start the run again.")
    said = f"Task {task.id} of {params.task_definition} ended with exit code {task.exit_code}{why}."
    return Failed(said, f"Read its log ({_log(params, task.arn, context)}), then start the run again: it runs anew.")


def _log(params: RunTaskParams, arn: str, context: StepContext) -> str:
    """Where the log of the container is; the definition tells, unless it cannot be read."""
    try:
        definition = read_definition(context, params.task_definition)
    except AwsError:
        definition = None
    named = definition.logs.get(params.container, "") if definition else ""
    return named.replace("{task}", arn.rsplit("/", 1)[-1]) or "where its task definition sends it"


KIND = RunTask()
