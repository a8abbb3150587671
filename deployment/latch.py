"""The latch of an application: what holds its traffic where the writer is, whatever fails and whatever comes back.

Route 53 answers the PRIMARY record while its health check is healthy, else the SECONDARY. That check is a calculated
one: healthy while both of its children are. One child watches a metric that is published each minute from a durable
switch, and keeps its last known status while there is no datapoint. The other asks for a public object and is
inverted: it is unhealthy where the object says that the latch is on, and healthy where it does not answer.

| latch | everything works | metric dark | object dark | standby dark |
|---|---|---|---|---|
| off: metric child | healthy | last known: healthy | healthy | last known: healthy |
| off: object child | healthy (does not say on) | healthy | healthy (no answer) | healthy (no answer) |
| off: answer | **primary** | **primary** | **primary** | **primary** |
| on: metric child | unhealthy | last known: unhealthy | unhealthy | last known: unhealthy |
| on: object child | unhealthy (says on) | unhealthy | healthy (no answer) | healthy (no answer) |
| on: answer | **standby** | **standby** | **standby** | **standby** |

So either mechanism turns traffic, and none that is lost turns it. What it does not bear: with the latch on, an object
that is dark at the same time as a metric whose child was made anew and so has no last known status. A new inverted
check is unhealthy until it has looked: attach the latch to the record some minutes after it was deployed.

The health checks are retained when the stack goes, because a check that is gone counts as healthy; their logical ids
follow from their names and never change. Route 53's control plane is needed to deploy them and at no other time.

Sources: botocore's model of Route 53 (HealthCheckConfig); Route 53 Developer Guide, "How Route 53 determines whether
a health check is healthy".
"""

from __future__ import annotations

from datetime import timedelta

from deployment import names
from deployment.foundation import function_errors
from deployment.resources import (
    CalculatedHealthCheck,
    Function,
    FunctionTarget,
    HealthCheck,
    MetricAlarm,
    MetricHealthCheck,
    PublicObject,
    Resource,
    Rule,
    Table,
)
from pilotlight.domain.plan import Plan
from pilotlight.domain.step import Access, Statement
from pilotlight.estate.traffic.latch import DIMENSION, METRIC, PERIOD, Latch, Position

KIND = "latch_traffic"
CHECKED_EVERY = timedelta(seconds=30)
FAILURES = 3
HTTPS_PORT = 443


def latch(plan: Plan, plan_file: str) -> tuple[Resource, ...]:
    """Everything of the latch, in the application's stack; nothing where no step of the plan turns one."""
    if KIND not in {step.kind for step in plan.steps().values()}:
        return ()
    its = Latch(plan.place)
    publisher = _publisher(plan, its, plan_file)
    topic = plan.place.arn("sns", names.ALERTS_TOPIC)
    return (
        Table(its.table),
        PublicObject(its.bucket, its.key),
        publisher,
        _tick(plan, publisher),
        _watched(plan, its),
        _silent(plan, publisher, topic),
        function_errors(publisher.name, topic),
        *_health_checks(plan, its),
    )


def latch_check(application: str) -> str:
    """The name of the health check that a PRIMARY record has to look at."""
    return f"pilotlight-{application}-latch"


def metric_check(application: str) -> str:
    """The name of the child that watches the metric."""
    return f"pilotlight-{application}-latch-metric"


def object_check(application: str) -> str:
    """The name of the child that asks for the object."""
    return f"pilotlight-{application}-latch-object"


def _publisher(plan: Plan, its: Latch, plan_file: str) -> Function:
    table = plan.place.arn("dynamodb", f"table/{its.table}")
    return Function(
        name=names.latch_function(plan.application),
        description=f"Says each minute where the latch of {plan.application} stands, and decides nothing.",
        handler="pilotlight.handlers.latch",
        statements=(Statement(Access.READ, ("dynamodb:GetItem",), (table,)), *its.write_statements()),
        environment={"PILOTLIGHT_PLAN_FILE": plan_file},
        reserved_concurrency=2,
        plan=plan.snapshot(),
    )


def _tick(plan: Plan, publisher: Function) -> Rule:
    return Rule(
        name=f"{publisher.name}-tick",
        description=f"Lets the latch of {plan.application} be said again each minute.",
        bus="default",
        target=FunctionTarget(
            names.function_arn(plan.place, publisher.name),
            plan.place.arn("sqs", names.LOST_EVENTS_QUEUE),
            maximum_age=timedelta(minutes=1),
            retries=0,
        ),
        schedule="rate(1 minute)",
    )


def _watched(plan: Plan, its: Latch) -> MetricAlarm:
    """The alarm that Route 53 reads along with. The largest value of a minute counts: a late `off` undoes no `on`."""
    return MetricAlarm(
        name=its.alarm,
        description=f"The latch of {plan.application} is on: traffic is held in {plan.regions.standby}.",
        namespace=its.namespace,
        metric=METRIC,
        dimensions={DIMENSION: plan.application},
        statistic="Maximum",
        threshold=0,
        comparison="GreaterThanThreshold",
        missing="missing",
        period=PERIOD,
    )


def _silent(plan: Plan, publisher: Function, topic: str) -> MetricAlarm:
    return MetricAlarm(
        name=f"{publisher.name}-silent",
        description=f"Nobody has said for five minutes where the latch of {plan.application} stands.",
        namespace="AWS/Lambda",
        metric="Invocations",
        dimensions={"FunctionName": publisher.name},
        statistic="Sum",
        threshold=1,
        comparison="LessThanThreshold",
        missing="breaching",
        periods=5,
        notify=(topic,),
    )


def _health_checks(plan: Plan, its: Latch) -> tuple[Resource, ...]:
    application = plan.application
    by_metric, by_object = metric_check(application), object_check(application)
    return (
        MetricHealthCheck(by_metric, its.alarm, plan.regions.standby),
        HealthCheck(
            by_object,
            its.host,
            f"/{its.key}",
            HTTPS_PORT,
            CHECKED_EVERY,
            FAILURES,
            inverted=True,
            search=its.says(Position.ON),
        ),
        CalculatedHealthCheck(
            latch_check(application),
            (by_metric, by_object),
            purpose=f"The PRIMARY record of {application} has to look at this health check, and at no other.",
        ),
    )
