"""Run a copy of an EC2 Auto Scaling group, walled in: what a drill does in place of `scale_auto_scaling_group`.

The copy is made of what the original would launch now and of its target group, so that a drill shows whether that
starts; but its instances hold a role of the drill's own, and stand in security groups that let nothing out but the
plan's allow-list. So the drilled application cannot write to production, nor to a third party. What the groups let out
is read before anything is started, and again at each look; a group that is missing or open beyond the list ends the
step. User data is kept as it is: what it names of production's is out of the role's and the walls' reach.

It is disruptive to nothing: the original is only read. What is made bears the drill's tags from the creating call on;
what another drill left or somebody else made under its name stops the step. Done means: a load balancer of its own is
active and forwards to a target group of its own, in which as many instances are healthy as the plan asks for.

A drill deletes its copy in turns, because instances are drained and shut down for minutes, and a load balancer's
network interfaces stay in the subnets for as long.

Sources: botocore's models of EC2, EC2 Auto Scaling and ELBv2; EC2 Auto Scaling user guide, "Control Amazon EC2 launch
template usage in Auto Scaling groups"; aws-facts sections 4.2 and 11.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import ClassVar

from pilotlight.domain.errors import AwsError, NotFound
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
from pilotlight.estate.autoscaling.copies import Copy, changed, create_template, look_at_copy, take_down
from pilotlight.estate.autoscaling.copy_by_hand import looking_at_copy
from pilotlight.estate.autoscaling.copy_operations import OPERATIONS, RACES, REFUSALS
from pilotlight.estate.autoscaling.copy_permissions import permissions
from pilotlight.estate.autoscaling.copy_specification import CopySpecification, Made
from pilotlight.estate.autoscaling.group import look
from pilotlight.estate.autoscaling.original import Original, read_original
from pilotlight.estate.autoscaling.progress import SHOWS_AFTER, Goal, progress
from pilotlight.estate.ec2.walls import opened
from pilotlight.estate.elbv2.copies import Made as Front
from pilotlight.estate.elbv2.copies import create_group, look_at_balancer, serve_by
from pilotlight.estate.elbv2.fronted import behind, copied_by_another, not_served, not_there, standing_around
from pilotlight.estate.marking import remains_of, say_undone, taken
from pilotlight.estate.refusals import say_refused

_REFUSED, _NOT_SHOWN = "ValidationError", re.compile(r"launch template[^.]*does not exist")
"""What Auto Scaling answers to a launch template that it cannot use, and what it says of one that was just made."""


class CopyAutoScalingGroupParams(CopySpecification):
    """Which group is copied, as what, and what its instances may reach.

    ```yaml
    step: scale-app
    kind: copy_auto_scaling_group
    params:
      group: MegaTicket-DR-App-ASG
      copy_as: megaticket-drill-app
      instances: 2
      instance_profile: MegaTicket-Drill-Instance
      instance_role: arn:aws:iam::123456789012:role/MegaTicket-Drill-Instance
      security_groups: [sg-0d1e2f3a4b5c60730]
      egress:
        - {to: pl-61a54008, ports: [443]}
      subnets: [subnet-0d1e2f3a4b5c60738, subnet-0d1e2f3a4b5c60739]
      target_group: MegaTicket-DR-App-TG
      load_balancer:
        scheme: internal
        port: 443
        certificate: arn:aws:acm:ap-northeast-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-0123456789ab
        security_groups: [sg-0d1e2f3a4b5c60732]
    ```
    """


class CopyAutoScalingGroup(StepKind[CopyAutoScalingGroupParams]):
    """Makes a copy of a group whose instances can reach nothing of production's."""

    name: ClassVar[str] = "copy_auto_scaling_group"
    params = CopyAutoScalingGroupParams
    harm: ClassVar[Harm] = Harm.HARMLESS
    marks: ClassVar[bool] = True
    outputs: ClassVar[tuple[str, ...]] = ("host", "in_service")
    # As scaling a group, which its load balancer is made beside.
    timing: ClassVar[Timing] = Timing(
        shortest=timedelta(seconds=90),
        typical=timedelta(minutes=6),
        longest=timedelta(minutes=15),
        poll=timedelta(seconds=10),
        give_up=timedelta(minutes=35),
    )
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: CopyAutoScalingGroupParams) -> str:
        return f"Copy {params.group[:50]}"

    def statements(self, params: CopyAutoScalingGroupParams, place: Place) -> tuple[Statement, ...]:
        return permissions(params, place)

    def standing(self, params: CopyAutoScalingGroupParams, place: Place) -> tuple[Standing, ...]:
        original = {"group": params.group, "target_group": params.target_group}
        profile = {"profile": params.instance_profile, "role": params.instance_role}
        held = "The copy's instances hold its role, which is the drill's own."
        return (
            Standing("autoscaling", "copied group", place.standby, original, "A drill runs a copy of it."),
            Standing("iam", "instance profile", place.standby, profile, held),
            *standing_around(params, "instances", place.standby),
        )

    def readiness(self, params: CopyAutoScalingGroupParams, context: StepContext) -> tuple[Finding, ...]:
        """The same, and the instance profile: IAM is global, so that a run does not ask it."""
        unfit = _unfit_profile(params, context)
        found = self.preflight(params, context)
        return (unfit, *(f for f in found if f.severity is not Severity.FINE)) if unfit else found

    def preflight(self, params: CopyAutoScalingGroupParams, context: StepContext) -> tuple[Finding, ...]:
        original = read_original(context, params)
        refused = {
            "original-unfit": original if isinstance(original, Failed) else None,
            "not-isolated": opened(params, context),
            "name-taken": taken(params.copy_as, look_at_copy(context, params).things, context),
        }
        found = tuple(failed.foreseen(code) for code, failed in refused.items() if failed)
        fine = f"Group {params.group} can be copied as {params.copy_as}, which reaches only what the plan allows."
        return found or (Finding(Severity.FINE, "copy-ready", fine),)

    def execute(self, params: CopyAutoScalingGroupParams, context: StepContext) -> Receipt | NotYet | Failed:
        copy = look_at_copy(context, params)
        if copy.group is not None and copy.group.deleting:
            return NotYet(f"Group {params.copy_as} of before is still being deleted, so its name is not free yet.")
        original = read_original(context, params)
        for refused in (taken(params.copy_as, copy.things, context), opened(params, context), original):
            if isinstance(refused, Failed):
                return refused
        assert isinstance(original, Original)
        try:
            return _make(params, original, copy, context)
        except AwsError as error:
            return _why_not_made(params, error, context)

    def verify(
        self, params: CopyAutoScalingGroupParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        name, accepted = params.copy_as, datetime.fromisoformat(receipt.data["accepted"])
        group, balancer = look(context, name), look_at_balancer(context, name)
        if group is None or balancer is None or group.deleting:
            return not_there(params, accepted, SHOWS_AFTER, context)
        wrong = opened(params, context) or changed(params, group, balancer, receipt.data["template"], context)
        unserved = wrong or not_served(params, balancer, receipt.data["group"], context)
        if unserved:
            return unserved
        goal = Goal(params.sizes, params.instances, context.started, accepted)
        return behind(balancer, progress(context, group, goal))

    def undo(self, params: CopyAutoScalingGroupParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """By the drill's tags alone, so that it needs no receipt; what is asked for now ends in the turns to come."""
        copy = look_at_copy(context, params)
        return say_undone(params.copy_as, take_down(context, params, copy), copy.things, context)

    def remains(self, params: CopyAutoScalingGroupParams, context: StepContext) -> Remains | None:
        return remains_of(look_at_copy(context, params).things, context)

    def stand_in(self, params: CopyAutoScalingGroupParams, isolation: Isolation) -> Refusal:
        return copied_by_another(f"Group {params.group}")

    def by_hand(self, params: CopyAutoScalingGroupParams, place: Place) -> Handwork:
        return looking_at_copy(params, place)


def _make(params: CopyAutoScalingGroupParams, original: Original, copy: Copy, context: StepContext) -> Receipt:
    """Make what is missing, the group last, because it starts the instances."""
    name = params.copy_as
    group = copy.target_group.arn if copy.target_group else create_group(context, name, original.target_group)
    serve_by(context, name, params.load_balancer, params.subnets, Front(copy.balancer, group))
    template = copy.template.id if copy.template else ""
    if not template:
        order = params.template(original.data, original.lasting, original.public, context)
        template = create_template(context, order)
    if copy.group is None:
        order = params.order(original.group, Made(group, template), context)
        context.aws.call("autoscaling", "CreateAutoScalingGroup", context.place.standby, **order)
    said = "was made already" if copy.group else f"is being made of {params.group}, behind a load balancer of its own"
    data = {"group": group, "template": template, "accepted": context.now.isoformat()}
    return Receipt(f"Group {name} {said}.", acted=copy.group is None, data=data)


def _why_not_made(params: CopyAutoScalingGroupParams, refused: AwsError, context: StepContext) -> NotYet | Failed:
    name, cannot = params.copy_as, f"Copy {params.copy_as} cannot be made in {context.place.standby}"
    if refused.code in RACES or (refused.code == _REFUSED and _NOT_SHOWN.search(refused.message)):
        return NotYet(f"The name {name} is not free yet, or not shown, so it is looked at again: {refused.message}")
    if refused.code == _REFUSED:
        fix = f"Correct the launch template of {params.group} or the plan, then start the drill again."
        return Failed(f"{cannot}, because AWS refuses it: {refused.message}", fix)
    return say_refused(cannot, refused, REFUSALS)


def _unfit_profile(params: CopyAutoScalingGroupParams, context: StepContext) -> Finding | None:
    name, fix = params.instance_profile, "Create the instance profile with that one role, or correct the plan."
    try:
        answer = context.aws.call("iam", "GetInstanceProfile", "us-east-1", InstanceProfileName=name)
    except NotFound:
        return Finding.impossible("profile-missing", f"Instance profile {name} of the copy is not there.", fix)
    held = [role["Arn"] for role in answer["InstanceProfile"]["Roles"]]
    if held == [params.instance_role]:
        return None
    said = f"Instance profile {name} holds {' and '.join(held) or 'no role'}, and not {params.instance_role}."
    return Finding.impossible("profile-unfit", said, fix)


KIND = CopyAutoScalingGroup()
