"""What starts an application's functions by itself: event source mappings of Lambda, and rules of EventBridge.

Both are on or off, tell of it in one read, and bear the mark of a fence as a tag. A mapping is switched in the
background (`Disabling`, `Enabling`); a state that is neither on nor off nor on its way is carried on by name.

Sources: botocore's models of Lambda (states of a mapping; tags of mappings) and EventBridge.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Access, Operation, StepContext
from pilotlight.estate.fencing import MARK_TAG, read_mark, write_mark

ON, OFF, TURNING_OFF, TURNING_ON = "on", "off", "turning off", "turning on"
PASSING = frozenset({"Creating", "Updating"})
"""States of a mapping that lead to one of those by themselves."""
BUSY = frozenset({"ResourceInUseException", "ResourceConflictException", "ConcurrentModificationException"})
"""Somebody else changes it at this moment; it is tried again."""

_INVALID, _GONE = "InvalidParameterValueException", "ResourceNotFoundException"
_LAMBDA_AGAIN = {"ServiceException": "asked again", "TooManyRequestsException": "asked again"}
_LAMBDA_CONFLICT = {"ResourceConflictException": "tried again"}
_EVENTS_AGAIN = {"InternalException": "asked again"}
_EVENTS_CONFLICT = {"ConcurrentModificationException": "tried again"}
_MISSING = {_GONE: "said as a missing source"}


def _lambda(name: str, access: Access, handled: dict[str, str], *fatal: str) -> Operation:
    return Operation("lambda", name, access, {**_LAMBDA_AGAIN, **handled}, (_INVALID, *fatal))


def _events(name: str, access: Access, handled: dict[str, str], *fatal: str) -> Operation:
    return Operation("events", name, access, {**_EVENTS_AGAIN, **handled}, fatal)


MAPPING_OPERATIONS = (
    _lambda("GetEventSourceMapping", Access.READ, _MISSING),
    _lambda("ListTags", Access.READ, {}, _GONE),
    _lambda(
        "UpdateEventSourceMapping",
        Access.WRITE,
        {**_LAMBDA_CONFLICT, "ResourceInUseException": "tried again"},
        _GONE,
    ),
    _lambda("TagResource", Access.WRITE, _LAMBDA_CONFLICT, _GONE),
    _lambda("UntagResource", Access.WRITE, _LAMBDA_CONFLICT, _GONE),
)
RULE_OPERATIONS = (
    _events("DescribeRule", Access.READ, _MISSING),
    _events("ListTagsForResource", Access.READ, {}, _GONE),
    _events("DisableRule", Access.WRITE, _EVENTS_CONFLICT, _GONE, "ManagedRuleException"),
    _events("EnableRule", Access.WRITE, _EVENTS_CONFLICT, _GONE, "ManagedRuleException"),
    _events("TagResource", Access.WRITE, _EVENTS_CONFLICT, _GONE, "ManagedRuleException"),
    _events("UntagResource", Access.WRITE, _EVENTS_CONFLICT, _GONE, "ManagedRuleException"),
)


class EventSource(ABC):
    """One source of events in the primary."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is, in a sentence."""

    @abstractmethod
    def state(self, context: StepContext) -> str | None:
        """On, off or on its way to one of them, else the state as AWS names it; None where there is no such source."""

    @abstractmethod
    def switch(self, context: StepContext, *, on: bool) -> None:
        """Tell it to be on or off."""

    @abstractmethod
    def mark(self, context: StepContext) -> None:
        """Note on it that a fence of this application switches it off."""

    @abstractmethod
    def is_marked(self, context: StepContext) -> bool:
        """Whether a fence of this application switched it off."""

    @abstractmethod
    def unmark(self, context: StepContext) -> None:
        """Remove the mark."""


@dataclass(frozen=True)
class Mapping(EventSource):
    """An event source mapping of Lambda (a queue, a stream or a topic that a function reads), by its UUID."""

    uuid: str
    arn: str
    states: ClassVar[dict[str, str]] = {
        "Enabled": ON,
        "Enabling": TURNING_ON,
        "Disabled": OFF,
        "Disabling": TURNING_OFF,
    }

    @property
    def title(self) -> str:
        """The mapping."""
        return f"mapping {self.uuid}"

    def state(self, context: StepContext) -> str | None:
        """As Lambda shows it."""
        try:
            found = context.aws.call("lambda", "GetEventSourceMapping", context.place.primary, UUID=self.uuid)
        except NotFound:
            return None
        return self.states.get(str(found["State"]), str(found["State"]))

    def switch(self, context: StepContext, *, on: bool) -> None:
        """Lambda switches it in the background."""
        context.aws.call("lambda", "UpdateEventSourceMapping", context.place.primary, UUID=self.uuid, Enabled=on)

    def mark(self, context: StepContext) -> None:
        """A tag on the mapping."""
        tags = {MARK_TAG: write_mark(context.place.application, was=ON)}
        context.aws.call("lambda", "TagResource", context.place.primary, Resource=self.arn, Tags=tags)

    def is_marked(self, context: StepContext) -> bool:
        """By its tag."""
        tags = context.aws.call("lambda", "ListTags", context.place.primary, Resource=self.arn).get("Tags", {})
        return read_mark(tags, context.place.application) is not None

    def unmark(self, context: StepContext) -> None:
        """A tag that is gone already is as good."""
        context.aws.call("lambda", "UntagResource", context.place.primary, Resource=self.arn, TagKeys=[MARK_TAG])


@dataclass(frozen=True)
class EventRule(EventSource):
    """A rule of EventBridge that starts something by pattern or by schedule."""

    name: str
    bus: str
    arn: str
    states: ClassVar[dict[str, str]] = {"ENABLED": ON, "DISABLED": OFF}

    @property
    def title(self) -> str:
        """The rule."""
        return f"rule {self.name}"

    def state(self, context: StepContext) -> str | None:
        """As EventBridge shows it."""
        named = {"Name": self.name, "EventBusName": self.bus}
        try:
            found = context.aws.call("events", "DescribeRule", context.place.primary, **named)
        except NotFound:
            return None
        return self.states.get(str(found["State"]), str(found["State"]))

    def switch(self, context: StepContext, *, on: bool) -> None:
        """EventBridge switches it at once, and may match a few more events."""
        operation = "EnableRule" if on else "DisableRule"
        context.aws.call("events", operation, context.place.primary, Name=self.name, EventBusName=self.bus)

    def mark(self, context: StepContext) -> None:
        """A tag on the rule."""
        tags = [{"Key": MARK_TAG, "Value": write_mark(context.place.application, was=ON)}]
        context.aws.call("events", "TagResource", context.place.primary, ResourceARN=self.arn, Tags=tags)

    def is_marked(self, context: StepContext) -> bool:
        """By its tag."""
        found = context.aws.call("events", "ListTagsForResource", context.place.primary, ResourceARN=self.arn)
        tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}
        return read_mark(tags, context.place.application) is not None

    def unmark(self, context: StepContext) -> None:
        """A tag that is gone already is as good."""
        context.aws.call("events", "UntagResource", context.place.primary, ResourceARN=self.arn, TagKeys=[MARK_TAG])
