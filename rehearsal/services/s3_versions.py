"""The part of the embedded S3 that keeps versions: buckets whose deleted objects can come back.

The traps are: a deletion without a version id adds a marker and removes nothing, one with an id removes that version
for good; a marker is a version like another, and the one behind it becomes the latest; some objects of one call may be
removed and others not. Versions are listed by key, the newest first. S3 User Guide, "Working with delete markers".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from pilotlight.domain.step import Standing
from rehearsal.service import operation
from rehearsal.services.s3_buckets import KeptBucket, Version
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

PAGE = 1000
_DELETED_AGO = timedelta(minutes=10)
"""How long before an incident a furnished bucket lost something."""
_COPIED_AGO = timedelta(minutes=20)
"""How long before an incident a furnished bucket got its newest copy."""


class Versions:
    """The part of S3 that keeps the versions of objects."""

    world: World
    random: Random
    kept: dict[str, KeptBucket]
    _kept: Callable[[Call], KeptBucket]

    def add_versioned(self, region: str, bucket: str) -> KeptBucket:
        """Set the scene: an empty bucket that keeps versions."""
        return self.kept.setdefault(bucket, KeptBucket(bucket, region))

    def write(self, bucket: str, key: str, at: datetime | None = None, *, size: int = 2048) -> str:
        """Somebody writes an object; its version id."""
        return self._add(self.kept[bucket], key, at, size=size)

    def delete(self, bucket: str, key: str, at: datetime | None = None) -> str:
        """Somebody deletes an object; the id of the marker."""
        return self._add(self.kept[bucket], key, at, marker=True)

    def furnish_versioned(self, standing: Standing) -> None:
        """A bucket with three objects under the prefix, two of which somebody has deleted."""
        name, prefix, now = str(standing.facts["bucket"]), str(standing.facts["prefix"]), self.world.time.now()
        self.add_versioned(standing.region, name)
        for number in range(3):
            self.write(name, f"{prefix}{number}", now - timedelta(days=1))
        for number in range(2):
            self.delete(name, f"{prefix}{number}", now - _DELETED_AGO)

    @operation("ListObjectVersions")
    def list_object_versions(self, call: Call) -> Mapping[str, Any]:
        """A page of the versions under a prefix."""
        bucket, prefix = self._kept(call), str(call.parameters.get("Prefix", ""))
        listed = [
            (key, version, version is versions[-1])
            for key, versions in sorted(bucket.objects.items())
            if key.startswith(prefix)
            for version in reversed(versions)
        ]
        after = (call.parameters.get("KeyMarker"), call.parameters.get("VersionIdMarker"))
        if after[0]:
            listed = listed[1 + next(i for i, (key, v, _) in enumerate(listed) if (key, v.id) == after) :]
        page, rest = listed[:PAGE], listed[PAGE:]
        answer: dict[str, Any] = {"Name": call.parameters["Bucket"], "Prefix": prefix, "IsTruncated": bool(rest)}
        answer["Versions"] = [_say(*each) for each in page if not each[1].marker]
        answer["DeleteMarkers"] = [_say(*each) for each in page if each[1].marker]
        if rest:
            answer |= {"NextKeyMarker": page[-1][0], "NextVersionIdMarker": page[-1][1].id}
        return answer

    def furnish_copied(self, standing: Standing) -> None:
        """A bucket with one object under the prefix, of this day."""
        name, prefix = str(standing.facts["bucket"]), str(standing.facts["prefix"])
        self.add_versioned(standing.region, name)
        self.write(name, f"{prefix}newest", self.world.time.now() - _COPIED_AGO)

    @operation("ListObjectsV2")
    def list_objects(self, call: Call) -> Mapping[str, Any]:
        """A page of the objects under a prefix, in the order of their keys, without those that are deleted."""
        if call.parameters.keys() - {"Bucket", "Prefix", "ContinuationToken", "EncodingType"}:
            raise NotModelled(call)
        bucket, prefix = self._kept(call), str(call.parameters.get("Prefix", ""))
        after = str(call.parameters.get("ContinuationToken", ""))
        listed = [
            (key, versions[-1])
            for key, versions in sorted(bucket.objects.items())
            if key.startswith(prefix) and key > after and versions and not versions[-1].marker
        ]
        page, rest = listed[:PAGE], listed[PAGE:]
        contents = [{"Key": key, "LastModified": version.at, "Size": version.size} for key, version in page]
        answer = {"Name": bucket.name, "Prefix": prefix, "KeyCount": len(page), "IsTruncated": bool(rest)}
        more = {"NextContinuationToken": page[-1][0]} if rest else {}
        return answer | more | ({"Contents": contents} if contents else {})

    @operation("DeleteObjects")
    def delete_objects(self, call: Call) -> Mapping[str, Any]:
        """Remove versions, or add markers, object by object."""
        bucket, errors = self._kept(call), []
        asked = call.parameters["Delete"]
        if not asked.get("Quiet"):
            raise NotModelled(call)
        if bucket.mfa and any("VersionId" in each for each in asked["Objects"]):
            raise ServiceError("AccessDenied", "Mfa Authentication must be used for this request", 403)
        for each in asked["Objects"]:
            key, version = each["Key"], each.get("VersionId")
            if key in bucket.refuses:
                errors.append({"Key": key, "Code": "InternalError", "Message": "We encountered an internal error."})
            elif version is None:
                self._add(bucket, key, None, marker=True)
            elif key in bucket.objects:
                bucket.objects[key] = [kept for kept in bucket.objects[key] if kept.id != version]
        return {"Errors": errors} if errors else {}

    def _add(self, bucket: KeptBucket, key: str, at: datetime | None, *, marker: bool = False, size: int = 0) -> str:
        made = Version(f"{self.random.getrandbits(128):032x}", at or self.world.time.now(), marker, size)
        bucket.objects.setdefault(key, []).append(made)
        return made.id


def _say(key: str, version: Version, latest: bool) -> dict[str, Any]:
    return {"Key": key, "VersionId": version.id, "IsLatest": latest, "LastModified": version.at}
