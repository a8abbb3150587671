"""The stacks of one application in the regions that observe it: they forward alarms, and tell the witness's probe."""

from __future__ import annotations

from deployment import names
from deployment.alarms import alarm_pattern
from deployment.inside import inside, voice
from deployment.observing import watched_parameter
from deployment.resources import BusTarget, HealthCheck, HealthCheckAlarm, Queue, Resource, Rule, Stack
from deployment.running import PLAN_FILE
from pilotlight.domain.plan import HEALTH_CHECK_REGION, Plan


def signals(plan: Plan) -> tuple[Stack, ...]:
    """One stack for each region that alarms of the plan, its witness, or the probe inside its primary stand in."""
    regions = dict.fromkeys(arn.split(":")[3] for arn in plan.alarm_arns)
    if plan.regions.witness:
        regions.setdefault(plan.regions.witness)
    if plan.network.private:
        regions.setdefault(plan.regions.primary)
    return tuple(_stack(plan, region) for region in regions)


def _stack(plan: Plan, region: str) -> Stack:
    resources: tuple[Resource, ...] = _alarms(plan, region)
    if region == plan.regions.witness:
        resources = (watched_parameter(plan, "witness"), *inside(plan, "witness", PLAN_FILE), *resources)
    if region == plan.regions.primary:
        resources = (*inside(plan, "primary", PLAN_FILE), *voice(plan, PLAN_FILE), *resources)
    return Stack(names.signals_stack(plan.application, region), region, plan.account, resources)


def _alarms(plan: Plan, region: str) -> tuple[Resource, ...]:
    arns = tuple(arn for arn in plan.alarm_arns if arn.split(":")[3] == region)
    if not arns:
        return ()
    checked = _health_check(plan) if region == HEALTH_CHECK_REGION else ()
    queue = Queue(f"pilotlight-{plan.application}-lost-signals")
    forward = Rule(
        name=f"pilotlight-{plan.application}-forward",
        description=f"Forwards the alarms of {plan.application} to {plan.regions.standby}.",
        bus="default",
        target=BusTarget(
            bus_arn=plan.place.arn("events", f"event-bus/{names.BUS}"),
            role_name=names.forwarding_role(plan.application, region),
            queue_arn=plan.place.arn("sqs", queue.name, region=region),
            maximum_age=plan.decision.max_event_age,
            retries=185,
        ),
        pattern=alarm_pattern(arns),
    )
    return (*checked, queue, forward)


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
