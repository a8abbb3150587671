"""The objects of a bucket are replicated into the standby, and how far that is behind is known.

Replication copies what is written after its rule was made; what stood before is copied by S3 Batch Replication alone,
so the counts of objects are compared. What KMS encrypts is left out unless the rule selects it and names a key of the
standby. The backlog is known only where the rule has metrics; with Replication Time Control 99.99 % of the objects
arrive within 15 minutes.

Sources: S3 User Guide, "Using S3 Replication metrics" (published in the destination's region, at most 15 minutes after
they are turned on), "Replicating encrypted objects", "Replicating existing objects", "Amazon S3 CloudWatch metrics"
(NumberOfObjects, once a day); botocore's models of S3 and KMS.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from pilotlight.domain.durations import Duration, say_duration, say_elapsed
from pilotlight.domain.errors import AwsError, NotFound
from pilotlight.domain.place import Place
from pilotlight.domain.requirement import (
    Access,
    Finding,
    Operation,
    Params,
    RequirementKind,
    Standing,
    Statement,
    StepContext,
)
from pilotlight.estate.kms import keys
from pilotlight.estate.s3 import replication
from pilotlight.estate.s3.replication import Rule

_ENOUGH_OF_ALL = 0.99
"""The share of the objects that counts as all: the counts are a day old, and of two moments."""


class BucketParams(Params):
    """The bucket, and the one that its objects are copied to.

    ```yaml
    requirement: uploads-in-tokyo
    kind: bucket_replicated
    params:
      bucket: fileflow-uploads
      destination: fileflow-dr-uploads
      behind: 15 min
    ```
    """

    bucket: str = Field(description="The bucket in the primary.")
    destination: str = Field(description="The bucket in the standby.")
    behind: Duration = Field(timedelta(minutes=15), description="How far the standby's bucket may be behind.")


class BucketReplicated(RequirementKind[BucketParams]):
    """Reads the rule in the primary, and its metrics in the standby."""

    name = "bucket_replicated"
    params = BucketParams
    operations: ClassVar[tuple[Operation, ...]] = replication.OPERATIONS

    def title(self, params: BucketParams) -> str:
        """What has to be replicated."""
        return f"Replica of bucket {params.bucket}"

    def statements(self, params: BucketParams, place: Place) -> tuple[Statement, ...]:
        """The configuration of both buckets, the keys of the standby, and metrics, which name no resource."""
        source, destination = (f"arn:aws:s3:::{name}" for name in (params.bucket, params.destination))
        settings = ("s3:GetReplicationConfiguration", "s3:GetEncryptionConfiguration")
        return (
            Statement(Access.READ, ("s3:GetBucketVersioning",), (source, destination)),
            Statement(Access.READ, settings, (source,)),
            Statement(Access.READ, ("kms:DescribeKey",), (place.arn("kms", "key/*"),)),
            Statement(Access.READ, ("cloudwatch:GetMetricData",), ("*",)),
        )

    def standing(self, params: BucketParams, place: Place) -> tuple[Standing, ...]:
        """Two buckets with versions, and a rule with metrics between them."""
        why = "The application in the standby reads the objects that were written in the primary."
        facts = {"name": params.bucket, "destination": params.destination, "destination_region": place.standby}
        return (Standing("s3", "replicated bucket", place.primary, facts, why),)

    def readiness(self, params: BucketParams, context: StepContext) -> tuple[Finding, ...]:
        """Versions, the rule, its key, its backlog, and what stood there before it."""
        return (*_versions(params, context), *_replication(params, context))


def _versions(params: BucketParams, context: StepContext) -> Iterator[Finding]:
    place = context.place
    for name, region in ((params.bucket, place.primary), (params.destination, place.standby)):
        try:
            status = replication.versioning(context.aws, name, region)
        except NotFound:
            yield Finding.error("bucket", f"There is no bucket {name} in {region}.", "Create it, or correct the plan.")
            continue
        if status == "Enabled":
            yield Finding.fine("versions", f"Bucket {name} keeps versions.")
        else:
            said = f"Bucket {name} keeps no versions ({status or 'never enabled'}), and so is not replicated."
            yield Finding.error("versions", said, "Enable versioning on it.")


def _replication(params: BucketParams, context: StepContext) -> Iterator[Finding]:
    place = context.place
    both = f"bucket {params.bucket} to {params.destination}"
    try:
        rules = replication.rules_between(context.aws, params.bucket, place.primary, params.destination)
    except NotFound:
        rules = []
    enabled = [rule for rule in rules if rule.enabled]
    if not enabled:
        why = "is disabled" if rules else "is not there"
        yield Finding.error("rule", f"The rule that replicates {both} {why}.", "Add or enable the replication rule.")
        return
    rule = next((each for each in enabled if each.whole), enabled[0])
    if rule.whole:
        yield Finding.fine("rule", f"Rule {rule.id} replicates all of {both}.")
    else:
        said = f"Rule {rule.id} replicates only a part of {both}."
        yield Finding.warning("rule", said, "Widen its filter, if the standby needs the other objects.")
    yield from _encryption(params, rule, context)
    yield _backlog(params, rule, context)
    if rule.whole:
        yield _earlier_objects(params, context)


def _encryption(params: BucketParams, rule: Rule, context: StepContext) -> Iterator[Finding]:
    """Whether what KMS encrypts is copied, under a key that works in the standby."""
    if not replication.encrypts_with_kms(context.aws, params.bucket, context.place.primary):
        return
    if not rule.selects_kms or rule.key is None:
        said = f"Bucket {params.bucket} encrypts with KMS, and rule {rule.id} leaves out what KMS encrypted."
        yield Finding.error("key", said, f"Let it select such objects, and name a key of {context.place.standby}.")
        return
    try:
        trouble = keys.trouble_of_key(context.aws, rule.key, context.place.standby)
    except NotFound:
        trouble = "is not there"
    except AwsError as error:
        yield Finding.warning("key", f"Key {rule.key} of rule {rule.id} was not read: {error.sentence}.", "Allow it.")
        return
    if trouble:
        yield Finding.error(
            "key", f"Key {rule.key} of rule {rule.id} {trouble}.", "Enable it, or name one of the standby."
        )
    else:
        yield Finding.fine("key", f"The copies are encrypted with {rule.key}, which is enabled.")


def _backlog(params: BucketParams, rule: Rule, context: StepContext) -> Finding:
    its = f"How far {params.destination} is behind {params.bucket}"
    if not rule.measured:
        return Finding.warning("backlog", f"{its} is not measured by rule {rule.id}.", "Turn its metrics on, or RTC.")
    try:
        backlog = replication.backlog(context, params.bucket, params.destination, rule.id)
    except AwsError as error:
        return Finding.warning("backlog", f"{its} was not read: {error.sentence}.", "Look again when it answers.")
    if backlog.seconds is None:
        return Finding.warning(
            "backlog", f"{its} is unknown: CloudWatch holds no datapoint.", "See whether it replicates."
        )
    said = f"{params.destination} is {say_elapsed(backlog.seconds)} behind {params.bucket}{backlog.waiting}"
    if backlog.seconds > params.behind.total_seconds():
        fix = "See the events of failed replication, and write less until it has caught up."
        return Finding.error("backlog", f"{said}, more than the {say_duration(params.behind)} it may be.", fix)
    return Finding.fine("backlog", f"{said}{', under Replication Time Control' if rule.timed else ''}.")


def _earlier_objects(params: BucketParams, context: StepContext) -> Finding:
    """Replication is not retroactive, and what it never copied shows in the count alone."""
    place, unread = context.place, f"Whether {params.destination} holds what {params.bucket} held before the rule"
    try:
        here = replication.count_of_objects(context, params.bucket, place.primary)
        there = replication.count_of_objects(context, params.destination, place.standby)
    except AwsError as error:
        return Finding.warning("earlier-objects", f"{unread} was not read: {error.sentence}.", "Look again later.")
    if here is None or there is None:
        return Finding.warning("earlier-objects", f"{unread} is unknown: CloudWatch holds no count.", "Look tomorrow.")
    counts = f"{params.bucket} holds {here:,.0f} objects and {params.destination} {there:,.0f}"
    if there < here * _ENOUGH_OF_ALL:
        said = f"{counts}, so some that stood there before the rule were never copied."
        return Finding.error("earlier-objects", said, "Copy them with S3 Batch Replication.")
    return Finding.fine("earlier-objects", f"{counts}.")


KIND = BucketReplicated()
