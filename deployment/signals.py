"""The stacks of one application in the regions that observe it: they forward alarms, and tell the witness's probe."""

from __future__ import annotations

from datetime import timedelta

from deployment import names
from deployment.alarms import alarm_pattern
from deployment.inside import inside, voice
from deployment.observing import watched_parameter
from deployment.resources import BusTarget, HealthCheck, HealthCheckAlarm, Queue, Resource, Rule, Stack
from deployment.running import PLAN_FILE
from pilotlight.domain.health_event import health_pattern, health_regions
from pilotlight.domain.plan import HEALTH_CHECK_REGION, Plan

HEALTH_AGE = timedelta(hours=1)
"""What AWS says explains for longer than an alarm is good for; nothing starts by it."""


def signals(plan: Plan) -> tuple[Stack, ...]:
    """One stack for each region that alarms of the plan, its witness, or the probe inside its primary stand in, or
    that AWS Health speaks in."""
    regions = dict.fromkeys(arn.split(":")[3] for arn in plan.alarm_arns)
    regions |= dict.fromkeys(health_regions(plan))
    if plan.regions.witness:
        regions.setdefault(plan.regions.witness)
    if plan.network.private:
        regions.setdefault(plan.regions.primary)
    return tuple(_stack(plan, region) for region in regions)


def _stack(plan: Plan, region: str) -> Stack:
    resources: tuple[Resource, ...] = _forwarded(plan, region)
    if region == plan.regions.witness:
        resources = (watched_parameter(plan, "witness"), *inside(plan, "witness", PLAN_FILE), *resources)
    if region == plan.regions.primary:
        resources = (*inside(plan, "primary", PLAN_FILE), *voice(plan, PLAN_FILE), *resources)
    return Stack(names.signals_stack(plan.application, region), region, plan.account, resources)


def _forwarded(plan: Plan, region: str) -> tuple[Resource, ...]:
    """The health check that is looked at here, and what is forwarded to the standby."""
    queue = Queue(f"pilotlight-{plan.application}-lost-signals")
    queue_arn = plan.place.arn("sqs", queue.name, region=region)
    arns = tuple(arn for arn in plan.alarm_arns if arn.split(":")[3] == region)
    rules: list[Rule] = []
    if arns:
        role = names.forwarding_role(plan.application, region)
        target = _to_standby(plan, role, queue_arn, plan.decision.max_event_age)
        description = f"Forwards the alarms of {plan.application} to {plan.regions.standby}."
        rules.append(
            Rule(f"pilotlight-{plan.application}-forward", description, "default", target, alarm_pattern(arns))
        )
    if region in health_regions(plan):
        target = _to_standby(plan, names.health_role(plan.application, region), queue_arn, HEALTH_AGE)
        description = f"Forwards what AWS Health says to {plan.application} in {plan.regions.standby}."
        rules.append(
            Rule(f"pilotlight-{plan.application}-health", description, "default", target, health_pattern(plan))
        )
    checked = _health_check(plan) if arns and region == HEALTH_CHECK_REGION else ()
    return (*checked, queue, *rules) if rules else ()


def _to_standby(plan: Plan, role: str, queue_arn: str, maximum_age: timedelta) -> BusTarget:
    bus = plan.place.arn("events", f"event-bus/{names.BUS}")
    return BusTarget(bus, role, queue_arn, maximum_age=maximum_age, retries=185)


def _health_check(plan: Plan) -> tuple[Resource, ...]:
    wanted = plan.signals.health_check
    if wanted is None or wanted.alarm or plan.health_check_alarm is None:
        return ()
    if wanted.id:
        return (HealthCheckAlarm(plan.health_check_alarm, wanted.id, None),)
    check = HealthCheck(
        f"pilotlight-{plan.application}-primary",
        wanted.host,
        wanted.path,
        wanted.port,
        wanted.interval,
        wanted.failures,
    )
    return (check, HealthCheckAlarm(plan.health_check_alarm, None, check.name))
