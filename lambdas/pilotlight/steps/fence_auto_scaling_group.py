"""Close the old primary by bringing its EC2 Auto Scaling group to none: least, most and wanted size 0, in one call.

Closed means that the group has no instance at all, in whatever state: one that is told to end is shown as Terminating
while its load balancer drains it (300 s by default) and EC2 shuts it down, and works on meanwhile. So this fence takes
minutes where the primary answers; a listener's takes seconds, and stands beside it. What Auto Scaling does not end when
it scales in is said, and not called closed: instances that are protected from scale-in, those in Standby, and all of
them while the process Terminate is suspended. Whoever set that meant it, so this fence does not take it away.

Before anything changes, the sizes are kept in a tag on the group. A scheduled action or a deployment may set sizes of
its own: the guard closes again. Work that instances handed to others before (queues, functions) goes on.

Sources: EC2 Auto Scaling user guide, "Instance lifecycle", "Use instance scale-in protection"; botocore's text on
UpdateAutoScalingGroup; aws-facts section 4.2.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

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
from pilotlight.estate.autoscaling import by_hand
from pilotlight.estate.autoscaling.group import NONE, STANDBY, TERMINATE, Group, Sizes, look, say_instances
from pilotlight.estate.autoscaling.operations import CLOSING_OPERATIONS
from pilotlight.estate.autoscaling.permissions import GroupName, group_arn
from pilotlight.estate.autoscaling.scaling import set_sizes, tag, untag

_KEPT = ("minimum", "maximum", "desired")
_TERMINATING = "Terminating"


class FenceAutoScalingGroupParams(Params):
    """Which group of the primary is brought to none.

    ```yaml
    step: stop-web
    kind: fence_auto_scaling_group
    params:
      group: MegaTicket-Web-ASG
    ```
    """

    group: GroupName


class FenceAutoScalingGroup(fencing.Fence[FenceAutoScalingGroupParams]):
    """The step kind `fence_auto_scaling_group`."""

    name: ClassVar[str] = "fence_auto_scaling_group"
    params = FenceAutoScalingGroupParams
    # Longer than a default deregistration delay and a shutdown together; a dark primary takes seconds.
    timing: ClassVar[Timing] = Timing(
        shortest=fencing.POLL,
        typical=timedelta(minutes=6),
        longest=timedelta(minutes=8),
        poll=fencing.POLL,
        give_up=timedelta(minutes=12),
    )
    operations: ClassVar[tuple[Operation, ...]] = CLOSING_OPERATIONS

    def title(self, params: FenceAutoScalingGroupParams) -> str:
        """A verb and the group; the name of a group may be longer than a state's."""
        return f"Stop {params.group[:50]}"

    def subject(self, params: FenceAutoScalingGroupParams) -> str:
        """The group."""
        return f"Group {params.group}"

    def statements(self, params: FenceAutoScalingGroupParams, place: Place) -> tuple[Statement, ...]:
        """The group itself, in the primary; what describes names no resource."""
        group = group_arn(place, params.group, region=place.primary)
        return (
            Statement(Access.WRITE, ("autoscaling:UpdateAutoScalingGroup",), (group,)),
            Statement(
                Access.WRITE,
                ("autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags"),
                (group,),
                {"ForAllValues:StringEquals": {"aws:TagKeys": [fencing.MARK_TAG]}},
            ),
            Statement(Access.READ, ("autoscaling:DescribeAutoScalingGroups",), ("*",)),
        )

    def standing(self, params: FenceAutoScalingGroupParams, place: Place) -> tuple[Standing, ...]:
        """A group that serves."""
        why = "It is brought to none before the writer moves; no instance of it is protected from scale-in."
        return (Standing("autoscaling", "serving group", place.primary, {"group": params.group}, why),)

    def readiness(self, params: FenceAutoScalingGroupParams, context: StepContext) -> tuple[Finding, ...]:
        """The group is there, bears no old mark, runs something to stop, and nothing keeps that from ending."""
        group = _closable(params, context)
        if isinstance(group, Finding):
            return (group,)
        if group.sizes.desired > 0 and fencing.read_mark(group.tags, context.place.application) is not None:
            return (fencing.mark_left(self.subject(params)),)
        found = [Finding(Severity.ERROR, "does-not-end", *kept) for kept in _what_stays(group)]
        if group.protects_new:
            sentence = f"Group {group.name} protects new instances from scale-in, so the fence will not end them."
            found.append(Finding(Severity.ERROR, "protects-new", sentence, "Switch that protection off."))
        if group.warm_pool:
            sentence = f"Group {group.name} has a warm pool, which this fence does not look at."
            found.append(
                Finding.warning("warm-pool", sentence, "Keep its instances stopped, or fence the way to them.")
            )
        if group.sizes.desired == 0:
            sentence = f"Group {group.name} of the primary wants no instances, so there is nothing to stop."
            found.append(Finding.warning("nothing-to-close", sentence, "Name the group that serves in the primary."))
        fine = f"Group {group.name} can go from {say_instances(group.sizes.desired)} to none."
        return tuple(found) or (Finding(Severity.FINE, "group-can-be-stopped", fine),)

    def close(self, params: FenceAutoScalingGroupParams, context: StepContext) -> Receipt | Failed:
        """Keep the sizes, then bring all of them to 0."""
        group = _closable(params, context)
        if isinstance(group, Finding):
            return fencing.failed(group)
        kept = fencing.read_mark(group.tags, context.place.application, *_KEPT)
        if group.sizes == NONE:
            return fencing.receipt(f"Group {group.name} wants no instances already.", acted=False, before=kept)
        before = kept or {name: str(size) for name, size in group.sizes.data.items()}
        if kept is None:
            tag(context, group, fencing.MARK_TAG, fencing.write_mark(context.place.application, **before))
        set_sizes(context, group, NONE)
        said = f"Group {group.name} wants no instances instead of {group.sizes.said}, and may start none."
        return fencing.receipt(said, acted=True, before=before)

    def read_closed(
        self, params: FenceAutoScalingGroupParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        """The group has no instance in any state, and may start none."""
        group = _closable(params, context)
        if isinstance(group, Finding):
            return fencing.failed(group)
        if group.sizes != NONE:
            return Pending(f"Group {group.name} does not show yet that it is to stop.")
        if not group.instances:
            return Settled(f"Group {group.name} has no instance, and may start none.", fencing.CLOSED)
        for sentence, fix in _what_stays(group):
            return Failed(sentence, fix)
        return Pending(f"Group {group.name} still has {say_instances(len(group.instances))}: {group.states}.")

    def reopen(
        self, params: FenceAutoScalingGroupParams, receipt: Receipt, context: StepContext
    ) -> Undone | CannotUndo:
        """The sizes, as they were; what a person set since then stays."""
        group = _closable(params, context)
        if isinstance(group, Finding):
            return CannotUndo(group.sentence)
        kept = fencing.read_mark(group.tags, context.place.application, *_KEPT) or receipt.data.get("before")
        if kept is None:
            return Undone(f"Group {group.name} was not stopped by this application, so nothing was started.")
        before = Sizes.from_data(kept)
        if group.sizes == NONE:
            set_sizes(context, group, before)
        return _seen_open(params, before, context)

    def by_hand(self, params: FenceAutoScalingGroupParams, place: Place) -> Handwork:
        return by_hand.stopping(params.group, place.primary)


def _closable(params: FenceAutoScalingGroupParams, context: StepContext) -> Group | Finding:
    region = context.place.primary
    group = look(context, params.group, region=region)
    return group or fencing.missing(f"Auto Scaling group {params.group}", region)


def _what_stays(group: Group) -> list[tuple[str, str]]:
    """What scaling in does not end, as a sentence with its way out."""
    alive = [instance for instance in group.instances if not instance.state.startswith(_TERMINATING)]
    protected = [instance.id for instance in alive if instance.protected]
    aside = [instance.id for instance in alive if instance.state == STANDBY]
    found = []
    if group.suspends(TERMINATE):
        said = f"Group {group.name} ends none of its instances because its process {TERMINATE} is suspended."
        found.append((said, f"Resume {TERMINATE} there, then retry the step; the guard tries again by itself."))
    if protected:
        said = f"Group {group.name} does not end {' and '.join(protected)}, which scale-in protection keeps."
        found.append((said, "Take the protection off, then retry the step; the guard tries again by itself."))
    if aside:
        said = f"Group {group.name} does not end {' and '.join(aside)}, which stands in Standby."
        found.append((said, "End what stands there, then retry the step; the guard tries again by itself."))
    return found


def _seen_open(params: FenceAutoScalingGroupParams, before: Sizes, context: StepContext) -> Undone | CannotUndo:
    group = _closable(params, context)
    if isinstance(group, Finding) or (before != NONE and group.sizes == NONE):
        return CannotUndo(f"Group {params.group} does not show its {before.said} again; set its sizes by hand.")
    if fencing.MARK_TAG in group.tags:
        untag(context, group, fencing.MARK_TAG)
    return Undone(f"Group {params.group} wants {group.sizes.said}, as before it was closed.")


KIND = FenceAutoScalingGroup()
