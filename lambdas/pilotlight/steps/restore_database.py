"""Restore a database in the standby from what it holds of the primary's backups: for a region without a replica.

Of the automated backups that RDS replicates there and the copied snapshots of a series, the one that reaches farthest
is restored into an instance of its own. That takes half an hour as a rule, and up to several hours; it changes nothing
that lives, so it stands in the stage `prepare` and is waited for there: when it is done the gate looks at the primary
once more, which may be well again by then. The copy serves nobody until `adopt_database` has made it the writer.

A copy is known by tags that the creating call sets. One of this run is taken up again after a crash; one of an earlier
run only if its data are as new as what the standby holds now; a namesake of any other origin stops the step. Where a
parameter group waits for a restart, the copy gets it here, while nobody is connected. Done means: it answers at an
address, with its parameters `in-sync`. A copy that is being backed up serves.

A run that was not needed deletes its copy, without a final snapshot: it holds what the backups hold.

Sources: botocore's model of RDS; RDS User Guide, "Replicating automated backups to another AWS Region" and "Restoring
to a point in time"; times: the run-books of the plans, 30 min for a restore, up to 90 min (estimates).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from pilotlight.domain.data_loss import DataAtRisk
from pilotlight.domain.errors import AlreadyExists, AwsError, InvalidState, NotFound
from pilotlight.domain.place import Place
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    Pending,
    Receipt,
    Refusal,
    Settled,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate.rds.backups import RestorePoint, find_points, newest
from pilotlight.estate.rds.copies import foreign, is_adopted, origin, reaches
from pilotlight.estate.rds.instance import AVAILABLE, SERVING, RdsInstance, look
from pilotlight.estate.rds.promotion import RUN_TAG, broken
from pilotlight.estate.rds.protection import age_findings, groups_findings, loss_of_restore, name_finding, not_as_new
from pilotlight.estate.rds.restoring import OPERATIONS, CopySpecification, permissions, say_refused

_DELETING = "deleting"
_IN_SYNC = "in-sync"
_LONGEST_IDENTIFIER = 63
_GONE = ("DBInstanceAutomatedBackupNotFound", "DBSnapshotNotFound")


class RestoreDatabaseParams(CopySpecification):
    """The copy that is to be there, and what it is restored from.

    ```yaml
    step: restore-database
    kind: restore_database
    params:
      instance: triflow-dr-db
      source: triflow-ai-production-db
      automated_backups: {no_older_than: 30 min}
      snapshots: {named: triflow-weekly-, no_older_than: 8 d}
      instance_class: db.t4g.medium
      subnet_group: triflow-dr-db
      security_groups: [sg-0d1e2f3a4b5c60718]
      parameter_group: triflow-dr-postgres16
      backup_retention: 7 d
    ```
    """


class RestoreDatabase(StepKind[RestoreDatabaseParams]):
    """Makes a copy that nobody uses yet."""

    name = "restore_database"
    params = RestoreDatabaseParams
    harm = Harm.HARMLESS
    marks = True
    outputs = ("address", "port", "endpoint", "resource_id", "reaches")
    timing = Timing(
        shortest=timedelta(minutes=10),
        typical=timedelta(minutes=30),
        longest=timedelta(minutes=90),
        poll=timedelta(seconds=20),
        give_up=timedelta(hours=4),
    )
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: RestoreDatabaseParams) -> str:
        return f"Restore {params.instance}"

    def statements(self, params: RestoreDatabaseParams, place: Place) -> tuple[Statement, ...]:
        return permissions(params, place)

    def standing(self, params: RestoreDatabaseParams, place: Place) -> tuple[Standing, ...]:
        def thing(what: str, why: str, **facts: str) -> Standing:
            return Standing("rds", what, place.standby, facts, why)

        source = {"source": params.source, "source_region": place.primary, "source_arn": origin(place, params.source)}
        series = params.snapshots
        held = "It is restored from what the standby holds; nothing can be fetched from a dark region."
        backups = (thing("automated backups", held, **source, id=params.source),) if params.automated_backups else ()
        copied = (thing("snapshot", held, **source, name=f"{series.named}copy"),) if series else ()
        return (
            *backups,
            *copied,
            thing("subnet group", "A restore without one would stand in the default VPC.", name=params.subnet_group),
            thing("parameter group", "A restore takes the default one otherwise.", name=params.parameter_group),
        )

    def readiness(self, params: RestoreDatabaseParams, context: StepContext) -> tuple[Finding, ...]:
        return (*self.preflight(params, context), *groups_findings(params, context))

    def preflight(self, params: RestoreDatabaseParams, context: StepContext) -> tuple[Finding, ...]:
        return (name_finding(params, context), *age_findings(params, context))

    def execute(self, params: RestoreDatabaseParams, context: StepContext) -> Receipt | NotYet | Failed:
        copy = look(context, params.instance)
        if copy is None:
            return _begin(params, context)
        if copy.status == _DELETING:
            return NotYet(f"Instance {copy.identifier} is being deleted, so its name is not free yet.")
        refused = foreign(copy, params.source, context)
        if refused:
            return refused
        if is_adopted(copy):
            said = f"Database {copy.identifier} is the writer already, so nothing is restored."
            return Receipt(said, False, {"resource_id": copy.resource_id})
        if copy.tags.get(RUN_TAG) != context.run_id:
            older = not_as_new(params, copy, context)
            if older:
                return older
        return broken(copy) if copy.broken else _bring_up(copy, context)

    def verify(
        self, params: RestoreDatabaseParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        copy = look(context, params.instance)
        if copy is None or copy.resource_id != receipt.data["resource_id"]:
            return Failed(
                f"Database {params.instance} was deleted or replaced after it had been restored.",
                "Find out by whom, then start the run again: it is restored anew.",
            )
        if copy.broken:
            return broken(copy)
        waits = _waits_for(copy)
        return Pending(waits) if waits else _settled(copy)

    def undo(self, params: RestoreDatabaseParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        name, where = params.instance, context.place.standby
        copy = look(context, name)
        if copy is None or copy.status == _DELETING:
            return Undone(f"Database {name} is gone already.")
        if foreign(copy, params.source, context) or copy.tags.get(RUN_TAG) != context.run_id:
            return Undone(f"Database {name} stays, because this run found it and did not make it.")
        if is_adopted(copy):
            return CannotUndo(f"Database {name} stays, because it is the writer; go back with the failback plan.")
        by_hand = f"aws rds delete-db-instance --region {where} --db-instance-identifier {name} --skip-final-snapshot"
        try:
            context.aws.call(
                "rds", "DeleteDBInstance", where, DBInstanceIdentifier=name, SkipFinalSnapshot=True,
                DeleteAutomatedBackups=True,
            )  # fmt: skip
        except NotFound:
            return Undone(f"Database {name} is gone already.")
        except InvalidState:
            return CannotUndo(f"Database {name} stays and costs money, because it is {copy.status}; later: {by_hand}")
        return Undone(
            f"Database {name} is being deleted, without a final snapshot, because this run had made it and it holds "
            "nothing that its backups do not."
        )

    def data_at_risk(self, params: RestoreDatabaseParams, context: StepContext, onset: datetime) -> DataAtRisk:
        copy = look(context, params.instance)
        points = find_points(context, params.source, params.automated_backups, params.snapshots)
        return loss_of_restore(params, copy, newest(points), context, onset)

    def stand_in(self, params: RestoreDatabaseParams, run_id: str) -> RestoreDatabaseParams | Refusal:
        name = f"{params.instance}-drill"
        if len(name) > _LONGEST_IDENTIFIER:
            return Refusal(
                f"Database {params.instance} has no stand-in for drills, because {name} is longer than the "
                f"{_LONGEST_IDENTIFIER} characters that RDS allows; give the copy a shorter name."
            )
        return params.model_copy(update={"instance": name, "multi_az": False})


def _begin(params: RestoreDatabaseParams, context: StepContext) -> NotYet | Failed:
    """Restore what reaches farthest; the instance shows what came of it at the next look."""
    where = context.place.standby
    point = newest(find_points(context, params.source, params.automated_backups, params.snapshots))
    if point is None:
        return Failed(
            f"Database {params.instance} cannot be restored, because {where} holds no backup of "
            f"{origin(context.place, params.source)} that the plan means.",
            "Have backups replicated or snapshots copied there; nothing else of a dark region can be restored.",
        )
    if point.reaches is None:
        return NotYet(f"What {point.what} in {where} reach to is unknown, so they are not restored from yet.")
    try:
        context.aws.call("rds", point.operation, where, **params.order(context.place, context.run_id, point))
    except AlreadyExists:
        return NotYet(f"Database {params.instance} appeared when it was to be restored, so it is looked at again.")
    except AwsError as refused:
        if refused.code in _GONE:
            return NotYet(f"What was to be restored is gone, so it is looked for anew: {refused.sentence}")
        return say_refused(params, refused, context)
    return NotYet(_say_begun(params, point))


def _say_begun(params: RestoreDatabaseParams, point: RestorePoint) -> str:
    return (
        f"Database {params.instance} is being restored from {point.what}, up to {point.reaches:%Y-%m-%d %H:%M:%S} UTC."
    )


def _bring_up(copy: RdsInstance, context: StepContext) -> Receipt | NotYet:
    """Wait for the restore, and restart the copy where its parameters ask for it."""
    if copy.status == AVAILABLE and copy.parameters_in == "pending-reboot":
        try:
            context.aws.call("rds", "RebootDBInstance", context.place.standby, DBInstanceIdentifier=copy.identifier)
        except InvalidState as busy:
            return NotYet(f"Database {copy.identifier} cannot be restarted yet: {busy.message}")
        return NotYet(f"Database {copy.identifier} is being restarted, so that {copy.parameter_group} takes effect.")
    waits = _waits_for(copy)
    if waits:
        return NotYet(waits)
    mine = copy.tags.get(RUN_TAG) == context.run_id
    whose = "was restored" if mine else f"was restored by {copy.tags.get(RUN_TAG)} and is as new as its backups"
    return Receipt(f"Database {copy.identifier} {whose}.", mine, {"resource_id": copy.resource_id})


def _waits_for(copy: RdsInstance) -> str:
    """What a copy lacks to be used; nothing where it is whole."""
    if copy.status not in SERVING or copy.address is None:
        return f"Database {copy.identifier} is {copy.status}."
    if copy.parameters_in != _IN_SYNC:
        return f"Database {copy.identifier} is {copy.status}, and its parameters are {copy.parameters_in}."
    return ""


def _settled(copy: RdsInstance) -> Settled:
    address, port, until = str(copy.address), str(copy.port), reaches(copy)
    outputs = {"address": address, "port": port, "endpoint": f"{address}:{port}", "resource_id": copy.resource_id}
    held = f"holds all up to {until:%Y-%m-%d %H:%M:%S} UTC" if until else "does not tell how far it reaches"
    said = f"Database {copy.identifier} {held} and answers at {address}:{port}"
    return Settled(
        f"{said}; its backups are kept {copy.retention_days} d.",
        outputs | {"reaches": until.isoformat() if until else ""},
    )


KIND = RestoreDatabase()
