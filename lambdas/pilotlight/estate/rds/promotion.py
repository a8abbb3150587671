"""Which instance a plan means to promote, and how it is known again once it is a writer like any other.

Just before its promotion, while RDS still says whose replica it is, a replica is marked with tags. A
standalone instance counts as the promoted one only if it bears a mark for its own `DbiResourceId`, which no
copy of it shares. Without one the step stops, and the fix says how a person vouches for the instance. So a
crash between the promotion and its receipt heals in the next run, and a namesake is never taken for it.

`TagSpecifications` of PromoteReadReplica would tag the automated backup, not the instance (botocore's model).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pilotlight.domain.durations import say_elapsed
from pilotlight.domain.errors import AccessDenied, InvalidRequest, InvalidState, NotFound
from pilotlight.domain.place import Place
from pilotlight.domain.step import Access, Failed, Operation, Pending, Receipt, Statement, StepContext
from pilotlight.estate.rds.instance import AVAILABLE, RdsInstance, look

APPLICATION_TAG = "pilotlight:application"
RUN_TAG = "pilotlight:run"
MARK_TAG = "pilotlight:promotes"
ASKED_TAG = "pilotlight:promotion-asked"
REFUSED = "refused"

CHANGING = ("modifying", "rebooting")
"""What a promotion goes through (RDS User Guide, "Working with read replicas"); a backup is none of it."""

SHOWN_WITHIN = timedelta(seconds=90)
"""An accepted promotion shows in the status within a minute: AWS's own sample waits that long to look."""

_REFUSALS = (AccessDenied, InvalidRequest, InvalidState, NotFound)
TAGGING_ERRORS = (
    "BlueGreenDeploymentNotFoundFault",
    "DBCapacityReservationNotFound",
    "DBClusterNotFoundFault",
    "DBInstanceNotFound",
    "DBProxyEndpointNotFoundFault",
    "DBProxyNotFoundFault",
    "DBProxyTargetGroupNotFoundFault",
    "DBShardGroupNotFound",
    "DBSnapshotNotFound",
    "DBSnapshotTenantDatabaseNotFoundFault",
    "IntegrationNotFoundFault",
    "InvalidDBClusterEndpointStateFault",
    "InvalidDBClusterStateFault",
    "InvalidDBInstanceState",
    "TenantDatabaseNotFound",
)
MARKING = Operation("rds", "AddTagsToResource", Access.WRITE, dict.fromkeys(TAGGING_ERRORS, "goes on unmarked"))


def marking_statement(arn: str) -> Statement:
    """The permission to put the marks on that instance, and no other tag."""
    keys = {"aws:TagKeys": [APPLICATION_TAG, RUN_TAG, MARK_TAG, ASKED_TAG]}
    return Statement(Access.WRITE, ("rds:AddTagsToResource",), (arn,), {"ForAllValues:StringEquals": keys})


GIVEN_UP_AFTER = timedelta(minutes=5)
"""A replica that is `available` this long after an accepted promotion was not promoted, and will not be."""


def find_target(replica: str, source: str, context: StepContext) -> RdsInstance | Failed:
    """The instance the plan means, a replica still or promoted already; or why there is none."""
    found = look(context, replica)
    if found is None:
        return Failed(
            f"Replica {replica} does not exist in {context.place.standby}, so it cannot be promoted.",
            "Correct the plan, or restore the database from a backup.",
        )
    return _unfit(found, source, context.place) or found


def is_marked(instance: RdsInstance) -> bool:
    """Whether a run, or a person, vouched for this very instance."""
    known = bool(instance.resource_id) and APPLICATION_TAG in instance.tags
    return known and instance.tags.get(MARK_TAG) == instance.resource_id


def asked_at(replica: RdsInstance) -> datetime | None:
    """When this very replica was last told to promote, as far as its mark says."""
    if not is_marked(replica):
        return None
    try:
        return datetime.fromisoformat(replica.tags.get(ASKED_TAG, ""))
    except ValueError:  # refused, or written by a person
        return None


