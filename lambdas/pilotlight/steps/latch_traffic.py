"""Turn the application's latch on: from then on users reach the standby, and stay there when the primary comes back.

It stands last in the stage serve, and first of all reads the databases that the plan moved, instances and clusters of
Aurora global databases: traffic never leads to a replica. Then it writes the switch, the object and the metric that
Route 53 looks at (see `deployment.latch`), and settles when the two are read back. Where one of them stays silent it
settles on the other after three minutes and says so, because Route 53 needs no more than one, and the publisher goes on
trying.

What it cannot see is Route 53 itself: its API is in us-east-1, and nothing there may be needed in a failover. That the
records look at the latch is read beforehand, by readiness. DNS follows within some 30 to 90 s (three looks of a
checker, or one minute of the metric), and resolvers after the 60 s for which a load balancer's alias is kept.

It fails where a database is missing or broken, or is a replica still when it gives up.

Sources: Route 53 Developer Guide, "How Route 53 determines whether a health check is healthy"; botocore's models.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from pilotlight.domain.errors import AwsError, Changed
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, LeftOut
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
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate.rds.global_cluster import OPERATIONS, ClusterIdentifier
from pilotlight.estate.rds.instance import InstanceIdentifier
from pilotlight.estate.rds.writing import cluster_writes, instance_writes, unready_cluster, unready_instance
from pilotlight.estate.traffic.by_hand import latching
from pilotlight.estate.traffic.latch import LOST_RACES, Latch, Position
from pilotlight.estate.traffic.readiness import paths
from pilotlight.estate.traffic.turning import ONE_IS_ENOUGH_AFTER, showing, turn

_ASKED_AGAIN = "AWS gives no clear answer: the step looks again"
_TABLE_ERRORS = (
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ThrottlingException",
)
_OBJECT_ERRORS = ("InvalidRequest", "InvalidWriteOffset", "TooManyParts", "EncryptionTypeMismatch")
_METRIC_ERRORS = ("InvalidParameterValue", "MissingParameter", "InvalidParameterCombination", "InternalServiceError")


class LatchTrafficParams(Params):
    """Which databases must be writers before users are sent to the standby: all that the plan moves.

    ```yaml
    step: latch
    kind: latch_traffic
    params:
      databases: [ryuqqq-shared-rds-replica]
      clusters: { orders-global: orders-tokyo }
    ```
    """

    databases: tuple[InstanceIdentifier, ...] = Field(
        (), description="The standby's database instances; none where the application has none."
    )
    clusters: dict[ClusterIdentifier, ClusterIdentifier] = Field(
        {}, description="The standby's clusters of Aurora, each under its global database."
    )


class LatchTraffic(StepKind[LatchTrafficParams]):
    """Moves traffic to the standby and holds it there."""

    name = "latch_traffic"
    params = LatchTrafficParams
    harm = Harm.DISRUPTIVE
    stands_in_for_nothing = "sends users to the standby"
    timing = Timing(
        shortest=timedelta(seconds=5),
        typical=timedelta(seconds=20),
        longest=timedelta(minutes=4),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=15),
    )
    operations: ClassVar[tuple[Operation, ...]] = (
        *(operation for operation in OPERATIONS if operation.access is Access.READ),
        Operation(
            "dynamodb",
            "GetItem",
            Access.READ,
            dict.fromkeys(_TABLE_ERRORS, _ASKED_AGAIN),
            ("ResourceNotFoundException",),
        ),
        Operation(
            "dynamodb",
            "PutItem",
            Access.WRITE,
            {**dict.fromkeys(_TABLE_ERRORS, _ASKED_AGAIN), **dict.fromkeys(LOST_RACES, "reads the switch again")},
            ("ResourceNotFoundException", "ItemCollectionSizeLimitExceededException"),
        ),
        Operation("s3", "PutObject", Access.WRITE, dict.fromkeys(_OBJECT_ERRORS, "tries the metric")),
        Operation("cloudwatch", "PutMetricData", Access.WRITE, dict.fromkeys(_METRIC_ERRORS, "tries the object")),
        Operation("cloudwatch", "GetMetricData", Access.READ, {"InvalidNextToken": "counts as not read"}),
    )

    def title(self, params: LatchTrafficParams) -> str:
        return "Latch traffic to the standby"

    def statements(self, params: LatchTrafficParams, place: Place) -> tuple[Statement, ...]:
        latch = Latch(place)
        table = place.arn("dynamodb", f"table/{latch.table}")
        return (
            *_reads(params, place),
            *latch.read_statements(),
            Statement(Access.WRITE, ("dynamodb:PutItem",), (table,)),
            *latch.write_statements(),
        )

    def readiness(self, params: LatchTrafficParams, context: StepContext) -> tuple[Finding, ...]:
        return (*self.preflight(params, context), *paths(context))

    def preflight(self, params: LatchTrafficParams, context: StepContext) -> tuple[Finding, ...]:
        latch = Latch(context.place)
        return (_switch_finding(latch, context), _object_finding(latch, context))

    def execute(self, params: LatchTrafficParams, context: StepContext) -> Receipt | NotYet | Failed:
        unready = _unready(params, context)
        if unready is not None:
            return unready
        latch = Latch(context.place)
        before = latch.switch(context.aws)
        try:
            turned = turn(latch, context, before, Position.ON)
        except Changed as taken:
            return NotYet(f"{taken.sentence} The step looks again.")
        if len(turned.troubles) > 1:
            return NotYet(f"The switch is on, and neither object nor metric took it yet: {' '.join(turned.troubles)}.")
        run = before.run if before and before.position is Position.ON else context.run_id
        but = f", but for one mechanism: {turned.troubles[0]}" if turned.troubles else ""
        done = f"The latch was turned on by {run}{but}."
        return Receipt(done, turned.acted, {"run": run, "asked": context.now.isoformat(timespec="seconds")})

    def verify(self, params: LatchTrafficParams, receipt: Receipt, context: StepContext) -> Settled | Pending | Failed:
        latch = Latch(context.place)
        switch = latch.switch(context.aws)
        if switch is None or switch.position is not Position.ON:
            return Failed(
                f"The latch of {context.place.application} was turned off again while traffic was being moved.",
                "Find out by whom; start the run again to turn it on.",
            )
        found = showing(latch, context, Position.ON)
        if found.by_object and found.by_metric:
            return Settled("Traffic is latched to the standby: object and metric say on. Users follow within minutes.")
        if (found.by_object or found.by_metric) and context.waited >= ONE_IS_ENOUGH_AFTER:
            return Settled(
                f"Traffic is latched to the standby by one of the latch's two mechanisms ({found.sentence}); "
                "the publisher tries the other each minute."
            )
        return Pending(f"The latch is on, and not read back from both mechanisms yet: {found.sentence}.")

    def undo(self, params: LatchTrafficParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        name = context.place.application
        if receipt.data["run"] != context.run_id:
            return Undone(f"The latch of {name} was turned on before, by {receipt.data['run']}: nothing to take back.")
        writers = _writers(params, context)
        if writers:
            return CannotUndo(
                f"The latch of {name} stays on, because {writers[0]} in {context.place.standby} takes the "
                "writes; traffic never comes back by itself: use the failback plan."
            )
        latch = Latch(context.place)
        turned = turn(latch, context, latch.switch(context.aws), Position.OFF)
        but = f", though one mechanism will follow later: {' '.join(turned.troubles)}" if turned.troubles else ""
        return Undone(f"The latch of {name} was turned off again, because no writer had moved{but}.")

    def stand_in(self, params: LatchTrafficParams, isolation: Isolation) -> LeftOut:
        return LeftOut("The latch is not turned in a drill, because users would follow it to the standby.")

    def by_hand(self, params: LatchTrafficParams, place: Place) -> Handwork:
        return latching(params.databases, place)


def _unready(params: LatchTrafficParams, context: StepContext) -> NotYet | Failed | None:
    """Why users may not be sent to the standby yet, by a fresh read of each database."""
    instances = (unready_instance(context, name) for name in params.databases)
    clusters = (unready_cluster(context, whole, name) for whole, name in params.clusters.items())
    return next((why for why in (*instances, *clusters) if why is not None), None)


def _reads(params: LatchTrafficParams, place: Place) -> Iterator[Statement]:
    """What is read of the databases; the instances of a cluster bear names that no plan says."""
    if params.databases:
        instances = tuple(place.arn("rds", f"db:{name}") for name in params.databases)
        yield Statement(Access.READ, ("rds:DescribeDBInstances",), instances)
    if params.clusters:
        wholes = tuple(f"arn:aws:rds::{place.account}:global-cluster:{whole}" for whole in params.clusters)
        yield Statement(Access.READ, ("rds:DescribeGlobalClusters",), wholes)
        clusters = tuple(place.arn("rds", f"cluster:{name}") for name in params.clusters.values())
        yield Statement(Access.READ, ("rds:DescribeDBClusters",), clusters)
        yield Statement(Access.READ, ("rds:DescribeDBInstances",), (place.arn("rds", "db:*"),))


def _writers(params: LatchTrafficParams, context: StepContext) -> list[str]:
    """Those of the databases that are writers by their role."""
    instances = [name for name in params.databases if instance_writes(context, name)]
    return instances + [name for whole, name in params.clusters.items() if cluster_writes(context, whole, name)]


def _switch_finding(latch: Latch, context: StepContext) -> Finding:
    try:
        switch = latch.switch(context.aws)
    except AwsError as error:
        said = f"The switch of the latch cannot be read: {error.sentence}."
        return Finding(Severity.WARNING, "latch-switch", said, "Deploy the application's stack again.")
    if switch is None or switch.position is Position.OFF:
        return Finding(Severity.FINE, "latch-switch", "The latch is off, so the primary serves.")
    said = f"The latch is on since {switch.changed:%Y-%m-%d %H:%M} UTC, by {switch.run}: the standby serves already."
    return Finding(Severity.WARNING, "latch-switch", said, "Nothing, after a failover; the failback plan turns it off.")


def _object_finding(latch: Latch, context: StepContext) -> Finding:
    shown = latch.shown(context.web)
    if shown.position is not None:
        return Finding(Severity.FINE, "latch-object", f"The public can read the latch's object at {latch.url}.")
    said = f"The latch holds by its metric alone, because at {latch.host} {shown.sentence}."
    if not shown.answered:
        said = f"The latch holds by its metric alone, because {shown.sentence}."
    fix = "See that no block on public access, of the bucket or of the account, covers it, and that its publisher runs."
    return Finding(Severity.WARNING, "latch-object", said, fix)


KIND = LatchTraffic()
