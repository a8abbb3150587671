"""Force a Multi-AZ instance over to its second zone, and say how long that took.

Nothing is lost, because the copy in the second zone is synchronous; every connection is cut, and the application has to
connect again to the same endpoint. RDS takes about a minute: in what people measured, its event of the start comes 15 s
after the call, that of the end 50 to 70 s after it. Done means that RDS wrote of the end, that the instance is shown in
another zone than before, and that its status is `available`.

It is disruptive, and cannot be taken back: the way back is another failover. RDS abandons a failover that follows too
soon on another one; then the step fails and says so. An instance that is in one zone, in a cluster or busy is not
forced.

Sources: botocore's text on RebootDBInstance (`ForceFailover`); `pilotlight.estate.rds.failovers` for the events.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from pilotlight.domain.durations import say_elapsed
from pilotlight.domain.errors import InvalidState
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
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
from pilotlight.estate.rds.by_hand import failover_to_second_zone
from pilotlight.estate.rds.failovers import FAILOVER_TAG, Failover, Mark, failover_since, mark_of, newest_event
from pilotlight.estate.rds.instance import AVAILABLE, InstanceIdentifier, RdsInstance, look
from pilotlight.estate.rds.promotion import TAGGING_ERRORS, broken

SHOWN_WITHIN = timedelta(seconds=90)
"""A failover that was asked for is not asked for again so soon: its first event may only not be there yet."""
RECENTLY = timedelta(minutes=30)
"""How long after a failover a person is warned that RDS may abandon the next; AWS names no time."""


class ForceMultiAzFailoverParams(Params):
    """Which instance is forced over.

    ```yaml
    step: force-failover
    kind: force_multi_az_failover
    params:
      instance: triflow-ai-production-db
    ```
    """

    instance: InstanceIdentifier


class ForceMultiAzFailover(StepKind[ForceMultiAzFailoverParams]):
    """The step kind `force_multi_az_failover`."""

    name = "force_multi_az_failover"
    params = ForceMultiAzFailoverParams
    harm = Harm.DISRUPTIVE
    leaves_nothing = "a database changes its zone and is otherwise the same"
    timing = Timing(
        shortest=timedelta(seconds=30),
        typical=timedelta(seconds=75),
        longest=timedelta(minutes=5),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=20),
    )
    outputs: ClassVar[tuple[str, ...]] = ("zone",)
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation("rds", "DescribeDBInstances", Access.READ, {"DBInstanceNotFound": "fails, with a way out"}),
        Operation("rds", "DescribeEvents", Access.READ),
        Operation(
            "rds",
            "RebootDBInstance",
            Access.WRITE,
            {"InvalidDBInstanceState": "waits until it is available"},
            ("DBInstanceNotFound", "KMSKeyNotAccessibleFault"),
        ),
        Operation("rds", "AddTagsToResource", Access.WRITE, fatal=TAGGING_ERRORS),
        Operation("rds", "RemoveTagsFromResource", Access.WRITE, fatal=TAGGING_ERRORS),
    )

    def title(self, params: ForceMultiAzFailoverParams) -> str:
        return f"Fail {params.instance} over to its second zone"

    def statements(self, params: ForceMultiAzFailoverParams, place: Place) -> tuple[Statement, ...]:
        instance = place.arn("rds", f"db:{params.instance}")
        own_tag = {"ForAllValues:StringEquals": {"aws:TagKeys": [FAILOVER_TAG]}}
        return (
            Statement(Access.READ, ("rds:DescribeDBInstances",), (instance,)),
            # Events have no resource that a permission could name.
            Statement(Access.READ, ("rds:DescribeEvents",), ("*",)),
            Statement(Access.WRITE, ("rds:RebootDBInstance",), (instance,)),
            Statement(Access.WRITE, ("rds:AddTagsToResource", "rds:RemoveTagsFromResource"), (instance,), own_tag),
        )

    def standing(self, params: ForceMultiAzFailoverParams, place: Place) -> tuple[Standing, ...]:
        why = "It is forced from one zone to the other, so it is Multi-AZ."
        facts = {"identifier": params.instance, "multi_az": True}
        return (Standing("rds", "instance", place.standby, facts, why),)

    def readiness(self, params: ForceMultiAzFailoverParams, context: StepContext) -> tuple[Finding, ...]:
        found = _find(params, context)
        return (_target(found), *(() if isinstance(found, Failed) else _recent(found, context)))

    def preflight(self, params: ForceMultiAzFailoverParams, context: StepContext) -> tuple[Finding, ...]:
        return (_target(_find(params, context)),)

    def execute(self, params: ForceMultiAzFailoverParams, context: StepContext) -> Receipt | NotYet | Failed:
        found = _find(params, context)
        if isinstance(found, Failed):
            return found
        mark = mark_of(found, context.run_id)
        if mark:
            seen = failover_since(context, found.identifier, mark.last)
            if seen.abandoned:
                return _abandoned(found)
            if seen.started or seen.completed:
                return _receipt(found, mark)
            if context.now - mark.asked < SHOWN_WITHIN:
                return NotYet(f"Instance {found.identifier} was told to fail over, and RDS has no event of it yet.")
        if found.status != AVAILABLE:
            return NotYet(f"Instance {found.identifier} is {found.status}, so it cannot be forced over yet.")
        return _force(found, context)

    def verify(
        self, params: ForceMultiAzFailoverParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        found = _find(params, context)
        if isinstance(found, Failed):
            return found
        last = receipt.data["last"]
        seen = failover_since(context, found.identifier, datetime.fromisoformat(last) if last else None)
        if seen.abandoned:
            return _abandoned(found)
        if seen.completed is None:
            return Pending(f"Instance {found.identifier} is {found.status}, {_say_progress(seen)}.")
        if found.zone == receipt.data["zone"]:
            return Pending(f"Instance {found.identifier} failed over, and is still shown in {found.zone}.")
        if found.status != AVAILABLE:
            return Pending(f"Instance {found.identifier} failed over to {found.zone}, and is {found.status}.")
        took = f", which took RDS {say_elapsed(seen.seconds)}" if seen.seconds is not None else ""
        sentence = f"Instance {found.identifier} failed over from {receipt.data['zone']} to {found.zone}{took}."
        return Settled(sentence, {"zone": found.zone})

    def undo(self, params: ForceMultiAzFailoverParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        if not receipt.acted:
            return Undone(f"Instance {params.instance} was not forced over by this run.")
        return CannotUndo(
            f"Instance {params.instance} stays in the zone that it failed over to, where it serves as well as before; "
            "the way back is another failover."
        )

    def stand_in(self, params: ForceMultiAzFailoverParams, isolation: Isolation) -> Refusal:
        return Refusal(
            f"Instance {params.instance} is not forced over in a drill, because every connection to it is cut; name "
            "an instance of a staging environment instead."
        )

    def by_hand(self, params: ForceMultiAzFailoverParams, place: Place) -> Handwork:
        return failover_to_second_zone(params.instance, place.standby)


def _find(params: ForceMultiAzFailoverParams, context: StepContext) -> RdsInstance | Failed:
    name, found = params.instance, look(context, params.instance)
    if found is None:
        where = context.place.standby
        return Failed(f"Instance {name} does not exist in {where}, so it cannot fail over.", "Correct the plan.")
    if not found.on_its_own:
        return Failed(
            f"Instance {name} ({found.engine}) is in a cluster or of RDS Custom, whose failover is another operation.",
            "Take the step out of the plan.",
        )
    if not found.multi_az:
        return Failed(
            f"Instance {name} is in one zone, so there is nothing to fail over to.",
            "Convert it to Multi-AZ, then start the run again.",
        )
    if found.broken:
        return broken(found)
    return found


def _force(found: RdsInstance, context: StepContext) -> Receipt | NotYet:
    """Mark the instance, then ask; a refusal takes the mark away, so that the next turn asks again."""
    region, name = context.place.standby, found.identifier
    arn = context.place.arn("rds", f"db:{name}")
    mark = Mark(context.run_id, context.now, found.zone, newest_event(context, name))
    context.aws.call(
        "rds", "AddTagsToResource", region, ResourceName=arn, Tags=[{"Key": FAILOVER_TAG, "Value": mark.text}]
    )
    try:
        context.aws.call("rds", "RebootDBInstance", region, DBInstanceIdentifier=name, ForceFailover=True)
    except InvalidState as refusal:
        context.aws.call("rds", "RemoveTagsFromResource", region, ResourceName=arn, TagKeys=[FAILOVER_TAG])
        return NotYet(f"Instance {name} is busy, and RDS refused for now: {refusal.message}")
    return _receipt(found, mark)


def _receipt(found: RdsInstance, mark: Mark) -> Receipt:
    data = {"zone": mark.zone, "last": mark.last.isoformat() if mark.last else None}
    return Receipt(f"Instance {found.identifier} in {mark.zone} was told to fail over.", acted=True, data=data)


def _abandoned(found: RdsInstance) -> Failed:
    return Failed(
        f"RDS abandoned the failover of {found.identifier}, because another one occurred recently.",
        "Wait for half an hour, then start the run again.",
    )


def _say_progress(seen: Failover) -> str:
    return "and fails over" if seen.started else "and RDS has no event of its failover yet"


def _target(found: RdsInstance | Failed) -> Finding:
    if isinstance(found, Failed):
        return found.foreseen("target")
    there = f" to {found.second_zone}" if found.second_zone else ""
    return Finding(Severity.FINE, "target", f"Instance {found.identifier} can fail over from {found.zone}{there}.")


def _recent(found: RdsInstance, context: StepContext) -> tuple[Finding, ...]:
    last = newest_event(context, found.identifier)
    if last is None or context.now - last >= RECENTLY:
        return ()
    said = f"Instance {found.identifier} failed over at {last:%H:%M} UTC, and RDS may abandon another one so soon."
    return (Finding(Severity.WARNING, "failed-over-recently", said, "Wait for half an hour."),)


KIND = ForceMultiAzFailover()