def mark(replica: RdsInstance, context: StepContext, asked: str) -> bool:
    """Note on the replica who promotes it, and since when; False if AWS will not have it.

    A tag policy must not stop a recovery: unmarked, only a crash in the next minutes would need a person.
    """
    tags = {
        APPLICATION_TAG: context.place.application,
        RUN_TAG: context.run_id,
        MARK_TAG: replica.resource_id,
        ASKED_TAG: asked,
    }
    arn = context.place.arn("rds", f"db:{replica.identifier}")
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    try:
        context.aws.call("rds", "AddTagsToResource", context.place.standby, ResourceName=arn, Tags=pairs)
    except _REFUSALS:
        return False
    return True


def mark_refused(replica: RdsInstance, context: StepContext) -> None:
    """Note that nothing was begun, so that the next turn need not wait for it to show; without it, it waits."""
    mark(replica, context, REFUSED)


def broken(instance: RdsInstance) -> Failed:
    """The failure of an instance whose status waiting does not mend."""
    said = f"Instance {instance.identifier} is {instance.status}, which does not mend by waiting."
    return Failed(said, instance.way_out)


def _unfit(found: RdsInstance, source: str, place: Place) -> Failed | None:
    name, owner = found.identifier, found.tags.get(APPLICATION_TAG, place.application)
    if not found.on_its_own:
        return Failed(
            f"Instance {name} ({found.engine}) is in a cluster or of RDS Custom, so is not promoted alone.",
            "Use the step kind of its cluster.",
        )
    if found.broken:
        return broken(found)
    if owner not in (place.application, *place.shares_with):
        return Failed(
            f"Instance {name} is marked as {owner}'s, so {place.application} leaves it alone.",
            f"If both use it, name {owner} under other_writers in the plan and deploy; else correct the plan.",
        )
    if found.source is None:
        return None if is_marked(found) else _unknown_writer(found, place)
    expected = place.arn("rds", f"db:{source}", region=place.primary)
    if found.source != expected:
        return Failed(
            f"Replica {name} replicates from {found.source} and not from {expected}, so it is the wrong one.",
            "Correct replica or source in the plan.",
        )
    return None


def _unknown_writer(instance: RdsInstance, place: Place) -> Failed:
    arn = place.arn("rds", f"db:{instance.identifier}")
    tags = f"Key={APPLICATION_TAG},Value={place.application} Key={MARK_TAG},Value={instance.resource_id}"
    return Failed(
        f"Instance {instance.identifier} is no read replica and not marked as promoted, so nothing says "
        "that it holds the primary's data.",
        f"If it is the promoted replica, vouch for it: aws rds add-tags-to-resource --region {place.standby} "
        f"--resource-name {arn} --tags {tags}; then retry the step. Otherwise correct the plan.",
    )


def has_moved(replica: str, context: StepContext) -> bool | None:
    """Whether a replica is a writer by now; None while it is not there, changing, or shown late after it was asked."""
    instance = look(context, replica)
    if instance is None:
        return None
    if instance.source is None:
        return True
    asked = asked_at(instance)
    is_shown_late = asked is not None and timedelta(0) <= context.now - asked < SHOWN_WITHIN
    return None if is_shown_late or instance.status in CHANGING else False


def still_a_replica(instance: RdsInstance, receipt: Receipt, context: StepContext) -> Pending | Failed:
    """Where a promotion stands that RDS accepted and does not show yet."""
    asked = receipt.data.get("asked")
    waited = context.now - datetime.fromisoformat(asked) if asked else timedelta(0)
    if instance.status == AVAILABLE and waited >= GIVEN_UP_AFTER:
        since = say_elapsed(waited.total_seconds())
        return Failed(
            f"Replica {instance.identifier} still has its source {since} after RDS accepted its promotion.",
            "Read its RDS events, then retry the step.",
        )
    return Pending(f"Replica {instance.identifier} is {instance.status} and has not left its source yet.")
