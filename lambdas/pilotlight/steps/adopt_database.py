"""Make a restored database the writer: the point of no return of a plan that has no replica.

A copy that `restore_database` made is nobody's writer until here. This step proves that the instance is the very one
that was restored (its `DbiResourceId`) and that it serves, and then marks it as the writer, in one quick call: so the
tombstone stands around that call, and the old primary is closed for seconds, not for the length of a restore. From then
on no run deletes the copy or restores over it, and it is protected from deletion as far as RDS lets it be.

What the old primary took after the moment to which the copy reaches is lost; the data-loss gate has said how much.

It fails where the copy is missing, broken, or another one than was restored.

Sources: botocore's model of RDS (AddTagsToResource, ModifyDBInstance).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field

from pilotlight.domain.data_loss import DataAtRisk
from pilotlight.domain.errors import AwsError
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place, Writer
from pilotlight.domain.standing_in import Isolation, LeftOut
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    OutputOf,
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
from pilotlight.estate.endpoint import OUTPUTS, answers_at
from pilotlight.estate.rds.by_hand import adoption
from pilotlight.estate.rds.copies import (
    ADOPTED_AT_TAG,
    ADOPTED_BY_TAG,
    ADOPTED_TAG,
    ADOPTION_TAGS,
    foreign,
    is_adopted,
    loss_of_copy,
    origin,
)
from pilotlight.estate.rds.instance import AVAILABLE, SERVING, InstanceIdentifier, RdsInstance, look
from pilotlight.estate.rds.operations import MODIFYING_ERRORS
from pilotlight.estate.rds.promotion import TAGGING_ERRORS, broken

_IN_SYNC = "in-sync"


class AdoptDatabaseParams(Params):
    """Which copy becomes the writer, of what, and the step that restored it.

    ```yaml
    step: adopt-database
    kind: adopt_database
    params:
      instance: triflow-dr-db
      source: triflow-ai-production-db
      restored: {step: restore-database, output: resource_id}
    ```
    """

    instance: InstanceIdentifier
    source: InstanceIdentifier = Field(description="The primary's instance, which it takes the place of.")
    restored: OutputOf = Field(description="The output resource_id of the step that restored it.")


class AdoptDatabase(StepKind[AdoptDatabaseParams]):
    """Makes a copy the writer. Nothing makes it a copy again."""

    name = "adopt_database"
    params = AdoptDatabaseParams
    harm = Harm.IRREVERSIBLE
    outputs = OUTPUTS
    timing = Timing(
        shortest=timedelta(seconds=1),
        typical=timedelta(seconds=5),
        longest=timedelta(seconds=60),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=15),
    )
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation("rds", "DescribeDBInstances", Access.READ, {"DBInstanceNotFound": "fails, with a way out"}),
        Operation("rds", "AddTagsToResource", Access.WRITE, {}, TAGGING_ERRORS),
        Operation("rds", "ModifyDBInstance", Access.WRITE, dict.fromkeys(MODIFYING_ERRORS, "goes on unprotected")),
    )

    def title(self, params: AdoptDatabaseParams) -> str:
        return f"Adopt {params.instance} as the writer"

    def needs(self, params: AdoptDatabaseParams) -> tuple[OutputOf, ...]:
        return (params.restored,)

    def statements(self, params: AdoptDatabaseParams, place: Place) -> tuple[Statement, ...]:
        copy = place.arn("rds", f"db:{params.instance}")
        keys = {"ForAllValues:StringEquals": {"aws:TagKeys": list(ADOPTION_TAGS)}}
        return (
            Statement(Access.READ, ("rds:DescribeDBInstances",), (copy,)),
            Statement(Access.WRITE, ("rds:AddTagsToResource",), (copy,), keys),
            Statement(Access.WRITE, ("rds:ModifyDBInstance",), (copy,)),
        )

    def readiness(self, params: AdoptDatabaseParams, context: StepContext) -> tuple[Finding, ...]:
        return self.preflight(params, context)

    def preflight(self, params: AdoptDatabaseParams, context: StepContext) -> tuple[Finding, ...]:
        copy = look(context, params.instance)
        if copy is not None and (refused := foreign(copy, params.source, context)):
            return (refused.foreseen("copy"),)
        if copy is not None and is_adopted(copy):
            said = f"Copy {copy.identifier} is the writer already."
            return (Finding(Severity.WARNING, "copy", said, "Fail back, or start no further run."),)
        return (
            Finding(Severity.FINE, "copy", f"Instance {params.instance} can become the writer once it is restored."),
        )

    def execute(self, params: AdoptDatabaseParams, context: StepContext) -> Receipt | NotYet | Failed:
        copy = look(context, params.instance)
        wrong = _wrong(copy, params, context)
        if wrong or copy is None:
            return wrong or _missing(params, context)
        if is_adopted(copy):
            by = copy.tags.get(ADOPTED_BY_TAG, "")
            but = _protect(copy, context)
            said = f"Database {copy.identifier} was made the writer already, by {by or 'a person'}{but}."
            return Receipt(said, False, {"resource_id": copy.resource_id, "run": by})
        if copy.status not in SERVING or copy.parameters_in != _IN_SYNC or copy.address is None:
            return NotYet(f"Database {copy.identifier} is {copy.status}, its parameters {copy.parameters_in}: not yet.")
        tags = {
            ADOPTED_TAG: copy.resource_id,
            ADOPTED_AT_TAG: context.now.isoformat(timespec="seconds"),
            ADOPTED_BY_TAG: context.run_id,
        }
        arn = context.place.arn("rds", f"db:{copy.identifier}")
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        context.aws.call("rds", "AddTagsToResource", context.place.standby, ResourceName=arn, Tags=pairs)
        but = _protect(copy, context)
        said = f"Database {copy.identifier} takes the place of {origin(context.place, params.source)}{but}."
        return Receipt(said, True, {"resource_id": copy.resource_id, "run": context.run_id})

    def verify(self, params: AdoptDatabaseParams, receipt: Receipt, context: StepContext) -> Settled | Pending | Failed:
        copy = look(context, params.instance)
        wrong = _wrong(copy, params, context)
        if wrong or copy is None:
            return wrong or _missing(params, context)
        if not is_adopted(copy):
            return Pending(f"Database {copy.identifier} does not show its mark yet.")
        if copy.status not in SERVING or copy.address is None:
            return Pending(f"Database {copy.identifier} is {copy.status}.")
        outputs = answers_at(copy.address, str(copy.port))
        return Settled(f"Database {copy.identifier} is the writer, at {outputs['endpoint']}.", outputs)

    def undo(self, params: AdoptDatabaseParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        name, by = params.instance, receipt.data["run"]
        if by != context.run_id:
            return Undone(f"Database {name} was made the writer before, by {by or 'a person'}: nothing to take back.")
        return CannotUndo(
            f"Database {name} stays the writer, because it may hold writes by now that nothing else has; go back with "
            f"the failback plan, which builds a copy of it in {context.place.primary}."
        )

    def writers(self, params: AdoptDatabaseParams, place: Place) -> tuple[Writer, ...]:
        return (Writer(origin(place, params.source), place.arn("rds", f"db:{params.instance}")),)

    def moved(self, params: AdoptDatabaseParams, context: StepContext) -> bool | None:
        copy = look(context, params.instance)
        return copy is not None and is_adopted(copy)

    def data_at_risk(self, params: AdoptDatabaseParams, context: StepContext, onset: datetime) -> DataAtRisk | None:
        """What the copy lacks; what a copy would lack that is not there yet, the step that restores it says."""
        copy = look(context, params.instance)
        return loss_of_copy(copy, params.source, context, onset) if copy else None

    def stand_in(self, params: AdoptDatabaseParams, isolation: Isolation) -> LeftOut:
        return LeftOut(
            f"Database {params.instance} is not made the writer in a drill, because nothing would undo that."
        )

    def by_hand(self, params: AdoptDatabaseParams, place: Place) -> Handwork:
        return adoption(params.instance, params.source, params.restored, place)


def _wrong(copy: RdsInstance | None, params: AdoptDatabaseParams, context: StepContext) -> Failed | None:
    """Why the instance of that name is not the copy that was restored."""
    if copy is None:
        return None
    restored = context.outputs[params.restored.step][params.restored.output]
    refused = foreign(copy, params.source, context)
    if refused:
        return refused
    if copy.resource_id != restored:
        return Failed(
            f"Instance {copy.identifier} is {copy.resource_id}, and {params.restored.step} restored {restored}.",
            "Find out who replaced it, then start the run again.",
        )
    return broken(copy) if copy.broken else None


def _missing(params: AdoptDatabaseParams, context: StepContext) -> Failed:
    said = f"Database {params.instance} does not exist in {context.place.standby}, so it cannot become the writer."
    return Failed(said, "Find out who deleted it, then start the run again: it is restored anew.")


def _protect(copy: RdsInstance, context: StepContext) -> str:
    """Protect the writer from deletion; what RDS will not have now is left to a person, and said.

    `ApplyImmediately` applies every pending change, so nothing is done where one is pending.
    """
    if copy.deletion_protection:
        return ""
    where, name = context.place.standby, copy.identifier
    unprotected = ", not protected from deletion yet"
    if copy.pending or copy.status != AVAILABLE:
        return unprotected
    try:
        context.aws.call(
            "rds", "ModifyDBInstance", where, DBInstanceIdentifier=name, DeletionProtection=True, ApplyImmediately=True
        )
    except AwsError:
        return unprotected
    return ""


KIND = AdoptDatabase()
