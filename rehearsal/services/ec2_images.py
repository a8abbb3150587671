"""The images of EC2, and what was copied from what; `ec2` holds them with all else that is launched.

A copy says of which image in which region it is one, and has an id and a name of its own; it takes tags along only
where it is told to. Answers: botocore's model of EC2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from rehearsal.service import operation
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

AVAILABLE, DISABLED = "available", "disabled"
_OF_SOURCE = "source-image-id"


@dataclass(eq=False)
class Image:
    """An image; a scene changes its state, or takes it away. `source` is the region and the id it was copied from."""

    region: str
    id: str
    owner: str
    state: str = AVAILABLE
    public: bool = False
    name: str = ""
    created: datetime | None = None
    source: tuple[str, str] | None = None
    tags: dict[str, str] = field(default_factory=dict)
    devices: dict[str, bool] = field(default_factory=dict)
    """The devices that it has volumes for, and whether each ends with its instance."""


class Images:
    """The part of EC2 that holds images."""

    world: World
    random: Random
    images: list[Image]

    def add_image(self, region: str, name: str = "", *, copied_from: Image | None = None) -> Image:
        """Set the scene: an image of the account's own, or the copy of one, made at this moment."""
        source = (copied_from.region, copied_from.id) if copied_from else None
        identity = f"ami-{self.random.getrandbits(68):017x}"
        now = self.world.time.now()
        self.images.append(Image(region, identity, self.world.account, name=name, created=now, source=source))
        return self.images[-1]

    @operation("DescribeImages")
    def describe_images(self, call: Call) -> Mapping[str, Any]:
        """The named images, one unknown id refusing the whole call; or the account's own copies of named ones.

        What is disabled is shown only to who asks.
        """
        here = [i for i in self.images if i.region == call.region]
        if call.parameters.get("Filters"):
            found = [i for i in here if i.source and i.source[1] in _sources(call)]
        else:
            wanted = ids_in(call, "ImageIds")
            found = [i for i in here if i.id in wanted]
            text = "The image id '[{}]' does not exist"
            must_all_be_there(wanted, [i.id for i in found], "InvalidAMIID.NotFound", text)
        shown = [i for i in found if i.state != DISABLED or call.parameters.get("IncludeDisabled")]
        return {"Images": [_say_image(image) for image in shown]}


def ids_in(call: Call, parameter: str) -> Sequence[str]:
    """What a call names there; it is refused by name where it names nothing, or filters."""
    wanted: Sequence[str] = call.parameters.get(parameter) or ()
    if not wanted or call.parameters.get("Filters"):
        raise NotModelled(call)
    return wanted


def must_all_be_there(wanted: Sequence[str], here: Sequence[str], code: str, text: str) -> None:
    """Refuse with that code, naming the first that is missing."""
    missing = [each for each in wanted if each not in here]
    if missing:
        raise ServiceError(code, text.format(missing[0]))


def _sources(call: Call) -> Sequence[str]:
    filters = {f["Name"]: f["Values"] for f in call.parameters["Filters"]}
    if call.parameters.get("ImageIds") or call.parameters.get("Owners") != ["self"] or set(filters) != {_OF_SOURCE}:
        raise NotModelled(call)
    sources: Sequence[str] = filters[_OF_SOURCE]
    return sources


def _say_image(image: Image) -> dict[str, Any]:
    said: dict[str, Any] = {
        "ImageId": image.id,
        "State": image.state,
        "OwnerId": image.owner,
        "Public": image.public,
        "Architecture": "x86_64",
        "Tags": [{"Key": key, "Value": value} for key, value in image.tags.items()],
    }
    if image.devices:
        mapped = [{"DeviceName": name, "Ebs": {"DeleteOnTermination": ends}} for name, ends in image.devices.items()]
        said["BlockDeviceMappings"] = mapped
    if image.name:
        said["Name"] = image.name
    if image.created:
        said["CreationDate"] = f"{image.created:%Y-%m-%dT%H:%M:%S.000Z}"
    if image.source:
        said |= {"SourceImageRegion": image.source[0], "SourceImageId": image.source[1]}
    return said
