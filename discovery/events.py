"""What starts functions by itself: event source mappings of Lambda, rules and schedules of EventBridge.

A mapping has no name, so it is known by its function and by the queue or the stream that it reads. Rules that a service
of AWS made are left out, because only that service may switch them. Operations and shapes: botocore's models.
"""

from __future__ import annotations

from collections.abc import Iterator

from discovery.reading import Listing, Reading
from discovery.resource import Kind, Resource, name_at_end

_MAPPINGS = Listing("lambda", "ListEventSourceMappings", "EventSourceMappings", "Marker", "NextMarker")
_BUSES = Listing("events", "ListEventBuses", "EventBuses", "NextToken", "NextToken")
_RULES = Listing("events", "ListRules", "Rules", "NextToken", "NextToken")
_SCHEDULES = Listing("scheduler", "ListSchedules", "Schedules", "NextToken", "NextToken")
_ON = frozenset({"Enabled", "Enabling", "ENABLED"})


def mappings(reading: Reading, region: str) -> Iterator[Resource]:
    """The mappings of a region."""
    for shown in reading.every(_MAPPINGS, region):
        function = str(shown.get("FunctionArn", "")).split(":function:")[-1].split(":")[0]
        called = [function, name_at_end(str(shown.get("EventSourceArn", "")))]
        facts = {"on": shown.get("State") in _ON, "called": [name for name in called if name]}
        yield Resource(Kind.MAPPING, region, str(shown["UUID"]), str(shown.get("EventSourceMappingArn", "")), facts)


def rules(reading: Reading, region: str) -> Iterator[Resource]:
    """The rules of all buses of a region that people made."""
    for bus in list(reading.every(_BUSES, region)):
        for shown in reading.every(_RULES, region, EventBusName=str(bus["Name"])):
            if not shown.get("ManagedBy"):
                facts = {"on": shown.get("State") in _ON, "bus": str(shown.get("EventBusName", bus["Name"]))}
                yield Resource(Kind.RULE, region, str(shown["Name"]), str(shown["Arn"]), facts)


def schedules(reading: Reading, region: str) -> Iterator[Resource]:
    """The schedules of a region."""
    for shown in reading.every(_SCHEDULES, region):
        target = name_at_end(str(shown.get("Target", {}).get("Arn", "")))
        facts = {
            "on": shown.get("State") in _ON,
            "group": str(shown.get("GroupName", "default")),
            "called": [target] if target else [],
        }
        yield Resource(Kind.SCHEDULE, region, str(shown["Name"]), str(shown["Arn"]), facts)


def role_of(reading: Reading, schedule: Resource) -> str:
    """The name of the role under which a schedule calls its target."""
    named = {"Name": schedule.name, "GroupName": schedule.facts["group"]}
    shown = reading.ask("scheduler", "GetSchedule", schedule.region, **named) or {}
    return name_at_end(str(shown.get("Target", {}).get("RoleArn", "")))
