"""What S3 says of a bucket that is replicated, and the metrics of its rule; `s3` holds the buckets.

No object is copied here: how far the destination is behind, and what it holds, is set by the scene. Answers: botocore's
model of S3; the errors' codes are those of the S3 API Reference, "List of error codes".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from pilotlight.domain.step import Standing
from rehearsal.service import operation
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.s3_buckets import KeptBucket
from rehearsal.wire import Call, ServiceError

if TYPE_CHECKING:
    from rehearsal.world import World

_RULE = "everything"


class ReplicatedBuckets:
    """The part of S3 that knows of versions, encryption and replication."""

    kept: dict[str, KeptBucket]
    world: World

    def add_replicated(self, region: str, name: str, destination_region: str, destination: str) -> KeptBucket:
        """Set the scene: a bucket with one rule that copies all of it, in time, and its destination."""
        self.kept[destination] = KeptBucket(destination, destination_region)
        bucket = self.kept[name] = KeptBucket(name, region, rules=[_rule(destination)])
        metrics = self.world.model(CloudWatch)
        named = {"SourceBucket": name, "DestinationBucket": destination, "RuleId": _RULE}
        for metric, of_second in (
            ("ReplicationLatency", 1.0),
            ("OperationsPendingReplication", 3.0),
            ("BytesPendingReplication", 50_000.0),
        ):
            sample = partial(_times, bucket, of_second)
            metrics.sample_each_minute(destination_region, "AWS/S3", metric, named, sample)
        self.count(bucket.name, 120_000)
        self.count(destination, 120_000)
        return bucket

    def count(self, name: str, objects: int) -> None:
        """Set the scene: what S3 counted in a bucket a day ago."""
        named = {"BucketName": name, "StorageType": "AllStorageTypes"}
        yesterday = self.world.time.now() - timedelta(days=1)
        metrics = self.world.model(CloudWatch)
        metrics.put_metric(self.kept[name].region, "AWS/S3", "NumberOfObjects", named, yesterday, objects)

    def furnish_replicated(self, standing: Standing) -> None:
        """A replicated bucket, as a plan takes it to stand; two requirements may name the same one."""
        facts = standing.facts
        if facts["name"] in self.kept:
            return
        self.add_replicated(standing.region, facts["name"], facts["destination_region"], facts["destination"])

    @operation("ListBuckets")
    def list_buckets(self, call: Call) -> Mapping[str, Any]:
        """All of the account that keep the application's objects."""
        return {"Buckets": [{"Name": b.name, "BucketRegion": b.region} for b in self.kept.values()]}

    @operation("GetBucketVersioning")
    def get_bucket_versioning(self, call: Call) -> Mapping[str, Any]:
        """Its status; nothing where versions were never kept."""
        bucket = self._kept(call)
        if not bucket.versioning:
            return {}
        return {"Status": bucket.versioning, "MFADelete": "Enabled" if bucket.mfa else "Disabled"}

    @operation("GetBucketReplication")
    def get_bucket_replication(self, call: Call) -> Mapping[str, Any]:
        """Its rules; a bucket without one answers an error."""
        bucket = self._kept(call)
        if not bucket.rules:
            raise ServiceError(
                "ReplicationConfigurationNotFoundError", "The replication configuration was not found", 404
            )
        role = f"arn:aws:iam::{self.world.account}:role/replication"
        return {"ReplicationConfiguration": {"Role": role, "Rules": bucket.rules}}

    @operation("GetBucketEncryption")
    def get_bucket_encryption(self, call: Call) -> Mapping[str, Any]:
        """How it encrypts new objects; every bucket does."""
        default = {"SSEAlgorithm": self._kept(call).encryption}
        return {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}}

    def _kept(self, call: Call) -> KeptBucket:
        found = self.kept.get(call.parameters["Bucket"])
        if found is None:
            raise ServiceError("NoSuchBucket", "The specified bucket does not exist", 404)
        return found


def _rule(destination: str) -> dict[str, Any]:
    in_time = {"Status": "Enabled", "Time": {"Minutes": 15}}
    return {
        "ID": _RULE,
        "Priority": 1,
        "Filter": {},
        "Status": "Enabled",
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {
            "Bucket": f"arn:aws:s3:::{destination}",
            "ReplicationTime": in_time,
            "Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": 15}},
        },
    }


def _times(bucket: KeptBucket, of_second: float) -> float | None:
    return None if bucket.behind_seconds is None else bucket.behind_seconds * of_second
