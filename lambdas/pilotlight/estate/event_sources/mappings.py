"""Event source mappings of Lambda: a queue, a stream or a topic that a function reads, by the mapping's UUID.

A mapping is switched in the background (`Disabling`, `Enabling`), and bears its notes as tags. Source: botocore's model
of Lambda (states of a mapping; tags of mappings).
"""

from __future__ import annotations

from collections.abc import Mapping as Facts
from dataclasses import dataclass
from typing import ClassVar

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Access, Operation, StepContext
from pilotlight.estate.event_sources.source import OFF, ON, TURNING_OFF, TURNING_ON, EventSource

_INVALID, _GONE = "InvalidParameterValueException", "ResourceNotFoundException"
_AGAIN = {"ServiceException": "asked again", "TooManyRequestsException": "asked again"}
_CONFLICT = {"ResourceConflictException": "tried again"}


def _operation(name: str, access: Access, handled: dict[str, str], *fatal: str) -> Operation:
    return Operation("lambda", name, access, {**_AGAIN, **handled}, (_INVALID, *fatal))


OPERATIONS = (
    _operation("GetEventSourceMapping", Access.READ, {_GONE: "said as a missing source"}),
    _operation("ListTags", Access.READ, {}, _GONE),
    _operation("UpdateEventSourceMapping", Access.WRITE, {**_CONFLICT, "ResourceInUseException": "tried again"}, _GONE),
    _operation("TagResource", Access.WRITE, _CONFLICT, _GONE),
    _operation("UntagResource", Access.WRITE, _CONFLICT, _GONE),
)


@dataclass(frozen=True)
class Mapping(EventSource):
    """One mapping; its name is its UUID."""

    states: ClassVar[dict[str, str]] = {
        "Enabled": ON,
        "Enabling": TURNING_ON,
        "Disabled": OFF,
        "Disabling": TURNING_OFF,
    }

    @property
    def title(self) -> str:
        """The mapping."""
        return f"mapping {self.name}"

    def state(self, context: StepContext) -> str | None:
        """As Lambda shows it."""
        try:
            found = context.aws.call("lambda", "GetEventSourceMapping", self.region, UUID=self.name)
        except NotFound:
            return None
        return self.states.get(str(found["State"]), str(found["State"]))

    def switch(self, context: StepContext, *, on: bool) -> None:
        """Lambda switches it in the background."""
        context.aws.call("lambda", "UpdateEventSourceMapping", self.region, UUID=self.name, Enabled=on)

    def mark(self, context: StepContext, key: str, value: str) -> None:
        """A tag on the mapping."""
        context.aws.call("lambda", "TagResource", self.region, Resource=self.arn, Tags={key: value})

    def marks(self, context: StepContext) -> Facts[str, str]:
        """Its tags."""
        tags: dict[str, str] = context.aws.call("lambda", "ListTags", self.region, Resource=self.arn).get("Tags", {})
        return tags

    def unmark(self, context: StepContext, key: str) -> None:
        """Remove the tag."""
        context.aws.call("lambda", "UntagResource", self.region, Resource=self.arn, TagKeys=[key])
