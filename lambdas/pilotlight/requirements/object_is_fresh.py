"""Something that is copied into the standby again and again is there, and its newest copy is young enough.

For what is written under a new key, or over the old one, each day: a state of Terraform, a dump, an export. The newest
object under a prefix counts, whatever its key; one without a byte is no copy. More objects under the prefix than one
look can list leave the age unknown, and unknown is an error.

What S3 replicated bears the creation time of its original, so its age is that of the data and not of the copying.

Sources: botocore's model of S3 (ListObjectsV2: at most 1,000 keys a page, in the order of their keys; deleted objects
are left out); S3 User Guide, "Replicating objects within and across Regions" (replicas keep creation times).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from pilotlight.domain.durations import Duration, say_duration, say_elapsed
from pilotlight.domain.errors import NotFound
from pilotlight.domain.place import Place
from pilotlight.domain.requirement import (
    Access,
    Finding,
    Operation,
    Params,
    RequirementKind,
    Severity,
    Standing,
    Statement,
    StepContext,
)

_MOST_PAGES = 40
"""So many pages are listed in one look: a page takes some tenths of a second."""


class ObjectParams(Params):
    """Where the copies arrive, and how often.

    ```yaml
    requirement: terraform-state-in-tokyo
    kind: object_is_fresh
    params:
      bucket: triflow-ai-dr-state
      prefix: backups/terraform.tfstate.
      no_older_than: 26 h
    ```
    """

    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] = Field(
        description="The bucket in the standby."
    )
    # Letters that S3 calls safe in a key: a `*` would widen the permission.
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9!_'()/=.-]{1,512}$")] = Field(
        description="How the keys of the copies begin."
    )
    no_older_than: Duration = Field(
        description="How old the newest may be: the time between two copies, and what one may come late."
    )

    @field_validator("no_older_than")
    @classmethod
    def _can_be_kept(cls, value: timedelta) -> timedelta:
        if value <= timedelta(0):
            raise ValueError("no copy is of this very moment; allow it some age")
        return value


class ObjectIsFresh(RequirementKind[ObjectParams]):
    """Lists what stands under the prefix."""

    name = "object_is_fresh"
    params = ObjectParams
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation("s3", "ListObjectsV2", Access.READ, {"NoSuchBucket": "says that the bucket is not there"}),
    )

    def title(self, params: ObjectParams) -> str:
        """What has to be young."""
        return f"Age of {params.bucket}/{params.prefix}"

    def statements(self, params: ObjectParams, place: Place) -> tuple[Statement, ...]:
        """The listing of what is under the prefix; no object is opened."""
        under = {"StringEquals": {"s3:prefix": params.prefix}}
        return (Statement(Access.READ, ("s3:ListBucket",), (f"arn:aws:s3:::{params.bucket}",), under),)

    def standing(self, params: ObjectParams, place: Place) -> tuple[Standing, ...]:
        """One object under the prefix, some minutes old."""
        why = "Whoever builds the primary anew, or looks into it, needs what is copied there."
        facts = {"name": f"{params.bucket}/{params.prefix}", "bucket": params.bucket, "prefix": params.prefix}
        return (Standing("s3", "copied object", place.standby, facts, why),)

    def readiness(self, params: ObjectParams, context: StepContext) -> tuple[Finding, ...]:
        """The age of the newest object."""
        return (_age(params, context),)


def _age(params: ObjectParams, context: StepContext) -> Finding:
    where, named = context.place.standby, f"{params.bucket}/{params.prefix}"
    try:
        found = _list(params, context)
    except NotFound:
        return _error(f"There is no bucket {params.bucket} in {where}.", "Create it, and have the copies sent there.")
    if found is None:
        said = f"How old the newest object under {named} is, is unknown: there are more than one look can list."
        return _error(said, "Name a longer prefix in the plan, or let a lifecycle rule delete the old ones.")
    copies = [each for each in found if each.get("Size")]
    if not copies:
        empty = "only empty objects" if found else "no object"
        return _error(f"There is {empty} under {named} in {where}.", "See why no copy arrives there.")
    newest = max(copies, key=_written)
    age = max(0.0, (context.now - _written(newest)).total_seconds())
    said = f"The newest object under {named} in {where}, {newest['Key']}, is {say_elapsed(age)} old"
    if age > params.no_older_than.total_seconds():
        limit = say_duration(params.no_older_than)
        return _error(f"{said}, more than {limit}.", "See why no newer copy arrives there: whoever makes it.")
    return Finding(Severity.FINE, "object-age", f"{said}.")


def _written(listed: Mapping[str, Any]) -> datetime:
    written: datetime = listed["LastModified"]
    return written


def _list(params: ObjectParams, context: StepContext) -> list[Mapping[str, Any]] | None:
    """All that stands under the prefix; None where that is more than one look can list."""
    found: list[Mapping[str, Any]] = []
    page: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        answer = context.aws.call(
            "s3", "ListObjectsV2", context.place.standby, Bucket=params.bucket, Prefix=params.prefix, **page
        )
        found += answer.get("Contents", ())
        if not answer.get("IsTruncated"):
            return found
        page = {"ContinuationToken": answer["NextContinuationToken"]}
    return None


def _error(said: str, fix: str) -> Finding:
    return Finding(Severity.ERROR, "object-age", said, fix)


KIND = ObjectIsFresh()
