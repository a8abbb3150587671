"""The replication of a bucket into another region: its rules, its key, its metrics.

Sources: botocore's models; S3 User Guide, "Using S3 Replication metrics" (ReplicationLatency, OperationsPending-
Replication and BytesPendingReplication, in the destination's region, by SourceBucket, DestinationBucket and RuleId) and
"Amazon S3 daily storage metrics" (NumberOfObjects by BucketName and StorageType). S3 models no errors of these reads; a
bucket without rules answers ReplicationConfigurationNotFoundError, one that is not there NoSuchBucket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pilotlight.domain.errors import NotFound
from pilotlight.domain.kind import Access, Operation, StepContext
from pilotlight.domain.ports import Aws
from pilotlight.estate.kms import keys

_ABSENT = {"NoSuchBucket": "says that the bucket is not there"}
_LATENCY, _OPERATIONS, _BYTES = "ReplicationLatency", "OperationsPendingReplication", "BytesPendingReplication"
_RECENT = timedelta(minutes=30)
_DAY = timedelta(days=1)

RULES = Operation(
    "s3",
    "GetBucketReplication",
    Access.READ,
    {**_ABSENT, "ReplicationConfigurationNotFoundError": "says that there is no rule"},
)
OPERATIONS = (
    Operation("s3", "GetBucketVersioning", Access.READ, _ABSENT),
    RULES,
    Operation(
        "s3",
        "GetBucketEncryption",
        Access.READ,
        {"ServerSideEncryptionConfigurationNotFoundError": "means that KMS encrypts nothing by default"},
    ),
    keys.DESCRIBE,
    Operation("cloudwatch", "GetMetricData", Access.READ, {}, ("InvalidNextToken",)),
)


@dataclass(frozen=True)
class Rule:
    """One replication rule. `whole` says that it filters nothing, `timed` that it has Replication Time Control."""

    id: str
    enabled: bool
    whole: bool
    selects_kms: bool
    key: str | None
    measured: bool
    timed: bool

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Rule:
        """Read one rule of GetBucketReplication."""
        to, selected = found["Destination"], found.get("SourceSelectionCriteria", {})
        timed = to.get("ReplicationTime", {}).get("Status") == "Enabled"
        return cls(
            found.get("ID", ""),
            found["Status"] == "Enabled",
            not found.get("Prefix") and not any(_filters(found.get("Filter", {}))),
            selected.get("SseKmsEncryptedObjects", {}).get("Status") == "Enabled",
            to.get("EncryptionConfiguration", {}).get("ReplicaKmsKeyID"),
            timed or to.get("Metrics", {}).get("Status") == "Enabled",
            timed,
        )


@dataclass(frozen=True)
class Backlog:
    """How far the destination is behind; None where no datapoint says it."""

    seconds: float | None
    operations: float | None
    bytes: float | None

    @property
    def waiting(self) -> str:
        """What is on its way, to follow a sentence; empty where that is unknown."""
        if self.operations is None or self.bytes is None:
            return ""
        return f", with {self.operations:,.0f} operations ({self.bytes:,.0f} bytes) pending"


def versioning(aws: Aws, bucket: str, region: str) -> str:
    """`Enabled`, `Suspended`, or empty where it was never enabled."""
    return str(aws.call("s3", "GetBucketVersioning", region, Bucket=bucket).get("Status", ""))


def rules_between(aws: Aws, bucket: str, region: str, destination: str) -> list[Rule]:
    """The rules that copy a bucket to a destination; raises `NotFound` where the bucket has no rule at all."""
    answer = aws.call("s3", "GetBucketReplication", region, Bucket=bucket)
    rules = answer["ReplicationConfiguration"]["Rules"]
    return [Rule.read(each) for each in rules if each["Destination"]["Bucket"] == f"arn:aws:s3:::{destination}"]


def encrypts_with_kms(aws: Aws, bucket: str, region: str) -> bool:
    """Whether the bucket encrypts new objects with KMS unless told otherwise."""
    try:
        answer = aws.call("s3", "GetBucketEncryption", region, Bucket=bucket)
    except NotFound:
        return False
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    by_default = (rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules)
    return any(str(each.get("SSEAlgorithm", "")).startswith("aws:kms") for each in by_default)


def backlog(context: StepContext, bucket: str, destination: str, rule: str) -> Backlog:
    """The newest datapoints of a rule's metrics, of the last half hour."""
    dimensions = {"SourceBucket": bucket, "DestinationBucket": destination, "RuleId": rule}
    region = context.place.standby
    latency, operations, waiting = (
        _newest(context, region, metric, dimensions, timedelta(minutes=1), _RECENT, "Maximum")
        for metric in (_LATENCY, _OPERATIONS, _BYTES)
    )
    return Backlog(latency, operations, waiting)


def count_of_objects(context: StepContext, bucket: str, region: str) -> float | None:
    """How many objects, versions and delete markers a bucket held when S3 last counted; None where it did not yet."""
    dimensions = {"BucketName": bucket, "StorageType": "AllStorageTypes"}
    return _newest(context, region, "NumberOfObjects", dimensions, _DAY, 3 * _DAY, "Average")


def _newest(  # a metric is named by all of these
    context: StepContext,
    region: str,
    metric: str,
    dimensions: Mapping[str, str],
    period: timedelta,
    span: timedelta,
    statistic: str,
) -> float | None:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    stat = {
        "Metric": {"Namespace": "AWS/S3", "MetricName": metric, "Dimensions": named},
        "Period": int(period.total_seconds()),
        "Stat": statistic,
    }
    answer = context.aws.call(
        "cloudwatch",
        "GetMetricData",
        region,
        MetricDataQueries=[{"Id": "newest", "MetricStat": stat}],
        StartTime=context.now - span,
        EndTime=context.now,
        ScanBy="TimestampDescending",
    )
    values = [float(v) for result in answer.get("MetricDataResults", ()) for v in result.get("Values", ())]
    return values[0] if values else None


def _filters(found: Mapping[str, Any]) -> list[Any]:
    """What a filter asks of an object; an empty prefix asks nothing."""
    return [found.get("Prefix"), found.get("Tag"), found.get("And")]
