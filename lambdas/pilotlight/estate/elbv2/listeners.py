"""The listeners of an Application Load Balancer as ELB shows them, and the rule that answers 503 to every request.

A request goes to the rule with the lowest priority whose conditions it meets. So a rule at priority 1 that every path
meets is the only one that ever answers; what stands at priority 1 and is not such a rule is somebody else's.

Sources: botocore's model of ELBv2; the quotas of 50 listeners and 100 rules of a load balancer are far below a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import StepContext
from pilotlight.estate.fencing import MARK_TAG, read_mark, write_mark

FIRST = 1
_EVERY_PATH = "/*"
_CONDITIONS = [{"Field": "path-pattern", "PathPatternConfig": {"Values": [_EVERY_PATH]}}]
_ANSWER = {
    "StatusCode": "503",
    "ContentType": "text/plain",
    "MessageBody": "This region is closed; the application is served from another one.",
}
_ACTIONS = [{"Type": "fixed-response", "FixedResponseConfig": _ANSWER}]


@dataclass(frozen=True)
class Rule:
    """One rule: `priority` is None for the default rule, `closes` says that it answers every request with an error."""

    arn: str
    priority: int | None
    closes: bool
    forwards: bool

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Rule:
        """Read one entry of DescribeRules."""
        written, actions = str(found["Priority"]), found.get("Actions", [])
        return cls(
            found["RuleArn"],
            None if written == "default" else int(written),
            _meets_every_path(found.get("Conditions", [])) and _answers_with_an_error(actions),
            any(action["Type"] == "forward" for action in actions),
        )


@dataclass(frozen=True)
class Listener:
    """One listener with its rules."""

    arn: str
    port: int
    rules: tuple[Rule, ...]

    @property
    def first(self) -> Rule | None:
        """The rule at priority 1."""
        return next((rule for rule in self.rules if rule.priority == FIRST), None)

    @property
    def closed(self) -> bool:
        """Whether every request is answered with an error."""
        return self.first is not None and self.first.closes

    @property
    def taken(self) -> bool:
        """Whether a rule that forwards or redirects, or answers only some, stands at priority 1."""
        return self.first is not None and not self.first.closes

    @property
    def forwards(self) -> bool:
        """Whether requests get through it to a target group."""
        return not self.closed and any(rule.forwards for rule in self.rules)


def find_balancer(context: StepContext, name: str) -> Mapping[str, Any] | None:
    """The load balancer of that name in the primary; None if there is none."""
    try:
        answer = context.aws.call("elbv2", "DescribeLoadBalancers", context.place.primary, Names=[name])
    except NotFound:
        return None
    found: list[Mapping[str, Any]] = answer.get("LoadBalancers", [])
    return next((balancer for balancer in found if balancer["LoadBalancerName"] == name), None)


def look(context: StepContext, balancer: Mapping[str, Any], ports: tuple[int, ...] | None = None) -> list[Listener]:
    """The listeners on those ports, or all of the load balancer, with their rules."""
    region, arn = context.place.primary, balancer["LoadBalancerArn"]
    found = context.aws.call("elbv2", "DescribeListeners", region, LoadBalancerArn=arn).get("Listeners", [])
    return [_with_rules(context, listener) for listener in found if ports is None or listener["Port"] in ports]


def add_rule(context: StepContext, listener: Listener) -> None:
    """Answer every request to it with 503, from now on; raises what ELB answers."""
    context.aws.call(
        "elbv2",
        "CreateRule",
        context.place.primary,
        ListenerArn=listener.arn,
        **rule_of(context.place.application),
    )


def rule_of(application: str) -> dict[str, Any]:
    """The rule that answers 503 to every request, marked as the application's."""
    return {
        "Priority": FIRST,
        "Conditions": _CONDITIONS,
        "Actions": _ACTIONS,
        "Tags": [{"Key": MARK_TAG, "Value": write_mark(application)}],
    }


def remove_rule(context: StepContext, rule: Rule) -> None:
    """Delete a rule; gone already is as good."""
    try:
        context.aws.call("elbv2", "DeleteRule", context.place.primary, RuleArn=rule.arn)
    except NotFound:
        return


def is_ours(context: StepContext, rule: Rule) -> bool:
    """Whether a fence of this application made the rule."""
    answer = context.aws.call("elbv2", "DescribeTags", context.place.primary, ResourceArns=[rule.arn])
    tags = {tag["Key"]: tag.get("Value", "") for entry in answer["TagDescriptions"] for tag in entry["Tags"]}
    return read_mark(tags, context.place.application) is not None


def _with_rules(context: StepContext, found: Mapping[str, Any]) -> Listener:
    arn = found["ListenerArn"]
    rules = context.aws.call("elbv2", "DescribeRules", context.place.primary, ListenerArn=arn).get("Rules", [])
    return Listener(arn, found["Port"], tuple(Rule.read(rule) for rule in rules))


def _meets_every_path(conditions: list[Mapping[str, Any]]) -> bool:
    if len(conditions) != 1 or conditions[0].get("Field") != "path-pattern":
        return False
    patterns = (conditions[0].get("PathPatternConfig") or conditions[0]).get("Values", [])
    return _EVERY_PATH in patterns


def _answers_with_an_error(actions: list[Mapping[str, Any]]) -> bool:
    fixed = [action.get("FixedResponseConfig", {}) for action in actions if action["Type"] == "fixed-response"]
    return len(actions) == 1 and len(fixed) == 1 and str(fixed[0].get("StatusCode", "")).startswith("5")
