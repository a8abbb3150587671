"""The standby's group launches a copy of the very image that the primary's group launches.

That an image is there is looked at by the step that scales the group; here it is asked whether it is the right one. A
golden image is copied once and forgotten: the primary moves on, and the standby comes up with last year's application.
The image of the primary is the one that its group would launch now, by its launch template's version; the standby's
likewise, `$Latest` and `$Default` resolved. EC2 says of a copy what it was copied from. Where it does not, as for older
images, both are compared by a tag that the plan names, or by nothing, and then it is not known.

Sources: botocore's model of EC2 (SourceImageId and SourceImageRegion of an image, the filter `source-image-id`, the
states); EC2 User Guide, "Identify the source AMI used to create a new AMI" (only after CopyImage, CreateImage and
CreateRestoreImageTask, and not for some older ones). CopyImage takes tags along only where it is told to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

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
from pilotlight.estate.autoscaling.group import look
from pilotlight.estate.autoscaling.operations import GROUPS
from pilotlight.estate.autoscaling.permissions import GroupName
from pilotlight.estate.autoscaling.source import Source, resolve

_AVAILABLE = "available"


class ImageCopiedParams(Params):
    """The two groups, and the tag that an image and its copy have in common.

    ```yaml
    requirement: web-image-in-tokyo
    kind: image_copied
    params:
      primary: MegaTicket-Web-ASG
      standby: MegaTicket-DR-Web-ASG
      tag: GoldenAMI
    ```
    """

    primary: GroupName = Field(description="The Auto Scaling group in the primary, whose image counts.")
    standby: GroupName = Field(description="The one in the standby, which launches a copy of it.")
    tag: str | None = Field(
        None, min_length=1, max_length=127, description="A tag with one value on an image and on its copy."
    )


@dataclass(frozen=True)
class Image:
    """An image that a group launches; `state` is empty where it is not there."""

    id: str
    used_by: str
    name: str = ""
    state: str = ""
    copied_from: str = ""
    tags: Mapping[str, str] | None = None

    @property
    def said(self) -> str:
        """The image, for a sentence."""
        return f"{self.id} ({self.name})" if self.name else self.id


class ImageCopied(RequirementKind[ImageCopiedParams]):
    """Follows both groups to their images."""

    name = "image_copied"
    params = ImageCopiedParams
    operations: ClassVar[tuple[Operation, ...]] = (
        GROUPS,
        Operation("ec2", "DescribeLaunchTemplateVersions", Access.READ),
        Operation("ec2", "DescribeImages", Access.READ),
    )

    def title(self, params: ImageCopiedParams) -> str:
        """Whose image is whose copy."""
        return f"{params.standby} launches a copy of what {params.primary} launches"

    def statements(self, params: ImageCopiedParams, place: Place) -> tuple[Statement, ...]:
        """What describes names no resource."""
        reads = ("autoscaling:DescribeAutoScalingGroups", "ec2:DescribeImages", "ec2:DescribeLaunchTemplateVersions")
        return (Statement(Access.READ, reads, ("*",)),)

    def standing(self, params: ImageCopiedParams, place: Place) -> tuple[Standing, ...]:
        """The copy, which the standby's launch template names."""
        facts = {"name": params.standby, "like": params.primary, "primary": place.primary}
        why = f"Its launch template names a copy of the image that {params.primary} launches, or it brings up another."
        return (Standing("autoscaling", "same image", place.standby, facts, why),)

    def readiness(self, params: ImageCopiedParams, context: StepContext) -> tuple[Finding, ...]:
        """One finding: that it is the copy, or why it is not."""
        place = context.place
        theirs = _image_of(params.primary, place.primary, context)
        if isinstance(theirs, Finding):
            return (theirs,)
        ours = _image_of(params.standby, place.standby, context)
        return (ours if isinstance(ours, Finding) else _compare(theirs, ours, params, context),)


def _image_of(name: str, region: str, context: StepContext) -> Image | Finding:
    group = look(context, name, region=region)
    if group is None:
        said = f"There is no Auto Scaling group {name} in {region}."
        return Finding.error("group-missing", said, "Create it, or correct the plan.")
    source = resolve(context, group)
    if source is None or not source.image.startswith("ami-"):
        what = source.image if source else "something that no version of a launch template names"
        said = f"Which image group {name} in {region} launches is not known, because it launches {what}."
        return Finding.warning(
            "image-unknown", said, "Name an image in the group's launch template, or compare them yourself."
        )
    return _described(source, region, context)


