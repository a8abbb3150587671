"""The listeners of a load balancer of the embedded AWS and their rules; `elbv2` holds them with the balancers.

A request goes to the rule of the lowest priority whose conditions it meets; path patterns are the only conditions.
Forwarding and fixed responses are the only actions of a new rule; a scene may set a redirect. What the model does not
know of a rule it refuses by name. Answers and errors: botocore's model of ELBv2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from rehearsal.service import operation
from rehearsal.wire import Call, NotModelled, ServiceError

if TYPE_CHECKING:
    from rehearsal.services.elbv2 import LoadBalancer

DEFAULT = "default"
HTTPS_PORT = 443
_ACTIONS = {"forward", "fixed-response"}
_FIRST, _LAST = 1, 50_000
OK, SERVICE_UNAVAILABLE = 200, 503


@dataclass(eq=False)
class Rule:
    """One rule of a listener; `patterns` is empty for the default rule, which every request meets."""

    arn: str
    priority: int | None
    patterns: tuple[str, ...]
    action: Mapping[str, Any]
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Listener:
    """One listener of a load balancer, with its rules."""

    arn: str
    port: int
    balancer: LoadBalancer
    rules: list[Rule]
    protocol: str
    certificates: list[str] = field(default_factory=list)
    """The ARNs of those that it presents, the default one first."""

    def status(self, path: str) -> int:
        """What a request for that path is answered: 200 where it is forwarded, else the status of what is fixed."""
        in_order = sorted(self.rules, key=lambda rule: rule.priority or _LAST + 1)
        met = next(r for r in in_order if not r.patterns or any(fnmatchcase(path, p) for p in r.patterns))
        match met.action["Type"]:
            case "forward":
                return OK
            case "redirect":
                return int(met.action["RedirectConfig"]["StatusCode"].removeprefix("HTTP_"))
            case _:
                return int(met.action["FixedResponseConfig"]["StatusCode"])


class Listeners:
    """The part of ELB that knows listeners and rules."""

    listeners: list[Listener]
    load_balancers: list[LoadBalancer]
    add_load_balancer: Callable[[str, str], LoadBalancer]

    def add_listener(self, balancer: LoadBalancer, port: int = HTTPS_PORT) -> Listener:
        """Set the scene: a listener that forwards whatever comes."""
        arn = f"{balancer.arn.replace(':loadbalancer/', ':listener/')}/{_code(balancer.arn, port)}"
        forward = {"Type": "forward", "TargetGroupArn": balancer.arn.replace(":loadbalancer/app/", ":targetgroup/")}
        protocol = "HTTPS" if port == HTTPS_PORT else "HTTP"
        self.listeners.append(Listener(arn, port, balancer, [], protocol))
        self.add_rule(self.listeners[-1], None, (), forward)
        return self.listeners[-1]

    def listener_of(self, region: str, name: str, port: int) -> Listener:
        """Set the scene: the listener on a port of the load balancer of that name, added if it is not there."""
        balancer = next((b for b in self.load_balancers if (b.region, b.name) == (region, name)), None)
        balancer = balancer or self.add_load_balancer(region, name)
        found = (each for each in self.listeners if each.balancer is balancer and each.port == port)
        return next(found, None) or self.add_listener(balancer, port)

    def listeners_of(self, region: str, name: str) -> list[Listener]:
        """The listeners of the load balancers of that name."""
        return [each for each in self.listeners if (each.balancer.region, each.balancer.name) == (region, name)]

    def listen_as(self, region: str, name: str, like: Listener) -> Listener:
        """Set the scene: a listener as another one is, with its rules; target groups are those of the same names."""
        made = self.listener_of(region, name, like.port)
        made.protocol = like.protocol
        theirs, ours = like.balancer.region, made.balancer.region
        for rule in like.rules:
            group = str(rule.action.get("TargetGroupArn", "")).replace(f":{theirs}:", f":{ours}:")
            action = {**rule.action, "TargetGroupArn": group} if group else rule.action
            if rule.priority is None:
                made.rules[-1].action = action
            elif all(own.priority != rule.priority for own in made.rules):
                self.add_rule(made, rule.priority, rule.patterns, action)
        return made

    def add_rule(
        self, listener: Listener, priority: int | None, patterns: tuple[str, ...], action: Mapping[str, Any]
    ) -> Rule:
        """Set the scene: a rule of somebody."""
        arn = f"{listener.arn.replace(':listener/', ':listener-rule/')}/{_code(listener.arn, len(listener.rules))}"
        listener.rules.append(Rule(arn, priority, patterns, action))
        return listener.rules[-1]

    def answers_503(self, host: str, *, port: int = HTTPS_PORT, path: str = "/") -> bool:
        """Whether the load balancer of that DNS name answers a request itself, with 503.

        ELB names it `NAME-NUMBER.REGION.elb.amazonaws.com`; the number is ELB's own, and a plan may hold another one.
        """
        return any(li.status(path) == SERVICE_UNAVAILABLE for li in self._behind(host) if li.port == port)

    def refuses(self, host: str, port: int) -> bool:
        """Whether the load balancer of that DNS name listens, and not on that port; of one without any, nothing is
        known."""
        ports = [listener.port for listener in self._behind(host)]
        return bool(ports) and port not in ports

    @operation("DescribeListeners")
    def describe_listeners(self, call: Call) -> Mapping[str, Any]:
        """The listeners of one load balancer."""
        arn = call.parameters.get("LoadBalancerArn")
        if arn is None:
            raise NotModelled(call)
        if not any(b.arn == arn and b.region == call.region for b in self.load_balancers):
            raise ServiceError("LoadBalancerNotFound", f"Load balancer '{arn}' not found")
        return {
            "Listeners": [
                {
                    "ListenerArn": listener.arn,
                    "LoadBalancerArn": arn,
                    "Port": listener.port,
                    "Protocol": listener.protocol,
                    "DefaultActions": [dict(r.action) for r in listener.rules if r.priority is None],
                }
                for listener in self.listeners
                if listener.balancer.arn == arn
            ]
        }

    @operation("DescribeListenerCertificates")
    def describe_listener_certificates(self, call: Call) -> Mapping[str, Any]:
        """The default certificate and the list; a listener without TLS has none."""
        listener = self._listener(call, str(call.parameters["ListenerArn"]))
        return {
            "Certificates": [
                {"CertificateArn": arn, "IsDefault": arn == listener.certificates[0]} for arn in listener.certificates
            ]
        }

    @operation("DescribeRules")
    def describe_rules(self, call: Call) -> Mapping[str, Any]:
        """The rules of one listener, the default rule last."""
        listener = self._listener(call, str(call.parameters["ListenerArn"]))
        rules = sorted(listener.rules, key=lambda rule: rule.priority or _LAST + 1)
        return {"Rules": [_say_rule(rule) for rule in rules]}

    @operation("CreateRule")
    def create_rule(self, call: Call) -> Mapping[str, Any]:
        """Add a rule at a priority that is free."""
        listener = self._listener(call, str(call.parameters["ListenerArn"]))
        priority, actions = int(call.parameters["Priority"]), call.parameters["Actions"]
        conditions = call.parameters["Conditions"]
        if [c.get("Field") for c in conditions] != ["path-pattern"] or {a["Type"] for a in actions} - _ACTIONS:
            raise NotModelled(call)
        if not _FIRST <= priority <= _LAST:
            raise ServiceError("ValidationError", f"Rule priority must be between {_FIRST} and {_LAST}")
        if any(rule.priority == priority for rule in listener.rules):
            raise ServiceError("PriorityInUse", f"Priority '{priority}' is currently in use")
        patterns = tuple((conditions[0].get("PathPatternConfig") or conditions[0])["Values"])
        rule = self.add_rule(listener, priority, patterns, actions[0])
        rule.tags = {tag["Key"]: tag.get("Value", "") for tag in call.parameters.get("Tags", ())}
        return {"Rules": [_say_rule(rule)]}

    @operation("DeleteRule")
    def delete_rule(self, call: Call) -> Mapping[str, Any]:
        """Delete a rule; the default rule stays."""
        listener, rule = self._rule(call, str(call.parameters["RuleArn"]))
        if rule.priority is None:
            raise ServiceError("OperationNotPermitted", f"Default rule '{rule.arn}' cannot be deleted")
        listener.rules.remove(rule)
        return {}

    def _behind(self, host: str) -> list[Listener]:
        """The listeners of the load balancer of that DNS name."""
        label, _, rest = host.lower().partition(".")
        asked = (rest.partition(".")[0], label.rpartition("-")[0])
        return [each for each in self.listeners if (each.balancer.region, each.balancer.name.lower()) == asked]

    def _listener(self, call: Call, arn: str) -> Listener:
        found = next((li for li in self.listeners if li.arn == arn and li.balancer.region == call.region), None)
        if found is None:
            raise ServiceError("ListenerNotFound", f"Listener '{arn}' not found")
        return found

    def _rule(self, call: Call, arn: str) -> tuple[Listener, Rule]:
        here = [(li, rule) for li in self.listeners if li.balancer.region == call.region for rule in li.rules]
        found = next((pair for pair in here if pair[1].arn == arn), None)
        if found is None:
            raise ServiceError("RuleNotFound", f"One or more rules not found: {arn}")
        return found


def _code(*parts: object) -> str:
    return sha256("/".join(map(str, parts)).encode()).hexdigest()[:16]


def _say_rule(rule: Rule) -> dict[str, Any]:
    patterns = list(rule.patterns)
    condition = {"Field": "path-pattern", "Values": patterns, "PathPatternConfig": {"Values": patterns}}
    return {
        "RuleArn": rule.arn,
        "Priority": DEFAULT if rule.priority is None else str(rule.priority),
        "Conditions": [condition] if patterns else [],
        "Actions": [dict(rule.action)],
        "IsDefault": rule.priority is None,
    }
