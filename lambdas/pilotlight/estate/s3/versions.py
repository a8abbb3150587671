"""The versions of the objects under a prefix: which of them are deleted, since when, and what stands behind the marker.

An object of a versioned bucket is deleted by a delete marker that becomes its latest version; the versions behind it
stay. Removing that marker by its version id brings the object back as it was, and touches no version (S3 User Guide,
"Managing delete markers"). A listing shows at most 1,000 versions a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pilotlight.domain.errors import InvalidRequest, Unavailable
from pilotlight.domain.step import StepContext

MOST_PAGES = 40
"""So many pages of a listing are read in one look: a function has 55 s, and a page takes some tenths of one."""
AT_ONCE = 100
"""So many objects are named in one call: it stands in the ledger, whose records hold 400 KB."""
_AGAIN = ("InternalError", "SlowDown", "ServiceUnavailable")


@dataclass(frozen=True)
class Deleted:
    """A deleted object: its delete marker and when it came, and the version behind it, empty where there is none."""

    key: str
    marker: str
    at: datetime
    version: str


@dataclass(frozen=True)
class Listing:
    """What stands under a prefix: the deleted objects, and the latest version of the others, by key."""

    deleted: tuple[Deleted, ...]
    latest: dict[str, str]


def list_versions(context: StepContext, bucket: str, prefix: str) -> Listing | None:
    """Everything under a prefix; None where that is more than one look can read."""
    markers: dict[str, tuple[str, datetime]] = {}
    latest: dict[str, str] = {}
    behind: dict[str, tuple[datetime, str]] = {}
    for page in _pages(context, bucket, prefix):
        if page is None:
            return None
        for marker in page.get("DeleteMarkers", ()):
            if marker["IsLatest"]:
                markers[marker["Key"]] = (marker["VersionId"], marker["LastModified"].astimezone(UTC))
        for version in page.get("Versions", ()):
            key, newest = version["Key"], (version["LastModified"].astimezone(UTC), version["VersionId"])
            if version["IsLatest"]:
                latest[key] = version["VersionId"]
            behind[key] = max(behind.get(key, newest), newest)
    deleted = [
        Deleted(key, marker, at, behind[key][1] if key in behind else "") for key, (marker, at) in markers.items()
    ]
    return Listing(tuple(deleted), latest)


def remove(context: StepContext, bucket: str, objects: Sequence[dict[str, str]]) -> None:
    """Remove versions by their ids, or, where none is given, put a delete marker on the object.

    Raises the `AwsError` of the first object that was not removed; the others were.
    """
    region = context.place.standby
    for begin in range(0, len(objects), AT_ONCE):
        asked = {"Objects": list(objects[begin : begin + AT_ONCE]), "Quiet": True}
        answer = context.aws.call("s3", "DeleteObjects", region, Bucket=bucket, Delete=asked)
        for error in answer.get("Errors", ()):
            code, said = error.get("Code", ""), f"{error.get('Key', '')}: {error.get('Message', '')}"
            kind = Unavailable if code in _AGAIN else InvalidRequest
            raise kind("s3", "DeleteObjects", region, code, said)


def versioning(context: StepContext, bucket: str) -> tuple[str, bool]:
    """The state of a bucket's versioning, empty where it never had any, and whether removing a version takes MFA."""
    answer = context.aws.call("s3", "GetBucketVersioning", context.place.standby, Bucket=bucket)
    return str(answer.get("Status", "")), answer.get("MFADelete") == "Enabled"


def _pages(context: StepContext, bucket: str, prefix: str) -> Iterator[dict[str, Any] | None]:
    asked: dict[str, str] = {"Bucket": bucket, "Prefix": prefix}
    for _ in range(MOST_PAGES):
        page = context.aws.call("s3", "ListObjectVersions", context.place.standby, **asked)
        yield page
        if not page.get("IsTruncated"):
            return
        asked["KeyMarker"] = page["NextKeyMarker"]
        if page.get("NextVersionIdMarker"):
            asked["VersionIdMarker"] = page["NextVersionIdMarker"]
        else:
            asked.pop("VersionIdMarker", None)
    yield None
