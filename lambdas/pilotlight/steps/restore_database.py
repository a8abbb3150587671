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
to a point in time"; `pilotlight.estate.rds.bringing_up` for the times.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pilotlight.domain.data_loss import DataAtRisk
from pilotlight.domain.errors import AwsError
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal, Remains, StandIn
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
    Standing,
    Statement,
    StepContext,
    StepKind,
    Undone,
)
from pilotlight.estate.rds.backups import RestorePoint, find_points, newest
from pilotlight.estate.rds.bringing_up import OUTPUTS, TIMING, bring_up, delete, read_back
from pilotlight.estate.rds.copies import apart, foreign, is_adopted, origin, standing, standing_groups
from pilotlight.estate.rds.instance import look
from pilotlight.estate.rds.promotion import RUN_TAG, broken
from pilotlight.estate.rds.protection import age_findings, groups_findings, loss_of_restore, name_finding, not_as_new
from pilotlight.estate.rds.restoring import OPERATIONS, CopySpecification, ask_for, permissions
from pilotlight.estate.rds.restoring_by_hand import of_what_the_standby_holds

_DELETING = "deleting"
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
    outputs = OUTPUTS
    timing = TIMING
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: RestoreDatabaseParams) -> str:
        return f"Restore {params.instance}"

    def statements(self, params: RestoreDatabaseParams, place: Place) -> tuple[Statement, ...]:
        return permissions(params, place)

    def standing(self, params: RestoreDatabaseParams, place: Place) -> tuple[Standing, ...]:
        source = {"source": params.source, "source_region": place.primary, "source_arn": origin(place, params.source)}

        def held(what: str, **facts: str) -> Standing:
            why = "It is restored from what the standby holds; nothing can be fetched from a dark region."
            return Standing("rds", what, place.standby, {**source, **facts}, why)

        series = params.snapshots
        return (
            *((held("automated backups", id=params.source),) if params.automated_backups else ()),
            *((held("snapshot", name=f"{series.named}copy"),) if series else ()),
            *standing_groups(params.subnet_group, params.parameter_group, place.standby),
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
        return broken(copy) if copy.broken else bring_up(copy, context)

    def verify(
        self, params: RestoreDatabaseParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        return read_back(params.instance, receipt, context)

    def undo(self, params: RestoreDatabaseParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        name = params.instance
        copy = look(context, name)
        if copy is None or copy.status == _DELETING:
            return Undone(f"Database {name} is gone already.")
        if foreign(copy, params.source, context) or copy.tags.get(RUN_TAG) != context.run_id:
            return Undone(f"Database {name} stays, because this run found it and did not make it.")
        if is_adopted(copy):
            return CannotUndo(f"Database {name} stays, because it is the writer; go back with the failback plan.")
        return delete(copy, context)

    def data_at_risk(self, params: RestoreDatabaseParams, context: StepContext, onset: datetime) -> DataAtRisk:
        copy = look(context, params.instance)
        points = find_points(context, params.source, params.automated_backups, params.snapshots)
        return loss_of_restore(params, copy, newest(points), context, onset)

    def stand_in(self, params: RestoreDatabaseParams, isolation: Isolation) -> StandIn | Refusal:
        differs = apart("Database", params.instance, isolation)
        return differs if isinstance(differs, Refusal) else StandIn(self.name, params.model_copy(update=differs))

    def remains(self, params: RestoreDatabaseParams, context: StepContext) -> Remains | None:
        return standing(params.instance, context)

    def by_hand(self, params: RestoreDatabaseParams, place: Place) -> Handwork:
        return of_what_the_standby_holds(params, place)


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
        refused = ask_for(params, point.operation, params.order(context.place, context.run_id, point), context)
    except AwsError as error:
        if error.code not in _GONE:
            raise
        return NotYet(f"What was to be restored is gone, so it is looked for anew: {error.sentence}")
    return refused or NotYet(_say_begun(params, point))


def _say_begun(params: RestoreDatabaseParams, point: RestorePoint) -> str:
    return (
        f"Database {params.instance} is being restored from {point.what}, up to {point.reaches:%Y-%m-%d %H:%M:%S} UTC."
    )


KIND = RestoreDatabase()
