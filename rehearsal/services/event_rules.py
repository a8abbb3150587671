"""The part of the embedded EventBridge that knows an application's own rules: on or off, with tags.

Only that is modelled of them; Pilotlight's own rules, which deliver, stand in `events`. Answers and errors: botocore's
model of EventBridge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.service import operation
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World

ENABLED, DISABLED = "ENABLED", "DISABLED"
DEFAULT_BUS = "default"


@dataclass(eq=False)
class ApplicationRule:
    """A rule of the application; `managed_by` names the AWS service that made it, if one did."""

    region: str
    name: str
    bus: str
    account: str
    state: str = ENABLED
    managed_by: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Its ARN; the default bus is not named in it."""
        on_bus = "" if self.bus == DEFAULT_BUS else f"{self.bus}/"
        return f"arn:aws:events:{self.region}:{self.account}:rule/{on_bus}{self.name}"


class ApplicationRules:
    """The rules of the application, in all regions."""

    world: World
    application_rules: list[ApplicationRule]

    def add_rule(self, region: str, name: str, bus: str = DEFAULT_BUS, *, managed_by: str = "") -> ApplicationRule:
        """Set the scene: a rule of the application."""
        self.application_rules.append(ApplicationRule(region, name, bus, self.world.account, managed_by=managed_by))
        return self.application_rules[-1]

    @operation("ListEventBuses")
    def list_buses(self, call: Call) -> Mapping[str, Any]:
        """The default bus, and those that have a rule of the application."""
        here = [rule.bus for rule in self.application_rules if rule.region == call.region]
        return {"EventBuses": [{"Name": name} for name in dict.fromkeys([DEFAULT_BUS, *here])]}

    @operation("ListRules")
    def list_rules(self, call: Call) -> Mapping[str, Any]:
        """The application's rules on one bus."""
        here = (call.region, call.parameters.get("EventBusName", DEFAULT_BUS))
        return {"Rules": [_say(rule) for rule in self.application_rules if (rule.region, rule.bus) == here]}

    @operation("DescribeRule")
    def describe_rule(self, call: Call) -> Mapping[str, Any]:
        """One rule."""
        return _say(self._rule(call))

    @operation("DisableRule")
    def disable_rule(self, call: Call) -> Mapping[str, Any]:
        """Switch a rule off."""
        self._own(call).state = DISABLED
        return {}

    @operation("EnableRule")
    def enable_rule(self, call: Call) -> Mapping[str, Any]:
        """Switch a rule on."""
        self._own(call).state = ENABLED
        return {}

    @operation("TagResource")
    def tag_rule(self, call: Call) -> Mapping[str, Any]:
        """Tag a rule; a key that is there gets the new value."""
        self._tagged(call).tags |= {tag["Key"]: tag["Value"] for tag in call.parameters["Tags"]}
        return {}

    @operation("UntagResource")
    def untag_rule(self, call: Call) -> Mapping[str, Any]:
        """Remove tags from a rule; a key that is not there is as good."""
        for key in call.parameters["TagKeys"]:
            self._tagged(call).tags.pop(key, None)
        return {}

    @operation("ListTagsForResource")
    def list_rule_tags(self, call: Call) -> Mapping[str, Any]:
        """The tags of a rule."""
        return {"Tags": [{"Key": key, "Value": value} for key, value in self._tagged(call).tags.items()]}

    def _rule(self, call: Call) -> ApplicationRule:
        name, bus = call.parameters["Name"], call.parameters.get("EventBusName", DEFAULT_BUS)
        found = [r for r in self.application_rules if (r.region, r.name, r.bus) == (call.region, name, bus)]
        if not found:
            raise ServiceError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus}.")
        return found[0]

    def _own(self, call: Call) -> ApplicationRule:
        rule = self._rule(call)
        if rule.managed_by:
            text = f"Rule {rule.name} is managed by {rule.managed_by}, and only it can change the rule."
            raise ServiceError("ManagedRuleException", text)
        return rule

    def _tagged(self, call: Call) -> ApplicationRule:
        arn = call.parameters["ResourceARN"]
        found = [r for r in self.application_rules if r.region == call.region and r.arn == arn]
        if not found:
            raise ServiceError("ResourceNotFoundException", f"Rule {arn} does not exist.")
        return found[0]


def _say(rule: ApplicationRule) -> dict[str, Any]:
    by = {"ManagedBy": rule.managed_by} if rule.managed_by else {}
    return {"Name": rule.name, "Arn": rule.arn, "EventBusName": rule.bus, "State": rule.state, **by}
