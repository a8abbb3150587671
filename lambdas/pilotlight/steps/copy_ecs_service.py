"""Run a copy of an ECS service, walled in: what a drill does in place of `scale_ecs_service`.

The copy is made of the original's own task definition and target group, so that a drill shows whether that starts; but
its tasks hold a role of the drill's own, stand in security groups that let nothing out but the plan's allow-list, and
are told of the drill's own database, cache and parameters. So the drilled application cannot write to production, nor
to a third party. What the groups let out is read before anything is started, and again at each look; a group that is
missing or open beyond the list ends the step.

It is disruptive to nothing: the original is only read. What is made bears the drill's tags from the creating call on;
what another drill left or somebody else made under its name stops the step. Done means: a load balancer of its own is
active and forwards to a target group of its own, in which as many tasks are healthy as the plan asks for, under the
drill's task role.

A drill deletes its copy in turns, because a service drains for as long as its target group says, and a load balancer's
network interfaces stay in the subnets for minutes.

Sources: botocore's models of ECS, ELBv2 and EC2; ECS Developer Guide, "Task IAM role"; aws-facts sections 4.1 and 11.
That a load balancer takes two to four minutes is what deployments show; AWS names no time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar

from pilotlight.domain.errors import AwsError
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal, Remains
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    OutputOf,
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
from pilotlight.estate.ec2.walls import opened
from pilotlight.estate.ecs.copies import DRAINING, Copy, look_at_copy, register, take_down
from pilotlight.estate.ecs.copy_by_hand import looking_at_copy
from pilotlight.estate.ecs.copy_operations import NAME_NOT_FREE, OPERATIONS
from pilotlight.estate.ecs.copy_permissions import permissions
from pilotlight.estate.ecs.copy_specification import CopySpecification, Made
from pilotlight.estate.ecs.original import Original, read_original
from pilotlight.estate.ecs.progress import SHOWS_AFTER, Goal, progress
from pilotlight.estate.ecs.service import ACTIVE, look
from pilotlight.estate.ecs.walls import changed
from pilotlight.estate.elbv2.copies import Made as Front
from pilotlight.estate.elbv2.copies import create_group, look_at_balancer, serve_by
from pilotlight.estate.elbv2.copy_operations import RACES, REFUSALS
from pilotlight.estate.elbv2.fronted import behind, copied_by_another, not_served, not_there, standing_around
from pilotlight.estate.marking import remains_of, say_undone, taken
from pilotlight.estate.refusals import say_refused

_LONGEST_TITLE = 60


class CopyEcsServiceParams(CopySpecification):
    """Which service is copied, as what, and what its tasks may reach.

    ```yaml
    step: scale-service
    kind: copy_ecs_service
    params:
      cluster: fileflow-dr-cluster
      service: fileflow-dr-service
      copy_as: fileflow-drill
      tasks: 1
      task_role: arn:aws:iam::123456789012:role/pilotlight-fileflow-drill-task
      execution_role: arn:aws:iam::123456789012:role/fileflow-dr-execution
      security_groups: [sg-0d1e2f3a4b5c60720]
      egress:
        - {to: sg-0d1e2f3a4b5c60721, ports: [5432, 6379]}
        - {to: pl-61a54008, ports: [443]}
      subnets: [subnet-0d1e2f3a4b5c60718, subnet-0d1e2f3a4b5c60719]
      load_balancer:
        scheme: internal
        port: 443
        certificate: arn:aws:acm:ap-northeast-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-0123456789ab
        security_groups: [sg-0d1e2f3a4b5c60722]
      environment:
        DATABASE_HOST: {step: promote, output: address}
      parameters: [/fileflow/dr]
    ```
    """


class CopyEcsService(StepKind[CopyEcsServiceParams]):
    """Makes a copy of a service that can reach nothing of production's."""

    name: ClassVar[str] = "copy_ecs_service"
    params = CopyEcsServiceParams
    harm: ClassVar[Harm] = Harm.HARMLESS
    marks: ClassVar[bool] = True
    outputs: ClassVar[tuple[str, ...]] = ("host", "running")
    timing: ClassVar[Timing] = Timing(
        shortest=timedelta(minutes=1),
        typical=timedelta(minutes=4),
        longest=timedelta(minutes=10),
        poll=timedelta(seconds=10),
        give_up=timedelta(minutes=30),
    )
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: CopyEcsServiceParams) -> str:
        return f"Copy {params.service}"[:_LONGEST_TITLE]

    def needs(self, params: CopyEcsServiceParams) -> tuple[OutputOf, ...]:
        return params.outputs_used()

    def statements(self, params: CopyEcsServiceParams, place: Place) -> tuple[Statement, ...]:
        return permissions(params, place)

    def standing(self, params: CopyEcsServiceParams, place: Place) -> tuple[Standing, ...]:
        names = {"cluster": params.cluster, "service": params.service, "target_group": params.target_group}
        original = {**names, "execution_role": params.execution_role}
        return (
            Standing("ecs", "service", place.standby, original, "A drill runs a copy of it."),
            *standing_around(params, "tasks", place.standby),
        )

    def readiness(self, params: CopyEcsServiceParams, context: StepContext) -> tuple[Finding, ...]:
        return self.preflight(params, context)

    def preflight(self, params: CopyEcsServiceParams, context: StepContext) -> tuple[Finding, ...]:
        original = read_original(context, params)
        refused = {
            "original-unfit": original if isinstance(original, Failed) else None,
            "not-isolated": opened(params, context),
            "name-taken": taken(params.copy_as, look_at_copy(context, params).things, context),
        }
        found = tuple(failed.foreseen(code) for code, failed in refused.items() if failed)
        fine = f"Service {params.service} can be copied as {params.copy_as}, which reaches only what the plan allows."
        return found or (Finding(Severity.FINE, "copy-ready", fine),)

    def execute(self, params: CopyEcsServiceParams, context: StepContext) -> Receipt | NotYet | Failed:
        copy = look_at_copy(context, params)
        if copy.service is not None and copy.service.status == DRAINING:
            return NotYet(f"Service {params.copy_as} of before is still draining, so its name is not free yet.")
        original, variables = read_original(context, params), params.variables(context.outputs)
        for refused in (taken(params.copy_as, copy.things, context), opened(params, context), original, variables):
            if isinstance(refused, Failed):
                return refused
        assert isinstance(original, Original)
        assert not isinstance(variables, Failed)
        try:
            return _make(params, original, variables, copy, context)
        except AwsError as error:
            return _why_not_made(params, error, context)

    def verify(
        self, params: CopyEcsServiceParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        name, accepted = params.copy_as, datetime.fromisoformat(receipt.data["accepted"])
        service, balancer = look(context, params.cluster, name, tags=True), look_at_balancer(context, name)
        if service is None or balancer is None or service.status != ACTIVE:
            return not_there(params, accepted, SHOWS_AFTER, context)
        group = receipt.data["group"]
        wrong = opened(params, context) or changed(params, service, balancer, context)
        unserved = wrong or not_served(params, balancer, group, context)
        if unserved:
            return unserved
        goal = Goal(params.tasks, (group,), None, context.started, accepted)
        return behind(balancer, progress(context, service, goal))

    def undo(self, params: CopyEcsServiceParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """By the drill's tags alone, so that it needs no receipt; what is asked for now ends in the turns to come."""
        copy = look_at_copy(context, params)
        return say_undone(params.copy_as, take_down(context, params, copy), copy.things, context)

    def remains(self, params: CopyEcsServiceParams, context: StepContext) -> Remains | None:
        return remains_of(look_at_copy(context, params).things, context)

    def stand_in(self, params: CopyEcsServiceParams, isolation: Isolation) -> Refusal:
        return copied_by_another(f"Service {params.service}")

    def not_apart(self, params: CopyEcsServiceParams, isolation: Isolation) -> str:
        return isolation.another_role(params.task_role)

    def by_hand(self, params: CopyEcsServiceParams, place: Place) -> Handwork:
        return looking_at_copy(params, place)


def _make(
    params: CopyEcsServiceParams,
    original: Original,
    variables: Mapping[str, str],
    copy: Copy,
    context: StepContext,
) -> Receipt:
    """Make what is missing, in the order in which each needs the one before; ECS refuses a group that nobody uses."""
    name = params.copy_as
    group = copy.group.arn if copy.group else create_group(context, name, original.group)
    serve_by(context, name, params.load_balancer, params.subnets, Front(copy.balancer, group))
    revision = next((each.arn for each in copy.definitions if each.status == ACTIVE), "")
    if not revision:
        revision = register(context, params.definition(original.definition, variables, context))
    if copy.service is None:
        order = params.order(original.service, original.container, Made(group, revision), context)
        context.aws.call("ecs", "CreateService", context.place.standby, **order)
    said = (
        "was made already" if copy.service else f"is being made of {params.service}, behind a load balancer of its own"
    )
    data = {"group": group, "definition": revision, "accepted": context.now.isoformat()}
    return Receipt(f"Service {name} {said}.", acted=copy.service is None, data=data)


def _why_not_made(params: CopyEcsServiceParams, refused: AwsError, context: StepContext) -> NotYet | Failed:
    name, where = params.copy_as, context.place.standby
    if refused.code in RACES or any(words in refused.message for words in NAME_NOT_FREE):
        return NotYet(f"The name {name} is not free yet, so it is looked at again: {refused.message}")
    return say_refused(f"Copy {name} cannot be made in {where}", refused, REFUSALS)


KIND = CopyEcsService()
