"""Bring a managed node group of EKS up to a number of nodes, and wait until so many instances serve in it.

The bounds and the count go in one call, because EKS wants the count within the bounds; what is wider or more already is
left. The minimum is raised too unless the plan says otherwise: an autoscaler of the cluster takes idle nodes away, and
until pods start all of them are idle. An update of somebody else is waited for: EKS makes one at a time.

Done means: EKS reports no failed update, and as many instances of the group's Auto Scaling group are InService and
Healthy as asked for. EKS shows no nodes, so that they are Ready is not claimed here: pods that start on them show it
(`swap_config_map` waits for those). A health issue is given a few minutes, because Auto Scaling tries again and EKS
shows an issue for a while after it passed; then the step ends with it, in the words of EKS.

A drill scales a group of its own, known by a taint that keeps everything else off its nodes
(`pilotlight.estate.eks.own_group`).

Sources: botocore's text on UpdateNodegroupConfig and NodegroupScalingConfig; aws-facts sections 4.2, 4.3 and 11.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

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
from pilotlight.estate.eks import by_hand, own_group
from pilotlight.estate.eks.node_group import (
    BROKEN,
    OPERATIONS,
    ClusterName,
    NodeGroup,
    NodeGroupName,
    Sizes,
    Taint,
    count_instances,
    look,
    say_nodes,
    update_trouble,
)
from pilotlight.estate.eks.scaling import count_progress, parenthesised, pulled_back, quoted, resize, way_out

_CANNOT_LAUNCH = frozenset({"Launch", "HealthCheck"})


class ScaleNodeGroupParams(Params):
    """Which node group is brought up, and how far.

    ```yaml
    step: scale-nodes
    kind: scale_node_group
    params:
      cluster: portforge-dr-cluster
      node_group: portforge-dr-nodes
      nodes: 3
      maximum: 6
    ```

    A drill's own group:

    ```yaml
    step: scale-nodes
    kind: scale_node_group
    params: {cluster: portforge-dr-cluster, node_group: portforge-drill, nodes: 1, taint: use=portforge-drill}
    ```
    """

    cluster: ClusterName
    node_group: NodeGroupName
    nodes: int = Field(ge=1, description="So many nodes are to serve; more that do already are left.")
    minimum: int | None = Field(None, ge=0, description="None holds as many as `nodes` against an autoscaler.")
    maximum: int | None = Field(None, ge=1, description="None raises the maximum as far as `nodes` need.")
    taint: Taint | None = Field(
        None, description="For a drill's own group: what keeps all other pods off its nodes, as `key=value`."
    )

    @model_validator(mode="after")
    def _bounds_hold_the_nodes(self) -> Self:
        if self.minimum is not None and self.minimum > self.nodes:
            raise ValueError(f"minimum is {self.minimum}, above the {self.nodes} of nodes; raise nodes")
        if self.maximum is not None and self.maximum < self.nodes:
            raise ValueError(f"maximum is {self.maximum}, below the {self.nodes} of nodes; raise maximum")
        return self

    def wanted(self, now: Sizes) -> Sizes:
        """The sizes that the group is to have, given those that it has."""
        desired = max(now.desired, self.nodes)
        minimum = max(now.minimum, self.nodes if self.minimum is None else self.minimum)
        return Sizes(minimum, max(now.maximum, self.maximum or 0, desired), desired)


class ScaleNodeGroup(StepKind[ScaleNodeGroupParams]):
    """The step kind `scale_node_group`."""

    name: ClassVar[str] = "scale_node_group"
    params = ScaleNodeGroupParams
    # Nodes alone serve nobody; but pods that wait for them start, and begin to work against the application's data.
    harm: ClassVar[Harm] = Harm.DISRUPTIVE
    timing: ClassVar[Timing] = Timing(
        shortest=timedelta(seconds=60),
        typical=timedelta(minutes=3),
        longest=timedelta(minutes=10),
        poll=timedelta(seconds=10),
        give_up=timedelta(minutes=30),
    )
    outputs: ClassVar[tuple[str, ...]] = ("nodes",)
    marks: ClassVar[bool] = True
    operations: ClassVar[tuple[Operation, ...]] = (*OPERATIONS, *own_group.OPERATIONS)

    def title(self, params: ScaleNodeGroupParams) -> str:
        """A verb and the group, without its name where that is long."""
        title = f"Scale {params.node_group} to {say_nodes(params.nodes)}"
        return title if len(title) <= 60 else f"Scale the node group to {say_nodes(params.nodes)}"

    def statements(self, params: ScaleNodeGroupParams, place: Place) -> tuple[Statement, ...]:
        """The group itself; the end of its ARN is made by EKS."""
        group = place.arn("eks", f"nodegroup/{params.cluster}/{params.node_group}/*")
        cluster = place.arn("eks", f"cluster/{params.cluster}")
        descriptions = ("autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeScalingActivities")
        noting = own_group.ACTIONS if params.taint else ()
        return (
            Statement(Access.WRITE, ("eks:UpdateNodegroupConfig", *noting), (group,)),
            Statement(Access.READ, ("eks:DescribeNodegroup", "eks:DescribeUpdate"), (group, cluster)),
            Statement(Access.READ, descriptions, ("*",)),
        )

    def standing(self, params: ScaleNodeGroupParams, place: Place) -> tuple[Standing, ...]:
        """A group that may be empty."""
        facts = {"cluster": params.cluster, "name": params.node_group}
        facts |= {"taint": params.taint} if params.taint else {}
        why = "A run brings it up; until then it may be as small as its pods allow."
        return (Standing("eks", "node_group", place.standby, facts, why),)

    def readiness(self, params: ScaleNodeGroupParams, context: StepContext) -> tuple[Finding, ...]:
        """The group takes nodes, is well, and its Auto Scaling group may launch."""
        group = _usable(params, context)
        if isinstance(group, Failed):
            return (group.foreseen("node-group"),)
        fine = Finding(Severity.FINE, "node-group", f"{group.said} can go to {params.wanted(group.sizes)}.")
        return (*_illness(group), *_suspended(group, context)) or (fine,)

    def preflight(self, params: ScaleNodeGroupParams, context: StepContext) -> tuple[Finding, ...]:
        """One look at the group."""
        group = _usable(params, context)
        if isinstance(group, Failed):
            return (group.foreseen("node-group"),)
        return _illness(group) or (Finding(Severity.FINE, "node-group", f"{group.said} can be scaled."),)

    def execute(self, params: ScaleNodeGroupParams, context: StepContext) -> Receipt | NotYet | Failed:
        """Set the bounds and the count in one call, if one of them is too small."""
        group = _usable(params, context)
        if isinstance(group, Failed):
            return group
        if params.taint:
            own_group.note(context, group)
        wanted = params.wanted(group.sizes)
        data: dict[str, Any] = {"wanted": wanted.data, "before": None, "update": None}
        data |= {"accepted": context.now.isoformat(), "first_turn": context.first_turn}
        if wanted == group.sizes:
            return Receipt(f"{group.said} is to have {wanted} already.", acted=False, data=data)
        update = resize(context, group, wanted, "up")
        if isinstance(update, NotYet):
            return update
        said = f"{group.said} is to have {wanted}, instead of {group.sizes}."
        return Receipt(said, acted=True, data={**data, "before": group.sizes.data, "update": update})

    def verify(
        self, params: ScaleNodeGroupParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        """Look at the update, then count the instances."""
        group = _usable(params, context)
        if isinstance(group, Failed):
            return group
        waited = context.now - datetime.fromisoformat(receipt.data["accepted"])
        update = receipt.data["update"]
        status, errors = update_trouble(context, group, update) if update else ("", "")
        if status in ("Failed", "Cancelled"):
            reason = (
                f"{group.said} was not scaled because its update ended as {status}: '{errors or 'no error named'}'."
            )
            return Failed(reason, fix="Mend what EKS names, then retry the step.")
        if group.sizes.desired < params.nodes:
            return pulled_back(group, params.nodes, waited)
        return count_progress(context, group, params.nodes, waited)

    def undo(self, params: ScaleNodeGroupParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """Take the sizes back, if they still are what this run set, or whatever they are in a group of its own."""
        if params.taint:
            return own_group.take_back(context, look(context, params.cluster, params.node_group))
        if not receipt.data:
            return CannotUndo(f"Whether node group {params.node_group} was scaled is not known; look at its sizes.")
        before, set_by_us = receipt.data["before"], Sizes(**receipt.data["wanted"])
        if before is None:
            return _nothing_to_take_back(params, receipt)
        group = _usable(params, context)
        if isinstance(group, Failed):
            return CannotUndo(group.reason)
        was = Sizes(**before)
        if group.sizes == was:
            return Undone(f"{group.said} is to have {was}, as before this run.")
        if group.sizes != set_by_us:
            return CannotUndo(
                f"{group.said} keeps its nodes because it is to have {group.sizes} by now and not {set_by_us}, which "
                "this run set; set the sizes by hand if they are to be smaller."
            )
        busy = resize(context, group, was, "back")
        if isinstance(busy, NotYet):
            return CannotUndo(f"{busy.reason[:-1]}; set its sizes back to {was} by hand.")
        return Undone(f"{group.said} is to have {was}, as before this run.")

    def stand_in(self, params: ScaleNodeGroupParams, isolation: Isolation) -> Refusal:
        """A drill must not start the standby's own nodes."""
        return Refusal(
            f"Node group {params.node_group} cannot be scaled in a drill because pods that wait for its nodes would "
            "start against the application's own data; a drill needs a node group of its own, named here instead."
        )

    def not_apart(self, params: ScaleNodeGroupParams, isolation: Isolation) -> str:
        """A group that takes all pods would start those of the application, which wait for nodes."""
        if params.taint:
            return ""
        return (
            f"Node group {params.node_group} has to bear a taint that only the drill's pods tolerate, because others "
            "that wait for nodes would start on it; name it as params.taint."
        )

    def remains(self, params: ScaleNodeGroupParams, context: StepContext) -> Remains | None:
        """By the note alone, which goes when the last node that the drill added has gone."""
        return own_group.remains(context, look(context, params.cluster, params.node_group)) if params.taint else None

    def by_hand(self, params: ScaleNodeGroupParams, place: Place) -> Handwork:
        wanted = params.wanted(Sizes(0, 0, 0))
        return by_hand.scaling(params.cluster, params.node_group, wanted, place.standby)


