"""Cutting the sessions of a database: a reboot, asked for once, and proved by the event that RDS writes of it.

A session that is open survives the loss of the rule that let it in, because security groups track connections. A
reboot ends all of them. Its status is no proof, because it stays `available` for a while after the call; the event
`DB instance restarted` is. It has to be newer than the newest one before the reboot was asked for, which compares two
moments of RDS's own clock. Both stand in the mark on the instance, as `cut=asked at=... last=...`.

Sources: botocore's text on RebootDBInstance ("an event is created when the reboot is completed") and DescribeEvents
(14 days); RDS user guide, RDS-EVENT-0006.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pilotlight.domain.errors import InvalidState
from pilotlight.domain.step import Access, NotYet, Operation, Receipt, StepContext
from pilotlight.estate.fencing import MARK_TAG, read_mark, write_mark
from pilotlight.estate.rds.instance import AVAILABLE, RdsInstance
from pilotlight.estate.rds.promotion import TAGGING_ERRORS

STOPPED = "stopped"
NEVER = "never"
_RESTARTED = "restarted"
_FOURTEEN_DAYS_IN_MINUTES = 20160
_SHOWN_WITHIN = timedelta(seconds=90)
"""A reboot that was asked for is not asked for again so soon: it may only not show yet."""

OPERATIONS = (
    Operation("rds", "DescribeDBInstances", Access.READ, {"DBInstanceNotFound": "said as a missing instance"}),
    Operation("rds", "DescribeEvents", Access.READ),
    Operation(
        "rds",
        "RebootDBInstance",
        Access.WRITE,
        {"InvalidDBInstanceState": "looked at again"},
        ("DBInstanceNotFound", "KMSKeyNotAccessibleFault"),
    ),
    Operation("rds", "AddTagsToResource", Access.WRITE, fatal=TAGGING_ERRORS),
    Operation("rds", "RemoveTagsFromResource", Access.WRITE, fatal=TAGGING_ERRORS),
)


def are_cut(context: StepContext, instance: RdsInstance) -> bool:
    """Whether every session was ended since the mark on the instance said that they are to be."""
    said = read_mark(instance.tags, None, "cut")
    if instance.status == STOPPED or (said is not None and said["cut"] == "done"):
        return True
    if said is None or said["cut"] != "asked":
        return False
    newest = _last_restart(context, instance)
    return newest is not None and (said["last"] == NEVER or newest > datetime.fromisoformat(said["last"]))


def mark_due(context: StepContext, instance: RdsInstance) -> None:
    """Note on the instance, before a rule is taken away, that its sessions are to be cut."""
    _mark(context, instance, cut="due")


def mark_done(context: StepContext, instance: RdsInstance) -> None:
    """Note that they were cut, so that no later look has to ask for events, which RDS forgets."""
    said = read_mark(instance.tags, None, "cut")
    if said is None or said["cut"] != "done":
        _mark(context, instance, cut="done")


def cut(context: StepContext, instance: RdsInstance) -> Receipt | NotYet:
    """Ask for a reboot, unless one was asked for moments ago or the instance cannot take one now."""
    said = read_mark(instance.tags, None, "cut") or {}
    if said.get("cut") == "asked" and context.now - datetime.fromisoformat(said["at"]) < _SHOWN_WITHIN:
        return NotYet(f"Instance {instance.identifier} was told to reboot, and RDS has no event of it yet.")
    busy = NotYet(
        f"Instance {instance.identifier} lets no new session in; it is {instance.status}, so it cannot be rebooted yet "
        "to end the others."
    )
    if instance.status != AVAILABLE:
        return busy
    last = _last_restart(context, instance)
    _mark(context, instance, cut="asked", at=context.now.isoformat(), last=last.isoformat() if last else NEVER)
    region, identifier = context.place.primary, instance.identifier
    try:
        context.aws.call("rds", "RebootDBInstance", region, DBInstanceIdentifier=identifier)
    except InvalidState:
        mark_due(context, instance)
        return busy
    return Receipt(f"Instance {identifier} lets no new session in, and reboots to end the others.", acted=True)


def forget(context: StepContext, instance: RdsInstance) -> None:
    """Remove the mark from the instance."""
    if MARK_TAG in instance.tags:
        region, arn = context.place.primary, _arn(context, instance)
        context.aws.call("rds", "RemoveTagsFromResource", region, ResourceName=arn, TagKeys=[MARK_TAG])


def _mark(context: StepContext, instance: RdsInstance, **said: str) -> None:
    pair = {"Key": MARK_TAG, "Value": write_mark(context.place.application, **said)}
    region, arn = context.place.primary, _arn(context, instance)
    context.aws.call("rds", "AddTagsToResource", region, ResourceName=arn, Tags=[pair])


def _arn(context: StepContext, instance: RdsInstance) -> str:
    return context.place.arn("rds", f"db:{instance.identifier}", region=context.place.primary)


def _last_restart(context: StepContext, instance: RdsInstance) -> datetime | None:
    asked: dict[str, Any] = {
        "SourceIdentifier": instance.identifier,
        "SourceType": "db-instance",
        "EventCategories": ["availability"],
        "Duration": _FOURTEEN_DAYS_IN_MINUTES,
    }
    restarts: list[datetime] = []
    while True:
        page = context.aws.call("rds", "DescribeEvents", context.place.primary, **asked)
        found = [event["Date"].astimezone(UTC) for event in page.get("Events", ()) if _RESTARTED in event["Message"]]
        restarts += found
        if not page.get("Marker"):
            return max(restarts, default=None)
        asked["Marker"] = page["Marker"]
