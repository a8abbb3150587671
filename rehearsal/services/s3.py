"""S3: the buckets of which the public may read one object, written by PutObject and read over HTTP.

A write is seen by every read after it (S3 User Guide, "Amazon S3 data consistency model"). An object that is not there
answers the public 403 and not 404, because nobody but the owner may list. What replicates a bucket stands in
`s3_replication`, what keeps its versions in `s3_versions`. Other operations are refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any, ClassVar
from urllib.parse import urlsplit

from deployment.resources import PublicObject
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from pilotlight.domain.step import Standing
from rehearsal.internet import Internet
from rehearsal.service import Service, Spread, operation
from rehearsal.services.s3_buckets import KeptBucket
from rehearsal.services.s3_replication import ReplicatedBuckets
from rehearsal.services.s3_versions import Versions
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World

_DENIED = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@dataclass
class Bucket:
    """A bucket with its one public object, and whether the public may read it after all."""

    described: PublicObject
    region: str
    objects: dict[str, str] = field(default_factory=dict)
    blocked: bool = False
    """Whether public access is blocked in the account, whatever the bucket's own policy says."""


class S3(ReplicatedBuckets, Versions, Service):
    """The buckets of the account."""

    name = "s3"
    call_latency: ClassVar[Spread] = Spread(0.02, 0.05, 0.3)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.buckets: dict[str, Bucket] = {}
        self.kept: dict[str, KeptBucket] = {}
        self.silent: set[str] = set()
        """Regions whose S3 answers nobody at the moment; the rest of the region is well."""

    def furnish(self, standing: Standing) -> None:
        """A bucket of the application."""
        match standing.what:
            case "replicated bucket":
                self.furnish_replicated(standing)
            case "versioned bucket":
                self.furnish_versioned(standing)
            case "copied object":
                self.furnish_copied(standing)
            case _:
                super().furnish(standing)

    def deploy(self, described: PublicObject, region: str, internet: Internet) -> None:
        """Make a bucket, reachable at its regional name; one that is there is left as it is."""
        if described.name in self.buckets:
            return
        bucket = self.buckets[described.name] = Bucket(described, region)
        host = f"{described.name}.s3.{region}.amazonaws.com"
        internet.put_in_region(host, region, lambda request: self._read(bucket, request))

    @operation("PutObject")
    def put_object(self, call: Call) -> Mapping[str, Any]:
        """Write an object over the one of its key."""
        if call.region in self.silent:
            raise ServiceError("ServiceUnavailable", "Please reduce your request rate.", 503)
        bucket = self.buckets.get(call.parameters["Bucket"])
        if bucket is None or bucket.region != call.region:
            raise ServiceError("NoSuchBucket", "The specified bucket does not exist", 404)
        body = str(call.parameters["Body"])
        bucket.objects[call.parameters["Key"]] = body
        return {"ETag": f'"{md5(body.encode(), usedforsecurity=False).hexdigest()}"'}

    def _read(self, bucket: Bucket, request: WebRequest) -> WebAnswer:
        """What the public gets."""
        if bucket.region in self.silent:
            self.world.time.sleep(request.timeout_seconds)
            return WebAnswer(None, "", "no answer came in time", silence=Silence.TIMED_OUT)
        key = urlsplit(request.url).path.removeprefix("/")
        body = bucket.objects.get(key)
        if body is None or bucket.blocked or key != bucket.described.key:
            return WebAnswer(403, _DENIED)
        return WebAnswer(200, body)
