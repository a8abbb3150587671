"""Promote a cross-Region RDS read replica: it stops replicating, reboots, takes writes at its old endpoint.

The call does not tell what became of it: the status stays `available` for up to a minute, and one error code
means "not yet", "done already" and "wrong instance". So the world is looked at again after every refusal, and
done means: no source, no `StatusInfos`, and a status that serves. `backing-up` is one: waiting for the backup
that follows a promotion would add up to an hour. That a write succeeds is for a check of the application to
show, since this step holds no password of the database.

It fails where the instance is missing, broken, or not the one that the plan means (see `replica_promotion`).

Sources: botocore's model of RDS; RDS User Guide, "Working with read replicas".
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field, field_validator

from pilotlight.domain.data_loss import DataAtRisk
from pilotlight.domain.durations import Duration
from pilotlight.domain.errors import InvalidState, Throttled, Unavailable
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
from pilotlight.estate.rds.by_hand import promotion
from pilotlight.estate.rds.instance import AVAILABLE, SERVING, InstanceIdentifier, RdsInstance, look
from pilotlight.estate.rds.lag import left_to_drain, loss_of_promotion
from pilotlight.estate.rds.promotion import (
    MARKING,
    RUN_TAG,
    SHOWN_WITHIN,
    asked_at,
    broken,
    find_target,
    has_moved,
    mark,
    mark_refused,
    marking_statement,
    still_a_replica,
)
from pilotlight.estate.rds.readiness import beside_source, lag_finding, of_replica, why_no_replica, window_finding

_NOT_NOW = re.compile(r"not a read replica|not in (the )?available state", re.IGNORECASE)
_LONGEST_RETENTION = timedelta(days=35)
_DAY = timedelta(days=1)


class PromoteReplicaParams(Params):
    """Which replica becomes the writer, and how its backups go on (RDS itself would keep them for one day).

    ```yaml
    step: promote
    kind: promote_replica
    params:
      replica: ryuqqq-shared-rds-replica
      source: ryuqqq-shared-rds
      backup_retention: 7 d
      backup_window: "17:00-17:30"
    ```
    """

    replica: InstanceIdentifier
    source: InstanceIdentifier = Field(description="The primary's instance; a replica of any other is not promoted.")
    backup_retention: Duration = Field(timedelta(days=7), description="How long backups are kept, in days.")
    backup_window: str | None = Field(
        None,
        pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$",
        description="When the daily backup is taken, in UTC; the replica's own window if left out.",
    )

    @field_validator("backup_retention")
    @classmethod
    def _whole_days(cls, value: timedelta) -> timedelta:
        if value % _DAY or not _DAY <= value <= _LONGEST_RETENTION:
            raise ValueError("RDS keeps backups for whole days, from 1 d to 35 d")
        return value


class PromoteReplica(StepKind[PromoteReplicaParams]):
    """Makes a replica the writer. Nothing turns it back into a replica."""

    name = "promote_replica"
    params = PromoteReplicaParams
    harm = Harm.IRREVERSIBLE
    outputs = OUTPUTS
    timing = Timing(
        shortest=timedelta(minutes=2),
        typical=timedelta(minutes=6),
        longest=timedelta(minutes=30),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=60),
    )
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation("rds", "DescribeDBInstances", Access.READ, {"DBInstanceNotFound": "fails, with a way out"}),
        MARKING,
        Operation(
            "rds",
            "PromoteReadReplica",
            Access.WRITE,
            {"InvalidDBInstanceState": "looks again: not yet, done already, or failed"},
            ("DBInstanceNotFound",),
        ),
        Operation("cloudwatch", "GetMetricData", Access.READ, {}, ("InvalidNextToken",)),
    )

    def title(self, params: PromoteReplicaParams) -> str:
        return f"Promote {params.replica}"

    def statements(self, params: PromoteReplicaParams, place: Place) -> tuple[Statement, ...]:
        replica = place.arn("rds", f"db:{params.replica}")
        source = place.arn("rds", f"db:{params.source}", region=place.primary)
        return (
            Statement(Access.READ, ("rds:DescribeDBInstances",), (replica, source)),
            Statement(Access.READ, ("cloudwatch:GetMetricData",), ("*",)),
            Statement(Access.WRITE, ("rds:PromoteReadReplica",), (replica,)),
            marking_statement(replica),
        )

    def standing(self, params: PromoteReplicaParams, place: Place) -> tuple[Standing, ...]:
        facts = {
            "identifier": params.replica,
            "source": params.source,
            "source_region": place.primary,
            "source_arn": place.arn("rds", f"db:{params.source}", region=place.primary),
            "retention_days": params.backup_retention.days,
        }
        why = "It becomes the writer. Backups that are on beforehand need not be switched on by its promotion."
        return (Standing("rds", "replica", place.standby, facts, why),)

    def readiness(self, params: PromoteReplicaParams, context: StepContext) -> tuple[Finding, ...]:
        target = find_target(params.replica, params.source, context)
        if isinstance(target, Failed):
            return (_role(target), *why_no_replica(params.replica, params.source, context))
        if target.source is None:
            return (_role(target),)
        return (
            _role(target),
            *of_replica(target),
            window_finding(target, params.backup_window),
            *beside_source(target, params.source, context),
            lag_finding(target, context),
        )

    def preflight(self, params: PromoteReplicaParams, context: StepContext) -> tuple[Finding, ...]:
        return (_role(find_target(params.replica, params.source, context)),)

    def execute(self, params: PromoteReplicaParams, context: StepContext) -> Receipt | NotYet | Failed:
        target = find_target(params.replica, params.source, context)
        if isinstance(target, Failed):
            return target
        if target.source is None:
            return _promoted_before(target)
        if target.status != AVAILABLE:
            return NotYet(f"Replica {params.replica} is {target.status}, so it cannot be promoted yet.")
        asked = asked_at(target)
        if asked is not None and timedelta(0) <= context.now - asked < SHOWN_WITHIN:
            since = f"{asked:%H:%M:%S} UTC"
            return NotYet(f"Replica {params.replica} may be promoting since {since}, which RDS shows late.")
        return _promote(params, target, context)

    def verify(
        self, params: PromoteReplicaParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        instance = look(context, params.replica)
        if instance is None or instance.resource_id != receipt.data["resource_id"]:
            return Failed(
                f"Replica {params.replica} was deleted or replaced after its promotion was asked for.",
                "Find out by whom; what it held is in its final snapshot, if one was taken.",
            )
        if instance.broken:
            return broken(instance)
        if instance.source is not None:
            return still_a_replica(instance, receipt, context)
        if instance.replication is not None or instance.status not in SERVING or instance.address is None:
            return Pending(f"Replica {params.replica} has left its source and is {instance.status}.")
        return _settled(params, instance)

    def undo(self, params: PromoteReplicaParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        name, by = params.replica, receipt.data["run"]
        if by != context.run_id:
            return Undone(f"Replica {name} was promoted before, by {by or 'a person'}: nothing to take back.")
        return CannotUndo(
            f"Replica {name} stays a writer, because RDS cannot make a promoted instance a replica again; "
            f"go back with the failback plan, which builds a replica of it in {context.place.primary}."
        )

    def writers(self, params: PromoteReplicaParams, place: Place) -> tuple[Writer, ...]:
        old = place.arn("rds", f"db:{params.source}", region=place.primary)
        return (Writer(old, place.arn("rds", f"db:{params.replica}")),)

    def moved(self, params: PromoteReplicaParams, context: StepContext) -> bool | None:
        return has_moved(params.replica, context)

    def data_at_risk(self, params: PromoteReplicaParams, context: StepContext, onset: datetime) -> DataAtRisk:
        return loss_of_promotion(params.replica, params.source, context, onset)

    def left_to_drain(self, params: PromoteReplicaParams, context: StepContext, closed: datetime) -> DataAtRisk:
        return left_to_drain(params.replica, params.source, context, closed)

    def stand_in(self, params: PromoteReplicaParams, isolation: Isolation) -> Refusal:
        return Refusal(
            f"Replica {params.replica} is not promoted in a drill, because that ends its replication; "
            "have a copy of it restored from its backups in its place (restore_to_moment)."
        )

    def by_hand(self, params: PromoteReplicaParams, place: Place) -> Handwork:
        days, window = params.backup_retention.days, params.backup_window
        return promotion(params.replica, params.source, days, window, place)


def _role(target: RdsInstance | Failed) -> Finding:
    if isinstance(target, Failed):
        return target.foreseen("target")
    if target.source is None:
        said = f"Instance {target.identifier} is the promoted writer already, so no replica stands by."
        return Finding(Severity.WARNING, "target", said, "Fail back, or build a new replica.")
    if target.status == AVAILABLE:
        return Finding(Severity.FINE, "target", f"Replica {target.identifier} can be promoted.")
    said = f"Replica {target.identifier} is {target.status}, so its promotion would have to wait."
    return Finding(Severity.WARNING, "target", said, "Nothing, if that is soon over: the step waits.")


def _promote(params: PromoteReplicaParams, replica: RdsInstance, context: StepContext) -> Receipt | NotYet | Failed:
    now = context.now.isoformat(timespec="seconds")
    marked = mark(replica, context, now)
    window = {"PreferredBackupWindow": params.backup_window} if params.backup_window else {}
    try:
        context.aws.call(
            "rds",
            "PromoteReadReplica",
            context.place.standby,
            DBInstanceIdentifier=params.replica,
            BackupRetentionPeriod=params.backup_retention.days,
            **window,
        )
    except InvalidState as refusal:
        return _refused(params, replica, refusal, context)
    except (Throttled, Unavailable):
        mark_refused(replica, context)
        raise
    but = "" if marked else ", though RDS did not let it be marked"
    said = f"Replica {params.replica} was told to leave {replica.source} and to become a writer{but}."
    return Receipt(said, True, {"resource_id": replica.resource_id, "run": context.run_id, "asked": now})


def _refused(
    params: PromoteReplicaParams, replica: RdsInstance, refusal: InvalidState, context: StepContext
) -> Receipt | NotYet | Failed:
    again = find_target(params.replica, params.source, context)
    if isinstance(again, Failed):
        return again
    if again.source is None:
        return _promoted_before(again)
    mark_refused(replica, context)
    if again.status == AVAILABLE and not _NOT_NOW.search(refusal.message):
        return Failed(refusal.sentence, "Do what RDS asks for, then retry the step.")
    return NotYet(f"Replica {params.replica} is {again.status}, and RDS refused for now: {refusal.message}")


def _promoted_before(instance: RdsInstance) -> Receipt:
    run = instance.tags.get(RUN_TAG, "")
    said = f"Replica {instance.identifier} was promoted already, by {run or 'a person'}."
    return Receipt(said, False, {"resource_id": instance.resource_id, "run": run})


def _settled(params: PromoteReplicaParams, instance: RdsInstance) -> Settled:
    wanted, kept = params.backup_retention.days, instance.retention_days
    address, port = str(instance.address), str(instance.port)
    but = "" if kept == wanted else f", not the {wanted} d of the plan"
    return Settled(
        f"Replica {instance.identifier} is a writer at {address}:{port} and keeps backups {kept} d{but}.",
        answers_at(address, port),
    )


KIND = PromoteReplica()
