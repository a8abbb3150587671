"""Health checks, and alarms on them and on the controller itself."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_route53 as route53

from deployment.resources import HealthCheck, HealthCheckAlarm, MetricAlarm, Stack
from pilotlight.domain.plan import HEALTH_CHECK_REGION
from stacks.naming import logical_id
from stacks.wiring import WiringMistake

PLAIN_HTTP_PORT = 80


def render_metric_alarm(stack: cdk.Stack, alarm: MetricAlarm) -> cloudwatch.CfnAlarm:
    """An alarm as it is described."""
    return cloudwatch.CfnAlarm(
        stack,
        logical_id(alarm.name, "Alarm"),
        alarm_name=alarm.name,
        alarm_description=alarm.description,
        namespace=alarm.namespace,
        metric_name=alarm.metric,
        dimensions=_dimensions(alarm.dimensions),
        statistic=alarm.statistic,
        threshold=alarm.threshold,
        comparison_operator=alarm.comparison,
        treat_missing_data=alarm.missing,
        period=int(alarm.period.total_seconds()),
        evaluation_periods=alarm.periods,
        datapoints_to_alarm=alarm.periods,
        alarm_actions=list(alarm.notify) or None,
    )


def render_health_check(stack: cdk.Stack, check: HealthCheck) -> route53.CfnHealthCheck:
    """A health check that outlives its stack: DNS may depend on it, and a check that is gone counts as healthy."""
    secure = check.port != PLAIN_HTTP_PORT
    rendered = route53.CfnHealthCheck(
        stack,
        logical_id(check.name, "HealthCheck"),
        health_check_config=route53.CfnHealthCheck.HealthCheckConfigProperty(
            type=f"{'HTTPS' if secure else 'HTTP'}{'_STR_MATCH' if check.search else ''}",
            fully_qualified_domain_name=check.host,
            port=check.port,
            resource_path=check.path,
            request_interval=int(check.interval.total_seconds()),
            failure_threshold=check.failures,
            enable_sni=True if secure else None,
            inverted=True if check.inverted else None,
            search_string=check.search,
        ),
        health_check_tags=[route53.CfnHealthCheck.HealthCheckTagProperty(key="Name", value=check.name)],
    )
    rendered.override_logical_id(logical_id(check.name, "HealthCheck"))
    rendered.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    return rendered


def render_health_check_alarm(stack: cdk.Stack, description: Stack, alarm: HealthCheckAlarm) -> cloudwatch.CfnAlarm:
    """The alarm on a health check. No data means trouble with the metric, not with the primary, so it never alarms.

    Source: Route 53 publishes `HealthCheckStatus` every minute, in us-east-1 only.
    """
    if description.region != HEALTH_CHECK_REGION:
        raise WiringMistake(
            f"The alarm {alarm.name} stands in {description.region}, but metrics of health checks exist in "
            f"{HEALTH_CHECK_REGION} only; describe it in a stack of that region."
        )
    return cloudwatch.CfnAlarm(
        stack,
        logical_id(alarm.name, "Alarm"),
        alarm_name=alarm.name,
        alarm_description="The primary's health check fails.",
        namespace="AWS/Route53",
        metric_name="HealthCheckStatus",
        dimensions=_dimensions({"HealthCheckId": _health_check_id(stack, alarm)}),
        statistic="Minimum",
        threshold=1,
        comparison_operator="LessThanThreshold",
        treat_missing_data="missing",
        period=60,
        evaluation_periods=1,
        datapoints_to_alarm=1,
    )


def _health_check_id(stack: cdk.Stack, alarm: HealthCheckAlarm) -> str:
    if alarm.health_check_id is not None:
        return alarm.health_check_id
    check = stack.node.try_find_child(logical_id(alarm.health_check_name or "", "HealthCheck"))
    if check is None:
        raise WiringMistake(
            f"The alarm {alarm.name} watches the health check {alarm.health_check_name}, which is not in its stack; "
            "describe it there, or name an existing one by its id."
        )
    return check.attr_health_check_id


def _dimensions(dimensions: dict[str, str]) -> list[cloudwatch.CfnAlarm.DimensionProperty]:
    return [cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value) for name, value in sorted(dimensions.items())]
