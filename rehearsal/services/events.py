"""EventBridge: buses, rules and targets, with delivery across regions, retries, maximum age and dead letters.

Delivery is at least once and takes some hundred milliseconds; a target in a region that is dark is tried again until
the event is too old. Patterns are matched by lists of exact values; a pattern that needs more is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from deployment.resources import BusTarget, FunctionTarget, Rule
from pilotlight.domain.step import Standing
from rehearsal.service import Service, Spread, operation
from rehearsal.services.event_rules import DISABLED, ENABLED, ApplicationRule, ApplicationRules
from rehearsal.services.lambda_functions import FunctionFailed, LambdaFunctions
from rehearsal.virtual_time import Task
from rehearsal.wire import Call, ServiceError

if TYPE_CHECKING:
    from rehearsal.world import World

DELIVERY = Spread(0.1, 0.15, 0.4)
ACROSS_REGIONS = Spread(0.5, 1.0, 3.0)
Event = dict[str, Any]
MOST_ENTRIES = 10


@dataclass(frozen=True)
class Crossing:
    """An event on its way from one region's bus to another's."""

    time: datetime
    origin: str
    destination: str
    event: Mapping[str, Any]


class Events(ApplicationRules, Service):
    """The event buses of the account, by region and name."""

    name = "events"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.rules: dict[tuple[str, str], Rule] = {}
        self.functions: LambdaFunctions | None = None
        self.bury: Callable[[str, Event, str], None] | None = None
        self.application_rules: list[ApplicationRule] = []
        self.crossings: list[Crossing] = []
        self.on_crossing: list[Callable[[Crossing], None]] = []
        self._own_events = 0
        self._ticks: dict[tuple[str, str], Task[None]] = {}

    def furnish(self, standing: Standing) -> None:
        """A rule of the application, on or off."""
        if standing.what != "rule":
            super().furnish(standing)
        rule = self.add_rule(standing.region, str(standing.facts["name"]), str(standing.facts["bus"]))
        rule.state = ENABLED if standing.facts["on"] else DISABLED

    def deploy(self, rule: Rule, region: str) -> None:
        """Create a rule; one with a rate starts to tick."""
        for value in _leaves(rule.pattern or {}):
            if not isinstance(value, (str, int, float, bool)):
                raise AssertionError(
                    f"Rule {rule.name} matches with {value!r}, which the embedded EventBridge does not model."
                )
        self.rules[region, rule.name] = rule
        if rule.schedule:
            key = (region, rule.name)
            if key in self._ticks:
                self._ticks[key].cancel()
            self._ticks[key] = self.world.time.every(
                _rate_seconds(rule.schedule), lambda: self._tick(region, rule), name=rule.name
            )

    @operation("PutEvents")
    def put_events(self, call: Call) -> Mapping[str, Any]:
        """Take the events of a caller onto a bus, each for itself; at most ten in a call."""
        entries = call.parameters["Entries"]
        if len(entries) > MOST_ENTRIES:
            raise ServiceError("ValidationException", "1 validation error detected: Entries has more than 10 members.")
        # What an event sets in motion runs under the role of whoever is called, not under the caller's.
        results = [Context().run(self._put_entry, call.region, entry) for entry in entries]
        failed = sum("ErrorCode" in result for result in results)
        return {"FailedEntryCount": failed, "Entries": results}

    def _put_entry(self, region: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        if not all(entry.get(name) for name in ("Source", "DetailType", "Detail")):
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": "Source, DetailType and Detail are required."}
        if str(entry["Source"]).startswith("aws."):
            return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
        try:
            detail = json.loads(entry["Detail"])
        except ValueError:
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        self._own_events += 1
        event = {
            "version": "0", "id": f"event-{self._own_events}", "detail-type": entry["DetailType"],
            "source": entry["Source"], "account": self.world.account,
            "time": f"{self.world.time.now():%Y-%m-%dT%H:%M:%SZ}", "region": region,
            "resources": list(entry.get("Resources", ())), "detail": detail,
        }  # fmt: skip
        self.put(region, str(entry.get("EventBusName", "default")).rsplit("/", 1)[-1], event)
        return {"EventId": event["id"]}

    def put(self, region: str, bus: str, event: Event) -> None:
        """An event arrives on a bus; every rule that matches delivers it."""
        if self.world.is_dark(region):
            return
        for (where, _), rule in list(self.rules.items()):
            if where == region and rule.bus == bus and rule.pattern is not None and matches(rule.pattern, event):
                self._deliver(region, rule, event)

    def _tick(self, region: str, rule: Rule) -> None:
        if self.world.is_dark(region):
            return
        now = self.world.time.now()
        event = {
            "version": "0", "id": f"tick-{rule.name}-{now:%H%M%S}",
            "detail-type": "Scheduled Event", "source": "aws.events",
            "account": self.world.account, "time": f"{now:%Y-%m-%dT%H:%M:%SZ}", "region": region,
            "resources": [f"arn:aws:events:{region}:{self.world.account}:rule/{rule.name}"], "detail": {},
        }  # fmt: skip
        self._deliver(region, rule, event)

    def _deliver(self, region: str, rule: Rule, event: Event) -> None:
        target = rule.target
        if isinstance(target, FunctionTarget):
            self.world.time.spawn(partial(self._to_function, target, event), name=f"{rule.name} -> function")
        else:
            self.world.time.spawn(partial(self._to_bus, region, target, event), name=f"{rule.name} -> bus")

    def _to_function(self, target: FunctionTarget, event: Event) -> None:
        assert self.functions is not None
        self.world.time.sleep(DELIVERY.draw(self.random))
        region, name = (
            target.function_arn.split(":")[3],
            target.function_arn.split(":function:")[1].split(":")[0],
        )
        if self._outlives_darkness(region, target.maximum_age):

            def gone(failure: FunctionFailed) -> None:
                assert self.bury is not None
                self.bury(target.queue_arn, event, failure.error)

            self.functions.send(region, name, event, retries=min(target.retries, 2), gone=gone)
        elif self.bury:
            self.bury(target.queue_arn, event, "EventAgeExceeded")

    def _to_bus(self, origin: str, target: BusTarget, event: Event) -> None:
        self.world.time.sleep(ACROSS_REGIONS.draw(self.random))
        region, bus = target.bus_arn.split(":")[3], target.bus_arn.split("event-bus/")[1]
        if not self._outlives_darkness(region, target.maximum_age):
            if self.bury:
                self.bury(target.queue_arn, event, "EventAgeExceeded")
            return
        crossing = Crossing(self.world.time.now(), origin, region, event)
        self.crossings.append(crossing)
        for listener in self.on_crossing:
            listener(crossing)
        self.put(region, bus, event)

    def _outlives_darkness(self, region: str, maximum_age: timedelta) -> bool:
        """Wait until a region answers, as retries do; False when the event grows too old before."""
        waited = 0.0
        while self.world.is_dark(region):
            if waited >= maximum_age.total_seconds():
                return False
            self.world.time.sleep(30.0)
            waited += 30.0
        return True


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event has, at each place that a pattern names, one of the listed values."""
    for name, wanted in pattern.items():
        found = event.get(name)
        if isinstance(wanted, Mapping):
            if not isinstance(found, Mapping) or not matches(wanted, found):
                return False
        elif not set(map(json.dumps, found if isinstance(found, list) else [found])) & set(map(json.dumps, wanted)):
            return False
    return True


def _leaves(pattern: Any) -> list[Any]:
    if isinstance(pattern, Mapping):
        return [leaf for inner in pattern.values() for leaf in _leaves(inner)]
    return list(pattern)


def _rate_seconds(schedule: str) -> float:
    amount, unit = schedule.removeprefix("rate(").removesuffix(")").split()
    return float(amount) * {"minute": 60, "minutes": 60, "hour": 3600, "hours": 3600, "day": 86400, "days": 86400}[unit]
