"""Bring an EC2 Auto Scaling group up to a number of instances, and wait until so many answer behind its load balancer.

All three sizes go in one call, and none is ever lowered. An accepted call says nothing: with the process Launch
suspended nothing happens and nothing is said, and why a launch failed stands only in the scaling activities. Done
means: so many instances are in service and healthy, and each of them is a healthy target in each of the group's target
groups. Instances that run already are left, with the launch template's version that they were made from.

It is disruptive: it starts the application against its data, so it stands after the gates. It cannot tell what was
there before if an earlier turn of it acted and died unrecorded, and then undoes nothing.

Permissions: a change of sizes is authorised on the group alone. `ec2:RunInstances` and `iam:PassRole` are asked for
where a launch template is named in the call, which this one never does (EC2 Auto Scaling user guide, "Launch template
support"; ARC developer guide, sample policy of the EC2 Auto Scaling execution block). Sources: botocore's text on
UpdateAutoScalingGroup; aws-facts section 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

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
from pilotlight.estate.autoscaling import by_hand
from pilotlight.estate.autoscaling.group import Group, Sizes, look, say_instances
from pilotlight.estate.autoscaling.operations import OPERATIONS
from pilotlight.estate.autoscaling.permissions import GroupName, group_arn
from pilotlight.estate.autoscaling.progress import BLOCKING, Goal, progress
from pilotlight.estate.autoscaling.readiness import Asked, check_readiness, check_scalable
from pilotlight.estate.autoscaling.scaling import resume, set_sizes, suspend
from pilotlight.estate.autoscaling.source import QUOTA_CODE


class ScaleAutoScalingGroupParams(Params):
    """Which group is brought up, and how far.

    ```yaml
    step: scale-web
    kind: scale_auto_scaling_group
    params:
      group: MegaTicket-DR-Web-ASG
      minimum: 2
      maximum: 3
      desired: 2
      target_groups: {MegaTicket-DR-Web-TG: 3000}
      user_data_marker: DR_RECOVERY_MODE=true
    ```

    ```yaml
    step: scale-app
    kind: scale_auto_scaling_group
    params:
      group: MegaTicket-DR-App-ASG
      minimum: 2
      maximum: 3
      desired: 2
      healthy: 1
      target_groups: {MegaTicket-DR-App-TG: 3001}
      resume_suspended: true
    ```
    """

    group: GroupName
    minimum: int = Field(ge=0, description="The least size to have; a larger one that is there stays.")
    maximum: int = Field(ge=1, description="The most; a larger one that is there stays.")
    desired: int = Field(ge=1, description="So many instances are to run; more that run already are left.")
    healthy: int | None = Field(None, ge=1, description="Enough that answer to go on; none takes the desired number.")
    target_groups: Mapping[Annotated[str, Field(min_length=1)], Annotated[int, Field(ge=1, le=65_535)]] = Field(
        default_factory=dict, description="Names and ports of target groups that must be the group's own."
    )
    resume_suspended: bool = Field(False, description="Resume Launch and AddToLoadBalancer where they are suspended.")
    user_data_marker: str | None = Field(None, min_length=1, description="Text that the template's user data holds.")

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if not self.minimum <= self.desired <= self.maximum:
            raise ValueError(f"desired is {self.desired}, outside of minimum {self.minimum} and maximum {self.maximum}")
        if self.enough > self.desired:
            raise ValueError(f"healthy is {self.healthy}, more than the {self.desired} that are to run")
        return self

    @property
    def sizes(self) -> Sizes:
        """The sizes to reach."""
        return Sizes(self.minimum, self.maximum, self.desired)

    @property
    def enough(self) -> int:
        """How many instances must answer."""
        return self.healthy or self.desired

    @property
    def asked(self) -> Asked:
        """What readiness looks for."""
        return Asked(
            self.group, self.sizes, self.enough, self.target_groups, self.resume_suspended, self.user_data_marker
        )


class ScaleAutoScalingGroup(StepKind[ScaleAutoScalingGroupParams]):
    """The step kind `scale_auto_scaling_group`."""

    name: ClassVar[str] = "scale_auto_scaling_group"
    params = ScaleAutoScalingGroupParams
    harm: ClassVar[Harm] = Harm.DISRUPTIVE
    stands_in_for_nothing: ClassVar[str] = (
        "starts a group that is there already, whose instances use the application's data"
    )
    # Section 11 of aws-facts: in service after 1 to 10 min; the application starts, and is healthy 10 to 150 s later.
    timing: ClassVar[Timing] = Timing(
        shortest=timedelta(seconds=75),
        typical=timedelta(minutes=5),
        longest=timedelta(minutes=13),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=30),
    )
    outputs: ClassVar[tuple[str, ...]] = ("in_service",)
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: ScaleAutoScalingGroupParams) -> str:
        """A verb and the group; the name of a group may be longer than a state's."""
        return f"Scale {params.group[:40]} to {say_instances(params.desired)}"

    def statements(self, params: ScaleAutoScalingGroupParams, place: Place) -> tuple[Statement, ...]:
        """The group itself; what describes names no resource."""
        processes = ("autoscaling:ResumeProcesses", "autoscaling:SuspendProcesses") if params.resume_suspended else ()
        group = group_arn(place, params.group)
        quota = place.arn("servicequotas", f"ec2/{QUOTA_CODE}")
        return (
            Statement(Access.WRITE, ("autoscaling:UpdateAutoScalingGroup", *processes), (group,)),
            Statement(Access.READ, ("servicequotas:GetServiceQuota",), (quota,)),
            Statement(
                Access.READ,
                (
                    "autoscaling:DescribeAutoScalingGroups",
                    "autoscaling:DescribeScalingActivities",
                    "ec2:DescribeImages",
                    "ec2:DescribeInstanceTypeOfferings",
                    "ec2:DescribeInstanceTypes",
                    "ec2:DescribeKeyPairs",
                    "ec2:DescribeLaunchTemplateVersions",
                    "ec2:DescribeSubnets",
                    "elasticloadbalancing:DescribeTargetGroups",
                    "elasticloadbalancing:DescribeTargetHealth",
                    "iam:ListInstanceProfiles",
                ),
                ("*",),
            ),
        )

    def standing(self, params: ScaleAutoScalingGroupParams, place: Place) -> tuple[Standing, ...]:
        facts = {
            "group": params.group,
            "maximum": params.maximum,
            "target_groups": dict(params.target_groups),
            "user_data_marker": params.user_data_marker,
        }
        why = "It is scaled from none; the image and the key pair of its launch template stand in this region."
        return (Standing("autoscaling", "group", place.standby, facts, why),)

    def readiness(self, params: ScaleAutoScalingGroupParams, context: StepContext) -> tuple[Finding, ...]:
        """Everything that Auto Scaling, EC2 and the load balancer show of it."""
        return check_readiness(context, params.asked)

    def preflight(self, params: ScaleAutoScalingGroupParams, context: StepContext) -> tuple[Finding, ...]:
        """One look at the group."""
        found = check_scalable(look(context, params.group), params.asked)
        there = Finding(Severity.FINE, "group-there", f"Group {params.group} can be scaled.")
        return found or (there,)

    def execute(self, params: ScaleAutoScalingGroupParams, context: StepContext) -> Receipt | Failed:
        """Resume what the plan lets it resume, then set all sizes in one call."""
        group = _scalable(params, context)
        if isinstance(group, Failed):
            return group
        suspended = group.suspends(*BLOCKING) if params.resume_suspended else ()
        if suspended:
            resume(context, group, suspended)
        wanted = group.sizes.raised_to(params.sizes)
        changes = wanted != group.sizes
        if changes:
            set_sizes(context, group, wanted)
        return Receipt(
            _say_done(group, wanted, suspended),
            acted=changes or bool(suspended),
            data={
                "before": group.sizes.data if changes or context.first_turn else None,
                "sizes": wanted.data,
                "resumed": list(suspended),
                "accepted": context.now.isoformat(),
            },
        )

    def verify(
        self, params: ScaleAutoScalingGroupParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        """Count the instances that answer, each by its id."""
        group = _scalable(params, context)
        if isinstance(group, Failed):
            return group
        accepted = datetime.fromisoformat(receipt.data["accepted"])
        return progress(context, group, Goal(params.sizes, params.enough, context.started, accepted))

    def undo(self, params: ScaleAutoScalingGroupParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """Take back the sizes, if they still are what this run set, and suspend again what it resumed."""
        mine = Sizes.from_data(receipt.data["sizes"])
        if receipt.data["before"] is None:
            return CannotUndo(
                f"Group {params.group} keeps {mine.said} because an earlier turn may have set them without a record; "
                "set its sizes by hand if they are to be lower."
            )
        before, group = Sizes.from_data(receipt.data["before"]), look(context, params.group)
        if group is None:
            return CannotUndo(f"Group {params.group} is gone, so nothing of it can be taken back.")
        if group.sizes not in (before, mine):
            return CannotUndo(
                f"Group {group.name} keeps its sizes because it wants {group.sizes.said} by now and not the "
                f"{mine.said} that this run set; set them by hand if they are to be lower."
            )
        if group.sizes != before:
            set_sizes(context, group, before)
        again = tuple(process for process in receipt.data["resumed"] if process not in group.suspended)
        if again:
            suspend(context, group, again)
        quiet = f", and has {' and '.join(again)} suspended again" if again else ""
        return Undone(f"Group {group.name} wants {before.said}, as before this run{quiet}.")

    def stand_in(self, params: ScaleAutoScalingGroupParams, isolation: Isolation) -> Refusal:
        """A drill must not start the standby's own application."""
        return Refusal(
            f"Group {params.group} cannot be started in a drill because its instances would use the application's own "
            "data; a drill needs a copy of the group, named here instead."
        )

    def by_hand(self, params: ScaleAutoScalingGroupParams, place: Place) -> Handwork:
        suspended = BLOCKING if params.resume_suspended else ()
        return by_hand.scaling(params.group, params.sizes, params.enough, suspended, place.standby)


def _scalable(params: ScaleAutoScalingGroupParams, context: StepContext) -> Group | Failed:
    group = look(context, params.group)
    found = check_scalable(group, params.asked)
    return Failed(found[0].sentence, found[0].fix) if group is None or found else group


def _say_done(group: Group, wanted: Sizes, resumed: tuple[str, ...]) -> str:
    said = f"Group {group.name} wants {wanted.said}"
    said += f" instead of {group.sizes.said}" if wanted != group.sizes else ", as it did"
    said += f"; {' and '.join(resumed)} was resumed first" if resumed else ""
    return f"{said}."


KIND = ScaleAutoScalingGroup()
