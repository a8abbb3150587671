"""Elastic Load Balancing as a recovery sees it: load balancers with a name, and targets that grow healthy.

Listeners and rules stand in `elbv2_listeners`, and decide nothing about targets: a target group that names a
load balancer gets its traffic. The traps are: a registered target is `initial` until it passed a row of
health checks, a target group without a load balancer knows only `unused` targets, an empty group answers an
empty list and no error, and a deregistered target is `draining` for the whole delay. States and reasons:
botocore's model of `TargetHealth`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from hashlib import sha256
from random import Random
from typing import Any, ClassVar

from pilotlight.domain.step import Standing
from rehearsal.service import Service, Spread, operation
from rehearsal.services.elbv2_answers import say_load_balancer, say_target, say_target_group
from rehearsal.services.elbv2_listeners import Listener
from rehearsal.services.elbv2_making import Making
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World


class TargetState(StrEnum):
    """Where a target is in its life."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNUSED = "unused"
    DRAINING = "draining"


_REGISTERING = ("Elb.RegistrationInProgress", "Target registration is in progress")
_INITIAL = ("Elb.InitialHealthChecking", "Initial health checks in progress")
_UNUSED = ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
_DRAINING = ("Target.DeregistrationInProgress", "Target deregistration is in progress")
_REGISTRATION = Spread(0.5, 1.5, 4.0)
"""From the call to the first look at the target, in seconds: an estimate, small beside the health checks."""
OK = 200


@dataclass(eq=False)
class Target:
    """One address in a target group; `changed` is told of each new state."""

    id: str
    port: int
    changed: Callable[[Target], None]
    state: TargetState = TargetState.INITIAL
    why: tuple[str, str] = _REGISTERING


@dataclass(frozen=True)
class HealthChecks:
    """How a target group looks at its targets. AWS allows 5 to 300 s, and thresholds of 2 to 10."""

    interval_seconds: float = 30.0
    healthy_threshold: int = 2
    unhealthy_threshold: int = 3
    path: str = "/"


@dataclass(eq=False)
class LoadBalancer:
    """An application load balancer, known by its DNS name."""

    region: str
    name: str
    arn: str
    dns_name: str
    created: datetime
    state: str = "active"
    scheme: str = "internet-facing"
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)

    def activate(self) -> None:
        """It is provisioned, and takes requests from now on."""
        self.state = "active"


@dataclass(eq=False)
class TargetGroup:
    """A target group, of IP addresses unless it says otherwise. `code` is what the application behind it answers to a
    health check.

    A target is healthy after interval x threshold, by the group's settings (aws-facts section 11: 10 to 150
    s).
    """

    world: World
    random: Random
    region: str
    name: str
    arn: str
    port: int
    checks: HealthChecks
    deregistration_delay_seconds: float
    load_balancer: LoadBalancer | None
    target_type: str = "ip"
    targets: list[Target] = field(default_factory=list)
    code: int = OK
    tags: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    """What a call created it with, as it is shown."""

    @property
    def healthy_count(self) -> int:
        """How many targets get traffic."""
        return sum(target.state is TargetState.HEALTHY for target in self.targets)

    def draw_seconds_to_healthy(self) -> float:
        """How long a new target will take: its first check falls somewhere in an interval."""
        intervals = self.random.random() + self.checks.healthy_threshold - 1
        return _REGISTRATION.draw(self.random) + intervals * self.checks.interval_seconds

    def register(self, address: str, changed: Callable[[Target], None], healthy_in_seconds: float) -> Target:
        """Add a target; its row of health checks is over after that long, at once for zero."""
        target = Target(address, self.port, changed)
        self.targets.append(target)
        if self.load_balancer is None:
            target.state, target.why = TargetState.UNUSED, _UNUSED
        elif healthy_in_seconds == 0.0:
            self._conclude(target)
        else:
            self._later(min(1.0, healthy_in_seconds / 2), partial(self._begin_checks, target))
            self._later(healthy_in_seconds, partial(self._conclude, target))
        return target

    def add_healthy(self, *addresses: str) -> None:
        """Set the scene: targets that nobody manages, healthy from the start."""
        for address in addresses:
            self.register(address, lambda _: None, 0.0)

    def deregister(self, target: Target) -> None:
        """Take a target out; it is shown as draining for the delay, even with no connection left."""
        target.state, target.why = TargetState.DRAINING, _DRAINING
        self._later(self.deregistration_delay_seconds, partial(self.targets.remove, target))

    def leave_balancer(self) -> None:
        """Its load balancer is gone: no target of it is used any more."""
        self.load_balancer = None
        for target in self.targets:
            if target.state is not TargetState.DRAINING:
                target.state, target.why = TargetState.UNUSED, _UNUSED

    def answer_with(self, code: int) -> None:
        """From now on the application answers health checks so; it shows a row of checks later."""
        self.code = code
        row = self.checks.healthy_threshold if code == OK else self.checks.unhealthy_threshold
        for target in list(self.targets):
            self._later(row * self.checks.interval_seconds, partial(self._conclude, target))

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        self.world.time.spawn(work, name=f"targets of {self.name}", delay_seconds=seconds)

    def _begin_checks(self, target: Target) -> None:
        if target.state is TargetState.INITIAL:
            target.why = _INITIAL

    def _conclude(self, target: Target) -> None:
        if target.state in (TargetState.DRAINING, TargetState.UNUSED):
            return
        if self.load_balancer is not None and self.load_balancer.state != "active":
            self._later(self.checks.interval_seconds, partial(self._conclude, target))
            return
        if self.code == OK:
            target.state, target.why = TargetState.HEALTHY, ("", "")
        else:
            why = ("Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{self.code}]")
            target.state, target.why = TargetState.UNHEALTHY, why
        target.changed(target)


