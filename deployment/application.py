"""The stack of one application in its standby region: its functions, its machine, its rule and its tick.

What the arming level may not do is in no role here: `observe` gets no write on the application, and only `staged` and
`automatic` let the detector start the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from deployment import names
from deployment.alarms import alarm_pattern, application_alarms
from deployment.databases import databases
from deployment.foundation import table_arn
from deployment.inside import asking_inside, inside
from deployment.latch import latch
from deployment.observing import observing_regions, watched_parameter
from deployment.readiness import readiness
from deployment.resources import Function, FunctionTarget, Resource, Rule, Stack
from deployment.running import (
    ENVIRONMENT,
    PLAN_FILE,
    calls,
    closer,
    environment,
    journal,
    listener,
    machine,
    opener,
    step_functions,
)
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.step import Access, Statement
from pilotlight.domain.watching import SIGHT_CHANGED, SOURCE


def application(plan: Plan) -> Stack:
    """Everything of one plan that stands in its standby region."""
    steps = step_functions(plan)
    looker, hourly = readiness(plan, ENVIRONMENT, journal(plan))
    own = [_detector(plan), _opener(plan, steps), closer(plan, steps), listener(plan), looker]
    functions = [*own, *inside(plan, "standby", PLAN_FILE), *databases(plan, PLAN_FILE), *steps.values()]
    resources: tuple[Resource, ...] = (
        watched_parameter(plan, "standby"),
        *functions,
        machine(plan),
        *_rules(plan),
        hourly,
        *application_alarms(plan, functions),
        *latch(plan, PLAN_FILE),
    )
    return Stack(names.application_stack(plan.application), plan.regions.standby, plan.account, resources)


def _eyes(plan: Plan) -> tuple[Statement, ...]:
    # CloudWatch authorises a description of alarms on all of a region's alarms, not on the named ones.
    regions = dict.fromkeys(arn.split(":")[3] for arn in plan.alarm_arns)
    alarms = tuple(plan.place.arn("cloudwatch", "alarm:*", region=region) for region in regions)
    kept = tuple(table_arn(region, plan.account, names.SIGNALS_TABLE) for region in observing_regions(plan))
    described = (Statement(Access.READ, ("cloudwatch:DescribeAlarms",), alarms),) if alarms else ()
    return (
        *described,
        Statement(Access.READ, ("dynamodb:GetItem",), kept),
        *asking_inside(plan, plan.regions.standby),
    )


def _executions(plan: Plan) -> Statement:
    """Whether a run lives: of this application, and of those that write to the same resources."""
    others = (writer.plan for writer in plan.other_writers if writer.plan)
    arns = tuple(
        plan.place.arn("states", f"execution:{names.failover_machine(name)}:*") for name in (plan.application, *others)
    )
    return Statement(Access.READ, ("states:DescribeExecution",), arns)


def _switch(plan: Plan) -> Statement:
    return Statement(Access.READ, ("ssm:GetParameter",), (plan.place.arn("ssm", f"parameter{names.SWITCH_PARAMETER}"),))


def _detector(plan: Plan) -> Function:
    may_start = plan.arming in (Arming.STAGED, Arming.AUTOMATIC)
    start = (
        (Statement(Access.WRITE, ("states:StartExecution",), (names.machine_arn(plan.place),)),) if may_start else ()
    )
    closer, opener = names.close_function(plan.application), names.open_function(plan.application)
    # It has the functions of a run woken in the last minute before it starts one.
    called = [closer, opener] if may_start else [closer]
    return Function(
        name=names.detect_function(plan.application),
        description=f"Looks at the primary of {plan.application} at each alarm event and each minute, and decides.",
        handler="pilotlight.handlers.detect",
        statements=(*journal(plan), *_eyes(plan), _switch(plan), _executions(plan), calls(plan, called), *start),
        environment={
            **environment(plan),
            "PILOTLIGHT_MACHINE_ARN": names.machine_arn(plan.place),
            "PILOTLIGHT_SWITCH_PARAMETER": names.SWITCH_PARAMETER,
            "PILOTLIGHT_CLOSE_FUNCTION": closer,
            "PILOTLIGHT_OPEN_FUNCTION": opener,
        },
        timeout=timedelta(seconds=100),
        reserved_concurrency=5,
        plan=plan.snapshot(),
    )


def _opener(plan: Plan, steps: Mapping[str, Function]) -> Function:
    seeing = (
        *_eyes(plan),
        _switch(plan),
        _executions(plan),
        Statement(Access.READ, ("cloudwatch:GetMetricData",), ("*",)),
    )
    return opener(plan, steps, seeing, {"PILOTLIGHT_SWITCH_PARAMETER": names.SWITCH_PARAMETER})


def _rules(plan: Plan) -> tuple[Rule, ...]:
    detector = names.function_arn(plan.place, names.detect_function(plan.application))
    queue = plan.place.arn("sqs", names.LOST_EVENTS_QUEUE)
    signals = Rule(
        name=f"pilotlight-{plan.application}-signals",
        description=f"Alarms on the primary of {plan.application}, as they arrive from their regions.",
        bus=names.BUS,
        target=FunctionTarget(detector, queue, maximum_age=plan.decision.max_event_age, retries=185),
        pattern=alarm_pattern(plan.alarm_arns),
    )
    of_alarms = (signals,) if plan.alarm_arns else ()
    sights = Rule(
        name=f"pilotlight-{plan.application}-sights",
        description=f"A probe that sees something else of the primary of {plan.application} than before.",
        bus=names.BUS,
        target=FunctionTarget(detector, queue, maximum_age=timedelta(minutes=1), retries=0),
        pattern={"source": [SOURCE], "detail-type": [SIGHT_CHANGED], "detail": {"application": [plan.application]}},
    )
    tick = Rule(
        name=f"pilotlight-{plan.application}-tick",
        description=f"Looks at the primary of {plan.application} every minute, so that a lost event is only a delay.",
        bus="default",
        target=FunctionTarget(detector, queue, maximum_age=timedelta(minutes=1), retries=0),
        schedule="rate(1 minute)",
    )
    return (*of_alarms, sights, tick)
