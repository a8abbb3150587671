"""The front of a load balancer: its listeners with their protocols, rules and certificates, in whichever region.

Two fronts in two regions never name the same target groups or certificates, so a rule is read as what it means: what it
meets, what becomes of it, and whether that leads elsewhere than the default does. A fence's rule, which answers every
request with an error, is no part of a front.

Source: botocore's model of ELBv2. Load balancers have 50 listeners and 100 rules by default; the answers come in pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pilotlight.domain.errors import NotFound
from pilotlight.domain.kind import StepContext
from pilotlight.estate.acm.certificates import ISSUED, Certificate, describe, is_of_acm, presented_by
from pilotlight.estate.elbv2.listeners import Rule as ClosingRule

_TLS = ("HTTPS", "TLS")
_FORWARD = "forward"
_CONFIGS = ("HostHeaderConfig", "PathPatternConfig", "HttpHeaderConfig", "QueryStringConfig", "HttpRequestMethodConfig",
            "SourceIpConfig")  # fmt: skip
_FIELDS = {"path-pattern": "path", "host-header": "host", "http-request-method": "method"}

Condition = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Answer:
    """What becomes of a request: the kind of the last action, its details, and the target groups it is forwarded to."""

    kind: str
    details: tuple[str, ...]
    groups: frozenset[str]

    @classmethod
    def read(cls, actions: list[Mapping[str, Any]]) -> Answer:
        """Read the actions of a rule; what logs a user in comes before them, and is part of the details."""
        before = tuple(sorted(action["Type"] for action in actions[:-1]))
        last: Mapping[str, Any] = actions[-1] if actions else {"Type": "nothing"}
        named: tuple[str, ...] = ()
        match last["Type"]:
            case "redirect":
                to = last.get("RedirectConfig", {})
                named = (to.get("Protocol", ""), to.get("Port", ""), to.get("StatusCode", ""))
            case "fixed-response":
                named = (str(last.get("FixedResponseConfig", {}).get("StatusCode", "")),)
        weighted = last.get("ForwardConfig", {}).get("TargetGroups", ())
        groups = {last.get("TargetGroupArn"), *(each.get("TargetGroupArn") for each in weighted)} - {None}
        return cls(last["Type"], (*before, *named), frozenset(map(str, groups)))

    def does_as(self, other: Answer) -> bool:
        """Whether both do the same, wherever their target groups stand."""
        return (self.kind, self.details) == (other.kind, other.details)

    @property
    def said(self) -> str:
        """What it does, for a sentence."""
        match self.kind:
            case "forward":
                return "forwards it"
            case "redirect":
                return f"redirects it to {' '.join(filter(None, self.details)) or 'another place'}"
            case _:
                return f"answers with a {self.kind} {' '.join(self.details)}".rstrip()


@dataclass(frozen=True)
class FrontRule:
    """One rule but the default one: the conditions that it asks for, each once and in order, and its answer."""

    conditions: frozenset[Condition]
    answer: Answer

    @property
    def said(self) -> str:
        """What it meets, for a sentence."""
        return " and ".join(f"{_FIELDS.get(f, f)} {' or '.join(values)}" for f, values in sorted(self.conditions))


@dataclass(frozen=True)
class FrontListener:
    """One listener: its rules in the order of their priorities, its default, and the certificates it presents."""

    port: int
    protocol: str
    default: Answer
    rules: tuple[FrontRule, ...]
    certificates: tuple[Certificate, ...] = ()
    unknown: tuple[str, ...] = ()
    """The ARNs of certificates whose names ACM does not know."""

    @property
    def said(self) -> str:
        """Port and protocol, for a sentence."""
        return f"port {self.port} ({self.protocol})"

    @property
    def has_own_group(self) -> Mapping[frozenset[Condition], bool]:
        """Of each rule that forwards, whether it leads elsewhere than the default does."""
        return {
            rule.conditions: rule.answer.groups != self.default.groups
            for rule in self.rules
            if rule.answer.kind == _FORWARD
        }

    def covers(self, name: str) -> bool:
        """Whether a certificate that is issued covers the name."""
        return any(each.status == ISSUED and each.covers(name) for each in self.certificates)


def look_at_front(context: StepContext, region: str, name: str) -> tuple[FrontListener, ...] | None:
    """The listeners of the load balancer of that name, by their ports; None where there is none of that name."""
    try:
        found = context.aws.call("elbv2", "DescribeLoadBalancers", region, Names=[name]).get("LoadBalancers", ())
        arn = next((each["LoadBalancerArn"] for each in found if each["LoadBalancerName"] == name), None)
        if arn is None:
            return None
        listeners = list(_pages(context, region, "DescribeListeners", "Listeners", LoadBalancerArn=arn))
    except NotFound:
        return None
    read = (_listener(context, region, listener) for listener in listeners)
    return tuple(sorted(read, key=lambda listener: listener.port))


def _listener(context: StepContext, region: str, found: Mapping[str, Any]) -> FrontListener:
    arn, protocol = found["ListenerArn"], str(found.get("Protocol", ""))
    rules = list(_pages(context, region, "DescribeRules", "Rules", ListenerArn=arn))
    presented = list(presented_by(arn, region, context)) if protocol in _TLS else []
    known = [seen for each in presented if is_of_acm(each) and (seen := describe(each, region, context))]
    unknown = tuple(each for each in presented if not is_of_acm(each))
    default = next((Answer.read(r["Actions"]) for r in rules if r["Priority"] == "default"), Answer.read([]))
    return FrontListener(int(found["Port"]), protocol, default, tuple(_in_order(rules)), tuple(known), unknown)


def _in_order(rules: list[Mapping[str, Any]]) -> Iterator[FrontRule]:
    own = [rule for rule in rules if rule["Priority"] != "default" and not ClosingRule.read(rule).closes]
    for rule in sorted(own, key=lambda each: int(each["Priority"])):
        yield FrontRule(frozenset(map(_condition, rule.get("Conditions", ()))), Answer.read(rule["Actions"]))


def _condition(found: Mapping[str, Any]) -> Condition:
    config: Mapping[str, Any] = next((found[key] for key in _CONFIGS if found.get(key)), found)
    values = [_text(value) for value in (*config.get("Values", ()), *config.get("RegexValues", ()))]
    header = config.get("HttpHeaderName")
    return (f"{found['Field']} {header}" if header else str(found["Field"]), tuple(sorted(values)))


def _text(value: Any) -> str:
    return f"{value.get('Key', '')}={value.get('Value', '')}" if isinstance(value, Mapping) else str(value)


def _pages(context: StepContext, region: str, operation: str, named: str, **asked: str) -> Iterator[Mapping[str, Any]]:
    while True:
        answer = context.aws.call("elbv2", operation, region, **asked)
        yield from answer.get(named, ())
        if not answer.get("NextMarker"):
            return
        asked["Marker"] = answer["NextMarker"]