def _described(source: Source, region: str, context: StepContext) -> Image:
    try:
        answer = context.aws.call("ec2", "DescribeImages", region, ImageIds=[source.image], IncludeDisabled=True)
    except NotFound:
        return Image(source.image, source.said)
    return next((_read(each, source.said) for each in answer.get("Images", ())), Image(source.image, source.said))


def _read(found: Mapping[str, Any], used_by: str) -> Image:
    tags = {tag["Key"]: tag.get("Value", "") for tag in found.get("Tags", ())}
    source = found.get("SourceImageId", "") if found.get("SourceImageRegion") else ""
    return Image(found["ImageId"], used_by, found.get("Name", ""), found["State"], source, tags)


def _compare(theirs: Image, ours: Image, params: ImageCopiedParams, context: StepContext) -> Finding:
    here = context.place.standby
    launches = f"Group {params.standby} launches {ours.said}, which {ours.used_by} names"
    if not ours.state:
        said = f"Group {params.standby} would launch {ours.id}, which is not in {here} ({ours.used_by})."
        return Finding.error("image-missing", said, _copy(theirs, context))
    if ours.copied_from == theirs.id:
        if ours.state != _AVAILABLE:
            said = f"{launches}; it is the copy of {theirs.said}, and is {ours.state} still."
            return Finding.error("image-unavailable", said, "Wait until it is available, or copy it anew if it failed.")
        said = f"{launches}; it is the copy of {theirs.said}, which {params.primary} launches."
        return Finding(Severity.FINE, "image-copied", said)
    if not ours.copied_from:
        return _by_tag(theirs, ours, params, context)
    copies = _copies(theirs, context)
    if copies:
        said = f"{launches}, though {copies[0]} is the copy of {theirs.said}, which {params.primary} launches."
        return Finding.error("copy-unused", said, f"Name {copies[0]} in a new version of the launch template.")
    said = f"{launches}; it is a copy of {ours.copied_from}, and {params.primary} launches {theirs.said} by now."
    return Finding.error("image-old", said, _copy(theirs, context))


def _by_tag(theirs: Image, ours: Image, params: ImageCopiedParams, context: StepContext) -> Finding:
    """EC2 does not say what the image was copied from."""
    launches = f"Group {params.standby} launches {ours.said}, and EC2 does not say what it was copied from"
    key = params.tag
    if key is None:
        said = f"{launches}, so whether it is {theirs.said}, which {params.primary} launches, is not known."
        return Finding.warning("origin-unknown", said, _copy(theirs, context))
    wanted, has = (theirs.tags or {}).get(key), (ours.tags or {}).get(key)
    if wanted is None:
        said = f"{launches}; {theirs.said}, which {params.primary} launches, has no tag {key} to compare it by."
        return Finding.warning("origin-unknown", said, f"Tag the image and its copy with {key}, or copy it anew.")
    if wanted != has:
        said = f"{launches}; its tag {key} is {has or 'not there'}, and that of {theirs.said} is {wanted}."
        return Finding.error("image-old", said, _copy(theirs, context))
    said = f"{launches}; its tag {key} is {wanted}, as that of {theirs.said}, which {params.primary} launches."
    return Finding(Severity.FINE, "image-copied", said)


def _copies(theirs: Image, context: StepContext) -> list[str]:
    """The ids of the copies of an image that could be launched, the newest first."""
    where, filters = context.place.standby, [{"Name": "source-image-id", "Values": [theirs.id]}]
    answer = context.aws.call("ec2", "DescribeImages", where, Owners=["self"], Filters=filters)
    found = [each for each in answer.get("Images", ()) if each["State"] == _AVAILABLE]
    return [each["ImageId"] for each in sorted(found, key=lambda each: str(each.get("CreationDate", "")), reverse=True)]


def _copy(theirs: Image, context: StepContext) -> str:
    there, here = context.place.primary, context.place.standby
    command = f"aws ec2 copy-image --region {here} --source-region {there} --source-image-id {theirs.id}"
    return f"Copy it ({command}), then name the copy in a new version of the launch template."


KIND = ImageCopied()
