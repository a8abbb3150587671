"""Rules of EventBridge, which start something by pattern or by schedule.

A rule bears its notes as tags. Source: botocore's model of EventBridge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Access, Operation, StepContext
from pilotlight.estate.event_sources.source import OFF, ON, EventSource

DEFAULT_BUS = "default"

_GONE, _MANAGED = "ResourceNotFoundException", "ManagedRuleException"
_AGAIN = {"InternalException": "asked again"}
_CONFLICT = {"ConcurrentModificationException": "tried again"}


def _operation(name: str, access: Access, handled: dict[str, str], *fatal: str) -> Operation:
    return Operation("events", name, access, {**_AGAIN, **handled}, fatal)


OPERATIONS = (
    _operation("DescribeRule", Access.READ, {_GONE: "said as a missing source"}),
    _operation("ListTagsForResource", Access.READ, {}, _GONE),
    _operation("DisableRule", Access.WRITE, _CONFLICT, _GONE, _MANAGED),
    _operation("EnableRule", Access.WRITE, _CONFLICT, _GONE, _MANAGED),
    _operation("TagResource", Access.WRITE, _CONFLICT, _GONE, _MANAGED),
    _operation("UntagResource", Access.WRITE, _CONFLICT, _GONE, _MANAGED),
)


@dataclass(frozen=True)
class EventRule(EventSource):
    """One rule on its bus."""

    bus: str
    states: ClassVar[dict[str, str]] = {"ENABLED": ON, "DISABLED": OFF}

    @property
    def title(self) -> str:
        """The rule."""
        return f"rule {self.name}"

    def state(self, context: StepContext) -> str | None:
        """As EventBridge shows it."""
        named = {"Name": self.name, "EventBusName": self.bus}
        try:
            found = context.aws.call("events", "DescribeRule", self.region, **named)
        except NotFound:
            return None
        return self.states.get(str(found["State"]), str(found["State"]))

    def switch(self, context: StepContext, *, on: bool) -> None:
        """EventBridge switches it at once, and may match a few more events."""
        operation = "EnableRule" if on else "DisableRule"
        context.aws.call("events", operation, self.region, Name=self.name, EventBusName=self.bus)

    def mark(self, context: StepContext, key: str, value: str) -> None:
        """A tag on the rule."""
        tags = [{"Key": key, "Value": value}]
        context.aws.call("events", "TagResource", self.region, ResourceARN=self.arn, Tags=tags)

    def marks(self, context: StepContext) -> Mapping[str, str]:
        """Its tags."""
        found = context.aws.call("events", "ListTagsForResource", self.region, ResourceARN=self.arn)
        return {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}

    def unmark(self, context: StepContext, key: str) -> None:
        """Remove the tag."""
        context.aws.call("events", "UntagResource", self.region, ResourceARN=self.arn, TagKeys=[key])
