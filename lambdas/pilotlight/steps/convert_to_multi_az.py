"""Give an RDS instance a standby copy in a second zone, and wait until it is there.

It belongs in the stage `after`: the conversion is online, but it takes a snapshot of a serving database and
slows its writes, for a quarter of an hour to an hour. That makes it disruptive, so no plan can put it first.

`ApplyImmediately` applies every pending change, not only this one; where others are pending (a new class
would restart the writer), the step refuses. A conversion that somebody left to the maintenance window is
pending too, and would be waited for until then; its status tells it from a running one, and it ends the step.

It fails where the instance is missing or broken, its subnets lie in one zone, or the region has no capacity.
None of that blocks a recovery: a writer in one zone is better than none, so its findings only warn.

Sources: botocore's model of ModifyDBInstance (`ApplyImmediately`, `MultiAZ`); RDS User Guide, "Converting a
DB instance to a Multi-AZ deployment".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field

from pilotlight.domain.durations import say_elapsed
from pilotlight.domain.errors import AwsError, InvalidRequest, InvalidState
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
    OutputOf,
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
from pilotlight.estate.rds.by_hand import change_zones, conversion
from pilotlight.estate.rds.instance import AVAILABLE, SERVING, InstanceIdentifier, RdsInstance, look
from pilotlight.estate.rds.operations import MODIFYING_ERRORS
from pilotlight.estate.rds.promotion import broken
from pilotlight.estate.rds.readiness import zones_finding

MULTI_AZ = "MultiAZ"
PARKED_AFTER = timedelta(minutes=10)
"""One that began shows as `modifying` within a minute; one that is still pending waits for its window."""


_HANDLED = {
    "InvalidDBInstanceState": "looks again: not yet, or failed",
    "InsufficientDBInstanceCapacity": "fails, with a way out",
}


class ConvertToMultiAzParams(Params):
    """Which instance stands in two zones in the end.

    ```yaml
    step: harden
    kind: convert_to_multi_az
    params:
      instance: ryuqqq-shared-rds-replica
    ```

    One that the plan restores does not stand before an incident:

    ```yaml
    step: harden
    kind: convert_to_multi_az
    params:
      instance: triflow-dr-db
      restored: {step: restore-database, output: resource_id}
    ```
    """

    instance: InstanceIdentifier
    restored: OutputOf | None = Field(
        None, description="The output resource_id of the step that restores it, where it does not stand beforehand."
    )


class ConvertToMultiAz(StepKind[ConvertToMultiAzParams]):
    """Makes the promoted writer survive the loss of a zone."""

    name = "convert_to_multi_az"
    params = ConvertToMultiAzParams
    harm = Harm.DISRUPTIVE
    leaves_nothing = "its database is the drill's own, which the step that made that answers for"
    timing = Timing(
        shortest=timedelta(minutes=5),
        typical=timedelta(minutes=15),
        longest=timedelta(minutes=60),
        poll=timedelta(seconds=60),
        give_up=timedelta(hours=3),
    )
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation("rds", "DescribeDBInstances", Access.READ, {"DBInstanceNotFound": "fails, with a way out"}),
        Operation(
            "rds",
            "ModifyDBInstance",
            Access.WRITE,
            _HANDLED,
            tuple(error for error in MODIFYING_ERRORS if error not in _HANDLED),
        ),
    )

    def title(self, params: ConvertToMultiAzParams) -> str:
        return f"Convert {params.instance} to Multi-AZ"

    def needs(self, params: ConvertToMultiAzParams) -> tuple[OutputOf, ...]:
        return (params.restored,) if params.restored else ()

    def statements(self, params: ConvertToMultiAzParams, place: Place) -> tuple[Statement, ...]:
        instance = place.arn("rds", f"db:{params.instance}")
        return (
            Statement(Access.READ, ("rds:DescribeDBInstances",), (instance,)),
            Statement(Access.WRITE, ("rds:ModifyDBInstance",), (instance,)),
        )

    def standing(self, params: ConvertToMultiAzParams, place: Place) -> tuple[Standing, ...]:
        if params.restored:
            return ()
        why = "It is made Multi-AZ once it serves, so its subnet group spans two zones at least."
        return (Standing("rds", "instance", place.standby, {"identifier": params.instance}, why),)

    def readiness(self, params: ConvertToMultiAzParams, context: StepContext) -> tuple[Finding, ...]:
        target, found = self.preflight(params, context), look(context, params.instance)
        if found is None or target[0].severity is not Severity.FINE:
            return target
        return (*target, zones_finding(found), _pending_finding(found))

    def preflight(self, params: ConvertToMultiAzParams, context: StepContext) -> tuple[Finding, ...]:
        if params.restored and look(context, params.instance) is None:
            said = f"Instance {params.instance} is not there yet: {params.restored.step} restores it."
            return (Finding(Severity.FINE, "target", said),)
        return (_target_finding(_find(params, context)),)

    def execute(self, params: ConvertToMultiAzParams, context: StepContext) -> Receipt | NotYet | Failed:
        found = _find(params, context)
        if isinstance(found, Failed):
            return found
        if found.multi_az and MULTI_AZ not in found.pending:
            return _receipt(f"Instance {params.instance} is Multi-AZ already.", context, acted=False)
        if found.pending.get(MULTI_AZ) is True:
            return _receipt(f"Instance {params.instance} is becoming Multi-AZ already.", context, acted=False)
        if found.status != AVAILABLE:
            return NotYet(f"Instance {params.instance} is {found.status}, so it cannot be converted yet.")
        return _other_changes(found) or _convert(params, context)

    def verify(
        self, params: ConvertToMultiAzParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        found = _find(params, context)
        if isinstance(found, Failed):
            return found
        if found.multi_az and MULTI_AZ not in found.pending and found.status in SERVING:
            return Settled(f"Instance {params.instance} stands in two zones.")
        waited = context.now - datetime.fromisoformat(receipt.data["since"])
        if found.status == AVAILABLE and waited >= PARKED_AFTER:
            return _not_begun(found, waited)
        return Pending(f"Instance {params.instance} is {found.status} and not Multi-AZ yet.")

    def undo(self, params: ConvertToMultiAzParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        name = params.instance
        if not receipt.acted:
            return Undone(f"Instance {name} was not converted by this run, so there is nothing to take back.")
        found = _find(params, context)
        if isinstance(found, Failed):
            return CannotUndo(found.reason)
        if found.status != AVAILABLE or found.pending:
            return CannotUndo(
                f"Instance {name} is {found.status} with changes under way, so not converted back yet; later: "
                f"{change_zones(name, context.place.standby, multi_az=False)}"
            )
        if not found.multi_az:
            return Undone(f"Instance {name} stands in one zone again.")
        try:
            _modify(params, context, multi_az=False)
        except AwsError as error:
            return CannotUndo(f"Instance {name} stays Multi-AZ, at twice the cost, because {error.sentence}")
        return Undone(f"Instance {name} was told to give up the second zone that this run gave it.")

    def stand_in(self, params: ConvertToMultiAzParams, isolation: Isolation) -> LeftOut:
        return LeftOut(
            f"Instance {params.instance} is not converted in a drill; readiness looks at its zones and pending changes."
        )

    def by_hand(self, params: ConvertToMultiAzParams, place: Place) -> Handwork:
        return conversion(params.instance, place.standby)


def _find(params: ConvertToMultiAzParams, context: StepContext) -> RdsInstance | Failed:
    name = params.instance
    found = look(context, name)
    if found is None:
        return Failed(
            f"Instance {name} does not exist in {context.place.standby}, so it cannot become Multi-AZ.",
            "Correct instance in the plan.",
        )
    restored = params.restored and context.outputs.get(params.restored.step, {}).get(params.restored.output)
    if restored and found.resource_id != restored:
        said = f"Instance {name} is {found.resource_id}, and not {restored}, which was restored."
        return Failed(said, "Find out who replaced it.")
    if not found.on_its_own:
        return Failed(
            f"Instance {name} ({found.engine}) is in a cluster or of RDS Custom, so is not converted alone.",
            "Take the step out of the plan; a cluster has its own copies.",
        )
    if found.broken:
        return broken(found)
    return found


def _other_changes(found: RdsInstance) -> Failed | None:
    others = ", ".join(sorted(found.pending.keys() - {MULTI_AZ}))
    if not others:
        return None
    return Failed(
        f"Instance {found.identifier} has other pending changes ({others}), so it is not converted: RDS "
        "would apply them at once too.",
        f"Apply or cancel them, or leave all to the maintenance window ({found.maintenance_window}).",
    )


def _convert(params: ConvertToMultiAzParams, context: StepContext) -> Receipt | NotYet | Failed:
    name = params.instance
    try:
        _modify(params, context, multi_az=True)
    except InvalidState as refusal:
        again = _find(params, context)
        if isinstance(again, Failed):
            return again
        if again.status == AVAILABLE and "available state" not in refusal.message:
            return Failed(refusal.sentence, "Do what RDS asks for, then retry the step.")
        return NotYet(f"Instance {name} is {again.status}, and RDS refused for now: {refusal.message}")
    except InvalidRequest as refusal:
        if refusal.code != "InsufficientDBInstanceCapacity":
            raise
        said = f"Instance {name} stays in one zone, because there is no capacity in a second one."
        return Failed(said, "Retry the step later, choose another class, or reserve RDS DB capacity.")
    return _receipt(f"Instance {name} was told to become Multi-AZ.", context, acted=True)


def _receipt(sentence: str, context: StepContext, *, acted: bool) -> Receipt:
    return Receipt(sentence, acted, {"since": context.now.isoformat()})


def _modify(params: ConvertToMultiAzParams, context: StepContext, *, multi_az: bool) -> None:
    named = {"DBInstanceIdentifier": params.instance, "MultiAZ": multi_az, "ApplyImmediately": True}
    context.aws.call("rds", "ModifyDBInstance", context.place.standby, **named)


def _not_begun(found: RdsInstance, waited: timedelta) -> Failed:
    since = say_elapsed(waited.total_seconds())
    if MULTI_AZ in found.pending:
        return Failed(
            f"Instance {found.identifier} is to become Multi-AZ in its maintenance window only "
            f"({found.maintenance_window}), and has not begun after {since}.",
            "Apply its pending changes now in the RDS console, or wait for the window.",
        )
    return Failed(
        f"Instance {found.identifier} is available in one zone {since} after it was told to become Multi-AZ.",
        "Read its RDS events, then retry the step.",
    )


def _target_finding(found: RdsInstance | Failed) -> Finding:
    if isinstance(found, Failed):
        return Finding(Severity.WARNING, "target", found.reason, found.fix)
    state = "is Multi-AZ already" if found.multi_az else "can become Multi-AZ"
    return Finding(Severity.FINE, "target", f"Instance {found.identifier} ({found.status}) {state}.")


def _pending_finding(found: RdsInstance) -> Finding:
    others = _other_changes(found)
    if others is not None:
        return Finding(Severity.WARNING, "pending-changes", others.reason, others.fix)
    return Finding(Severity.FINE, "pending-changes", f"No other change of {found.identifier} is pending.")


KIND = ConvertToMultiAz()
