"""Let the standby's cluster of an Aurora global database take the writes: by failover, or in a planned run switchover.

An unplanned run asks for `FailoverGlobalCluster` with `AllowDataLoss`: without that word the same call is a switchover,
which waits for a primary that may be dark, and hangs. A planned run asks for `SwitchoverGlobalCluster`, by which Aurora
itself closes the old writer, has the standby take over all that it wrote, and only then turns the roles round; the old
cluster follows as a secondary. Where nobody answers in the primary, a planned run moves nothing.

The call does not tell what became of it, so the global database is looked at: done means that the standby's cluster is
its writer, nothing is on its way, the cluster is available and so is an instance of it. A secondary without instances
("headless") cannot take over; one of another minor version may be refused. An interrupted failover shows as
`cancelling`, and is waited for and asked for again.

Sources: botocore's model of RDS (FailoverGlobalCluster, SwitchoverGlobalCluster, FailoverState); Aurora User Guide,
"Using switchover or failover in Aurora Global Database". Times: aws-facts section 11, one report of 8 min.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field

from pilotlight.domain.data_loss import DataAtRisk, LossWindow
from pilotlight.domain.errors import InvalidState
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place, Writer
from pilotlight.domain.standing_in import Isolation, Refusal
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
from pilotlight.estate.endpoint import OUTPUTS, answers_at
from pilotlight.estate.rds.by_hand import global_failover
from pilotlight.estate.rds.global_cluster import (
    CANCELLING,
    OPERATIONS,
    Cluster,
    ClusterIdentifier,
    GlobalCluster,
    Member,
    available_instances,
    look_at_cluster,
    look_at_global,
)
from pilotlight.estate.rds.global_lag import left_to_replicate, loss_of_failover
from pilotlight.estate.rds.global_readiness import findings_of
from pilotlight.estate.rds.instance import AVAILABLE

_GIVEN_UP_AFTER = timedelta(minutes=5)
"""A global database that shows nothing on its way so long after an accepted call was not moved, and will not be."""


class FailOverGlobalClusterParams(Params):
    """Which cluster of which global database becomes the writer.

    ```yaml
    step: fail-over
    kind: fail_over_global_cluster
    params:
      global_cluster: orders-global
      cluster: orders-tokyo
      source: orders-seoul
    ```
    """

    global_cluster: ClusterIdentifier = Field(description="The global database.")
    cluster: ClusterIdentifier = Field(description="Its cluster in the standby, which becomes the writer.")
    source: ClusterIdentifier = Field(description="Its cluster in the primary, which is the writer.")

    def target_arn(self, place: Place) -> str:
        """The standby's cluster, as a global database names it."""
        return place.arn("rds", f"cluster:{self.cluster}")

    def source_arn(self, place: Place) -> str:
        """The primary's."""
        return place.arn("rds", f"cluster:{self.source}", region=place.primary)


