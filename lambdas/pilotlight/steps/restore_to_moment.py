"""Restore a database to a chosen moment, beside the one that serves: for data that somebody deleted or changed.

RDS makes a new instance of the automated backups of an instance in the same region, as they were at that moment, to the
second. That takes half an hour as a rule. Nothing that lives is touched: what is done with the copy, whether it is read
and some of it is copied back or whether it is taken into use, is said by the steps behind it.

The moment is a time, `moment`, or lies that long before the step began, `back`. One that the backups do not reach yet
is waited for, which takes minutes; one from before they begin, or from the future, fails the step.

A copy is known by the tags that the creating call sets. One of this run is taken up again after a crash; one of another
run, and a namesake of any other origin, stops the step. The copy is not deleted by a run that is to keep it: people may
read it already, or it may serve. Whoever needs it no longer deletes it. A drill deletes its own.

Sources: botocore's model of RDS (`SourceDBInstanceIdentifier`, `RestoreTime`: before the latest restorable time); RDS
User Guide, "Restoring to a point in time"; `pilotlight.estate.rds.bringing_up` for the times.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import AwareDatetime, Field, model_validator

from pilotlight.domain.durations import Duration
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal, Remains, StandIn
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    Pending,
    Receipt,
    Settled,
    Severity,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Undone,
)
from pilotlight.estate.rds.bringing_up import OUTPUTS, TIMING, bring_up, delete, read_back
from pilotlight.estate.rds.by_hand import delete_copy
from pilotlight.estate.rds.copies import apart, foreign, standing, standing_groups
from pilotlight.estate.rds.instance import InstanceIdentifier, RdsInstance, look
from pilotlight.estate.rds.moments import Window, find_window
from pilotlight.estate.rds.promotion import RUN_TAG, broken
from pilotlight.estate.rds.protection import groups_findings
from pilotlight.estate.rds.restoring import (
    OPERATIONS,
    RESTORE_TO_MOMENT,
    InstanceSpecification,
    ask_for,
    of_the_key,
    restored_into,
    tagging,
)
from pilotlight.estate.rds.restoring_by_hand import to_moment

_LISTS = ("rds:DescribeDBInstanceAutomatedBackups", "rds:DescribeDBSubnetGroups", "rds:DescribeDBParameterGroups")
_ENDS = ("rds:RebootDBInstance", "rds:DeleteDBInstance")
_CALLS = (*(action.removeprefix("rds:") for action in (*_LISTS, *_ENDS)), "DescribeDBInstances")


class RestoreToMomentParams(InstanceSpecification):
    """The copy that is to be there, and the moment whose data it is to hold.

    ```yaml
    step: restore-copy
    kind: restore_to_moment
    params:
      source: triflow-ai-production-db
      moment: "2026-01-20T14:25:00Z"
      instance: triflow-ai-production-db-pitr
      instance_class: db.t4g.medium
      multi_az: true
      subnet_group: triflow-ai-production-db-subnet-group
      security_groups: [sg-0d1e2f3a4b5c60718]
      parameter_group: triflow-production-postgres16
    ```

    For a test, a moment that nobody has to write down:

    ```yaml
    step: restore-copy
    kind: restore_to_moment
    params:
      source: triflow-ai-staging-db
      back: 5 min
      keep: false
      instance: triflow-ai-staging-db-pitr-test
      instance_class: db.t4g.medium
      subnet_group: triflow-ai-staging-db-subnet-group
      security_groups: [sg-0d1e2f3a4b5c60718]
      parameter_group: triflow-staging-postgres16
    ```
    """

    source: InstanceIdentifier = Field(description="The instance whose backups are restored, in the same region.")
    moment: AwareDatetime | None = Field(
        None, description="The moment in quotes, with its zone: best some minutes before the data were damaged."
    )
    back: Duration | None = Field(None, description="So long before the step begins, in place of a moment.")
    keep: bool = Field(True, description="Whether the copy stays whatever becomes of the run; a drill deletes its own.")

    @model_validator(mode="after")
    def _names_one_moment(self) -> RestoreToMomentParams:
        if (self.moment is None) == (self.back is None):
            raise ValueError("say either the moment, or how far back of the step's beginning it lies")
        if self.back is not None and self.back <= timedelta(0):
            raise ValueError("back is more than no time: what is not written yet cannot be restored")
        if self.instance == self.source:
            raise ValueError("a restore makes another instance beside the source, so it needs a name of its own")
        return self

    def at(self, context: StepContext) -> datetime:
        """The moment that is meant, to the second."""
        meant = self.moment or context.begun - (self.back or timedelta(0))
        return meant.astimezone(UTC).replace(microsecond=0)


class RestoreToMoment(StepKind[RestoreToMomentParams]):
    """Makes a copy of an earlier moment."""

    name = "restore_to_moment"
    params = RestoreToMomentParams
    harm = Harm.HARMLESS
    marks = True
    outputs = OUTPUTS
    timing = TIMING
    operations: ClassVar[tuple[Operation, ...]] = (
        *(each for each in OPERATIONS if each.name in _CALLS),
        RESTORE_TO_MOMENT,
    )

    def title(self, params: RestoreToMomentParams) -> str:
        return f"Restore {params.instance}"

    def statements(self, params: RestoreToMomentParams, place: Place) -> tuple[Statement, ...]:
        copy, source = place.arn("rds", f"db:{params.instance}"), place.arn("rds", f"db:{params.source}")
        restored = (*restored_into(params, place), source)
        return (
            Statement(Access.READ, ("rds:DescribeDBInstances",), (copy,)),
            Statement(Access.READ, _LISTS, ("*",)),
            Statement(Access.WRITE, ("rds:RestoreDBInstanceToPointInTime",), restored),
            tagging(params, place),
            Statement(Access.WRITE, ("rds:RebootDBInstance",) if params.keep else _ENDS, (copy,)),
            *of_the_key(params, place),
        )

    def standing(self, params: RestoreToMomentParams, place: Place) -> tuple[Standing, ...]:
        why = "A copy is restored from its automated backups."
        return (
            Standing("rds", "backed up instance", place.standby, {"name": params.source}, why),
            *standing_groups(params.subnet_group, params.parameter_group, place.standby),
        )

    def readiness(self, params: RestoreToMomentParams, context: StepContext) -> tuple[Finding, ...]:
        return (*self.preflight(params, context), *groups_findings(params, context))

    def preflight(self, params: RestoreToMomentParams, context: StepContext) -> tuple[Finding, ...]:
        return (_name_finding(params, context), _window_finding(params, context))

    def execute(self, params: RestoreToMomentParams, context: StepContext) -> Receipt | NotYet | Failed:
        copy = look(context, params.instance)
        if copy is None:
            return _begin(params, context)
        refused = _not_mine(copy, params, context)
        if refused:
            return refused
        return broken(copy) if copy.broken else bring_up(copy, context)

    def verify(
        self, params: RestoreToMomentParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        return read_back(params.instance, receipt, context)

    def undo(self, params: RestoreToMomentParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        copy = look(context, params.instance)
        if copy is None:
            return Undone(f"There is no instance {params.instance}.")
        if not params.keep:
            unlike = _not_mine(copy, params, context)
            return CannotUndo(unlike.reason) if unlike else delete(copy, context)
        return CannotUndo(
            f"Copy {params.instance} stays and costs money, because people may use it already; if nobody does: "
            f"{delete_copy(params.instance, context.place.standby)}."
        )

    def stand_in(self, params: RestoreToMomentParams, isolation: Isolation) -> StandIn | Refusal:
        differs = apart("Copy", params.instance, isolation)
        if isinstance(differs, Refusal):
            return differs
        return StandIn(self.name, params.model_copy(update={**differs, "keep": False}))

    def not_apart(self, params: RestoreToMomentParams, isolation: Isolation) -> str:
        return f"Copy {params.instance} would be left behind; add `keep: false`." if params.keep else ""

    def remains(self, params: RestoreToMomentParams, context: StepContext) -> Remains | None:
        return standing(params.instance, context)

    def by_hand(self, params: RestoreToMomentParams, place: Place) -> Handwork:
        back = int((params.back or timedelta(0)).total_seconds())
        moment = params.moment.astimezone(UTC).replace(microsecond=0).isoformat() if params.moment else ""
        said = f"echo {moment}" if moment else f"jq --null-input --raw-output 'now-{back}|todate'"
        return to_moment(params, params.source, said, place)


def _at_home(place: Place) -> Place:
    """The place of a copy of something in the same region."""
    return replace(place, primary=place.standby)


def _begin(params: RestoreToMomentParams, context: StepContext) -> NotYet | Failed:
    """Order the copy, once the backups hold the moment; the instance shows what came of it at the next look."""
    moment, window = params.at(context), find_window(context, params.source)
    if moment > context.now or window is None or moment < window.earliest:
        return _out_of_reach(params, moment, window, context)
    if moment >= window.latest:
        said = f"The backups of {params.source} reach to {window.latest:%H:%M:%S} UTC, and have to reach beyond"
        return NotYet(f"{said} {moment:%Y-%m-%d %H:%M:%S} UTC.")
    order: dict[str, Any] = {
        "SourceDBInstanceIdentifier": params.source,
        "TargetDBInstanceIdentifier": params.instance,
        "RestoreTime": moment,
        **params.settings(_at_home(context.place), context.run_id, params.source, moment.isoformat(timespec="seconds")),
    }
    begun = NotYet(f"Database {params.instance} is being restored as {params.source} was at {moment:%F %T} UTC.")
    return ask_for(params, "RestoreDBInstanceToPointInTime", order, context) or begun


def _out_of_reach(
    params: RestoreToMomentParams, moment: datetime, window: Window | None, context: StepContext
) -> Failed:
    cannot = f"Database {params.source} cannot be restored to {moment:%F %T} UTC, because"
    if moment > context.now:
        return Failed(f"{cannot} that moment is to come.", "Correct moment in the plan, and deploy.")
    if window is None:
        said = f"{cannot} {context.place.standby} shows no automated backups of it that say how far they reach."
        return Failed(said, "Turn its backups on; for what is lost now, look for a snapshot.")
    return Failed(
        f"{cannot} its backups begin at {window.earliest:%F %T} UTC.",
        "Name a later moment in the plan, and deploy; what is older stands in snapshots alone.",
    )


def _not_mine(copy: RdsInstance, params: RestoreToMomentParams, context: StepContext) -> Failed | None:
    """Why an instance of the copy's name is not the copy of this run."""
    refused = foreign(copy, params.source, replace(context, place=_at_home(context.place)))
    if refused or copy.tags.get(RUN_TAG) == context.run_id:
        return refused
    return Failed(
        f"Copy {copy.identifier} is there already: {copy.tags.get(RUN_TAG) or 'a person'} made it.",
        f"If nobody needs it: {delete_copy(params.instance, context.place.standby)}; then start the run again. "
        "Or name another instance.",
    )


def _name_finding(params: RestoreToMomentParams, context: StepContext) -> Finding:
    copy, code = look(context, params.instance), "copy-name"
    if copy is None:
        said = f"There is no instance {params.instance} in {context.place.standby} yet, so a copy can be restored."
        return Finding(Severity.FINE, code, said)
    taken = _not_mine(copy, params, context)
    if taken:
        return taken.foreseen(code)
    return Finding(Severity.FINE, code, f"Copy {copy.identifier} is this run's own.")


def _window_finding(params: RestoreToMomentParams, context: StepContext) -> Finding:
    window, moment, code = find_window(context, params.source), params.at(context), "restore-window"
    if window is None or moment > context.now or moment < window.earliest:
        found = _out_of_reach(params, moment, window, context)
        return found.foreseen(code)
    span = f"from {window.earliest:%F %T} to {window.latest:%F %T} UTC"
    return Finding(Severity.FINE, code, f"Database {params.source} can be restored to any moment {span}.")


KIND = RestoreToMoment()