class Elbv2(Making, Service):
    """Load balancers, their listeners, and target groups, by region."""

    name: ClassVar[str] = "elbv2"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.load_balancers: list[LoadBalancer] = []
        self.on_made: list[Callable[[LoadBalancer], None]] = []
        self.target_groups: list[TargetGroup] = []
        self.listeners: list[Listener] = []

    def furnish(self, standing: Standing) -> None:
        """A load balancer whose listeners forward."""
        if standing.what != "listeners":
            super().furnish(standing)
        balancer = self.add_load_balancer(standing.region, str(standing.facts["load_balancer"]))
        for port in standing.facts["ports"]:
            self.add_listener(balancer, port)

    def add_load_balancer(self, region: str, name: str) -> LoadBalancer:
        """Set the scene: an active load balancer. Its ARN and DNS name follow from region and name alone."""
        suffix = _suffix(region, name)
        dns_name = f"{name}-{int(suffix, 16) % 10**10:010d}.{region}.elb.amazonaws.com"
        arn = self._arn(region, f"loadbalancer/app/{name}/{suffix}")
        self.load_balancers.append(LoadBalancer(region, name, arn, dns_name, self.world.time.now()))
        return self.load_balancers[-1]

    def add_target_group(
        self,
        region: str,
        name: str,
        load_balancer: LoadBalancer | None = None,
        *,
        port: int = 8080,
        target_type: str = "ip",
        checks: HealthChecks = HealthChecks(),  # frozen
        deregistration_delay_seconds: float = 300.0,
    ) -> TargetGroup:
        """Set the scene: an empty target group, behind a load balancer or behind none."""
        arn = self._arn(region, f"targetgroup/{name}/{_suffix(region, name)}")
        delay = deregistration_delay_seconds
        place = (self.world, self.random, region, name, arn, port)
        self.target_groups.append(TargetGroup(*place, checks, delay, load_balancer, target_type))
        return self.target_groups[-1]

    def healthy_count(self, target_group: TargetGroup | str) -> int:
        """How many healthy targets a target group has, named by itself or by its ARN."""
        return sum(g.healthy_count for g in self.target_groups if target_group in (g, g.arn))

    def healthy_behind(self, dns_name: str) -> int:
        """How many healthy targets stand behind the load balancer of that DNS name."""
        behind = [b for b in self.load_balancers if b.dns_name.lower() == dns_name.lower().rstrip(".")]
        return sum(g.healthy_count for g in self.target_groups if g.load_balancer in behind)

    @operation("DescribeLoadBalancers")
    def describe_load_balancers(self, call: Call) -> Mapping[str, Any]:
        """All of the region, or the named ones; one unknown name refuses the whole call."""
        wanted = {*call.parameters.get("Names", ()), *call.parameters.get("LoadBalancerArns", ())}
        here = [b for b in self.load_balancers if b.region == call.region]
        found = [b for b in here if not wanted or wanted & {b.name, b.arn}]
        if len(found) < len(wanted):
            raise ServiceError("LoadBalancerNotFound", "One or more load balancers not found")
        return {"LoadBalancers": [say_load_balancer(b) for b in found]}

    @operation("DescribeTargetGroups")
    def describe_target_groups(self, call: Call) -> Mapping[str, Any]:
        """All of the region, the named ones, or those of one load balancer."""
        wanted = {*call.parameters.get("Names", ()), *call.parameters.get("TargetGroupArns", ())}
        behind = call.parameters.get("LoadBalancerArn")
        here = [g for g in self.target_groups if g.region == call.region]
        found = [g for g in here if not wanted or wanted & {g.name, g.arn}]
        if len(found) < len(wanted):
            raise ServiceError("TargetGroupNotFound", "One or more target groups not found")
        if behind is not None:
            found = [g for g in found if g.load_balancer is not None and g.load_balancer.arn == behind]
        return {"TargetGroups": [say_target_group(g) for g in found]}

    @operation("DescribeTargetHealth")
    def describe_target_health(self, call: Call) -> Mapping[str, Any]:
        """Every target with its state; a group without targets answers an empty list."""
        arn = str(call.parameters["TargetGroupArn"])
        group = next((g for g in self.target_groups if g.arn == arn and g.region == call.region), None)
        if group is None:
            raise ServiceError("TargetGroupNotFound", f"Target groups '{arn}' not found")
        return {"TargetHealthDescriptions": [say_target(target) for target in group.targets]}

    def _arn(self, region: str, resource: str) -> str:
        return f"arn:aws:elasticloadbalancing:{region}:{self.world.account}:{resource}"


def _suffix(region: str, name: str) -> str:
    return sha256(f"{region}/{name}".encode()).hexdigest()[:16]
