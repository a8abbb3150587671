"""Bring deleted objects of a versioned bucket back, under one prefix, as far as they were deleted within a span.

An object comes back when its delete marker is removed; no version is touched, and nothing is copied. Only what was
deleted within the span before the step began comes back: what was deleted earlier was deleted for a reason. If more
objects were deleted than the plan allows, none is brought back, because then it is not the loss that the plan was
written for. Done means: no object of the span under the prefix is deleted any more. An object whose versions are gone
too, as an expiry takes them, cannot come back, and is counted.

It is disruptive: the application sees the objects again. The receipt lists them with the version that came back, so
that aborting the run deletes them again where nobody wrote them since. What an earlier turn brought back without a
record is not in it. A bucket that asks for MFA to remove a version is refused.

Sources: botocore's text on DeleteObject ("To remove a specific version"), ListObjectVersions, GetBucketVersioning; S3
User Guide, "Managing delete markers".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from pilotlight.domain.durations import Duration, say_duration
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    Harm,
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
from pilotlight.estate.s3.by_hand import bringing_back
from pilotlight.estate.s3.versions import Deleted, list_versions, remove, versioning

BucketName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", examples=["triflow-ai-prod"])]
Prefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9!_'()/=.-]{1,512}$", examples=["tenants/uuid-123/workflows/"])]
"""Letters that S3 calls safe in a key: a `*` would widen the permission."""


LONGEST_NAME = 50
"""So much of a title is left for a name, because the name of a state is no longer than 80 characters."""


class RestoreObjectVersionsParams(Params):
    """Which objects come back.

    ```yaml
    step: bring-back-results
    kind: restore_object_versions
    params:
      bucket: triflow-ai-prod
      prefix: tenants/uuid-123/workflows/
      deleted_within: 6 h
      at_most: 200
    ```
    """

    bucket: BucketName
    prefix: Prefix = Field(description="Only objects whose key begins so; a whole bucket cannot be named.")
    deleted_within: Duration = Field(description="Only what was deleted so long before the step began.")
    at_most: int = Field(ge=1, le=250, description="If more was deleted, nothing is brought back.")


class RestoreObjectVersions(StepKind[RestoreObjectVersionsParams]):
    """The step kind `restore_object_versions`."""

    name: ClassVar[str] = "restore_object_versions"
    params = RestoreObjectVersionsParams
    harm: ClassVar[Harm] = Harm.DISRUPTIVE
    stands_in_for_nothing: ClassVar[str] = "brings objects back for good"
    timing: ClassVar[Timing] = Timing(
        shortest=timedelta(seconds=1),
        typical=timedelta(seconds=5),
        longest=timedelta(minutes=2),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=15),
    )
    outputs: ClassVar[tuple[str, ...]] = ("restored",)
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation("s3", "GetBucketVersioning", Access.READ),
        Operation("s3", "ListObjectVersions", Access.READ),
        Operation("s3", "DeleteObjects", Access.WRITE),
    )

    def title(self, params: RestoreObjectVersionsParams) -> str:
        """A verb and the objects; of a long prefix the end, which tells it apart."""
        named = f"{params.bucket}/{params.prefix}"
        return f"Bring back {named if len(named) <= LONGEST_NAME else '…' + named[1 - LONGEST_NAME :]}"

    def statements(self, params: RestoreObjectVersionsParams, place: Place) -> tuple[Statement, ...]:
        """The objects under the prefix; to undo takes a deletion without a version."""
        bucket = f"arn:aws:s3:::{params.bucket}"
        under = {"StringLike": {"s3:prefix": [f"{params.prefix}*"]}}
        return (
            Statement(Access.WRITE, ("s3:DeleteObjectVersion", "s3:DeleteObject"), (f"{bucket}/{params.prefix}*",)),
            Statement(Access.READ, ("s3:ListBucketVersions",), (bucket,), under),
            Statement(Access.READ, ("s3:GetBucketVersioning",), (bucket,)),
        )

    def standing(self, params: RestoreObjectVersionsParams, place: Place) -> tuple[Standing, ...]:
        facts = {"bucket": params.bucket, "prefix": params.prefix}
        why = "It keeps the versions of its objects, so what is deleted can come back."
        return (Standing("s3", "versioned bucket", place.standby, facts, why),)

    def readiness(self, params: RestoreObjectVersionsParams, context: StepContext) -> tuple[Finding, ...]:
        """Whether the bucket keeps versions, and how much is deleted by now."""
        ready = self.preflight(params, context)
        found = _deleted(params, context)
        if isinstance(found, Failed):
            return (*ready, Finding(Severity.WARNING, "deleted", found.reason, found.fix))
        said = f"{_count(found)} under {params.prefix} were deleted within {say_duration(params.deleted_within)}."
        return (*ready, Finding(Severity.FINE, "deleted", said))

    def preflight(self, params: RestoreObjectVersionsParams, context: StepContext) -> tuple[Finding, ...]:
        """Whether the bucket keeps versions, and lets one be removed."""
        kept, by_mfa = versioning(context, params.bucket)
        if not kept:
            said = f"Bucket {params.bucket} keeps no versions, so what is deleted there is gone."
            fix = "Restore it from a backup; turn versioning on for the next time."
            return (Finding(Severity.IMPOSSIBLE, "versioning", said, fix),)
        if by_mfa:
            said = f"Bucket {params.bucket} removes a version only with MFA, which no function has."
            return (Finding(Severity.IMPOSSIBLE, "mfa", said, "Let the owner of the account remove the markers."),)
        return (Finding(Severity.FINE, "versioning", f"Bucket {params.bucket} keeps the versions of its objects."),)

    def execute(self, params: RestoreObjectVersionsParams, context: StepContext) -> Receipt | Failed:
        """Remove the markers of the span, if they are no more than the plan allows."""
        found = _deleted(params, context)
        if isinstance(found, Failed):
            return found
        if len(found) > params.at_most:
            return Failed(
                f"{_count(found)} under {params.prefix} of {params.bucket} were deleted within "
                f"{say_duration(params.deleted_within)}, and the plan allows {params.at_most}; none was brought back.",
                "Look what happened, then narrow the prefix or the span, or raise at_most, and deploy.",
            )
        lost = [each for each in found if not each.version]
        back = [each for each in found if each.version]
        remove(context, params.bucket, [{"Key": each.key, "VersionId": each.marker} for each in back])
        gone = f"; of {_count(lost)} no version is left" if lost else ""
        sentence = f"{_count(back)} under {params.prefix} of {params.bucket} were brought back{gone}."
        data = {"restored": {each.key: each.version for each in back}, "lost": len(lost)}
        return Receipt(sentence, acted=bool(back), data=data)

    def verify(
        self, params: RestoreObjectVersionsParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        """List once more: nothing of the span may be deleted that has a version left."""
        found = _deleted(params, context)
        if isinstance(found, Failed):
            return found
        still = [each for each in found if each.version]
        if still:
            return Pending(f"{_count(still)} under {params.prefix} of {params.bucket} are deleted still.")
        return Settled(receipt.sentence, {"restored": str(len(receipt.data["restored"]))})

    def undo(self, params: RestoreObjectVersionsParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """Delete again what this run brought back and nobody wrote since."""
        mine: dict[str, str] = receipt.data["restored"]
        listing = list_versions(context, params.bucket, params.prefix)
        if listing is None:
            return CannotUndo(_too_much(params).reason)
        unchanged = [key for key, version in mine.items() if listing.latest.get(key) == version]
        remove(context, params.bucket, [{"Key": key} for key in unchanged])
        kept = len(mine) - len(unchanged)
        others = f"; {kept} were written or deleted since, and stay as they are" if kept else ""
        return Undone(f"{len(unchanged)} of the objects that were brought back are deleted again{others}.")

    def stand_in(self, params: RestoreObjectVersionsParams, isolation: Isolation) -> Refusal:
        """A drill does not undo deletions in a bucket that is in use."""
        return Refusal(
            f"Nothing is brought back in {params.bucket} in a drill, because the application would see it; name a "
            "bucket of a staging environment instead."
        )

    def by_hand(self, params: RestoreObjectVersionsParams, place: Place) -> Handwork:
        span = int(params.deleted_within.total_seconds())
        return bringing_back(params.bucket, params.prefix, span, params.at_most, place.standby)


def _deleted(params: RestoreObjectVersionsParams, context: StepContext) -> list[Deleted] | Failed:
    """What was deleted within the span before the step began, by key."""
    listing = list_versions(context, params.bucket, params.prefix)
    if listing is None:
        return _too_much(params)
    first, last = _span(params, context)
    return sorted((each for each in listing.deleted if first <= each.at <= last), key=lambda each: each.key)


def _span(params: RestoreObjectVersionsParams, context: StepContext) -> tuple[datetime, datetime]:
    return context.begun - params.deleted_within, context.begun


def _too_much(params: RestoreObjectVersionsParams) -> Failed:
    return Failed(
        f"Under {params.prefix} of {params.bucket} stands more than can be listed in one look.",
        "Narrow the prefix in the plan, and deploy.",
    )


def _count(objects: list[Deleted]) -> str:
    return "1 object" if len(objects) == 1 else f"{len(objects)} objects"


KIND = RestoreObjectVersions()