class FailOverGlobalCluster(StepKind[FailOverGlobalClusterParams]):
    """Turns the roles of two clusters round. Only another such turn leads back."""

    name = "fail_over_global_cluster"
    params = FailOverGlobalClusterParams
    harm = Harm.IRREVERSIBLE
    outputs = OUTPUTS
    timing = Timing(
        shortest=timedelta(seconds=30),
        typical=timedelta(minutes=4),
        longest=timedelta(minutes=10),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=60),
    )
    operations: ClassVar[tuple[Operation, ...]] = (
        *OPERATIONS,
        Operation("cloudwatch", "GetMetricData", Access.READ, {}, ("InvalidNextToken",)),
    )

    def title(self, params: FailOverGlobalClusterParams) -> str:
        return f"Fail over to {params.cluster}"[:63]

    def statements(self, params: FailOverGlobalClusterParams, place: Place) -> tuple[Statement, ...]:
        whole = f"arn:aws:rds::{place.account}:global-cluster:{params.global_cluster}"
        clusters = (params.target_arn(place), params.source_arn(place))
        moves = ("rds:FailoverGlobalCluster", "rds:SwitchoverGlobalCluster")
        return (
            Statement(Access.READ, ("rds:DescribeGlobalClusters",), (whole,)),
            Statement(Access.READ, ("rds:DescribeDBClusters",), clusters),
            Statement(Access.READ, ("rds:DescribeDBInstances", "cloudwatch:GetMetricData"), ("*",)),
            Statement(Access.WRITE, moves, (whole, *clusters)),
        )

    def standing(self, params: FailOverGlobalClusterParams, place: Place) -> tuple[Standing, ...]:
        facts = {
            "identifier": params.global_cluster,
            "cluster": params.cluster,
            "source": params.source,
            "source_arn": params.source_arn(place),
            "source_region": place.primary,
        }
        why = "Its cluster in the standby becomes the writer: it has an instance, and the version of the primary's."
        return (Standing("rds", "global database", place.standby, facts, why),)

    def readiness(self, params: FailOverGlobalClusterParams, context: StepContext) -> tuple[Finding, ...]:
        seen = _look(params, context)
        if isinstance(seen, Failed):
            return (_role(seen, params),)
        source = look_at_cluster(context, params.source, region=context.place.primary)
        return (_role(seen, params), *findings_of(seen[1], seen[2], source, context))

    def preflight(self, params: FailOverGlobalClusterParams, context: StepContext) -> tuple[Finding, ...]:
        return (_role(_look(params, context), params),)

    def execute(self, params: FailOverGlobalClusterParams, context: StepContext) -> Receipt | NotYet | Failed:
        seen = _look(params, context)
        if isinstance(seen, Failed):
            return seen
        whole, member, cluster = seen
        name, target = params.cluster, params.target_arn(context.place)
        if whole.move is not None:
            if whole.move.target == target and whole.move.status != CANCELLING:
                return _receipt(f"Cluster {name} is being made the writer already.", context, acted=False)
            return NotYet(f"Global database {whole.identifier} is {whole.move.status}, which has to be over first.")
        if member.is_writer:
            return _receipt(f"Cluster {name} is the writer of {whole.identifier} already.", context, acted=False)
        if cluster.status != AVAILABLE or not available_instances(context, cluster):
            return NotYet(f"Cluster {name} is {cluster.status} and has no instance that is available.")
        if context.planned and not member.connected:
            return NotYet(f"Cluster {name} is {member.synchronization}, so a switchover has to wait for it.")
        return _move(params, context)

    def verify(
        self, params: FailOverGlobalClusterParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        seen = _look(params, context)
        if isinstance(seen, Failed):
            return seen
        whole, member, cluster = seen
        if whole.move is not None:
            return Pending(f"Global database {whole.identifier} is {whole.move.status}.")
        if not member.is_writer:
            waited = context.now - datetime.fromisoformat(receipt.data["asked"])
            if waited < _GIVEN_UP_AFTER:
                return Pending(f"Cluster {params.cluster} is not the writer yet.")
            said = f"Cluster {params.cluster} was to become the writer, and nothing is on its way any more."
            return Failed(said, "Read the RDS events of the global database, then retry the step.")
        up = available_instances(context, cluster)
        if cluster.status != AVAILABLE or not up or not cluster.address:
            return Pending(
                f"Cluster {params.cluster} is the writer and is {cluster.status}, with {len(up)} instances up."
            )
        outputs = answers_at(cluster.address, cluster.port)
        said = f"Cluster {params.cluster} is the writer of {whole.identifier} at {outputs['endpoint']}."
        return Settled(said, outputs)

    def undo(self, params: FailOverGlobalClusterParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        if not receipt.acted:
            return Undone(f"Cluster {params.cluster} was not made the writer by this run: nothing to take back.")
        return CannotUndo(
            f"Cluster {params.cluster} stays the writer, because {params.source} lacks what was written since; go back "
            f"with a planned run of the failback plan, once {params.source} has caught up as a secondary."
        )

    def writers(self, params: FailOverGlobalClusterParams, place: Place) -> tuple[Writer, ...]:
        return (Writer(params.source_arn(place), params.target_arn(place)),)

    def moved(self, params: FailOverGlobalClusterParams, context: StepContext) -> bool | None:
        whole, target = look_at_global(context, params.global_cluster), params.target_arn(context.place)
        member = whole.member(target) if whole else None
        if whole is None or member is None or whole.move is not None:
            return None
        return member.is_writer

    def data_at_risk(self, params: FailOverGlobalClusterParams, context: StepContext, onset: datetime) -> DataAtRisk:
        seen = _look(params, context)
        if isinstance(seen, Failed):
            return DataAtRisk(f"How far cluster {params.cluster} was behind is unknown: {seen.reason}")
        if seen[1].is_writer:
            said = f"Cluster {params.cluster} is the writer already, so this run loses nothing more."
            return DataAtRisk(said, LossWindow(onset, onset))
        return loss_of_failover(params.cluster, context, onset)

    def left_to_drain(self, params: FailOverGlobalClusterParams, context: StepContext, closed: datetime) -> DataAtRisk:
        """Of a planned run nothing, because a switchover itself waits until all is replicated, or does not happen."""
        seen = _look(params, context)
        if isinstance(seen, Failed):
            return DataAtRisk(f"What cluster {params.cluster} lacks is unknown: {seen.reason}")
        if seen[1].is_writer:
            return DataAtRisk(f"Cluster {params.cluster} is the writer already.", LossWindow(closed, closed))
        if not context.planned:
            return left_to_replicate(params.cluster, params.source, context, closed)
        if not seen[1].connected:
            said = f"What cluster {params.cluster} lacks is unknown, because it is {seen[1].synchronization}."
            return DataAtRisk(said)
        said = (
            f"Nothing is lost: {params.source} is closed, and Aurora switches over to {params.cluster} only when that "
            "holds all that was written."
        )
        return DataAtRisk(said, LossWindow(closed, closed), context.now)

    def stand_in(self, params: FailOverGlobalClusterParams, isolation: Isolation) -> Refusal:
        return Refusal(
            f"Cluster {params.cluster} does not become the writer in a drill, because production writes to "
            f"{params.source}; name a global database of the drill's own in its place."
        )

    def by_hand(self, params: FailOverGlobalClusterParams, place: Place) -> Handwork:
        return global_failover(params.global_cluster, params.cluster, params.source, place)


def _look(params: FailOverGlobalClusterParams, context: StepContext) -> tuple[GlobalCluster, Member, Cluster] | Failed:
    """The global database, the standby's membership and its cluster; or why they are not what the plan means."""
    where, name = context.place.standby, params.cluster
    fix = "Correct the plan, or build the global database anew."
    whole = look_at_global(context, params.global_cluster)
    if whole is None:
        return Failed(f"Global database {params.global_cluster} is not there, as {where} shows it.", fix)
    member = whole.member(params.target_arn(context.place))
    if member is None:
        return Failed(f"Cluster {name} is no member of global database {whole.identifier}.", fix)
    writer = next((m.arn for m in whole.members if m.is_writer), "")
    if writer not in ("", member.arn, params.source_arn(context.place)):
        said = f"The writer of {whole.identifier} is {writer}, and not {params.source}, so it is not moved to {name}."
        return Failed(said, "Correct source in the plan and deploy.")
    cluster = look_at_cluster(context, name)
    if cluster is None:
        return Failed(f"Cluster {name} does not exist in {where}, so it cannot become the writer.", fix)
    if not cluster.instances:
        said = f"Cluster {name} has no instance in {where} (it is headless), so it cannot become the writer."
        return Failed(said, "Create an instance in it, then retry the step.")
    return whole, member, cluster


def _role(seen: tuple[GlobalCluster, Member, Cluster] | Failed, params: FailOverGlobalClusterParams) -> Finding:
    if isinstance(seen, Failed):
        return seen.foreseen("target")
    if seen[1].is_writer:
        said = f"Cluster {params.cluster} is the writer of {seen[0].identifier} already, so no secondary stands by."
        return Finding(Severity.WARNING, "target", said, "Fail back.")
    return Finding(Severity.FINE, "target", f"Cluster {params.cluster} can become the writer of {seen[0].identifier}.")


def _move(params: FailOverGlobalClusterParams, context: StepContext) -> Receipt | NotYet:
    operation = "SwitchoverGlobalCluster" if context.planned else "FailoverGlobalCluster"
    target = params.target_arn(context.place)
    named = {"GlobalClusterIdentifier": params.global_cluster, "TargetDbClusterIdentifier": target}
    allowing = {} if context.planned else {"AllowDataLoss": True}
    try:
        context.aws.call("rds", operation, context.place.standby, **named, **allowing)
    except InvalidState as refusal:
        return NotYet(
            f"Cluster {params.cluster} is not made the writer for now, because RDS refused: {refusal.message}"
        )
    how = "by switchover, which loses nothing" if context.planned else "by failover"
    return _receipt(f"Cluster {params.cluster} was told to become the writer, {how}.", context, acted=True)


def _receipt(said: str, context: StepContext, *, acted: bool) -> Receipt:
    return Receipt(said, acted, {"asked": context.now.isoformat(timespec="seconds")})


KIND = FailOverGlobalCluster()