def _usable(params: ScaleNodeGroupParams, context: StepContext) -> NodeGroup | Failed:
    group = look(context, params.cluster, params.node_group)
    if group is None:
        missing = f"Node group {params.node_group} of {params.cluster} is missing in {context.place.standby}."
        return Failed(missing, "Create it with the rest of the standby, or correct its name in the plan; then retry.")
    if group.status in BROKEN:
        reason = f"{group.said} takes no nodes because it is {group.status}{parenthesised(group.issues)}."
        return Failed(reason, "Repair it or make another one, correct the plan, then retry.")
    return own_group.open_to_others(group, params.taint) or group


def _nothing_to_take_back(params: ScaleNodeGroupParams, receipt: Receipt) -> Undone | CannotUndo:
    name, wanted = f"Node group {params.node_group} of {params.cluster}", Sizes(**receipt.data["wanted"])
    if receipt.data["first_turn"]:
        return Undone(f"{name} was to have {wanted} before this run, so nothing is taken back.")
    return CannotUndo(
        f"{name} keeps {wanted} because an earlier turn may have set them without a record; set the sizes by hand if "
        "they are to be smaller."
    )


def _illness(group: NodeGroup) -> tuple[Finding, ...]:
    if not group.issues:
        return ()
    sentence = f"{group.said} is {group.status}: EKS names {quoted(group.issues)}, so nodes may not come."
    return (Finding(Severity.WARNING, "node-group-issue", sentence, way_out(group.issues)),)


def _suspended(group: NodeGroup, context: StepContext) -> tuple[Finding, ...]:
    stopped = sorted(_CANNOT_LAUNCH & set(count_instances(context, group).suspended))
    if not stopped:
        return ()
    sentence = (
        f"{group.said} gets no nodes that serve because {' and '.join(stopped)} of its Auto Scaling is suspended."
    )
    return (Finding(Severity.ERROR, "node-group-suspended", sentence, "Resume it (aws autoscaling resume-processes)."),)


KIND = ScaleNodeGroup()
